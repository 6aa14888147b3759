package crawler

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An xServer speaks version 2 of X's interface, and keeps the bill.
type xServer struct {
	t      *testing.T
	posts  []xServed // the newest first
	billed int       // posts
	asked  int
	refuse func(w http.ResponseWriter, asked int) bool
}

type xServed struct {
	id, text string
	history  []string
	gone     bool
}

func (s *xServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked++
	if r.Header.Get("Authorization") != "Bearer secret-of-X" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.refuse != nil && s.refuse(w, s.asked) {
		return
	}
	q := r.URL.Query()
	show := func(p xServed) map[string]any {
		s.billed++
		return map[string]any{
			"id": p.id, "text": p.text, "author_id": "99", "created_at": "2026-11-22T09:00:00.000Z", "lang": "en",
			"edit_history_tweet_ids": append(slices.Clone(p.history), p.id), "public_metrics": map[string]int{"like_count": 3}, "new_field": []int{1},
		}
	}
	data, answer := []any{}, map[string]any{}
	switch r.URL.Path {
	case "/2/tweets/search/recent":
		most, err := strconv.Atoi(q.Get("max_results"))
		if err != nil || most < 10 || most > 100 {
			s.t.Errorf("max_results %q is not from 10 to 100", q.Get("max_results"))
		}
		from, _ := strconv.Atoi(strings.TrimPrefix(q.Get("next_token"), "t"))
		next := ""
		for i := from; i < len(s.posts); i++ {
			p := s.posts[i]
			if p.gone || q.Get("since_id") != "" && compareIDs(p.id, q.Get("since_id")) <= 0 {
				continue
			}
			if len(data) == most {
				next = fmt.Sprint("t", i)
				break
			}
			data = append(data, show(p))
		}
		meta := map[string]any{"result_count": len(data)}
		if next != "" {
			meta["next_token"] = next
		}
		answer["meta"] = meta
	case "/2/tweets":
		var errs []any
		for id := range strings.SplitSeq(q.Get("ids"), ",") {
			i := slices.IndexFunc(s.posts, func(p xServed) bool { return p.id == id && !p.gone })
			if i < 0 {
				errs = append(errs, map[string]string{"type": "https://api.twitter.com/2/problems/resource-not-found", "resource_id": id})
				continue
			}
			data = append(data, show(s.posts[i]))
		}
		if errs != nil {
			answer["errors"] = errs
		}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if len(data) > 0 {
		answer["data"] = data
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // the client may have gone
}

func (s *xServer) post(n int, text string) xServed {
	return xServed{id: fmt.Sprint(1990000000000000000 + n), text: text}
}

// start serves it and gives a connector and a query.
func (s *xServer) start(options string) (*x, *Client, Query) {
	server := httptest.NewServer(s)
	s.t.Cleanup(server.Close)
	con, err := New("x", json.RawMessage(fmt.Sprintf(`{"token_env":"X","server":%q%s}`, server.URL, options)), anySecret)
	if err != nil {
		s.t.Fatal(err)
	}
	q := Query{Now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme"}}}
	q.Source.ID = "x"
	return con.(*x), local(s.t, server.URL), q
}

// round reads until there is no more, and gives what it was told.
func (s *xServer) round(o *x, c *Client, q *Query) (ms []puskaradio.Mention, gone []string, err error) {
	for range 200 {
		p, err := o.Fetch(s.t.Context(), c, *q)
		if err != nil {
			return ms, gone, err
		}
		for _, f := range p.Faults {
			s.t.Log("fault", f)
		}
		ms, gone, q.Cursor = append(ms, p.Mentions...), append(gone, p.Gone...), p.Cursor
		if !p.More {
			return ms, gone, nil
		}
	}
	s.t.Fatal("a round without an end")
	return nil, nil, nil
}

// TestXCap: the bill of a day never passes the cap, whatever is there to read,
// and the next day goes on where it stopped.
func TestXCap(t *testing.T) {
	s := &xServer{t: t}
	for n := 500; n > 0; n-- {
		s.posts = append(s.posts, s.post(n, fmt.Sprint("Acme ", n)))
	}
	o, c, q := s.start(`,"daily_cap":1,"recheck":0`) // 200 posts
	seen := map[string]bool{}
	for day := range 3 {
		before := s.billed
		for range 5 {
			ms, _, err := s.round(o, c, &q)
			for _, m := range ms {
				seen[m.Ref] = true
			}
			re, ok := errors.AsType[*puskaradio.RetryError](err)
			if err != nil && (!ok || StateOf(err) != StateLimited || re.After != 14*time.Hour || !strings.Contains(err.Error(), "daily cap of 1.00 USD")) {
				t.Fatalf("day %d: %v", day, err)
			}
			if spent := o.Spent(q.Cursor, q.Now); spent.Today > 1 || float64(s.billed-before)*0.005 > spent.Today+1e-9 || float64(s.billed-before)*0.005 > 1 {
				t.Fatalf("day %d: %d posts were billed, the ledger says %+v", day, s.billed-before, spent)
			}
		}
		q.Now = q.Now.Add(24 * time.Hour)
	}
	if len(seen) != 500 {
		t.Errorf("%d posts of 500 were read in three days", len(seen))
	}
	if s := o.Spent(q.Cursor, q.Now); s.Today != 0 {
		t.Errorf("a new day begins with %+v", s)
	}
}

// TestXStopped: a program that is killed between any two pages spends no more
// than its ledger says.
func TestXStopped(t *testing.T) {
	s := &xServer{t: t}
	for n := 300; n > 0; n-- {
		s.posts = append(s.posts, s.post(n, fmt.Sprint("Acme ", n)))
	}
	o, c, q := s.start(`,"daily_cap":0.6,"recheck":0`)
	for i := range 40 {
		p, err := o.Fetch(t.Context(), c, q)
		if err != nil {
			break
		}
		kept := o.Spent(q.Cursor, q.Now).Today
		if float64(len(p.Mentions))*0.005 > kept+1e-9 {
			t.Fatalf("page %d costs %d posts, and only %.3f were set aside on the disk", i, len(p.Mentions), kept)
		}
		q.Cursor = p.Cursor
	}
	if s.billed == 0 || float64(s.billed)*0.005 > 0.6 {
		t.Errorf("%d posts were billed under a cap of 120", s.billed)
	}
}

// TestXEdits: an edited post is the same mention, a deleted one is told once a
// day, and a round asks only for what is newer.
func TestXEdits(t *testing.T) {
	s := &xServer{t: t}
	s.posts = []xServed{s.post(3, "Acme three"), s.post(2, "Acme &amp; two"), s.post(1, "Acme one")}
	o, c, q := s.start(``)
	ms, _, err := s.round(o, c, &q)
	if err != nil || len(ms) < 3 || ms[1].Text != "Acme & two" || ms[0].Reach != 3 || ms[0].Author != "99" || ms[0].DateFrom != puskaradio.DatePublished {
		t.Fatalf("the first round: %+v, %v", ms, err)
	}
	first := ms[2].Ref
	edited := s.post(9, "Acme one, edited")
	edited.history = []string{s.posts[2].id}
	s.posts = []xServed{edited, s.posts[0], s.posts[1]}
	billed := s.billed
	ms, _, err = s.round(o, c, &q)
	if err != nil || len(ms) != 1 || ms[0].Ref != first || ms[0].Text != "Acme one, edited" || s.billed != billed+1 {
		t.Fatalf("after the edit: %+v, %v, %d billed", ms, err, s.billed-billed)
	}
	s.posts[1].gone = true
	q.Now = q.Now.Add(24 * time.Hour)
	_, gone, err := s.round(o, c, &q)
	if err != nil || len(gone) != 1 || gone[0] != s.posts[1].id {
		t.Errorf("gone %v, %v, want %s", gone, err, s.posts[1].id)
	}
}

// TestXRefused: refusals are errors that say what to do, and a limit is obeyed.
func TestXRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		state  string
		says   string
		after  time.Duration // of a RetryError
		never  bool
	}{
		{"empty 429", 429, map[string]string{"x-rate-limit-remaining": "0", "x-rate-limit-reset": "RESET"}, "", StateLimited, "429", 600 * time.Second, false},
		{"453", 403, nil, `{"errors":[{"code":453,"message":"You currently have access to a subset"}]}`, StateLogin, "attach it to a project", 0, true},
		{"not enrolled", 403, nil, `{"title":"Client Forbidden","reason":"client-not-enrolled","detail":"When authenticating requests"}`, StateLogin, "pay-per-use", 0, true},
		{"other 403", 403, nil, ``, StateLogin, "access level", 0, true},
		{"401", 401, nil, `{"title":"Unauthorized"}`, StateLogin, "bearer token is not valid", 0, true},
		{"402", 402, nil, `{"title":"CreditsDepleted","detail":"no credits"}`, StateLogin, "credits of the account are used up", 0, true},
		{"400", 400, nil, `{"detail":"bad query <b>"}`, StateRefused, "option query", 0, true},
		{"HTML 503", 503, nil, `<html>over capacity</html>`, StateLimited, "503", 0, false},
		{"HTML 200", 200, nil, `<html>hello</html>`, StateUnreadable, "JSON", 0, false},
		{"version 1.1", 200, nil, `{"statuses":[]}`, StateUnreadable, "neither posts", 0, false},
		{"a wrong count", 200, nil, `{"meta":{"result_count":3},"data":[]}`, StateUnreadable, "counts 3 posts", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &xServer{t: t}
			s.refuse = func(w http.ResponseWriter, _ int) bool {
				for k, v := range tt.header {
					w.Header()[k] = []string{strings.ReplaceAll(v, "RESET", fmt.Sprint(time.Now().Add(600*time.Second).Unix()))}
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
				return true
			}
			o, c, q := s.start(``)
			_, _, err := s.round(o, c, &q)
			if err == nil || StateOf(err) != tt.state || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret-of") {
				t.Errorf("%s: %v, want %s with %q", StateOf(err), err, tt.state, tt.says)
			}
			re, retry := errors.AsType[*puskaradio.RetryError](err)
			if tt.after > 0 && (!retry || re.After < tt.after-5*time.Second || re.After > tt.after+time.Second) {
				t.Errorf("again in %v, want %v", re, tt.after)
			}
			if _, never := errors.AsType[*puskaradio.PermanentError](err); never != tt.never {
				t.Errorf("for good: %v, want %v", never, tt.never)
			}
		})
	}
}

// TestXQueries: all names are asked for, and no query is longer than X takes.
func TestXQueries(t *testing.T) {
	var q Query
	for i := range 100 {
		q.Brands = append(q.Brands, puskaradio.Brand{Name: fmt.Sprintf("Brand %d with a long name", i), Aliases: []string{fmt.Sprintf(`The "%d"`, i)}})
	}
	o := &x{Query: "lang:fi"}
	all := o.queries(q)
	for _, one := range all {
		if len(one) > xQueryMax || !strings.HasSuffix(one, " -is:retweet lang:fi") {
			t.Errorf("a query of %d: %s", len(one), one)
		}
	}
	if n := strings.Count(strings.Join(all, " "), " OR ") + len(all); n != 200 {
		t.Errorf("%d names are asked for, want 200", n)
	}
}
