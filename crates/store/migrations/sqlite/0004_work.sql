-- Work items, record leases, process generations.

-- `ready` is when an item may be claimed: when it is due, or when the claim on it ends. `node` is set while claimed.
CREATE TABLE work (
    id      TEXT NOT NULL UNIQUE,
    ws      INTEGER NOT NULL REFERENCES workspace,
    run     TEXT,
    kind    TEXT NOT NULL,
    due     INTEGER NOT NULL,
    ready   INTEGER NOT NULL,
    node    TEXT,
    fence   INTEGER NOT NULL DEFAULT 0,
    tries   INTEGER NOT NULL DEFAULT 0,
    payload BLOB NOT NULL
) STRICT;

CREATE INDEX work_ready ON work (kind, ready);
CREATE INDEX work_run ON work (ws, run) WHERE run IS NOT NULL;

-- The counter outlives the holder: it shows that the record was leased in between.
CREATE TABLE lease (
    ws         INTEGER NOT NULL REFERENCES workspace,
    key        BLOB NOT NULL,
    counter    INTEGER NOT NULL,
    run        TEXT,
    n          INTEGER,
    attempt    INTEGER,
    node       TEXT,
    generation INTEGER,
    PRIMARY KEY (ws, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
    id         TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
