package crawler

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// serveBlueskyBoard searches a board as Bluesky does, with a cursor that
// counts from the newest and so moves with what is written and deleted.
func serveBlueskyBoard(b *board, u *url.URL) (string, error) {
	from, _ := strconv.Atoi(u.Query().Get("cursor")) // none is 0
	since, until := u.Query().Get("since"), cmp.Or(u.Query().Get("until"), "9999")
	var in []int
	for _, n := range b.texts {
		if at := boardISO(n) + ".000Z"; at >= since && at < until {
			in = append(in, n)
		}
	}
	from = min(from, len(in))
	page := in[from:min(from+5, len(in))]
	var items []string
	for _, n := range page {
		items = append(items, fmt.Sprintf(`{"uri":"at://did:plc:a/app.bsky.feed.post/%d","cid":"c%d","author":{"did":"did:plc:a","handle":"a.example"},"record":{"text":"text %d","createdAt":"%sZ"},"indexedAt":"%sZ"}`,
			n, n, n, boardISO(n), boardISO(n)))
	}
	next := ""
	if from+5 < len(in) {
		next = fmt.Sprintf(`,"cursor":"%d"`, from+5)
	}
	return fmt.Sprintf(`{"posts":[%s]%s}`, strings.Join(items, ","), next), nil
}

// TestBlueskyDeletions deletes what was read while the search is read, so that
// its cursor jumps over some that were not: the next sweep has them.
func TestBlueskyDeletions(t *testing.T) {
	b := newBoard(33)
	con, err := New("bluesky", json.RawMessage(`{"server":"https://appview.example","recheck":0}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := local(t)
	c.wire = wire(func(r *http.Request) (*http.Response, error) {
		body, err := serveBlueskyBoard(b, r.URL)
		rec := httptest.NewRecorder()
		rec.WriteString(body)
		return rec.Result(), err
	})
	told := map[string]bool{}
	q := Query{Now: boardDay.Add(48 * time.Hour), Brands: []puskaradio.Brand{{ID: "b", Name: "text"}}}
	for round := range 3 {
		for more := true; more; {
			p, err := con.Fetch(t.Context(), c, q)
			if err != nil || len(p.Faults) > 0 {
				t.Fatalf("Fetch = %v, faults %v", err, p.Faults)
			}
			for _, m := range p.Mentions {
				told[m.Text] = true
			}
			if q.Cursor, more = p.Cursor, p.More; more && round == 0 {
				b.texts = slices.Delete(b.texts, 0, 2)
			}
		}
		if round == 0 && told["text 21"] {
			t.Error("nothing was jumped over, so this shows nothing")
		}
		q.Now = q.Now.Add(2 * time.Hour)
	}
	for _, n := range b.texts {
		if !told[fmt.Sprintf("text %d", n)] {
			t.Errorf("text %d was never told", n)
		}
	}
}

func boardISO(n int) string { return boardTime(n).Format("2006-01-02T15:04:05") }
