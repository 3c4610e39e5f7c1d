-- Times are Unix milliseconds (UTC), durations milliseconds, hashes lower-case
-- hex unless BLOB. References to other runs are uids, never ids, so that rows
-- can move to another database.

-- What wrote this file: 'lab_version' is named when an older lab refuses it.
CREATE TABLE meta(
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run(
  id             INTEGER PRIMARY KEY,           -- of this file only
  uid            TEXT    NOT NULL UNIQUE,       -- of all files
  ord            INTEGER NOT NULL,              -- @1 is the greatest; about `started`, but never goes back with the clock
  family         TEXT    NOT NULL,
  family_version TEXT    NOT NULL DEFAULT '',
  recipe         TEXT    NOT NULL,
  name           TEXT,                          -- not unique: the newest is meant
  note           TEXT    NOT NULL DEFAULT '',
  seed           INTEGER NOT NULL,              -- the bits of a uint64
  command        TEXT    NOT NULL DEFAULT '[]', -- JSON array
  status         TEXT    NOT NULL,
  reason         TEXT    NOT NULL DEFAULT '',
  exit_code      INTEGER,
  exit_signal    TEXT    NOT NULL DEFAULT '',
  started        INTEGER NOT NULL,
  ended          INTEGER,
  elapsed        INTEGER,                       -- by the monotonic clock
  host           TEXT    NOT NULL DEFAULT '',
  boot_id        TEXT    NOT NULL DEFAULT '',
  pid_space      TEXT    NOT NULL DEFAULT '',   -- pids mean something only inside one
  pid            INTEGER NOT NULL DEFAULT 0,
  pid_started    TEXT    NOT NULL DEFAULT '',   -- pids are reused; with its start a process is unique
  heartbeat      INTEGER NOT NULL,
  done           INTEGER NOT NULL DEFAULT 0,
  total          INTEGER NOT NULL DEFAULT 0,
  epoch          INTEGER NOT NULL DEFAULT 0,
  epochs         INTEGER NOT NULL DEFAULT 0,
  samples        INTEGER NOT NULL DEFAULT 0,
  doing          TEXT    NOT NULL DEFAULT '',
  peak_memory    INTEGER NOT NULL DEFAULT 0,    -- bytes
  hash           BLOB,                          -- of every point and model, once the run has ended
  parent         TEXT,                          -- uid of the run this one resumes or repeats
  sweep          TEXT,                          -- uid shared by the runs of one sweep
  removed        INTEGER                        -- when it was put in the bin
) STRICT;
CREATE INDEX run_by_ord     ON run(ord) WHERE removed IS NULL;
CREATE INDEX run_by_name    ON run(name) WHERE name IS NOT NULL;
CREATE INDEX run_by_sweep   ON run(sweep) WHERE sweep IS NOT NULL;
CREATE INDEX run_by_family  ON run(family, recipe);
CREATE INDEX run_running    ON run(id) WHERE status = 'running';

CREATE TABLE param(
  run_id    INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  key       TEXT    NOT NULL,
  position  INTEGER NOT NULL,                   -- in the recipe's order
  type      TEXT    NOT NULL,
  value     TEXT    NOT NULL,                   -- canonical, see core.ParamSpec.Parse
  num       REAL,                               -- value as a number, durations in seconds
  defaulted INTEGER NOT NULL,
  PRIMARY KEY(run_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX param_by_key ON param(key, num);

CREATE TABLE metric_name(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- One row a point. A value of NULL is NaN. No REFERENCES: the check would cost
-- a look-up a point; whoever deletes a run deletes its points.
CREATE TABLE metric(
  run_id    INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,                   -- since the start of the run
  value     REAL,
  PRIMARY KEY(run_id, metric_id, step)
) STRICT, WITHOUT ROWID;

-- What a report shows of a metric, kept in the transaction that writes its
-- points. A metric that the recipe promises has a row from the start (n = 0).
CREATE TABLE latest(
  run_id    INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  metric_id INTEGER NOT NULL REFERENCES metric_name,
  position  INTEGER,                            -- in the recipe's order, 0 the headline; NULL when not promised
  goal      INTEGER NOT NULL DEFAULT 0,         -- core.Direction
  unit      TEXT    NOT NULL DEFAULT '',
  n         INTEGER NOT NULL DEFAULT 0,         -- points stored
  ordered   INTEGER NOT NULL DEFAULT 1,         -- whether every step was greater than the one before
  step      INTEGER,                            -- the greatest
  last      REAL,                               -- at that step; NULL is NaN when n > 0
  lo        REAL,                               -- least and greatest of what is not NaN, each at its first step
  lo_step   INTEGER,
  hi        REAL,
  hi_step   INTEGER,
  chain     BLOB,                               -- running hash of the points, see hash.go
  PRIMARY KEY(run_id, metric_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX latest_by_metric ON latest(metric_id);

-- A curve, thinned: row (level, bucket) covers points bucket*32^level up to
-- (bucket+1)*32^level of an ordered metric, counted from 0 in step order.
-- Only full buckets are rows, so each is written once.
CREATE TABLE rollup(
  run_id    INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  level     INTEGER NOT NULL,
  bucket    INTEGER NOT NULL,
  step_lo   INTEGER NOT NULL,
  step_hi   INTEGER NOT NULL,
  n         INTEGER NOT NULL,                   -- points that are not NaN
  lo        REAL,
  hi        REAL,
  sum       REAL,                               -- NULL where infinities cancel
  PRIMARY KEY(run_id, metric_id, level, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact(
  id     INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  kind   TEXT    NOT NULL,                      -- core.Artifact.Kind, or 'checkpoint'
  name   TEXT    NOT NULL,
  step   INTEGER NOT NULL,
  path   TEXT    NOT NULL,                      -- below the run's folder, slashes
  sha256 TEXT    NOT NULL,
  bytes  INTEGER NOT NULL,
  UNIQUE(run_id, kind, name, step)
) STRICT;
CREATE INDEX artifact_by_sha256 ON artifact(sha256);

CREATE TABLE tag(
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  tag    TEXT    NOT NULL,
  PRIMARY KEY(run_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_tag ON tag(tag);

CREATE TABLE environment(
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  key    TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  PRIMARY KEY(run_id, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE lineage(
  run_id   INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  position INTEGER NOT NULL,
  from_run TEXT    NOT NULL DEFAULT '',         -- uid, or '' for a file
  path     TEXT    NOT NULL DEFAULT '',
  sha256   TEXT    NOT NULL,
  PRIMARY KEY(run_id, position)
) STRICT, WITHOUT ROWID;
