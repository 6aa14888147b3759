package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// A talk is a source whose posts are known beforehand: each can be read once
// its time has come, and for three days.
type talk struct {
	posts []puskaradio.Mention
	fail  func(now time.Time) error
	begun bool // all that there was has been read
	shown []puskaradio.Shown
}

func (t *talk) Fetch(_ context.Context, _ *crawler.Client, q crawler.Query) (crawler.Page, error) {
	if t.fail != nil {
		if err := t.fail(q.Now); err != nil {
			return crawler.Page{}, err
		}
	}
	page := crawler.Page{Shown: t.shown}
	for _, p := range t.posts {
		if !p.Published.After(q.Now) && (!t.begun || q.Now.Sub(p.Published) < 72*time.Hour) {
			page.Mentions = append(page.Mentions, p)
		}
	}
	t.begun = true
	return page, nil
}

// post makes a post of the talk; a text with "bad" in it is negative.
func post(at time.Time, text string) puskaradio.Mention {
	return puskaradio.Mention{Ref: fmt.Sprint(at.UnixNano(), text), Text: text, Published: at, DateFrom: puskaradio.DatePublished}
}

// history is thirty days of a post every three hours, each eighth bad.
func history(now time.Time) (ps []puskaradio.Mention) {
	for i := range 240 {
		text := "fine"
		if i%8 == 0 {
			text = "bad luck"
		}
		ps = append(ps, post(now.Add(-time.Duration(i)*3*time.Hour), text))
	}
	return ps
}

// bad scores a text by whether it has that word.
type bad struct{}

func (bad) Score(texts []sentiment.Text) []puskaradio.Score {
	out := make([]puskaradio.Score, len(texts))
	for i, t := range texts {
		out[i] = puskaradio.Score{Label: puskaradio.Positive, Value: 0.5}
		if strings.Contains(t.Text, "bad") {
			out[i] = puskaradio.Score{Label: puskaradio.Negative, Value: -0.8, Aspects: []puskaradio.Aspect{{Name: "delivery", Label: puskaradio.Negative}}}
		}
	}
	return out
}

// A slackLedger is Slack, as far as messages go: it keeps what it was sent,
// and can be told how to misbehave.
type slackLedger struct {
	mu      sync.Mutex
	posts   []sent
	edits   []sent
	byKey   map[string]string // metadata key → ts
	tries   int
	respond func(method string, try int) *http.Response // nil: as it should
	lose    func(try int) bool                          // takes the message and loses the answer
	refuse  func(text string) bool                      // will never take it
	slow    time.Duration                               // takes the message and answers so late
}

type sent struct {
	at     time.Time
	text   string
	key    string
	ts     string
	thread string // of the message that it stands below
	shown  bool   // in the channel as well
}

func answer(status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

func (s *slackLedger) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	s.tries++
	if s.respond != nil {
		if resp := s.respond(method, s.tries); resp != nil {
			resp.Request = r
			return resp, nil
		}
	}
	if s.refuse != nil && s.refuse(form.Get("text")) {
		resp := answer(200, `{"ok":false,"error":"restricted_action"}`)
		resp.Request = r
		return resp, nil
	}
	if s.byKey == nil {
		s.byKey = map[string]string{}
	}
	var meta struct {
		Payload struct {
			Key string `json:"key"`
		} `json:"event_payload"`
	}
	_ = json.Unmarshal([]byte(form.Get("metadata")), &meta) // history has none
	m := sent{at: time.Now(), text: form.Get("text"), key: meta.Payload.Key, thread: form.Get("thread_ts"), shown: form.Get("reply_broadcast") == "true"}
	var resp *http.Response
	switch method {
	case "chat.postMessage":
		m.ts = fmt.Sprintf("17.%06d", len(s.posts)+1)
		s.posts = append(s.posts, m)
		s.byKey[m.key] = m.ts
		resp = answer(200, fmt.Sprintf(`{"ok":true,"channel":"C1","ts":%q}`, m.ts))
	case "chat.update":
		m.ts = form.Get("ts")
		s.edits = append(s.edits, m)
		resp = answer(200, fmt.Sprintf(`{"ok":true,"channel":"C1","ts":%q}`, m.ts))
	case "conversations.history", "conversations.replies":
		var ms []string
		for key, ts := range s.byKey {
			ms = append(ms, fmt.Sprintf(`{"type":"message","ts":%q,"metadata":{"event_type":"puskaradio_message","event_payload":{"key":%q}}}`, ts, key))
		}
		resp = answer(200, `{"ok":true,"messages":[`+strings.Join(ms, ",")+`]}`)
	default:
		resp = answer(200, `{"ok":false,"error":"unknown_method"}`)
	}
	if s.slow > 0 {
		select {
		case <-time.After(s.slow):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if s.lose != nil && !strings.HasPrefix(method, "conversations.") && s.lose(s.tries) {
		return nil, errors.New("the connection broke")
	}
	resp.Request = r
	return resp, nil
}

// A scene is a monitor over a real store, a talk and a Slack.
type scene struct {
	*monitor.Monitor
	store *store.Bolt
	talk  *talk
	slack *slackLedger
	other *slackLedger // the second channel
	plan  *monitor.Plan
	log   strings.Builder
}

func helsinki(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func channel(t *testing.T, id string, digests bool) monitor.Channel {
	t.Helper()
	n, err := notify.New("slack", json.RawMessage(`{"channel":"C1"}`), func(string) (string, error) { return "xoxb-secret-canary", nil })
	if err != nil {
		t.Fatal(err)
	}
	return monitor.Channel{ID: id, Lang: "en", Alerts: true, Digests: digests, Notifier: n}
}

// routed sends what each channel says to a Slack of its own.
type routed struct {
	notify.Notifier
	to *slackLedger
}

func (r routed) Threads() bool { return r.Notifier.(notify.Threader).Threads() }
func (r routed) Edits() bool   { return r.Notifier.(notify.Editor).Edits() }

func (r routed) Notify(ctx context.Context, _ *http.Client, m notify.Message) (string, error) {
	return r.Notifier.Notify(ctx, &http.Client{Transport: r.to}, m)
}

func stage(t *testing.T, dir string, tk *talk) *scene {
	t.Helper()
	zone := helsinki(t)
	s, err := store.OpenBolt(dir, &store.BoltOptions{NoSync: true, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	sc := &scene{store: s, talk: tk, slack: &slackLedger{}, other: &slackLedger{}}
	first, second := channel(t, "team", true), channel(t, "backup", false)
	first.Notifier, second.Notifier = routed{first.Notifier, sc.slack}, routed{second.Notifier, sc.other}
	first.Fallback, second.Alerts = "backup", false
	sc.plan = &monitor.Plan{
		Brands:   []puskaradio.Brand{{ID: "acme", Name: "Acme"}},
		Sources:  []monitor.Source{{Source: puskaradio.Source{ID: "talk", Kind: "test", Every: 5 * time.Minute, About: "acme"}, Connector: tk}},
		Channels: []monitor.Channel{first, second}, Zone: zone, DigestAt: 8 * time.Hour, Collect: 30 * time.Second,
	}
	sc.Monitor = &monitor.Monitor{Store: s, HTTP: http.DefaultClient, Scorer: bad{}, Log: slog.New(slog.NewTextHandler(&sc.log, nil))}
	return sc
}

// run lets time pass: the monitor does what is due.
func (sc *scene) run(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := sc.SetPlan(ctx, sc.plan, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := sc.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func (sc *scene) close(t *testing.T) {
	t.Helper()
	if err := sc.store.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func burst(at time.Time, n int) (ps []puskaradio.Mention) {
	for i := range n {
		ps = append(ps, post(at.Add(time.Duration(i)*4*time.Minute), fmt.Sprintf("bad delivery %d", i)))
	}
	return ps
}

// said are the messages of one kind: a, e, n or r.
func (l *slackLedger) said(kind string) (out []sent) {
	for _, p := range l.posts {
		if strings.HasPrefix(p.key, kind+"/") {
			out = append(out, p)
		}
	}
	return out
}

func (l *slackLedger) alerts() (out []sent) {
	for _, p := range l.posts {
		if strings.HasPrefix(p.key, "a/") || strings.HasPrefix(p.key, "summary/") {
			out = append(out, p)
		}
	}
	return out
}

// always is a source that says the same whenever it is asked.
type always struct{ posts []puskaradio.Mention }

func (a always) Fetch(context.Context, *crawler.Client, crawler.Query) (crawler.Page, error) {
	return crawler.Page{Mentions: slices.Clone(a.posts)}, nil
}
