package crawler

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/puskaradio/puskaradio"
)

// A recording is a file of exchanges: options, query, the answers by their
// request in the order in which they are given, and what is to come of them.
type recording struct {
	file    string
	archive *txtar.Archive
	options json.RawMessage
	query   struct {
		Source  puskaradio.Source
		Brands  []puskaradio.Brand
		Now     time.Time
		Every   string
		Rounds  int
		Secrets map[string]string
		Bad     string // the options are wrong: what New says
	}
	answers map[string][][]byte
	mails   map[string][]byte // that stand in dialogues, by their name
	used    map[string]int
	want    string
}

func openRecording(t *testing.T, file string) *recording {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{file: file, archive: a, answers: map[string][][]byte{}, mails: map[string][]byte{}, used: map[string]int{}}
	r.query.Now, r.query.Rounds = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC), 1
	r.query.Source.ID = "s1"
	for _, f := range a.Files {
		switch f.Name {
		case "options":
			r.options = f.Data
		case "query":
			if err := json.Unmarshal(f.Data, &r.query); err != nil {
				t.Fatalf("%s: query: %v", file, err)
			}
		case "want":
			r.want = string(f.Data)
		default:
			if strings.HasSuffix(f.Name, ".eml") {
				r.mails[f.Name] = f.Data
				continue
			}
			r.answers[f.Name] = append(r.answers[f.Name], f.Data)
		}
	}
	return r
}

// answer gives the next recorded answer to a request; the last is repeated.
func (r *recording) answer(req *http.Request) (*http.Response, error) {
	key := req.Method + " " + req.URL.String()
	list := r.answers[key]
	if len(list) == 0 {
		if req.URL.Path == "/robots.txt" {
			return answerOf(req, []byte("404\n"))
		}
		return nil, fmt.Errorf("nothing is recorded for %s", key)
	}
	n := r.used[key]
	r.used[key]++
	return answerOf(req, list[min(n, len(list)-1)])
}

// answerOf reads an answer: a status, headers, an empty line, and a body. One
// that begins otherwise is the body of a 200.
func answerOf(req *http.Request, b []byte) (*http.Response, error) {
	if len(b) < 4 || b[3] != '\n' && b[3] != ' ' || b[0] < '2' || b[0] > '5' {
		b = append([]byte("200\n\n"), b...)
	}
	resp, err := http.ReadResponse(bufio.NewReader(io.MultiReader(strings.NewReader("HTTP/1.1 "), bytes.NewReader(b[:3]), strings.NewReader(" -"), bytes.NewReader(b[3:]), strings.NewReader("\n"))), req)
	if err == nil && resp.Header.Get("Content-Type") == "" {
		resp.Header.Set("Content-Type", typeOf(b))
	}
	return resp, err
}

func typeOf(b []byte) string {
	_, body, _ := bytes.Cut(b, []byte("\n\n"))
	switch body = bytes.TrimSpace(body); {
	case bytes.HasPrefix(body, []byte("<?xml")):
		return "application/xml; charset=utf-8"
	case bytes.HasPrefix(body, []byte("<")):
		return "text/html; charset=utf-8"
	}
	return "application/json; charset=utf-8"
}

// secret finds what the query says is secret.
func (r *recording) secret(name string) (string, error) {
	if v, ok := r.query.Secrets[name]; ok {
		if key, ok := keySecret(name); ok && v == "made for this run" {
			return key, nil
		}
		return v, nil
	}
	return "", fmt.Errorf("%s is not set", name)
}

// An exchange is a request and its answer, whole.
type exchange struct {
	asked  string
	answer []byte
}

// A tape writes down exchanges, and plays them again.
type tape struct {
	mu     sync.Mutex
	live   func(*http.Request) (*http.Response, error)
	kept   []exchange // of the page
	talks  []exchange // its dialogues
	asked  []string
	replay bool
}

func (w *tape) RoundTrip(req *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if req.URL.Path == "/robots.txt" { // the client keeps it, so that it is asked once
		return w.live(req)
	}
	key := req.Method + " " + req.URL.String()
	if strings.HasPrefix(req.URL.Path, "/xrpc/com.atproto.server.") { // so does the connector keep its session
		if !w.replay {
			w.asked = append(w.asked, key)
		}
		return w.live(req)
	}
	if w.replay {
		i := slices.IndexFunc(w.kept, func(x exchange) bool { return x.asked == key })
		if i < 0 {
			return nil, errors.New("the second time more was asked")
		}
		b := w.kept[i].answer
		w.kept = slices.Delete(w.kept, i, i+1)
		return http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), req)
	}
	var line strings.Builder
	line.WriteString(key)
	for _, k := range []string{"If-None-Match", "If-Modified-Since"} {
		if v := req.Header.Get(k); v != "" {
			line.WriteString(" " + k + ": " + v)
		}
	}
	if req.Header.Get("Authorization") != "" {
		line.WriteString(" authorized")
	}
	w.asked = append(w.asked, line.String())
	resp, err := w.live(req)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	resp.Write(&b)
	w.kept = append(w.kept, exchange{key, b.Bytes()})
	return http.ReadResponse(bufio.NewReader(&b), req)
}

// markup is what must not be left in a text.
var markup = regexp.MustCompile(`(?i)</?(p|br|a|span|div|script|b|em)\b[^>]*>|&(amp|lt|gt|quot|nbsp);`)

// play fetches the rounds of a recording and writes down what comes.
func (r *recording) play(t *testing.T, kind string) string {
	var out strings.Builder
	con, err := New(kind, r.options, r.secret)
	if r.query.Bad != "" {
		if err == nil || !strings.Contains(err.Error(), r.query.Bad) {
			t.Errorf("New = %v, want %q", err, r.query.Bad)
		}
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	w := &tape{live: r.answer}
	c := &Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Delay: -1, wire: w, call: r.call(t, w)}
	c.Ledger = func(v Visit) {
		for _, secret := range r.query.Secrets {
			if said := fmt.Sprint(v.URL, v.Err); strings.Contains(said, secret) {
				t.Errorf("a secret shows in the ledger: %s", said)
			}
		}
	}
	k, _ := KindOf(kind)
	every := k.Every
	if r.query.Every != "" {
		if every, err = time.ParseDuration(r.query.Every); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(time.Until(r.query.Now))
	q := Query{Source: r.query.Source, Brands: r.query.Brands}
	for round := range r.query.Rounds {
		fmt.Fprintf(&out, "round %d\n", round+1)
		for pages := 0; ; pages++ {
			if pages > 100 {
				t.Fatal("a round of more than 100 pages")
			}
			q.Now = time.Now().UTC().Truncate(time.Second)
			w.kept, w.talks, w.asked, w.replay = nil, nil, nil, false
			p, err := con.Fetch(t.Context(), c, q)
			r.show(&out, w.asked, p, err)
			r.check(t, p, err)
			for _, m := range p.Mentions {
				if k.Keep == puskaradio.Nothing && (strings.Contains(string(p.Cursor), m.Ref) || m.Text != "" && strings.Contains(string(p.Cursor), m.Text)) {
					t.Errorf("the cursor keeps %s: %s", m.Ref, p.Cursor)
				}
			}
			if err != nil {
				break
			}
			w.replay = true
			again, err := con.Fetch(t.Context(), c, q)
			if err != nil || !samePage(again, p) {
				t.Errorf("a page read twice = %+v, %v, want %+v", again, err, p)
			}
			q.Cursor = p.Cursor
			if !p.More {
				break
			}
		}
		time.Sleep(every)
	}
	for key, list := range r.answers {
		if r.used[key] < len(list) {
			t.Errorf("%s was asked %d times, %d answers are recorded", key, r.used[key], len(list))
		}
	}
	return out.String()
}

func samePage(a, b Page) bool {
	return reflect.DeepEqual(a.Mentions, b.Mentions) && reflect.DeepEqual(a.Shown, b.Shown) && reflect.DeepEqual(a.Still, b.Still) && slices.Equal(a.Gone, b.Gone) && bytes.Equal(a.Cursor, b.Cursor) && a.More == b.More && a.Same == b.Same
}

// check is what holds for every page of every kind.
func (r *recording) check(t *testing.T, p Page, err error) {
	t.Helper()
	for _, secret := range r.query.Secrets {
		said := fmt.Sprintf("%v %v %s %v %+v", err, p.Faults, p.Cursor, p.Gone, p.Mentions)
		if strings.Contains(said, secret) {
			t.Errorf("a secret shows in %s", said)
		}
	}
	keys := map[string]bool{}
	for _, x := range p.Shown {
		if err := x.Check(); err != nil || x.N() == 0 && x.Rating.Value == 0 {
			t.Errorf("it shows %+v: %v", x, err)
		}
	}
	for _, m := range p.Mentions {
		switch {
		case m.Published.Location() != time.UTC || m.Published.IsZero() || m.DateFrom == "":
			t.Errorf("%s: published %v by %q, want UTC and an origin", m.Ref, m.Published, m.DateFrom)
		case m.FirstSeen.IsZero() || m.Source != r.query.Source.ID || m.Brand != r.query.Source.About || m.Genre == "":
			t.Errorf("%s: not stamped: %+v", m.Ref, m)
		case markup.MatchString(m.Title + m.Text + m.Author):
			t.Errorf("%s: markup in %q %q %q", m.Ref, m.Author, m.Title, m.Text)
		case keys[m.Key()]:
			t.Errorf("%s is there twice", m.Key())
		case m.Text == "" && m.Title == "" && m.Rating == nil:
			t.Errorf("%s says nothing", m.Ref)
		}
		keys[m.Key()] = true
	}
}

// show writes down what came of a page.
func (r *recording) show(out *strings.Builder, asked []string, p Page, err error) {
	for _, line := range asked {
		fmt.Fprintln(out, line)
	}
	for _, m := range p.Mentions {
		m.Source, m.FirstSeen = "", time.Time{}
		b, _ := json.Marshal(m)
		s := strings.NewReplacer(`"source":"",`, "", `,"first_seen":"0001-01-01T00:00:00Z"`, "").Replace(string(b))
		fmt.Fprintf(out, "  %s\n", s)
	}
	for _, x := range p.Shown {
		x.Seen = time.Time{}
		b, _ := json.Marshal(x)
		fmt.Fprintf(out, "  shows %s\n", strings.Replace(string(b), `,"seen":"0001-01-01T00:00:00Z"`, "", 1))
	}
	for _, key := range p.Gone {
		fmt.Fprintf(out, "  gone %s\n", key)
	}
	for _, f := range p.Faults {
		fmt.Fprintf(out, "  fault %v\n", f)
	}
	re, retry := errors.AsType[*puskaradio.RetryError](err)
	_, never := errors.AsType[*puskaradio.PermanentError](err)
	switch {
	case retry:
		fmt.Fprintf(out, "  %s, again in %v: %v\n", StateOf(err), re.After, err)
	case err != nil:
		fmt.Fprintf(out, "  %s%s: %v\n", StateOf(err), map[bool]string{true: ", for good"}[never], err)
	case p.Same:
		fmt.Fprintln(out, "  the same")
	case len(p.Mentions)+len(p.Gone)+len(p.Faults) == 0:
		fmt.Fprintln(out, "  nothing")
	}
}

// TestRecorded plays the recorded exchanges of every kind.
func TestRecorded(t *testing.T) {
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			files, _ := filepath.Glob("../testdata/crawler/" + kind + "/*.txtar")
			if len(files) == 0 {
				t.Fatalf("there is no recorded exchange in testdata/crawler/%s", kind)
			}
			for _, file := range files {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := openRecording(t, file)
						got := r.play(t, kind)
						if *update {
							r.rewrite(t, got)
						} else if got != r.want {
							t.Errorf("%s:\n%s\nwant\n%s", file, got, cmp.Or(r.want, "(nothing)"))
						}
					})
				})
			}
		})
	}
}

func (r *recording) rewrite(t *testing.T, got string) {
	files := slices.DeleteFunc(r.archive.Files, func(f txtar.File) bool { return f.Name == "want" })
	if got != "" {
		files = append(files, txtar.File{Name: "want", Data: []byte(got)})
	}
	if err := os.WriteFile(r.file, txtar.Format(&txtar.Archive{Comment: r.archive.Comment, Files: files}), 0o644); err != nil {
		t.Fatal(err)
	}
}
