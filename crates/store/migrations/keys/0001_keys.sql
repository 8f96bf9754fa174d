-- Data keys, each wrapped by the key-encryption key. In a file of its own, so that a backup of the database holds none.

-- Opens only under the key-encryption key that made it.
CREATE TABLE mark (
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE data_key (
    workspace TEXT NOT NULL,
    subject   BLOB NOT NULL,
    class     TEXT NOT NULL,
    id        BLOB NOT NULL UNIQUE,
    wrapped   BLOB NOT NULL,
    PRIMARY KEY (workspace, subject, class)
) STRICT, WITHOUT ROWID;
