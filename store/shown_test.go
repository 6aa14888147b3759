package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// testShown: what sites show of a brand is there by source, as it was seen
// last, with what it was on other dates.
func testShown(t *testing.T, s store.Store) {
	ctx := t.Context()
	see := func(at time.Time, source string, still []string, xs ...puskaradio.Shown) {
		t.Helper()
		if err := store.AddShown(ctx, s, source, xs, still, at, time.UTC); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(brand string) (out string) {
		t.Helper()
		all, err := store.Shown(ctx, s, brand)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			out += fmt.Sprintf("%s %q %g of %g by %d at %s, %d dates\n", x.Source, x.About, x.Rating.Value, x.Rating.Best, x.N(), x.Seen.Format("02 15:04"), len(x.Days))
		}
		return out
	}
	x := func(brand, about string, value float64, n int) puskaradio.Shown {
		return puskaradio.Shown{Brand: brand, About: about, URL: "https://shop.example/", Rating: puskaradio.Rating{Value: value, Best: 5, Worst: 1}, Reviews: n}
	}
	if got := shown("acme"); got != "" {
		t.Errorf("before anything: %s", got)
	}
	see(noon, "shop", nil, x("acme", "kettle", 4.2, 10), x("acme", "", 3.9, 1318), x("bolt", "", 4.8, 7))
	see(noon, "forum", nil, puskaradio.Shown{Brand: "acme", Rating: puskaradio.Rating{Value: 8.1, Best: 10}, Count: 3})
	want := "forum \"\" 8.1 of 10 by 3 at 20 12:00, 1 dates\nshop \"\" 3.9 of 5 by 1318 at 20 12:00, 1 dates\nshop \"kettle\" 4.2 of 5 by 10 at 20 12:00, 1 dates\n"
	if got := shown("acme"); got != want {
		t.Errorf("after one look:\n%swant\n%s", got, want)
	}
	see(noon.Add(10*time.Minute), "shop", nil, x("acme", "", 3.9, 1318)) // too soon to be written
	see(noon.Add(20*time.Minute), "shop", nil, x("acme", "", 3.9, 1319)) // but what has changed is
	see(noon.Add(26*time.Hour), "shop", nil, x("acme", "", 3.8, 1330))
	see(noon.Add(50*time.Hour), "shop", []string{"https://shop.example/"}) // not modified
	want = "forum \"\" 8.1 of 10 by 3 at 20 12:00, 1 dates\nshop \"\" 3.8 of 5 by 1330 at 22 14:00, 2 dates\nshop \"kettle\" 4.2 of 5 by 10 at 22 14:00, 1 dates\n"
	if got := shown("acme"); got != want {
		t.Errorf("later:\n%swant\n%s", got, want)
	}
	if got, want := shown("bolt"), "shop \"\" 4.8 of 5 by 7 at 22 14:00, 1 dates\n"; got != want {
		t.Errorf("the rival: %swant %s", got, want)
	}
	if err := store.AddShown(ctx, s, "shop", []puskaradio.Shown{x("acme", "", 9, 1), x("acme", "pan", 5, 2)}, nil, noon.Add(52*time.Hour), time.UTC); err == nil {
		t.Error("9 of 5 was taken")
	}
	if got, want := shown("acme"), "forum \"\" 8.1 of 10 by 3 at 20 12:00, 1 dates\nshop \"\" 3.8 of 5 by 1330 at 22 14:00, 2 dates\nshop \"kettle\" 4.2 of 5 by 10 at 22 14:00, 1 dates\nshop \"pan\" 5 of 5 by 2 at 22 16:00, 1 dates\n"; got != want {
		t.Errorf("what stood beside it:\n%swant\n%s", got, want)
	}
	see(noon.AddDate(0, 0, 61), "shop", nil, x("acme", "pan", 5, 3)) // the others are not seen any more
	if got, want := shown("acme"), "forum \"\" 8.1 of 10 by 3 at 20 12:00, 1 dates\nshop \"\" 3.8 of 5 by 1330 at 22 14:00, 2 dates\nshop \"kettle\" 4.2 of 5 by 10 at 22 14:00, 1 dates\nshop \"pan\" 5 of 5 by 3 at 20 12:00, 2 dates\n"; got != want {
		t.Errorf("two months later:\n%swant\n%s", got, want)
	}
	see(noon.AddDate(0, 0, 63), "shop", nil, x("acme", "pan", 5, 3))
	if got, want := shown("acme"), "forum \"\" 8.1 of 10 by 3 at 20 12:00, 1 dates\nshop \"pan\" 5 of 5 by 3 at 22 12:00, 2 dates\n"; got != want {
		t.Errorf("what was long not seen:\n%swant\n%s", got, want)
	}
}
