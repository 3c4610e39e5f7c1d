package tracker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lab/core"
)

// reserveBytes is what every run sets aside on the disk at its start, so that its
// end can be told even on a full disk: how it ended, which model it wrote, and
// as many of the last points as fit.
const reserveBytes = 64 << 10

// setAside fills the reserve of a run with zeros.
func setAside(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, reserveName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, reserveBytes)) // no fsync: the space is taken, and that is all it is for
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// fillReserve writes over the reserve, in place, the records that go on from the
// spool: facts, artifacts and the end before points. It returns how many points
// found no room.
func fillReserve(dir string, recs []record) (lost int, err error) {
	lines := make([][]byte, len(recs))
	room := reserveBytes - 512 // the end says how many points are lost
	for i := range recs {
		if lines[i], err = json.Marshal(&recs[i]); err != nil {
			return 0, err
		}
		if recs[i].Points == nil {
			room -= len(lines[i]) + 1
		}
	}
	var out bytes.Buffer
	for i := range recs {
		if n := len(recs[i].Points); n > 0 {
			if room -= len(lines[i]) + 1; room < 0 {
				room, lost = 0, lost+n // and none after it: a curve has no hole
				continue
			}
		}
		if e := recs[i].End; e != nil && lost > 0 {
			told := *e
			told.Reason = lostPoints(e.Reason, lost)
			if lines[i], err = json.Marshal(record{End: &told}); err != nil {
				return 0, err
			}
		}
		out.Write(lines[i])
		out.WriteByte('\n')
	}
	if out.Len() > reserveBytes {
		return 0, fmt.Errorf("%s is too small", reserveName)
	}
	f, err := os.OpenFile(filepath.Join(dir, reserveName), os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.WriteAt(out.Bytes(), 0); err != nil {
		return 0, err
	}
	return lost, f.Sync()
}

func lostPoints(reason string, n int) string {
	if reason != "" {
		reason += "; "
	}
	return reason + fmt.Sprintf("%d points are lost: the disk was full", n)
}

// unwrittenEnd returns the end of a run that the database could not take, from
// the run's reserve or the end of its spool.
func unwrittenEnd(dir string) *ending {
	var end *ending
	for _, name := range []string{spoolName, reserveName} {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if fi, err := f.Stat(); err == nil && fi.Size() > reserveBytes {
			f.Seek(-reserveBytes, io.SeekEnd) // the end is the last line
		}
		eachLine(f, func(rec *record) error {
			end = rec.End
			return nil
		})
		f.Close()
	}
	return end
}

// fate is what became of a run that the database has as running though its
// process is gone or has closed it.
type fate struct {
	ID      int64       `json:"id"`
	Status  core.Status `json:"status"`
	Reason  string      `json:"reason"`
	Ended   *int64      `json:"ended"` // nil for the last heartbeat
	Elapsed *int64      `json:"elapsed"`
	uid     string
}

func (db *DB) fateOf(id int64, uid string) fate {
	if e := unwrittenEnd(db.runDir(uid)); e != nil {
		return fate{ID: id, uid: uid, Status: e.Status, Reason: e.Reason, Ended: &e.At, Elapsed: &e.Elapsed}
	}
	return fate{ID: id, uid: uid, Status: core.Lost, Reason: lostReason}
}
