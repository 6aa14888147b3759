package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestExportRate: a person takes ten tables in five minutes, whichever they
// are; pages and other people are not held back by it.
func TestExportRate(t *testing.T) {
	p := newPlace(t)
	p.add(sample())
	maija, ville := p.join("Maija", puskaradio.Reader), p.join("Ville", puskaradio.Reader)
	paths := []string{"/mentions?format=csv", "/inbox?format=csv", "/trends?period=7d&format=csv", "/trends/compare?period=7d&format=csv"}
	for i := range exportsEach {
		if w := maija.do("GET", paths[i%len(paths)], nil, nil); w.Code != http.StatusOK {
			t.Fatalf("table %d: %d", i+1, w.Code)
		}
		p.late += 10 * time.Second
	}
	for _, path := range paths {
		w := maija.do("GET", path+"&lang=en", nil, nil)
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "200" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("GET %s: %d %v", path, w.Code, w.Header())
		}
		wants(t, path, w.Body.String(), "You have taken many tables in a short time. The next one can be had in 3\u00a0min 20\u00a0s.")
	}
	wants(t, "in Finnish", maija.do("GET", paths[0]+"&lang=fi", nil, nil).Body.String(), "Otit monta taulukkoa lyhyessä ajassa.")
	maija.get("/mentions")
	if w := ville.do("GET", paths[0], nil, nil); w.Code != http.StatusOK {
		t.Errorf("somebody else: %d", w.Code)
	}
	p.late = exportsFor
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		if w := maija.do("GET", paths[0], nil, nil); w.Code != want {
			t.Errorf("table %d after the first is five minutes old: %d, want %d", i+1, w.Code, want)
		}
	}
	p.late = 3 * exportsFor
	ville.do("GET", paths[0], nil, nil)
	if n := len(p.server.exports.taken); n != 1 {
		t.Errorf("%d people are kept, want 1", n)
	}
}
