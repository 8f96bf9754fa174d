-- Leaves, mutation documents and encrypted disclosures. Leaves and documents are final.

-- Every other row carries the small number instead of the id.
CREATE TABLE workspace (
    ws    INTEGER PRIMARY KEY,
    id    TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One writer appends, so positions rise in the order of commits. A run of '' is the chain of the workspace. `idx` is the
-- place in the log of the workspace, without gaps: here it is given with the commit.
CREATE TABLE leaf (
    position INTEGER PRIMARY KEY,
    ws       INTEGER NOT NULL REFERENCES workspace,
    run      TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    bytes    BLOB NOT NULL,
    idx      INTEGER NOT NULL,
    UNIQUE (ws, run, seq)
) STRICT;

CREATE INDEX leaf_feed ON leaf (ws);
CREATE UNIQUE INDEX leaf_log ON leaf (ws, idx);

CREATE TRIGGER leaf_is_not_changed BEFORE UPDATE ON leaf
BEGIN
    SELECT RAISE(ABORT, 'a leaf is final');
END;

CREATE TRIGGER leaf_is_not_deleted BEFORE DELETE ON leaf
BEGIN
    SELECT RAISE(ABORT, 'a leaf is final');
END;

CREATE TABLE document (
    ws       INTEGER NOT NULL REFERENCES workspace,
    run      TEXT NOT NULL,
    revision INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    bytes    BLOB NOT NULL,
    UNIQUE (ws, run, revision, n)
) STRICT;

CREATE TRIGGER document_is_not_changed BEFORE UPDATE ON document
BEGIN
    SELECT RAISE(ABORT, 'a document is final');
END;

CREATE TRIGGER document_is_not_deleted BEFORE DELETE ON document
BEGIN
    SELECT RAISE(ABORT, 'a document is final');
END;

-- The directory of data keys. The keys themselves are in another file, wrapped. `destroyed` is 1 when a key must go and
-- 2 when it has gone. It keeps its row, so that no late commit uses it and a restored key file loses it again.
CREATE TABLE data_key (
    number    INTEGER PRIMARY KEY,
    id        BLOB NOT NULL UNIQUE,
    ws        INTEGER NOT NULL REFERENCES workspace,
    subject   BLOB NOT NULL,
    class     TEXT NOT NULL,
    destroyed INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX data_key_subject ON data_key (ws, subject) WHERE destroyed = 0;
CREATE INDEX data_key_doomed ON data_key (destroyed) WHERE destroyed = 1;

CREATE TABLE disclosure (
    ws       INTEGER NOT NULL,
    run      TEXT NOT NULL,
    holder   BLOB NOT NULL,
    digest   TEXT NOT NULL,
    data_key INTEGER NOT NULL REFERENCES data_key,
    sealed   BLOB NOT NULL
) STRICT;

CREATE INDEX disclosure_holder ON disclosure (ws, run, holder);
CREATE INDEX disclosure_data_key ON disclosure (data_key);
