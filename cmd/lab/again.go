package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"lab/core"
	"lab/core/host"
	"lab/tracker"
)

// again is a recorded run that can be started once more: its plugin, and the
// parameters as they were.
type again struct {
	plugin *launched
	recipe *core.Recipe
	spec   core.RunSpec // without a folder
}

// relaunch starts the plugin of a recorded run. What has become of it is found out
// here: a plugin that is gone, a recipe with other parameters, weights that changed.
func (a *app) relaunch(ctx context.Context, d *tracker.Detail, f trainFlags) (*again, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	r := &again{spec: core.RunSpec{Recipe: d.Recipe, Params: d.Params, Seed: d.Seed, DataDir: dataDir(), Threads: f.threads}}
	if len(d.Sources) > 0 {
		path, err := a.sourcePath(ctx, d.Sources[0])
		if err != nil {
			return nil, err
		}
		r.spec.From = path
	}
	plugin, err := a.launch(ctx, d.Family, f.inProcess)
	if err != nil {
		return nil, err
	}
	fail := func(format string, args ...any) (*again, error) {
		plugin.Close()
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("run %s: ", d.UID) + fmt.Sprintf(format, args...), Try: "the version that it was made with, " + d.FamilyVersion}
	}
	recipe, ok := plugin.Family.Recipe(d.Recipe)
	if !ok {
		return fail("%s %s has no recipe %q", d.Family, plugin.Family.Version, d.Recipe)
	}
	for _, s := range recipe.Params {
		p, ok := d.Param(s.Key)
		if !ok {
			return fail("%s/%s %s has a parameter that the run does not: %s", d.Family, d.Recipe, plugin.Family.Version, s.Key)
		}
		if _, err := s.Parse(p.Value); err != nil {
			return fail("%s/%s %s does not take %s=%s: %v", d.Family, d.Recipe, plugin.Family.Version, s.Key, p.Value, err)
		}
	}
	for _, p := range d.Params {
		if _, ok := recipe.Param(p.Key); !ok {
			return fail("%s/%s %s has no parameter %s", d.Family, d.Recipe, plugin.Family.Version, p.Key)
		}
	}
	if plugin.Family.Version != d.FamilyVersion {
		a.warn(fmt.Errorf("run %s was made with %s %s, this is %s", d.UID, d.Family, d.FamilyVersion, plugin.Family.Version))
	}
	r.plugin, r.recipe = plugin, recipe
	return r, nil
}

// sourcePath finds the file that a run's weights started from; it must be the same.
func (a *app) sourcePath(ctx context.Context, s tracker.Source) (string, error) {
	var paths []string
	if s.Run != "" {
		db, err := a.records()
		if err != nil {
			return "", err
		}
		defer db.Close()
		if d, err := db.Show(ctx, s.Run); err == nil { // where the run is now
			for _, x := range d.Artifacts {
				if x.SHA256 == s.SHA256 {
					paths = append(paths, d.Path(x))
				}
			}
		}
	}
	for _, path := range append(paths, s.Path) {
		if sum, err := fileSum(path); err == nil && sum == s.SHA256 {
			return filepath.Abs(path)
		}
	}
	what := "was changed"
	if _, err := os.Stat(s.Path); err != nil {
		what = "is gone"
	}
	return "", &core.Error{Kind: core.Storage, Msg: fmt.Sprintf("the file that the run started from %s: %s", what, s.Path)}
}

// surroundings are the facts about a run that this process knows from the start.
func surroundings(p *host.Plugin, threads int) []core.Fact {
	return append(tracker.Surroundings(),
		core.Fact{Key: "plugin.protocol", Value: fmt.Sprint(p.Protocol)}, core.Fact{Key: "threads", Value: fmt.Sprint(threads)})
}
