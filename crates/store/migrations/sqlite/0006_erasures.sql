-- Which chains an erasure took sealed fields from. `leaf` is the place in the workspace chain of the first leaf that names
-- them. `keys_left` is 1 where the data key of one of them stayed, because it seals other fields too: with an older copy of
-- its row that field would be readable again. The workspace chain itself is the run ''.
CREATE TABLE erasure (
    ws        INTEGER NOT NULL REFERENCES workspace,
    leaf      INTEGER NOT NULL,
    run       TEXT NOT NULL,
    keys_left INTEGER NOT NULL,
    PRIMARY KEY (ws, leaf, run)
) STRICT, WITHOUT ROWID;
