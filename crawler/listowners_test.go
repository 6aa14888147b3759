package crawler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestOwners: the first answer stands with what it answers, each answer counts
// once, and what is remembered has bounds.
func TestOwners(t *testing.T) {
	var cur listCursor
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	owner := func(by, ref string, minutes int) listOwner {
		return listOwner{By: by, Ref: ref, Reply: puskaradio.Reply{Text: by, At: at.Add(time.Duration(minutes) * time.Minute)}}
	}
	told := []puskaradio.Mention{{Ref: "a"}, {Ref: "b"}, {Ref: "c", Owner: &puskaradio.Reply{Text: "its own"}}}
	cur.own([]listOwner{owner("late", "a", 9), owner("first", "a", 1), owner("late", "b", 0), owner("x", "c", 0)}, told)
	if told[0].Owner == nil || told[0].Owner.Text != "first" || told[1].Owner != nil || told[2].Owner.Text != "its own" {
		t.Errorf("owners %+v %+v %+v", told[0].Owner, told[1].Owner, told[2].Owner)
	}
	for i := range 3 * maxOwners {
		cur.own([]listOwner{owner(fmt.Sprint(i), "r", i)}, nil)
	}
	if len(cur.Owners) != maxOwners || !cur.answered(fmt.Sprint(3*maxOwners-1)) || cur.answered("first") {
		t.Errorf("%d answers are remembered", len(cur.Owners))
	}
	var p listPage
	p.answer("by", &puskaradio.Reply{Text: strings.Repeat("ä", 5000)}, &puskaradio.Mention{Ref: "a", Text: "x"})
	p.answer("empty", nil, &puskaradio.Mention{Ref: "a", Text: "x"})
	p.answer("nothing", &puskaradio.Reply{Text: "x"}, nil)
	if len(p.found) != 1 || len(p.owners) != 3 || len(p.owners[0].Reply.Text) > ownerBytes || p.owners[1].Ref+p.owners[2].Ref != "" {
		t.Errorf("page %+v", p)
	}
	for _, bad := range []string{"", "a b", "x,y", "(a)", strings.Repeat("a", 101)} {
		if err := checkOurs(&[]string{bad}); err == nil {
			t.Errorf("checkOurs(%q) = nil", bad)
		}
	}
}
