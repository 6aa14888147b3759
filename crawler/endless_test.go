package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestEndless reads an answer that does not end from a real server.
func TestEndless(t *testing.T) {
	hold := make(chan struct{})
	defer close(hold)
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		say := func(s string) {
			fmt.Fprint(w, s)
			w.(http.Flusher).Flush()
		}
		switch r.URL.Path {
		case "/lines":
			if r.Header.Get("Accept-Encoding") == "gzip" {
				t.Error("it is asked for in lumps")
			}
			say("\r\n{\"n\":1}\r\n\r\n{\"n\":")
			time.Sleep(20 * time.Millisecond)
			say("2}\r\nhalf")
		case "/long":
			say(strings.Repeat("a", 100_000) + "\n")
		case "/silent":
			say("one\n")
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		case "/elsewhere":
			http.Redirect(w, r, "/lines", http.StatusFound)
		case "/empty":
			w.WriteHeader(http.StatusNoContent)
		case "/busy":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
			fmt.Fprint(w, `{"why":"TooManyConnections"}`)
		}
	})
	var told []Visit
	open := func(path string, most int64) (*Lines, error) {
		c := local(t, srv.URL)
		c.Ledger = func(v Visit) { told = append(told, v) }
		return c.Endless(t.Context(), Request{URL: srv.URL + path, API: true, Max: most}, 200*time.Millisecond)
	}
	lines, err := open("/lines", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"n":1}`, `{"n":2}`} {
		if got, at, err := lines.Read(t.Context()); err != nil || string(got) != want || time.Since(at) > 30*time.Second {
			t.Errorf("Read = %s, %v, %v, want %s", got, at, err, want)
		}
	}
	if got, _, err := lines.Read(t.Context()); StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("Read of half a line = %s, %v", got, err)
	}
	lines.Close()
	if len(told) != 1 || told[0].State != StateOK || told[0].Status != 200 {
		t.Errorf("ledger %+v", told)
	}
	lines, err = open("/silent", 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := lines.Read(t.Context()); string(got) != "one" || err != nil {
		t.Errorf("Read = %s, %v", got, err)
	}
	if _, _, err := lines.Read(t.Context()); StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "no sign of life for 200ms") {
		t.Errorf("Read in silence = %v", err)
	}
	lines.Close()
	if lines, err = open("/silent", 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	if got, _, err := lines.Read(ctx); string(got) != "one" || err != nil {
		t.Errorf("Read = %s, %v", got, err)
	}
	time.AfterFunc(20*time.Millisecond, func() { cancel(errors.New("enough")) })
	if _, _, err := lines.Read(ctx); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("Read when its caller goes = %v", err)
	}
	lines.Close()
	if lines, err = open("/long", 50_000); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lines.Read(t.Context()); StateOf(err) != StateUnreadable || !strings.Contains(err.Error(), "too long") {
		t.Errorf("Read of a long line = %v", err)
	}
	lines.Close()
	for path, want := range map[string]string{"/elsewhere": StateRefused, "/empty": StateUnreadable, "/busy": StateLimited} {
		lines, err := open(path, 0)
		if lines != nil || StateOf(err) != want {
			t.Errorf("%s: %v, want %s", path, err, want)
		}
		if re, ok := errors.AsType[*puskaradio.RetryError](err); want == StateLimited && (!ok || re.After != 7*time.Second) {
			t.Errorf("%s: %v", path, err)
		}
		if fe, ok := errors.AsType[*FetchError](err); want == StateLimited && (!ok || !strings.Contains(string(fe.Body), "TooMany")) {
			t.Errorf("%s: no body in %v", path, err)
		}
	}
	far := &Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Delay: -1, Ports: local(t, srv.URL).Ports}
	if _, err := far.Endless(t.Context(), Request{URL: srv.URL + "/lines", API: true}, time.Second); StateOf(err) != StateUnreachable || !strings.Contains(err.Error(), "not reached from here") {
		t.Errorf("a private address: %v", err)
	}
}
