package crawler

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/jetstream"
)

// TestJetstreamAuthors looks up who writes: they get their names, and who asks
// for it is left out, also where that is known late. Accounts that go take
// their posts with them.
func TestJetstreamAuthors(t *testing.T) {
	js := new(jetstream.Server)
	var asked atomic.Int64
	slow := make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/subscribe", js)
	mux.HandleFunc("/xrpc/app.bsky.actor.getProfiles", func(w http.ResponseWriter, r *http.Request) {
		var ps []string
		for _, did := range r.URL.Query()["actors"] {
			switch did {
			case "did:plc:late":
				<-slow
				fallthrough
			case "did:plc:shy":
				ps = append(ps, fmt.Sprintf(`{"did":%q,"handle":"shy.example","labels":[{"val":"!no-unauthenticated"}]}`, did))
			case "did:plc:down":
				w.WriteHeader(http.StatusBadGateway)
				return
			default:
				ps = append(ps, fmt.Sprintf(`{"did":%q,"handle":%q}`, did, strings.TrimPrefix(did, "did:plc:")+".example"))
			}
		}
		asked.Add(1)
		fmt.Fprintf(w, `{"profiles":[%s]}`, strings.Join(ps, ","))
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	con, err := New("bluesky", fmt.Appendf(nil, `{"stream":true,"jetstream":[%q],"profiles":%q}`, srv.URL, srv.URL), nil)
	if err != nil {
		t.Fatal(err)
	}
	base := time.Now().Add(-time.Minute)
	n := 0
	tell := func(did, operation, key string) {
		n++
		e := event(base, n, operation, key, "Acme "+key)
		e["did"] = "did:plc:" + did
		js.Tell(e)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	log := make(chan string, 100)
	q := Query{Cursor: fmt.Appendf(nil, `{"host":"elsewhere","time_us":%d}`, base.UnixMicro()), Now: time.Now().UTC(), Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}}
	var wg sync.WaitGroup
	wg.Go(func() {
		stream, _ := StreamOf(con)
		_ = stream.Listen(ctx, local(t, srv.URL), q, func(p Page) error {
			for _, m := range p.Mentions {
				log <- m.Author + " " + m.Text
			}
			for _, g := range p.Gone {
				log <- g[strings.LastIndexByte(g, '/')+1:] + " gone"
			}
			for _, f := range p.Faults {
				log <- f.Error()[:40]
			}
			return nil
		})
	})
	defer wg.Wait()
	defer cancel()
	want := func(lines ...string) {
		t.Helper()
		for _, line := range lines {
			select {
			case got := <-log:
				if got != line {
					t.Fatalf("told %q, want %q", got, line)
				}
			case <-time.After(40 * time.Second):
				t.Fatalf("told nothing, want %q", line)
			}
		}
	}
	tell("maija", "create", "a")
	tell("shy", "create", "b")
	tell("pekka", "create", "c")
	want("maija.example Acme a", "pekka.example Acme c", "b gone") // that one was never there
	tell("maija", "create", "d")
	tell("shy", "create", "e")
	want("maija.example Acme d", "e gone")
	if got := asked.Load(); got > 2 {
		t.Errorf("asked %d times of three authors", got)
	}
	began := time.Now()
	tell("late", "create", "f")
	want("did:plc:late Acme f")
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("waited %v for the name of an author", took)
	}
	close(slow)
	want("f gone")
	js.Tell(map[string]any{"did": "did:plc:pekka", "time_us": base.UnixMicro() + 1000, "kind": "account", "account": map[string]any{"active": true}})
	js.Tell(map[string]any{"did": "did:plc:maija", "time_us": base.UnixMicro() + 1000, "kind": "account", "account": map[string]any{"active": false, "status": "deleted"}})
	want("a gone", "d gone")
	n = 2000
	tell("down", "create", "g")
	want("did:plc:down Acme g", "stream: authors cannot be looked up: fet")
	tell("new", "create", "h") // nobody is looked up for a while
	want("did:plc:new Acme h")
}
