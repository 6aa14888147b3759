package crawler

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestLayoutChanges: a page that had reviews and has none that can be read is
// told to have changed within three rounds, and not before; one that never had
// any is not, nor one that has them again.
func TestLayoutChanges(t *testing.T) {
	const marked = `<script type="application/ld+json">{"@type":"Review","author":"A","reviewBody":"good"}</script>`
	const other = `<div class="r-8f3a"><b>A</b> good</div>`
	for name, tt := range map[string]struct {
		pages []string // by round
		want  []bool   // whether it is told
	}{
		"changes":           {[]string{marked, marked, other, other, other, other}, []bool{false, false, false, false, true, true}},
		"never had any":     {[]string{other, other, other, other, other}, []bool{false, false, false, false, false}},
		"comes back":        {[]string{marked, other, other, marked, other, other}, []bool{false, false, false, false, false, false}},
		"changes back late": {[]string{marked, other, other, other, marked}, []bool{false, false, false, true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			con, err := New("reviews", json.RawMessage(`{"url":"https://shop.example/p"}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			c, round := local(t), 0
			c.wire = wire(func(r *http.Request) (*http.Response, error) {
				rec := httptest.NewRecorder()
				if r.URL.Path == "/robots.txt" {
					rec.WriteHeader(http.StatusNotFound)
					return rec.Result(), nil
				}
				rec.WriteString("<!doctype html>" + tt.pages[round])
				return rec.Result(), nil
			})
			q := Query{Now: boardDay}
			for ; round < len(tt.pages); round++ {
				told := false
				for more := true; more; {
					p, err := con.Fetch(t.Context(), c, q)
					if err != nil {
						t.Fatal(err)
					}
					for _, f := range p.Faults {
						told = told || strings.Contains(f.Error(), "layout changed")
					}
					q.Cursor, more = p.Cursor, p.More
				}
				if told != tt.want[round] {
					t.Errorf("round %d: told %v, want %v", round, told, tt.want[round])
				}
			}
		})
	}
}
