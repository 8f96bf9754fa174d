-- Query rows: clear members and keyed HMACs, rebuildable from the leaves.

-- Numbers rise as runs are first seen, which is the order of the lists.
CREATE TABLE run (
    number        INTEGER PRIMARY KEY,
    ws            INTEGER NOT NULL REFERENCES workspace,
    id            TEXT NOT NULL,
    stage         TEXT NOT NULL,
    workflow      TEXT NOT NULL,
    source        TEXT NOT NULL,
    environment   TEXT NOT NULL,
    connector     TEXT NOT NULL,
    object        TEXT NOT NULL,
    action        TEXT NOT NULL,
    proposer      TEXT NOT NULL,
    agent_owner   TEXT,
    policy        BLOB,
    plan_digest   BLOB,
    decision      TEXT,
    risk          TEXT,
    mutations     INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    deadline      INTEGER NOT NULL,
    closed        INTEGER,
    holder        TEXT,
    recovers      TEXT,
    branched_from TEXT,
    events        INTEGER NOT NULL,
    UNIQUE (ws, id)
) STRICT;

CREATE INDEX run_list ON run (ws);
CREATE INDEX run_stage ON run (ws, stage);
CREATE INDEX run_connector ON run (ws, connector, object);
CREATE INDEX run_proposer ON run (ws, proposer);
CREATE INDEX run_workflow ON run (ws, workflow);
CREATE INDEX run_recovers ON run (ws, recovers) WHERE recovers IS NOT NULL;

CREATE TABLE wait (
    run     INTEGER NOT NULL REFERENCES run,
    ws      INTEGER NOT NULL,
    grp     TEXT NOT NULL,
    needed  INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (run, grp)
) STRICT, WITHOUT ROWID;

CREATE INDEX wait_inbox ON wait (ws, grp, expires, run);

CREATE TABLE touch (
    run       INTEGER NOT NULL REFERENCES run,
    n         INTEGER NOT NULL,
    ws        INTEGER NOT NULL,
    record    BLOB NOT NULL,
    connector TEXT NOT NULL,
    object    TEXT NOT NULL,
    action    TEXT NOT NULL,
    outcome   TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (run, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX touch_record ON touch (ws, record, at, run, n);

CREATE TABLE record_token (
    run   INTEGER NOT NULL REFERENCES run,
    token BLOB NOT NULL,
    ws    INTEGER NOT NULL,
    PRIMARY KEY (run, token)
) STRICT, WITHOUT ROWID;

CREATE INDEX record_token_run ON record_token (ws, token, run);
