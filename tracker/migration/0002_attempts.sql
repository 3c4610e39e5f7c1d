-- Points that arrive a few at a time are appended to `recent`, whose end is one
-- page however many runs log, and move to their place in `metric` by the
-- thousand. A point is in one of the two: readers take the view.
CREATE TABLE recent(
  id        INTEGER PRIMARY KEY,
  run_id    INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,
  value     REAL
) STRICT;
CREATE VIEW point AS
  SELECT run_id,metric_id,step,t,value FROM metric UNION ALL
  SELECT run_id,metric_id,step,t,value FROM recent;

-- Where each metric stood when a checkpoint was stored: what lies behind it is
-- superseded when the run goes on from there.
CREATE TABLE mark(
  run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  checkpoint INTEGER NOT NULL,                  -- the checkpoint's step
  metric_id  INTEGER NOT NULL REFERENCES metric_name,
  step       INTEGER NOT NULL,                  -- the metric's greatest
  chain      BLOB    NOT NULL,
  PRIMARY KEY(run_id, checkpoint, metric_id)
) STRICT, WITHOUT ROWID;

-- How a run ended each time before it was resumed; the last time is in `run`.
CREATE TABLE attempt(
  run_id      INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  number      INTEGER NOT NULL,                 -- from 1
  status      TEXT    NOT NULL,
  reason      TEXT    NOT NULL,
  exit_code   INTEGER,
  exit_signal TEXT    NOT NULL,
  ended       INTEGER,
  elapsed     INTEGER,
  host        TEXT    NOT NULL,
  environment TEXT    NOT NULL,                 -- JSON object: the facts, as the next attempt may change them
  peak_memory INTEGER NOT NULL,
  hash        BLOB,
  checkpoint  INTEGER NOT NULL,                 -- the step that the next attempt went on from
  resumed     INTEGER NOT NULL,                 -- when that was
  PRIMARY KEY(run_id, number)
) STRICT, WITHOUT ROWID;

-- What an attempt stored after the checkpoint that the next one went on from.
CREATE TABLE superseded_point(
  run_id    INTEGER NOT NULL,
  attempt   INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,
  value     REAL,
  PRIMARY KEY(run_id, attempt, metric_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE superseded_artifact(
  run_id  INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  kind    TEXT    NOT NULL,
  name    TEXT    NOT NULL,
  step    INTEGER NOT NULL,
  path    TEXT    NOT NULL,                     -- the next attempt may have written over the file
  sha256  TEXT    NOT NULL,
  bytes   INTEGER NOT NULL,
  PRIMARY KEY(run_id, attempt, kind, name, step)
) STRICT, WITHOUT ROWID;

-- Runs whose folder may hold what is not the run's: the reserve, a spool, files
-- never finished. A row goes when they have gone.
CREATE TABLE untidy(
  run_id INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE
) STRICT;

-- All parameters of a run once more, in one text: a report of ten thousand runs
-- reads a row a run instead of one a parameter. They never change. For each one,
-- "position defaulted type keybytes valuebytes key value"; see unpackParams.
ALTER TABLE run ADD COLUMN params TEXT NOT NULL DEFAULT '';
UPDATE run SET params=coalesce((SELECT group_concat(position||' '||defaulted||' '||type||' '||length(CAST(key AS BLOB))||' '||length(CAST(value AS BLOB))||' '||key||value,'')
  FROM param WHERE run_id=run.id),'');
