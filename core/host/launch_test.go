package host_test

import (
	"context"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lab/core"
	"lab/core/host"
	"lab/core/internal/wire"
)

func TestLaunchDescribesTheFamily(t *testing.T) {
	want, err := toy.Describe()
	if err != nil {
		t.Fatal(err)
	}
	inside, err := host.InProcess("toy", toy.Register, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	for _, p := range []*host.Plugin{launch(t, bundled(t), host.Options{}), launch(t, thirdParty(t, "toy"), host.Options{}), inside} {
		if p.Family.Name != want.Name || len(p.Family.Recipes) != len(want.Recipes) || p.Protocol != 1 {
			t.Errorf("got %+v", p.Family)
		}
	}
}

func TestNoisyStart(t *testing.T) {
	p := launch(t, thirdParty(t, "noisy"), host.Options{})
	r := &record{}
	if out := p.Train(t.Context(), spec(t, p, "walk"), r); out.Status != core.Finished {
		t.Errorf("%+v", out)
	}
	if log := r.log(); !strings.Contains(log, "0 a banner\n0 progress 1") {
		t.Errorf("what was printed before the handshake is not in the log:\n%s", log)
	}
}

func TestStartErrors(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"mute", "plugin mute did not come up within 300ms"},
		{"silent", "plugin silent did not come up within 300ms"},
		{"future", "plugin future speaks version 2 of the plugin protocol; this lab speaks version 1"},
		{"newer", "plugin newer speaks versions 2, 3 of the plugin protocol; this lab speaks version 1"},
		{"dead", "plugin dead ended before its handshake; its last words: cannot find libfoo.so"},
		{"broken", `plugin broken ended before its handshake; its last words: recipe "walk" is declared twice`},
		{"impostor", `plugin impostor: it says that it is the family "gan"`},
		{"undescribed", "plugin undescribed: family undescribed has no recipe"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := host.Options{}
			if strings.Contains(c.want, "300ms") {
				o.StartTimeout = 300 * time.Millisecond
			}
			begin := time.Now()
			p, err := host.Launch(t.Context(), thirdParty(t, c.name), o)
			if err == nil {
				p.Close()
				t.Fatal("came up")
			}
			if err.Error() != c.want || core.KindOf(err) != core.PluginError {
				t.Errorf("got  %v (kind %d)\nwant %s", err, core.KindOf(err), c.want)
			}
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestNotAProgram(t *testing.T) {
	dir, tmp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	path := filepath.Join(dir, "lab-plugin-text")
	if err := os.WriteFile(path, []byte("hello"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := host.Launch(t.Context(), host.Candidate{Name: "text", Path: path}, host.Options{})
	if err == nil || !strings.Contains(err.Error(), "exec format error") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLaunchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := host.Launch(ctx, thirdParty(t, "mute"), host.Options{})
	if core.KindOf(err) != core.Interrupted {
		t.Errorf("got %v", err)
	}
}

func TestChecksum(t *testing.T) {
	c := thirdParty(t, "toy")
	var err error
	if c.SHA256, err = c.Sum(); err != nil {
		t.Fatal(err)
	}
	launch(t, c, host.Options{})
	c.SHA256 = hex.EncodeToString(make([]byte, 32))
	if _, err := host.Launch(t.Context(), c, host.Options{}); err == nil || !strings.Contains(err.Error(), "sha256 differs") {
		t.Errorf("got %v", err)
	}
}

// A plugin that speaks versions 1 and 2 of the contract and a host that speaks 1 meet at
// 1; the SDK, asked for others, says which it speaks.
func TestVersionsMeet(t *testing.T) {
	if p := launch(t, thirdParty(t, "both"), host.Options{}); p.Protocol != 1 {
		t.Errorf("they meet at %d", p.Protocol)
	}
	cmd := exec.Command(thirdParty(t, "toy").Path)
	cmd.Env = append(os.Environ(), wire.Handshake.MagicCookieKey+"="+wire.Handshake.MagicCookieValue, wire.HostVersionsEnv+"=2,3")
	out, err := cmd.CombinedOutput()
	if err == nil || string(out) != "LAB_PLUGIN_VERSIONS=1\n" {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestByHand(t *testing.T) {
	c := thirdParty(t, "toy")
	out, err := exec.Command(c.Path).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "lab run plugin=toy") || !strings.Contains(string(out), toy.Doc) {
		t.Errorf("got %v: %s", err, out)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	p := launch(t, bundled(t), host.Options{})
	begin := time.Now()
	p.Close()
	if !gone(p.PID(), time.Second) {
		t.Error("still there")
	}
	if d := time.Since(begin); d > 2*time.Second {
		t.Errorf("Close took %v", d)
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFind(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for path, mode := range map[string]os.FileMode{
		filepath.Join(a, "lab-plugin-one"):   0o755,
		filepath.Join(a, "lab-plugin-two"):   0o755,
		filepath.Join(b, "lab-plugin-two"):   0o755,
		filepath.Join(a, "lab-plugin-toy"):   0o755,
		filepath.Join(a, "lab-plugin-flat"):  0o644,
		filepath.Join(a, "lab-plugin-Wrong"): 0o755,
		filepath.Join(a, "unrelated"):        0o755,
	} {
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	f := host.Finder{Bundled: []string{"gan", "toy"}, Dirs: []string{a, b, a, filepath.Join(a, "absent")}}
	if c, err := f.Find("one"); err != nil || c.Bundled || c.Path != filepath.Join(a, "lab-plugin-one") || c.SHA256 != "" {
		t.Errorf("one: %+v, %v", c, err)
	}
	if c, err := f.Find("gan"); err != nil || !c.Bundled {
		t.Errorf("gan: %+v, %v", c, err)
	}
	for _, c := range []struct{ name, msg, try string }{
		{"two", "more than one plugin for two: " + filepath.Join(a, "lab-plugin-two") + ", " + filepath.Join(b, "lab-plugin-two"), "remove"},
		{"toy", filepath.Join(a, "lab-plugin-toy") + " has the name of the bundled family toy", "rename"},
		{"flat", "is not executable", "chmod +x"},
		{"gna", `no plugin "gna"`, "gan"},
		{"zzzz", `no plugin "zzzz"`, "lab plugins"},
	} {
		_, err := f.Find(c.name)
		if err == nil || !strings.Contains(err.Error(), c.msg) || !strings.Contains(core.TryOf(err), c.try) || core.KindOf(err) != core.Usage {
			t.Errorf("%s: got %v (try %q)", c.name, err, core.TryOf(err))
		}
	}
	if got := strings.Join(f.Names(), " "); got != "flat gan one toy two" {
		t.Errorf("names: %s", got)
	}
}

func TestDirs(t *testing.T) {
	t.Setenv("LAB_PLUGIN_PATH", "/a"+string(os.PathListSeparator)+"/b")
	t.Setenv("XDG_DATA_HOME", "/d")
	if got := strings.Join(host.Dirs(), " "); got != "/a /b /d/lab/plugins" {
		t.Errorf("got %s", got)
	}
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("HOME", "/h")
	if got := strings.Join(host.Dirs(), " "); got != "/a /b /h/.local/share/lab/plugins" {
		t.Errorf("got %s", got)
	}
}
