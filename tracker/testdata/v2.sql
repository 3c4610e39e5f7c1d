PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta(
  key   TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES('lab_version','0.2.0');
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
, params TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO run VALUES(1,'dw8pqq7hsc2af993',1769860800000,'gan','1.0.0','dcgan','first','kept to test migrations',7,'["lab","run","plugin=gan"]','finished','',NULL,'',1769860800000,1769860800000,0,'host','boot','pid:[1]',42,'1000',1769860800000,0,0,0,0,0,'',0,X'67e3a49edd1de522dd2ecc77a430666f7a3a4dc6281f9a9537f63dd0a8da8129',NULL,NULL,NULL,'1 1 int 6 1 epochs50 0 float 2 6 lr0.0002');
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
INSERT INTO param VALUES(1,'epochs',1,'int','5',5.0,1);
INSERT INTO param VALUES(1,'lr',0,'float','0.0002',0.00020000000000000000958,0);
CREATE TABLE metric_name(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO metric_name VALUES(1,'fid');
CREATE TABLE metric(
  run_id    INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,                   -- since the start of the run
  value     REAL,
  PRIMARY KEY(run_id, metric_id, step)
) STRICT, WITHOUT ROWID;
INSERT INTO metric VALUES(1,1,0,0,100.0);
INSERT INTO metric VALUES(1,1,10,10,98.0);
INSERT INTO metric VALUES(1,1,20,20,96.0);
INSERT INTO metric VALUES(1,1,30,30,94.0);
INSERT INTO metric VALUES(1,1,40,40,92.0);
INSERT INTO metric VALUES(1,1,50,50,90.0);
INSERT INTO metric VALUES(1,1,60,60,88.0);
INSERT INTO metric VALUES(1,1,70,70,86.0);
INSERT INTO metric VALUES(1,1,80,80,84.0);
INSERT INTO metric VALUES(1,1,90,90,82.0);
INSERT INTO metric VALUES(1,1,100,100,80.0);
INSERT INTO metric VALUES(1,1,110,110,78.0);
INSERT INTO metric VALUES(1,1,120,120,76.0);
INSERT INTO metric VALUES(1,1,130,130,74.0);
INSERT INTO metric VALUES(1,1,140,140,72.0);
INSERT INTO metric VALUES(1,1,150,150,70.0);
INSERT INTO metric VALUES(1,1,160,160,68.0);
INSERT INTO metric VALUES(1,1,170,170,66.0);
INSERT INTO metric VALUES(1,1,180,180,64.0);
INSERT INTO metric VALUES(1,1,190,190,62.0);
INSERT INTO metric VALUES(1,1,200,200,60.0);
INSERT INTO metric VALUES(1,1,210,210,58.0);
INSERT INTO metric VALUES(1,1,220,220,56.0);
INSERT INTO metric VALUES(1,1,230,230,54.0);
INSERT INTO metric VALUES(1,1,240,240,52.0);
INSERT INTO metric VALUES(1,1,250,250,50.0);
INSERT INTO metric VALUES(1,1,260,260,48.0);
INSERT INTO metric VALUES(1,1,270,270,46.0);
INSERT INTO metric VALUES(1,1,280,280,44.0);
INSERT INTO metric VALUES(1,1,290,290,42.0);
INSERT INTO metric VALUES(1,1,300,300,40.0);
INSERT INTO metric VALUES(1,1,310,310,38.0);
INSERT INTO metric VALUES(1,1,320,320,36.0);
INSERT INTO metric VALUES(1,1,330,330,34.0);
INSERT INTO metric VALUES(1,1,340,340,32.0);
INSERT INTO metric VALUES(1,1,350,350,30.0);
INSERT INTO metric VALUES(1,1,360,360,28.0);
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
INSERT INTO latest VALUES(1,1,0,1,'',40,1,390,22.0,22.0,390,100.0,0,X'559c2d155be8f26411b571b9785208dc103ec8634b48dd820424936726a89774');
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
INSERT INTO rollup VALUES(1,1,1,0,0,310,32,38.0,100.0,2208.0);
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
INSERT INTO artifact VALUES(1,1,'model','model',390,'model.onnx','ff',5);
INSERT INTO artifact VALUES(2,1,'checkpoint','checkpoint',390,'ckpt','11',7);
CREATE TABLE tag(
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  tag    TEXT    NOT NULL,
  PRIMARY KEY(run_id, tag)
) STRICT, WITHOUT ROWID;
INSERT INTO tag VALUES(1,'baseline');
CREATE TABLE environment(
  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  key    TEXT    NOT NULL,
  value  TEXT    NOT NULL,
  PRIMARY KEY(run_id, key)
) STRICT, WITHOUT ROWID;
INSERT INTO environment VALUES(1,'data.name','mnist');
CREATE TABLE lineage(
  run_id   INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  position INTEGER NOT NULL,
  from_run TEXT    NOT NULL DEFAULT '',         -- uid, or '' for a file
  path     TEXT    NOT NULL DEFAULT '',
  sha256   TEXT    NOT NULL,
  PRIMARY KEY(run_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO lineage VALUES(1,0,'','model.onnx','ab');
CREATE TABLE recent(
  id        INTEGER PRIMARY KEY,
  run_id    INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,
  value     REAL
) STRICT;
INSERT INTO recent VALUES(1,1,1,390,390,22.0);
INSERT INTO recent VALUES(2,1,1,380,380,24.0);
INSERT INTO recent VALUES(3,1,1,370,370,26.0);
CREATE TABLE mark(
  run_id     INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
  checkpoint INTEGER NOT NULL,                  -- the checkpoint's step
  metric_id  INTEGER NOT NULL REFERENCES metric_name,
  step       INTEGER NOT NULL,                  -- the metric's greatest
  chain      BLOB    NOT NULL,
  PRIMARY KEY(run_id, checkpoint, metric_id)
) STRICT, WITHOUT ROWID;
INSERT INTO mark VALUES(1,390,1,390,X'559c2d155be8f26411b571b9785208dc103ec8634b48dd820424936726a89774');
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
INSERT INTO attempt VALUES(1,1,'lost','the process that recorded it is gone',NULL,'',1769860800000,5000,'host','{}',0,NULL,100,1769860900000);
CREATE TABLE superseded_point(
  run_id    INTEGER NOT NULL,
  attempt   INTEGER NOT NULL,
  metric_id INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  t         INTEGER NOT NULL,
  value     REAL,
  PRIMARY KEY(run_id, attempt, metric_id, step)
) STRICT, WITHOUT ROWID;
INSERT INTO superseded_point VALUES(1,1,1,110,7,1.5);
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
INSERT INTO superseded_artifact VALUES(1,1,'image','samples',110,'s.png','aa',3);
CREATE TABLE untidy(
  run_id INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE
) STRICT;
CREATE INDEX run_by_ord     ON run(ord) WHERE removed IS NULL;
CREATE INDEX run_by_name    ON run(name) WHERE name IS NOT NULL;
CREATE INDEX run_by_sweep   ON run(sweep) WHERE sweep IS NOT NULL;
CREATE INDEX run_by_family  ON run(family, recipe);
CREATE INDEX run_running    ON run(id) WHERE status = 'running';
CREATE INDEX param_by_key ON param(key, num);
CREATE INDEX latest_by_metric ON latest(metric_id);
CREATE INDEX artifact_by_sha256 ON artifact(sha256);
CREATE INDEX tag_by_tag ON tag(tag);
CREATE VIEW point AS
  SELECT run_id,metric_id,step,t,value FROM metric UNION ALL
  SELECT run_id,metric_id,step,t,value FROM recent;
COMMIT;
PRAGMA user_version=2;
PRAGMA application_id=0x6c616231;
