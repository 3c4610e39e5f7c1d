// Package tracker keeps what runs did in one SQLite file, lab.db, and one
// folder a run beside it.
//
// It must not know plugins, graphs or terminals: it takes [core.Event]s, and it
// answers with plain structs that others render. It and the packages below it are
// the only importers of go-sqlite3.
//
//	home/lab.db            the database
//	home/runs/UID/         what one run wrote: model.onnx, pictures, checkpoints
//	home/runs/UID/log.txt  its log, one line a core.Log
//	home/runs/UID/source.diff
//	                       what git had not committed
//	home/runs/UID/spool.jsonl
//	                       events the database could not take; merged when the
//	                       run's process is gone and a command opens the home
//	home/runs/UID/end.reserve
//	                       space set aside while the run goes on, to tell its end
//	                       on a full disk
//
// What is promised:
//
//   - [Run.Put] of metrics, facts, artifacts, checkpoints and Done returns after
//     COMMIT with synchronous=FULL: what was acknowledged survives kill -9 and a
//     power cut. Progress and logs are not worth an fsync and have none.
//   - A point logged twice at one (metric, step) is stored once: the last wins.
//   - NaN and ±Inf are values.
//   - A run whose process is gone is shown as what became of it, or as lost; never
//     as running for ever. Nothing half-written stays.
//   - A tracker that fails in the middle of a run does not fail the run, and a
//     disk that is full at its end still holds how it ended.
//   - What was imported, resumed or removed is there whole or not at all, after a
//     kill too.
//
// # Where to read
//
// Writing: open.go, start.go (a run begins), run.go (its events), writer.go (the
// one goroutine that writes), points.go, recent.go and series.go (what becomes of
// a point), hash.go. When things go wrong: spool.go, reserve.go, lost.go.
//
// Reading: query.go and summary.go (a table of runs), filter_parse.go and
// filter_sql.go (its language), column.go, report.go and fold.go (seeds),
// reference.go (@1), show.go (one run), curve.go.
//
// Comparing: diff.go (what is on record), compare.go (point by point), audit.go
// (a run against itself). Going on: resume.go, supersede.go. Keeping house:
// edit.go, gc.go. Moving: archive.go, archive_read.go, foreign.go; mlflow,
// tensorboard and table for other programs.
//
// The schema is in migration/, one file a version.
package tracker
