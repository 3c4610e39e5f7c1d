package tracker

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"lab/core"
)

const (
	retryGap   = 5 * time.Second // between attempts to write to the database again
	spoolInMem = 1_000_000       // points kept in memory when even the file fails
)

// spool keeps the events of a run that the database would not take, in order: in
// a file of JSON lines in the run's folder and, from the moment that fails too
// (the disk that filled up is often the same one), in memory.
type spool struct {
	path    string
	f       *os.File // nil once it has failed
	mem     []record
	points  int // in mem
	dropped int // points that found no room
	tried   time.Time
}

// degrade starts the spool and says so once. Callers hold r.mu.
func (r *Run) degrade(cause error) {
	s := &spool{path: filepath.Join(r.dir, spoolName), tried: r.db.opts.Now()}
	s.f, _ = os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	r.spool = s
	s.add(record{Start: &r.head})
	where := s.path
	if s.f == nil {
		where = "memory"
	}
	err := storageError("write to", r.db.path, cause)
	r.report(&core.Error{Kind: core.Storage, Err: err, Try: core.TryOf(err),
		Msg: "run " + r.head.UID + " goes on and its metrics are kept in " + where})
}

// report shows the first trouble of the run to whoever asked for it.
func (r *Run) report(err error) {
	if r.trouble != nil {
		return
	}
	r.trouble = err
	if r.db.opts.OnTrouble != nil {
		r.db.opts.OnTrouble(err)
	}
}

// tellOfLog says once that the log is not being written, unless the disk's trouble is
// known. Callers hold r.mu.
func (r *Run) tellOfLog(cause error) {
	if r.logless || r.trouble != nil {
		return
	}
	r.logless = true
	if r.db.opts.OnTrouble != nil {
		r.db.opts.OnTrouble(fmt.Errorf("the log of run %s is not being written: %w", r.head.UID, cause))
	}
}

// keep spools a record and now and then tries the database again. Callers hold
// r.mu.
func (r *Run) keep(rec record) {
	r.spool.add(rec)
	if r.db.opts.Now().Sub(r.spool.tried).Abs() >= retryGap {
		r.recover()
	}
}

func (s *spool) add(rec record) {
	if s.f != nil {
		if s.write(rec) == nil {
			return
		}
		s.f.Close()
		s.f = nil
	}
	if s.points+len(rec.Points) > spoolInMem {
		s.dropped += len(rec.Points)
		return
	}
	s.points += len(rec.Points)
	s.mem = append(s.mem, rec)
}

func (s *spool) write(rec record) error {
	line, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	size, err := s.f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	_, err = s.f.Write(append(line, '\n'))
	if err == nil {
		err = s.f.Sync()
	}
	if err != nil {
		s.f.Truncate(size) // the record goes to memory whole
	}
	return err
}

// recover writes the spool to the database, all or nothing, and on success ends
// it. Callers hold r.mu.
func (r *Run) recover() bool {
	s := r.spool
	s.tried = r.db.opts.Now()
	err := r.db.w.do(func(c *conn) error {
		r.state.series = nil // of an attempt before, rolled back
		if _, err := replay(r.db.w, c, &r.state, r.dir); err != nil {
			return err
		}
		for i := range s.mem {
			if err := s.mem[i].apply(r.db.w, c, &r.state); err != nil {
				return err
			}
		}
		return r.db.w.flush(c, &r.state)
	})
	if err != nil {
		r.state.series = nil // the writer is done with it; derived from what was rolled back
		return false
	}
	if s.f != nil {
		s.f.Close()
	}
	os.Remove(s.path)
	r.spool = nil
	return true
}

// abandon ends a spool at the end of its run: what is in memory goes to disk, as
// far as there is room, and the error says what became of it.
func (s *spool) abandon(r *Run) error {
	mem := s.mem
	s.mem, s.points = nil, 0
	for i := range mem {
		if e := mem[i].End; e != nil && s.dropped > 0 {
			told := *e
			told.Reason = lostPoints(e.Reason, s.dropped)
			mem[i].End = &told
		}
	}
	if s.f == nil {
		s.f, _ = os.OpenFile(s.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	}
	for s.f != nil && len(mem) > 0 && s.write(mem[0]) == nil {
		mem = mem[1:]
	}
	if s.f != nil {
		s.f.Close()
	}
	lost, where := s.dropped, s.path
	if len(mem) > 0 {
		where = filepath.Join(r.dir, reserveName)
		n, err := fillReserve(r.dir, mem)
		if err != nil {
			n = 0
			for _, rec := range mem {
				n += len(rec.Points)
			}
		}
		lost += n
	} else {
		os.Remove(filepath.Join(r.dir, reserveName))
	}
	e := &core.Error{Kind: core.Storage, Err: ErrSpooled,
		Msg: "the metrics of run " + r.head.UID + " are in " + where,
		Try: "any lab command that writes, once the disk has room: it merges them"}
	if lost > 0 {
		e.Msg = fmt.Sprintf("%d points of run %s are lost, neither the database nor %s could be written", lost, r.head.UID, s.path)
		e.Try = core.TryOf(r.trouble)
	}
	return e
}

// replay applies what the spool and the reserve in a run's folder hold, if there
// is anything, and reports whether that ended the run. A torn last line was never
// acknowledged and is skipped, and so is what cannot be applied: it must not keep
// the rest, and every later command, from the database.
func replay(w *writer, c *conn, r *runState, dir string) (ended bool, err error) {
	for _, name := range []string{spoolName, reserveName} {
		err := eachRecord(filepath.Join(dir, name), func(rec *record) error {
			err := rec.apply(w, c, r)
			if failsAll(err) {
				return err
			}
			ended = rec.End != nil && err == nil
			return nil
		})
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return false, err
		}
	}
	return ended, nil
}

func eachRecord(path string, each func(*record) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return eachLine(f, each)
}

func eachLine(r io.Reader, each func(*record) error) error {
	for lines := bufio.NewReaderSize(r, 1<<16); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var rec record
		if json.Unmarshal(line, &rec) != nil {
			continue
		}
		if err := each(&rec); err != nil {
			return err
		}
	}
}
