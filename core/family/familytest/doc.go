// Package familytest is the conformance suite of a family: one call launches the
// family as lab would, over the real transport, and checks every promise that a
// plugin makes to its users. A test of a family looks like this:
//
//	func TestMain(m *testing.M) { familytest.Main(m, gan.Family) }
//
//	func TestFamily(t *testing.T) {
//		familytest.Run(t, gan.Family,
//			familytest.Short("dcgan", "epochs=1", "train=512"),
//			familytest.Reload(trial.Check)) // of lab/core/onnx/trial
//	}
//
//	func TestReachesTheBar(t *testing.T) {
//		r := familytest.Train(t, gan.Family, "dcgan", "epochs=2", "seed=1")
//		if fid := r.Last("fid"); fid > 60 { t.Errorf("fid %.1f", fid) }
//	}
//
// [Check] does the same for an executable, whatever it is written in: lab plugin test.
// It asks for what the contract promises and leaves out what the SDK adds: that the
// plugin refuses bad parameters by itself, and that it makes a profile.
//
// It must not know any family, nor what a model file holds. Start with run.go;
// options.go is how a family says what it does not promise.
package familytest
