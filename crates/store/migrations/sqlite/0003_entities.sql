-- Versioned documents, stored answers to requests, budgets.

CREATE TABLE entity (
    ws      INTEGER NOT NULL REFERENCES workspace,
    kind    TEXT NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    lookup  TEXT,
    owner   TEXT,
    expires INTEGER,
    body    BLOB NOT NULL,
    UNIQUE (ws, kind, id)
) STRICT;

CREATE UNIQUE INDEX entity_lookup ON entity (ws, kind, lookup) WHERE lookup IS NOT NULL;
CREATE INDEX entity_owner ON entity (ws, kind, owner, id) WHERE owner IS NOT NULL;
CREATE INDEX entity_expires ON entity (expires) WHERE expires IS NOT NULL;

-- The name is a hash of principal, operation and key.
CREATE TABLE idempotency (
    ws          INTEGER NOT NULL REFERENCES workspace,
    name        BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    status      INTEGER NOT NULL,
    run         TEXT,
    reply       BLOB NOT NULL,
    created     INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    PRIMARY KEY (ws, name)
) STRICT;

CREATE INDEX idempotency_expires ON idempotency (expires);

-- What a scope used or reserved in one slot of time.
CREATE TABLE usage_slot (
    ws     INTEGER NOT NULL REFERENCES workspace,
    scope  TEXT NOT NULL,
    slot   INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (ws, scope, slot)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_slot_age ON usage_slot (slot);

-- What a run has reserved and neither settled nor released: already counted in the slot.
CREATE TABLE reservation (
    ws     INTEGER NOT NULL REFERENCES workspace,
    run    TEXT NOT NULL,
    scope  TEXT NOT NULL,
    slot   INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (ws, run, scope)
) STRICT, WITHOUT ROWID;
