package family

import (
	"fmt"

	"google.golang.org/grpc"

	"lab/core"
	"lab/core/internal/wire"
	"lab/core/internal/wire/pb"
)

// Family is a model family: what one plugin offers.
type Family struct {
	Name    string // "gan"; [a-z][a-z0-9-]*
	Version string // "1.0.0"
	Doc     string // one line
	Recipes []Recipe
}

// Describe returns what the host will be told, or the first mistake in the
// declaration of a recipe.
func (f Family) Describe() (core.Family, error) {
	d := core.Family{Name: f.Name, Version: f.Version, Doc: f.Doc}
	for _, r := range f.Recipes {
		if r.err != nil {
			return core.Family{}, fmt.Errorf("family %s, recipe %q: %w", f.Name, r.spec.Name, r.err)
		}
		d.Recipes = append(d.Recipes, r.spec)
	}
	if err := wire.CheckFamily(d); err != nil {
		return core.Family{}, err
	}
	return d, nil
}

// Register adds the family's service to a server within this process: it is
// what host.InProcess takes. A plugin calls [Serve].
func (f Family) Register(to grpc.ServiceRegistrar) {
	pb.RegisterFamilyServer(to, &server{family: f})
}

// recipe returns the recipe of that name.
func (f Family) recipe(name string) (Recipe, error) {
	names := make([]string, len(f.Recipes))
	for i, r := range f.Recipes {
		if r.spec.Name == name {
			return r, nil
		}
		names[i] = r.spec.Name
	}
	e := &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("family %s has no recipe %q", f.Name, name), Try: "lab plugins " + f.Name}
	if near := core.Nearest(name, names); len(near) > 0 {
		e.Try = near[0]
	}
	return Recipe{}, e
}
