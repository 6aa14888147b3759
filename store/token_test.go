package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testTokens(t *testing.T, s store.Store) {
	ctx := t.Context()
	a := puskaradio.Token{Name: "crm", Role: puskaradio.Agent, Brands: []string{"acme"}, Hash: "aa", Since: noon, Expires: noon.AddDate(0, 3, 0)}
	b := puskaradio.Token{Name: "grafana", Role: puskaradio.Reader, Hash: "bb"}
	for _, x := range []puskaradio.Token{b, a, {Name: "old", Role: puskaradio.Reader, Hash: "cc"}, {Name: "old"}, {Name: "nobody"}} {
		if err := s.SetToken(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	for _, use := range []struct {
		name, hash string
		at         time.Time
	}{
		{"crm", "aa", noon.Add(time.Minute)},
		{"crm", "aa", noon},     // an older use says nothing new
		{"grafana", "aa", noon}, // it has another secret by now
		{"old", "cc", noon},
		{"", "", noon}, // what was taken away stays away
	} {
		if err := s.UseToken(ctx, use.name, use.hash, use.at); err != nil {
			t.Fatal(err)
		}
	}
	a.Used = noon.Add(time.Minute)
	got, err := s.Tokens(ctx)
	if diff := cmp.Diff([]puskaradio.Token{a, b}, got); err != nil || diff != "" {
		t.Errorf("Tokens: %v, %s", err, diff)
	}
}
