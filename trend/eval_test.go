//go:build eval

package trend

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// TestEvalBurst: the detector equals its reference, which was written in another
// language from the same formulas.
func TestEvalBurst(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(os.Getenv("DATA"), "spikes", "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want goldenRun
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	runGolden(t).compare(t, &want)
}
