package tracker

const (
	recentRequest = rowsAtOnce // a request of fewer points goes to recent
	recentLook    = 1024       // rows added between looks at how long recent is
	recentRows    = 8192       // from here on they move
)

// insertRecents holds the INSERTs of 1, 2, 4 … rowsAtOnce points into recent.
var insertRecents = insertsOf(`INSERT INTO recent(run_id,metric_id,step,t,value) VALUES`)

// settleSome moves the rows of recent when there are many.
func (w *writer) settleSome() error {
	if w.added < recentLook {
		return nil
	}
	w.added = 0
	newest, err := w.c.one(`SELECT max(id) FROM recent`) // all processes' rows
	if n, ok := newest.(int64); err != nil || !ok || n < recentRows {
		return err
	}
	return w.settleRecent()
}

// settleRecent moves every row of recent to its place in metric.
func (w *writer) settleRecent() error {
	if err := w.recent.flush(w.c); err != nil {
		return err
	}
	any, err := w.c.one(`SELECT 1 FROM recent LIMIT 1`)
	if err != nil {
		return err
	}
	if any != nil {
		err = w.c.script(`INSERT OR REPLACE INTO metric SELECT run_id,metric_id,step,t,value FROM recent ORDER BY run_id,metric_id,step;
			DELETE FROM recent`)
	}
	w.clock++
	w.settled = w.clock
	return err
}
