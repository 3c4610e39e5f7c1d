package metalearn

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("maml", "iterations=40", "test_tasks=100"),
		familytest.Long("maml", "iterations=4000", "test_tasks=100"),
		familytest.Reload(trial.Check))
}
