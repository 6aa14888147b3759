package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// testNow is the moment of all tests: noon in Helsinki, on a Sunday.
var testNow = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// A place is a dashboard over a store of its own, with the sessions of people.
type place struct {
	t      *testing.T
	store  *store.Bolt
	server *Server
	plan   Plan
	done   []string // what was done about alerts
	had    *puskaradio.TakenError
	muted  time.Time
	unsent error
	drafts func(ctx context.Context) (string, error) // nil: at once
	moves  atomic.Int64
	past   []puskaradio.ID // mentions of authors who have said several things
	late   time.Duration   // after testNow
}

func (p *place) do1(what string) error {
	if p.had != nil {
		return p.had
	}
	p.done = append(p.done, what)
	return nil
}

func (p *place) ClaimAlert(_ context.Context, id, who string) error {
	return p.do1("claim " + id + " " + who)
}
func (p *place) Calm(_ context.Context, id, who string) error { return p.do1("calm " + id + " " + who) }

func (p *place) SnoozeAlert(_ context.Context, id, who string, long time.Duration) error {
	return p.do1(fmt.Sprint("snooze ", id, " ", who, " ", long))
}

func (p *place) Draft(_ context.Context, c *puskaradio.Case) (Answer, error) {
	return Answer{Text: "We are sorry. " + c.Mention.Text, Send: c.Mention.Source == "shop", As: "Acme", To: "https://shop.example/r1", Model: "tiny, 127.0.0.1"}, nil
}

func (p *place) Suggest(ctx context.Context, c *puskaradio.Case) (string, error) {
	if p.drafts != nil {
		return p.drafts(ctx)
	}
	if p.unsent != nil {
		return "", p.unsent
	}
	return "We read: " + c.Mention.Text, nil
}

func (p *place) Send(_ context.Context, id puskaradio.ID, text, by string, _ time.Time) (Sent, error) {
	if p.unsent != nil {
		return Sent{}, p.unsent
	}
	return Sent{Ref: "99"}, p.do1("send " + string(id) + " " + by + " " + text)
}

func (p *place) Approve(context.Context, puskaradio.ID, string, time.Time) (Sent, error) {
	return Sent{}, errors.New("approvals are tried with the monitor")
}

func (p *place) Return(context.Context, puskaradio.ID, string, string, time.Time) error {
	return errors.New("approvals are tried with the monitor")
}

func (p *place) tellMoved(_ context.Context, c *puskaradio.Case) error {
	p.moves.Add(1)
	return nil
}

func (p *place) mute(_ context.Context, brand string, until time.Time, who string) error {
	p.muted = until
	return p.do1("mute " + brand + " " + who)
}

func newPlace(t *testing.T) *place {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenBolt(t.TempDir(), &store.BoltOptions{NoSync: true, Zone: zone})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &place{t: t, store: s, plan: Plan{
		Brands: []puskaradio.Brand{{ID: "acme", Name: "Acme", Rivals: []string{"bolt"}}, {ID: "bolt", Name: "Bolt"}},
		Zone:   zone, Lang: "en", Link: "https://rep.example.fi",
	}}
	p.server = New(Options{
		Store: s, Plan: func() Plan { return p.plan }, Now: func() time.Time { return testNow.Add(p.late) },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Sources: func(context.Context, time.Time) ([]Source, error) {
			return []Source{
				{ID: "shop", Kind: "reviews", State: "ok", Last: testNow.Add(-5 * time.Minute), New: 3, Delay: "15m"},
				{ID: "forum", Kind: "feed", State: "refused", Problem: "status 403: refused"},
			}, nil
		},
		Digest: func(_ context.Context, b puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error) {
			return trend.MakeDigest(trend.Material{Brand: b, Zone: zone, Now: now, Days: []trend.Day{{At: on, Negative: 4, Neutral: 20, Positive: 11}}, Sources: 2}), nil
		},
		Week: func(_ context.Context, b puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error) {
			m := trend.WeekMaterial{Material: trend.Material{Brand: b, Zone: zone, Now: now, Sources: 2}, Responses: []trend.Response{{Answered: true, Wait: 14 * time.Minute}, {Wait: time.Hour}}}
			for i := -28; i < 7; i++ {
				m.Days = append(m.Days, trend.Day{At: on.AddDate(0, 0, i), Negative: 4, Neutral: 20, Positive: 11})
			}
			return trend.MakeWeek(m), nil
		},
		Rehearse: func(context.Context, string, time.Time, time.Time) (Rehearsal, error) {
			x := Rehearsal{Mentions: 900, Weeks: 4, Own: "normal"}
			for i, word := range []string{"high", "normal", "low", "quiet"} {
				alerts := make([]RehearsedAlert, 8>>i)
				for j := range alerts {
					alerts[j] = RehearsedAlert{At: testNow.AddDate(0, 0, -j-1), Negative: 14, Usual: 2, Hours: 24 * 80, Deaf: j}
				}
				x.By = append(x.By, Rehearsed{word, alerts})
			}
			return x, nil
		},
		Alerts: p, Answers: p, Moved: p.tellMoved, Erase: func(ctx context.Context, source, author string) (int, error) {
			out, err := p.store.Erase(ctx, source, author)
			return out.Mentions, err
		}, Mute: p.mute, Muted: func(context.Context, string, time.Time) (time.Time, error) { return p.muted, nil },
		Settings: p, SurveyOf: func(r *puskaradio.Rating) string { return map[float64]string{10: "nps", 7: "ces"}[r.Best] },
		Correction: func(_ *puskaradio.Mention, label string) (puskaradio.Score, bool) {
			return puskaradio.Score{Label: puskaradio.Label(label), Confidence: 1}, label == "positive"
		},
	})
	return p
}

// sample is a bad review of a quarter of an hour ago.
func sample() puskaradio.Mention {
	return puskaradio.Mention{
		Brand: "acme", Source: "shop", Genre: puskaradio.Review, Ref: "r1", URL: "https://shop.example/r1", Author: "Maija M.",
		Title: "Never again", Text: "I waited forty minutes\nand nobody answered.", Lang: "en", Rating: &puskaradio.Rating{Value: 1, Best: 5},
		Published: testNow.Add(-15 * time.Minute), DateFrom: puskaradio.DatePublished, FirstSeen: testNow.Add(-14 * time.Minute),
		Score: &puskaradio.Score{
			Label: puskaradio.Negative, Value: -0.9, Confidence: 0.93, Words: []string{"never again"},
			Aspects: []puskaradio.Aspect{{Name: "service", Label: puskaradio.Negative}},
		},
		Flag: "1/5 · never again",
	}
}

// add keeps mentions and gives their ids.
func (p *place) add(ms ...puskaradio.Mention) []puskaradio.ID {
	p.t.Helper()
	got, err := p.store.Commit(p.t.Context(), crawlOf(ms...))
	if err != nil {
		p.t.Fatal(err)
	}
	if len(got.New) != len(ms) {
		p.t.Fatalf("stored %d mentions, want %d", len(got.New), len(ms))
	}
	return got.New
}

// A person is a browser with a session.
type person struct {
	*place
	cookie string
}

// enter lets somebody in by a ticket.
func (p *place) enter(name string) *person {
	p.t.Helper()
	w := p.do("POST", "/in", url.Values{"ticket": {p.server.Ticket()}, "who": {name}}, nil)
	if w.Code != http.StatusSeeOther {
		p.t.Fatalf("POST /in: %d %s", w.Code, w.Body)
	}
	return &person{p, w.Result().Cookies()[0].Value}
}

// do sends a request as a browser on this machine does.
func (p *place) do(method, path string, form url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	p.server.ServeHTTP(w, r)
	return w
}

func (p *person) do(method, path string, form url.Values, change func(*http.Request)) *httptest.ResponseRecorder {
	return p.place.do(method, path, form, func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: "puskaradio", Value: p.cookie})
		if change != nil {
			change(r)
		}
	})
}

// get gives the text of a page that must be there.
func (p *person) get(path string) string {
	p.t.Helper()
	w := p.do("GET", path, nil, nil)
	if w.Code != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return w.Body.String()
}

func contains(page, part string) bool { return strings.Contains(page, part) }

func wants(t *testing.T, where, page string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(page, part) {
			t.Errorf("%s lacks %q", where, part)
		}
	}
}

func TestPages(t *testing.T) {
	p := newPlace(t)
	rival := sample()
	rival.Brand, rival.Ref, rival.Flag = "bolt", "r2", ""
	id := string(p.add(sample(), rival)[0])
	alert := puskaradio.Alert{
		ID: "7F3K", Brand: "acme", Name: "Acme", Rule: "negative spike", From: testNow.Add(-2 * time.Hour), To: testNow, Negative: 14, Total: 19, Usual: 2, UsualAll: 12, UsualHigh: 4, Odds: 0.0001, MoreNeg: 0.98, Severity: "crisis", Words: []string{"queue"},
		Topic: "delivery", TopicN: 9, Quotes: []puskaradio.Quote{{ID: puskaradio.ID(id), Source: "shop", Text: "Forty minutes.", URL: "https://shop.example/r1"}},
		Hours: []puskaradio.Point{{At: testNow.Add(-time.Hour), Value: 9}}, Coverage: "1 of 2 sources answered", Decided: testNow, State: "open",
	}
	if _, err := p.store.AddAlert(t.Context(), alert); err != nil {
		t.Fatal(err)
	}
	urgent := puskaradio.Alert{ID: "URGENT", Brand: "acme", Name: "Acme", Rule: "urgent post", Negative: 1, Total: 1, Decided: testNow.AddDate(0, 0, -3), State: "over", Muted: true}
	if _, err := p.store.AddAlert(t.Context(), urgent); err != nil {
		t.Fatal(err)
	}
	maija := p.enter("Maija")
	for _, tt := range []struct {
		path  string
		parts []string
	}{
		{"/digest/2026-W46", []string{"Weekly digest · Acme · 9 Nov 2026–15 Nov 2026", "245 mentions, 28 negative (11%). The weeks before it had 245 on average, of which 28 negative.", "/digest/2026-W45", "/digest/2026-W47", "1/2", "Half of them within 14\u00a0min"}},
		{"/digest/2026-W47", []string{"This week is not over."}},
		{"/digest", []string{`<html lang="en">`, "Digest · Acme · 21 Nov 2026", "35 mentions, 4 negative (11%).", "Last fetched 22 Nov 2026, 11:55", "1/2 sources OK", "All 2 sources answered.", "signed in as Maija"}},
		{"/digest/2026-11-20?lang=fi", []string{`<html lang="fi">`, "Kooste · Acme · 20.11.2026", "35 mainintaa, 4 kielteistä (11\u00a0%).", "Haettu viimeksi 22.11.2026 klo\u00a011.55"}},
		{"/digest/2026-11-22", []string{"This day is not over.", `href="/a/7F3K"`}},
		{"/inbox", []string{"Never again", "nobody answered", "1/5", "1/5 · never again", "waiting 15\u00a0min", "over the target", `value="claimed"`}},
		{"/inbox?view=mine", []string{"Nothing here."}},
		{"/inbox?source=forum", []string{"Nothing here."}},
		{"/inbox?lang=fi", []string{"Otan tämän", "odottanut 15\u00a0min", "kielteinen"}},
		{"/mentions?q=minutes", []string{"Never again"}},
		{"/mentions?q=minutes&label=positive", []string{"Nothing here."}},
		{"/mentions?date=2026-11-22&brand=acme", []string{"Never again"}},
		{"/mentions?date=2026-11-21&brand=acme", []string{"Nothing here."}},
		{"/m/" + id, []string{
			`rel="noopener noreferrer nofollow"`, "Original at shop.example", "why flagged", "never again", "sure 93%",
			"heard after 1\u00a0min (the source, and our reading of it)", "not taken for 14\u00a0min (you)", "Most of the delay: until somebody took it.",
		}},
		{"/a/7F3K", []string{
			"From 22 Nov 2026, 10:00 to 22 Nov 2026, 12:00 there were 14 negative mentions among 19.", "by luck alone, is 1 in 10,000.", "Nineteen of twenty stay under 4.", "more negative, and is not only more, is 98%", "crisis", "<bdi>queue</bdi>", "9 of them are about: delivery.",
			"1 of 2 sources answered", "Forty minutes.", "<rect",
		}},
		{"/a/URGENT", []string{"One post was enough", "Nobody was told"}},
		{"/trends", []string{"There are too few to compare", "<rect", "Share of voice", "days were covered equally for all", "50%", "1.0/5", "n = 1", "service", `href="/a/7F3K"`, `href="/mentions?brand=acme&amp;date=2026-11-22"`}},
		{"/trends?period=7d&lang=fi", []string{"7 päivää", "Nettosävy", "−100"}},
		{"/sources", []string{"refused", "status 403: refused", "never", "15m"}},
	} {
		wants(t, tt.path, maija.get(tt.path), tt.parts...)
	}
	for _, path := range []string{"/digest/2026-11-23", "/digest/2026-13-01", "/digest/x", "/m/x", "/m/0123456789abcdefghjk", "/a/NONE", "/nowhere", "/../etc/passwd"} {
		w := maija.do("GET", path, nil, nil)
		if w.Code == http.StatusMovedPermanently || w.Code == http.StatusTemporaryRedirect { // to the clean path
			w = maija.do("GET", w.Header().Get("Location"), nil, nil)
		}
		if w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "There is no such page.") {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	if w := p.do("GET", "/api/health", nil, nil); w.Code != 200 || !strings.Contains(w.Body.String(), "ok") {
		t.Errorf("health: %d %s", w.Code, w.Body)
	}
}

func TestHealthOfClosedStore(t *testing.T) {
	p := newPlace(t)
	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	if w := p.do("GET", "/api/health", nil, nil); w.Code != http.StatusServiceUnavailable {
		t.Errorf("health of a closed store: %d", w.Code)
	}
}

func TestPaging(t *testing.T) {
	p := newPlace(t)
	var ms []puskaradio.Mention
	for i := range 45 {
		m := sample()
		m.Ref, m.Title, m.Published = fmt.Sprint(i), fmt.Sprintf("Case number %d.", i), testNow.Add(-time.Duration(i)*time.Minute)
		ms = append(ms, m)
	}
	ids := p.add(ms...)
	maija := p.enter("Maija")
	for i := range 25 { // others take the newest ones
		w := p.enter("Pekka").do("POST", "/m/"+string(ids[i])+"/move", url.Values{"was": {"new"}, "to": {"claimed"}}, nil)
		if w.Code != http.StatusSeeOther {
			t.Fatal(w.Code)
		}
	}
	for _, i := range []int{30, 44} {
		maija.do("POST", "/m/"+string(ids[i])+"/move", url.Values{"was": {"new"}, "to": {"claimed"}}, nil)
	}
	for _, tt := range []struct {
		path  string
		pages int
		cases int
	}{{"/inbox", 3, 45}, {"/inbox?view=unassigned", 1, 18}, {"/inbox?view=mine", 1, 2}} {
		seen, n := map[string]bool{}, 0
		for path := tt.path; path != ""; n++ {
			page := maija.get(path)
			for i := range 45 {
				if title := fmt.Sprintf("Case number %d.", i); strings.Contains(page, title) {
					if seen[title] {
						t.Errorf("%s: %s twice", tt.path, title)
					}
					seen[title] = true
				}
			}
			path = nextOf(page)
		}
		if n != tt.pages || len(seen) != tt.cases {
			t.Errorf("%s: %d cases on %d pages, want %d on %d", tt.path, len(seen), n, tt.cases, tt.pages)
		}
	}
}

// nextOf is the address of the next page.
func nextOf(page string) string {
	before, _, ok := strings.Cut(page, `" rel="next"`)
	if !ok {
		return ""
	}
	return strings.ReplaceAll(before[strings.LastIndex(before, `"`)+1:], "&amp;", "&")
}

func TestHTTPLimits(t *testing.T) {
	h := newPlace(t).server.HTTP()
	if h.ReadHeaderTimeout == 0 || h.ReadTimeout == 0 || h.WriteTimeout == 0 || h.IdleTimeout == 0 || h.MaxHeaderBytes == 0 {
		t.Errorf("a limit is missing: %+v", h)
	}
}
