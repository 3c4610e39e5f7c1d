package tracker

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"lab/core"
)

// NewRun is what is known of a run before it trains.
type NewRun struct {
	Family        string
	FamilyVersion string
	Recipe        string
	Params        []core.Param      // all of the recipe's, in its order
	Metrics       []core.MetricSpec // those the recipe promises, headline first
	Seed          uint64
	Name          string   // to find it by; "" for none; need not be unique
	Note          string   // free text
	Tags          []string // words to filter by
	From          []Source // what its weights start from
	Parent        string   // uid of the run it resumes or repeats, or ""
	Sweep         string   // uid shared by the runs of one sweep, or ""
	CommandLine   []string
	Environment   []core.Fact
}

// Source is where weights came from: an earlier run or a file.
type Source struct {
	Run    string // uid, or "" for a file
	Path   string // of the file that was read
	SHA256 string // of that file, lower-case hex
}

// started is a run as it was begun. It leads the spool too, so that a run can be
// found again without its database.
type started struct {
	NewRun
	UID     string
	At      int64 // Unix milliseconds
	Process process
}

// Start records a run as running and makes its folder, before anything trains.
// It returns once the row is committed. Errors are [*core.Error]s of kind Usage
// (a name or tag that cannot be) or Storage; nothing is left behind then.
func (db *DB) Start(n NewRun) (*Run, error) {
	if db.w == nil {
		return nil, &core.Error{Kind: core.Storage, Msg: db.path + " is open for reading only"}
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	now := db.opts.Now()
	r := &Run{db: db, began: now, beat: now, attempt: 1, head: started{NewRun: n, UID: newUID(), At: now.UnixMilli(), Process: db.self}}
	r.dir = db.runDir(r.head.UID)
	if err := os.MkdirAll(r.dir, 0o755); err != nil {
		return nil, storageError("create", r.dir, err)
	}
	err := db.w.do(func(c *conn) (err error) {
		r.state.id, err = db.insertRun(c, &r.head)
		return err
	})
	if err == nil { // a kill from here on leaves a run that is lost, not files that are nobody's
		if err = r.openFiles(); err != nil {
			if r.log != nil {
				r.log.Close()
			}
			db.w.do(func(c *conn) error { return c.exec(`DELETE FROM run WHERE id=?`, r.state.id) })
		}
	}
	if err != nil {
		os.RemoveAll(r.dir)
		return nil, storageError("start a run in", db.path, err)
	}
	db.w.do(func(*conn) error { db.w.live[r] = true; return nil })
	return r, nil
}

// openFiles opens the log and sets the reserve aside.
func (r *Run) openFiles() (err error) {
	r.log, err = os.OpenFile(filepath.Join(r.dir, logName), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return setAside(r.dir)
}

func (n *NewRun) check() error {
	if n.Family == "" || n.Recipe == "" {
		return &core.Error{Kind: core.Usage, Msg: "a run needs a family and a recipe"}
	}
	if n.Name != "" {
		if err := checkName(n.Name); err != nil {
			return err
		}
	}
	for _, t := range n.Tags {
		if err := checkTag(t); err != nil {
			return err
		}
	}
	return nil
}

const wordRule = "letters, digits and -_./+ without spaces"

func checkName(name string) error {
	if isWord(name) {
		return nil
	}
	return &core.Error{Kind: core.Usage, Msg: strconv.Quote(name) + " cannot name a run", Try: wordRule}
}

func checkTag(tag string) error {
	if isWord(tag) {
		return nil
	}
	return &core.Error{Kind: core.Usage, Msg: strconv.Quote(tag) + " cannot be a tag", Try: wordRule}
}

// isWord reports whether s can be written bare in a filter and on a command line.
func isWord(s string) bool {
	return s != "" && len(s) <= 200 && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./+", r)
	}) < 0
}

// insertRun writes the run's row and everything known of it.
func (db *DB) insertRun(c *conn, s *started) (int64, error) {
	command, err := json.Marshal(append([]string{}, s.CommandLine...))
	if err != nil {
		return 0, err
	}
	p := s.Process
	var name, parent, sweep any = orNull(s.Name), orNull(s.Parent), orNull(s.Sweep)
	// ord follows the clock unless that goes backwards.
	id, err := c.one(`INSERT INTO run(uid,ord,family,family_version,recipe,name,note,seed,command,status,started,
			host,boot_id,pid_space,pid,pid_started,heartbeat,parent,sweep,params)
		VALUES(?1,max(?2,(SELECT coalesce(max(ord),0)+1 FROM run WHERE removed IS NULL)),?3,?4,?5,?6,?7,?8,?9,?10,?2,?11,?12,?13,?14,?15,?2,?16,?17,?18)
		RETURNING id`,
		s.UID, s.At, s.Family, s.FamilyVersion, s.Recipe, name, s.Note, int64(s.Seed), string(command), string(core.Running),
		p.Host, p.BootID, p.PIDSpace, int64(p.PID), p.Started, parent, sweep, packParams(s.Params))
	if err != nil {
		return 0, err
	}
	run := id.(int64)
	if err := c.exec(`INSERT INTO untidy(run_id) VALUES(?)`, run); err != nil {
		return 0, err
	}
	for i, p := range s.Params {
		if err := c.exec(`INSERT OR REPLACE INTO param(run_id,key,position,type,value,num,defaulted) VALUES(?,?,?,?,?,?,?)`,
			run, p.Key, int64(i), string(p.Type), p.Value, number(p.Value), p.Default); err != nil {
			return 0, err
		}
	}
	for i, m := range s.Metrics {
		metric, err := db.w.metricID(m.Name)
		if err != nil {
			return 0, err
		}
		if err := c.exec(`INSERT OR IGNORE INTO latest(run_id,metric_id,position,goal,unit) VALUES(?,?,?,?,?)`,
			run, metric, int64(i), int64(m.Goal), m.Unit); err != nil {
			return 0, err
		}
	}
	for _, t := range s.Tags {
		if err := c.exec(`INSERT OR IGNORE INTO tag(run_id,tag) VALUES(?,?)`, run, t); err != nil {
			return 0, err
		}
	}
	for i, f := range s.From {
		if err := c.exec(`INSERT INTO lineage(run_id,position,from_run,path,sha256) VALUES(?,?,?,?,?)`,
			run, int64(i), f.Run, f.Path, f.SHA256); err != nil {
			return 0, err
		}
	}
	for _, f := range s.Environment {
		if err := putFact(c, run, f); err != nil {
			return 0, err
		}
	}
	return run, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// number is the value as a number to compare and sort by: durations in seconds,
// NULL for what is none.
func number(value string) any {
	if v, err := strconv.ParseFloat(value, 64); err == nil {
		return real(v)
	}
	if d, err := time.ParseDuration(value); err == nil {
		return d.Seconds()
	}
	return nil
}

// newUID returns a name that no other run in any database has: 16 characters of
// base32, 80 random bits. Random from the first character on, so that a short
// prefix tells runs apart; times would share theirs.
func newUID() string {
	var b [10]byte
	rand.Read(b[:]) // never fails
	return uidEncoding.EncodeToString(b[:])
}

var uidEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
