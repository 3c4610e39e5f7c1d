// Package family is what the author of a plugin imports: declare a [Family] of
// recipes, each a struct of parameters and a function that trains, and [Serve]
// it. The function is given a [Session], its only way to the outside: it logs
// metrics, writes pictures, models and checkpoints, and hears of a stop.
//
//	type Params struct {
//		LR     float64 `default:"1e-3" min:"0" doc:"Adam learning rate"`
//		Epochs int     `default:"5" min:"1" doc:"passes over the training set"`
//	}
//
//	var Family = family.Family{Name: "gan", Version: "1.0.0", Doc: "generative adversarial networks",
//		Recipes: []family.Recipe{family.NewRecipe("dcgan", "Radford 2015", train,
//			family.Metric("fid", "", core.Lower, "distance of Fréchet on classifier features"))}}
//
//	func train(s *family.Session, p Params) error { … }
//
//	func main() { family.Serve(Family) }
//
// It must not know hosts, databases or graphs: a third-party plugin links it and
// nothing more. Where a run shall be profiled the recipe does nothing for it: its
// programs and optimisers tell core/profile, which the session turns on.
//
// Start with family.go, session.go and loop.go; server.go and run.go show how a run goes on,
// serve.go how the process lives.
package family
