package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lab/bench/protocol"
	"lab/bench/pytorch"
	"lab/bench/workload"
	"lab/core/profile"
)

// TestMain lets the test binary be a contender, as the command is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-serve" {
		main()
		return
	}
	os.Exit(m.Run())
}

// Both sides have the workloads of the same names, in the same order.
func TestTablesMatch(t *testing.T) {
	b, err := pytorch.Files.ReadFile("networks.py")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "\nTABLE = {")
	var theirs, ours []string
	for _, m := range regexp.MustCompile(`"([a-z0-9-]+)":`).FindAllStringSubmatch(table, -1) {
		theirs = append(theirs, m[1])
	}
	for _, w := range workload.Table {
		ours = append(ours, w.Name)
	}
	if !slices.Equal(ours, theirs) {
		t.Errorf("lab has %v, PyTorch %v", ours, theirs)
	}
	doc, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range workload.Table {
		if !strings.Contains(string(doc), "| `"+w.Name+"` | "+w.What+" |") {
			t.Errorf("docs/performance.md does not say: | `%s` | %s |", w.Name, w.What)
		}
	}
}

// Two processes of lab play against each other, and the report names what is missing.
func TestCompare(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("LAB_PYTHON", "")
	s, err := parse([]string{"-workload", "policy", "-peers", "build:" + self + ",eager,gorgonia", "-rounds", "2", "-seconds", "0.005", "-busy", "free", "-threads", "1"})
	if err != nil {
		t.Fatal(err)
	}
	stage, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer stage.close()
	busy, err := startNeighbour(self, s.busy)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.close()
	r := &report{Machine: thisMachine(), Rounds: s.rounds, Seconds: s.seconds, Busy: s.busy}
	if err := compareOn(stage, s, 1, busy, r); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	for _, format := range []string{"text", "markdown", "json"} {
		text.Reset()
		if err := r.print(&text, format); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"policy-forward", "policy-train", "LAB_PYTHON is not set", "only mlp and cnn"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("%s without %q:\n%s", format, want, text.String())
			}
		}
	}
	for _, res := range r.Results {
		p := res.Peers[0]
		if len(p.Lab) != 2 || len(p.Theirs) != 2 || len(p.Busy) != 2 || p.Missing != "" || !strings.HasPrefix(p.Checked, "losses 0e+00 apart") {
			t.Errorf("%s against itself: %+v", res.Workload, p)
		}
	}
}

// A contender that breaks off says why, once and for every later request.
func TestBrokenContender(t *testing.T) {
	for _, command := range []string{"echo no such library >&2", "echo pardon", "read line; echo '{}'; read line; echo out of memory >&2"} {
		c, err := start("peer", exec.Command("sh", "-c", command))
		if err == nil {
			_, err = c.ask(protocol.Request{Do: protocol.Build})
			if _, again := c.ask(protocol.Request{Do: protocol.Time}); again == nil {
				t.Errorf("%s: the next request did not fail", command)
			}
			c.close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "peer broke off: ") {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestSameLosses(t *testing.T) {
	ours := []float64{2, 1, 0.5}
	for _, c := range []struct {
		theirs []float64
		same   bool
	}{
		{[]float64{2.0001, 1.0005, 0.5005}, true},
		{[]float64{2.001, 1, 0.5}, false},
		{[]float64{2, 1, 0.502}, false},
		{[]float64{2, 1}, false},
	} {
		if _, err := sameLosses("peer", ours, c.theirs); (err == nil) != c.same {
			t.Errorf("%v: %v", c.theirs, err)
		}
	}
}

func TestSpread(t *testing.T) {
	if got, want := spreadOf([]float64{5, 1, 3, 2, 4}), (spread{3, 2, 4, 1, 5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if s := spreadOf(nil); s.Median == s.Median {
		t.Errorf("of nothing: %+v", s)
	}
}

// The environment of peers holds nothing that throttles them.
func TestPeerEnvironment(t *testing.T) {
	env := peerEnvironment([]string{"HOME=/h", "OPENBLAS_CORETYPE=Prescott", "OPENBLAS_L2_SIZE=1", "OMP_NUM_THREADS=9"}, "2")
	joined := strings.Join(env, " ")
	if strings.Contains(joined, "OPENBLAS_CORETYPE") || strings.Contains(joined, "OPENBLAS_L2_SIZE") || strings.Contains(joined, "=9") ||
		!strings.Contains(joined, "HOME=/h") || !strings.Contains(joined, "OMP_NUM_THREADS=2") {
		t.Error(joined)
	}
}

// A profile of a workload has its programs by name, and its optimisers, for so many steps.
func TestProfileOf(t *testing.T) {
	const steps = 3
	r, err := profileOf("dcgan", steps)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, p := range r.Parts {
		got[string(p.Kind)+" "+p.Name] = p.Runs
	}
	want := map[string]int64{"program discriminator": steps, "program generator": steps, "optimiser ": 2 * steps, "compiling ": 2}
	if !maps.Equal(got, want) {
		t.Errorf("runs %v, want %v", got, want)
	}
	if _, err := profileOf("none", steps); err == nil || profile.Current() != nil {
		t.Errorf("a workload that is not there: %v, profile %v", err, profile.Current())
	}
}

func TestFlags(t *testing.T) {
	for _, bad := range []string{"-workload=(", "-threads=0", "-threads=two", "-rounds=0", "-seconds=0", "-busy=yes", "mlp"} {
		if _, err := parse([]string{bad}); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
	s, err := parse([]string{"-threads", "1,2", "-json", "-peers", "eager"})
	if err != nil || !slices.Equal(s.threads, []int{1, 2}) || s.format != "json" || len(s.peers) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}
