package trend

import "testing"

// TestDiffer compares with intervals that others have published: Newcombe
// 1998, of 56/70 against 48/80 and of 9/10 against 3/10.
func TestDiffer(t *testing.T) {
	for _, tt := range []struct {
		k, n, j, m int
		want       bool
	}{
		{56, 70, 48, 80, true}, {9, 10, 3, 10, true}, {6, 7, 2, 7, true}, {5, 56, 0, 29, false}, {0, 10, 0, 20, false}, {10, 10, 0, 20, true}, {30, 100, 30, 100, false}, {0, 0, 1, 2, false},
	} {
		if got := Differ(tt.k, tt.n, tt.j, tt.m); got != tt.want {
			t.Errorf("Differ(%d, %d, %d, %d) = %v", tt.k, tt.n, tt.j, tt.m, got)
		}
	}
	if low, high := Wilson(0.5, 10); low < 0.2365 || low > 0.2367 || high < 0.7633 || high > 0.7635 {
		t.Errorf("Wilson(0.5, 10) = %v, %v", low, high)
	}
}
