package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

var secretIn = regexp.MustCompile(`pr_[A-Z2-7]{52}`)

// TestTokensPage: an owner makes tokens, sees each secret once, and takes them
// away; the log says so.
func TestTokensPage(t *testing.T) {
	p := newPlace(t)
	owner := p.enter("Root")
	post := func(pairs ...string) (int, string) {
		w := owner.do("POST", "/tokens", form(pairs...), nil)
		return w.Code, w.Body.String()
	}
	code, page := post("do", "add", "name", "crm", "role", "agent", "days", "90", "brand", "acme")
	secret := secretIn.FindString(page)
	if code != 200 || secret == "" {
		t.Fatalf("made: %d %s", code, page)
	}
	for _, c := range []struct {
		form url.Values
		want int
	}{
		{form("do", "add", "name", "crm", "role", "reader", "days", "0"), 409},
		{form("do", "add", "name", "x", "role", "owner", "days", "0"), 400},
		{form("do", "add", "name", "x", "role", "reader", "days", "7"), 400},
		{form("do", "add", "name", "x", "role", "reader", "days", "0", "brand", "nosuch"), 400},
		{form("do", "add", "name", "", "role", "reader", "days", "0"), 400},
		{form("do", "add", "name", "a\u202eb", "role", "reader", "days", "0"), 400},
		{form("do", "steal", "name", "crm"), 400},
		{form("do", "drop", "name", "nosuch"), 404},
	} {
		if got := owner.do("POST", "/tokens", c.form, nil).Code; got != c.want {
			t.Errorf("%v: %d, want %d", c.form, got, c.want)
		}
	}
	page = owner.get("/tokens")
	wants(t, "the page", page, "crm", "agent · acme · until", "never used", "20 Feb 2027")
	if strings.Contains(page, secret) {
		t.Error("the secret is shown again")
	}
	all, err := p.store.Tokens(t.Context())
	if err != nil || len(all) != 1 || all[0].Hash != tokenHash(secret) || all[0].Role != puskaradio.Agent || len(all[0].Brands) != 1 {
		t.Errorf("tokens: %+v, %v", all, err)
	}
	if strings.Contains(page, all[0].Hash) {
		t.Error("the page shows the hash")
	}
	if code, _ := post("do", "drop", "name", "crm"); code != 303 {
		t.Errorf("taken away: %d", code)
	}
	wants(t, "the page", owner.get("/tokens?lang=fi"), "Avaimia ei ole.")
	wants(t, "the log", owner.get("/log?lang=en"), "made a token agent", "crm acme", "took away a token")
}
