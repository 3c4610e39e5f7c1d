// Package tracker keeps what runs did in one SQLite file, lab.db, and one
// folder a run beside it.
//
// It must not know plugins, graphs or terminals: it takes [core.Event]s, and it
// answers with plain structs that others render. It is the only importer of
// go-sqlite3.
//
//	home/lab.db            the database
//	home/runs/UID/         what one run wrote: model.onnx, pictures, checkpoints
//	home/runs/UID/log.txt  its log, one line a core.Log
//	home/runs/UID/spool.jsonl
//	                       events the database could not take; merged when the
//	                       run's process is gone and a command opens the home
//
// What is promised:
//
//   - [Run.Put] of metrics, facts, artifacts, checkpoints and Done returns after
//     COMMIT with synchronous=FULL: what was acknowledged survives kill -9 and a
//     power cut. Progress and logs are not worth an fsync and have none.
//   - A point logged twice at one (metric, step) is stored once: the last wins.
//   - NaN and ±Inf are values.
//   - A run whose process is gone is shown as lost, never as running for ever.
//   - A tracker that fails in the middle of a run does not fail the run.
//
// Start reading with open.go, then start.go (a run begins), run.go (its events),
// writer.go (the one goroutine that writes) and series.go (what is kept of a
// metric). Reading is query.go (a table of runs), filter.go (its language),
// show.go (one run) and curve.go. The schema is migration/0001_runs.sql.
package tracker
