-- The Merkle tree over the leaves of a workspace, and its signed heads.

-- The hash of each complete subtree of 256^level leaves, from level 1 on; level 0 is the leaves themselves. They follow from
-- the leaves, so a row is only a shortcut: the verifier computes them anew.
CREATE TABLE subtree (
    ws    INTEGER NOT NULL REFERENCES workspace,
    level INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    hash  BLOB NOT NULL,
    PRIMARY KEY (ws, level, n)
) STRICT, WITHOUT ROWID;

-- One head per size. Cosignatures join its note later; the text that is signed never changes.
CREATE TABLE checkpoint (
    ws   INTEGER NOT NULL REFERENCES workspace,
    size INTEGER NOT NULL,
    note BLOB NOT NULL,
    PRIMARY KEY (ws, size)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER checkpoint_is_not_deleted BEFORE DELETE ON checkpoint
BEGIN
    SELECT RAISE(ABORT, 'a checkpoint is final');
END;
