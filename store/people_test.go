package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testPeople(t *testing.T, s store.Store) {
	ctx := t.Context()
	maija := puskaradio.Person{Name: "Maija", Role: puskaradio.Agent, Brands: []string{"acme"}, Hash: "x", Since: noon}
	liisa := puskaradio.Person{Name: "Liisa", Role: puskaradio.Owner}
	for _, p := range []puskaradio.Person{maija, liisa, {Name: "Ville", Role: puskaradio.Reader}, {Name: "Ville"}, {Name: "Nobody"}} {
		if err := s.SetPerson(ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	maija.Role = puskaradio.Reader
	if err := s.SetPerson(ctx, maija); err != nil {
		t.Fatal(err)
	}
	got, err := s.People(ctx)
	if diff := cmp.Diff([]puskaradio.Person{liisa, maija}, got); err != nil || diff != "" {
		t.Errorf("People: %v, %s", err, diff)
	}
}

func testDeeds(t *testing.T, s store.Store) {
	ctx := t.Context()
	for i := range 5 {
		at := noon.Add(time.Duration(i/2) * time.Second) // two in one second
		if err := s.Record(ctx, puskaradio.Deed{At: at, Who: "Maija", What: fmt.Sprint("deed ", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		before time.Time
		most   int
		want   string
	}{
		{noon.Add(time.Hour), 3, "[deed 4 deed 3 deed 2]"},
		{noon.Add(2 * time.Second), 10, "[deed 3 deed 2 deed 1 deed 0]"},
		{noon, 10, "[]"},
	} {
		got, err := s.Deeds(ctx, c.before, c.most)
		var what []string
		for _, d := range got {
			what = append(what, d.What)
		}
		if err != nil || fmt.Sprint(what) != c.want {
			t.Errorf("Deeds(%v, %d) = %v, %v, want %s", c.before, c.most, what, err, c.want)
		}
	}
}
