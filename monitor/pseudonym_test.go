package monitor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/store"
)

// A wiretap writes down every byte that goes to channels.
type wiretap struct {
	mu   sync.Mutex
	sent strings.Builder
	to   http.RoundTripper // nil: it says yes itself
}

func (p *wiretap) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.sent.WriteString(r.URL.String() + "\n")
	p.sent.Write(body)
	p.mu.Unlock()
	if p.to == nil {
		resp := answer(200, `{}`)
		resp.Request = r
		return resp, nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return p.to.RoundTrip(r)
}

// tapped sends what a channel says through a tap.
type tapped struct {
	notify.Notifier
	through *wiretap
}

func (x tapped) Threads() bool { return true }
func (x tapped) Edits() bool   { return true }

func (x tapped) Notify(ctx context.Context, _ *http.Client, m notify.Message) (string, error) {
	return x.Notifier.Notify(ctx, &http.Client{Transport: x.through}, m)
}

// TestPseudonyms: where authors go by pseudonyms, no file, alert, message,
// digest or line of the log has the name of one; who is listened to is known
// still, and one who tells a story twice is one.
func TestPseudonyms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		tk := &talk{posts: history(begin)}
		told := burst(begin.Add(30*time.Hour), 30)
		told[0].Text, told[0].Ref = "bad coffee", "" // by one who is listened to
		tk.posts = append(tk.posts, told...)
		for i := range tk.posts {
			tk.posts[i].Author = "@Canaryname"
		}
		dir := t.TempDir()
		sc := stage(t, dir, tk)
		sc.plan.Sources[0].Pseudonyms = true
		sc.plan.Urgent = monitor.Urgent{Authors: []string{"canaryNAME"}}
		slack, hook := &wiretap{to: sc.slack}, &wiretap{}
		sc.plan.Channels[0].Notifier = tapped{sc.plan.Channels[0].Notifier.(routed).Notifier, slack}
		n, err := notify.New("webhook", json.RawMessage(`{"url":"https://hook.example/in"}`), func(string) (string, error) { return "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", nil })
		if err != nil {
			t.Fatal(err)
		}
		sc.plan.Channels = append(sc.plan.Channels, monitor.Channel{ID: "hook", Lang: "en", Alerts: true, Digests: true, Weekly: true, Notifier: tapped{n, hook}})
		sc.run(t, 60*time.Hour)

		pseudonym := sc.store.Pseudonyms().Author("talk", "@canaryname")
		if sc.AuthorOf("talk", "@Canaryname") != pseudonym || sc.AuthorOf("elsewhere", "@Canaryname") != "@Canaryname" {
			t.Error("who goes by a pseudonym is not known")
		}
		es, _, err := sc.store.Mentions(t.Context(), store.Filter{Limit: 1000})
		if err != nil || len(es) != 270 {
			t.Fatalf("%d are kept, %v, want 270", len(es), err)
		}
		for _, e := range es {
			if e.Mention.Author != pseudonym {
				t.Fatalf("kept by %q", e.Mention.Author)
			}
		}
		alerts, err := sc.store.Alerts(t.Context(), "acme", begin, begin.AddDate(0, 0, 9))
		rules := map[string]bool{}
		for _, a := range alerts {
			rules[a.Rule] = true
			if a.Rule == puskaradio.RuleUrgent {
				rules["of who wrote it"] = a.Topic == "author"
			}
		}
		if err != nil || !rules[puskaradio.RuleSpike] || !rules["of who wrote it"] {
			t.Errorf("the alerts are %v, %v: want a spike, and one of who is listened to", rules, err)
		}
		if !strings.Contains(hook.sent.String(), `"type":"digest"`) {
			t.Error("no digest was sent")
		}
		for what, said := range map[string]string{"Slack": slack.sent.String(), "the webhook": hook.sent.String()} {
			if !strings.Contains(said, pseudonym) {
				t.Errorf("%s was not told of %s; it proves nothing", what, pseudonym)
			}
			if strings.Contains(strings.ToLower(said), "canaryname") {
				t.Errorf("%s was told the name", what)
			}
		}
		sc.close(t)
		if strings.Contains(strings.ToLower(sc.log.String()), "canaryname") {
			t.Error("the log has the name")
		}
		if files := holds(t, dir, "anaryname"); len(files) > 0 {
			t.Errorf("%v have the name", files)
		}
		if files := holds(t, dir, "bad coffee"); len(files) == 0 {
			t.Error("no file has the text either; it proves nothing")
		}
	})
}

// TestPseudonymsBothWays: a source goes from names to pseudonyms and back, and
// nothing comes twice; nor does what is taken in from a file.
func TestPseudonymsBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now()
		var posts []puskaradio.Mention
		for _, text := range []string{"bad one", "bad two", "bad three"} {
			m := post(at, text)
			m.Ref, m.Author = "", "Maija Canary" // it has no name of its own
			posts = append(posts, m)
		}
		sc := stage(t, t.TempDir(), &talk{})
		defer sc.close(t)
		sc.UsePlan(sc.plan)
		take := func(pseudonyms bool, ms []puskaradio.Mention, fresh, unmatched int) {
			t.Helper()
			p := *sc.plan
			p.Pseudonyms = pseudonyms
			sc.UsePlan(&p)
			st, none, err := sc.Import(t.Context(), "file", "", ms)
			if err != nil || len(st.New) != fresh || len(st.Changed) != 0 || none != unmatched {
				t.Errorf("pseudonyms %t: %+v, %d about nobody, %v; want %d new, %d", pseudonyms, st, none, err, fresh, unmatched)
			}
		}
		for i := range posts {
			posts[i].Text += " about Acme"
		}
		other := post(at, "fine weather")
		other.Author = "Matti"
		take(false, posts[:2], 2, 0)
		take(true, append(posts[:3:3], other), 1, 1)
		take(true, posts, 0, 0)
		take(false, posts, 0, 0)
		if p, err := sc.store.Past(t.Context(), "acme", "file", "maija canary", 9); err != nil || p.Total != 3 {
			t.Errorf("her past: %+v, %v, want 3", p, err)
		}
		if out, err := sc.Erase(t.Context(), "file", "Maija Canary"); err != nil || out.Mentions != 3 {
			t.Errorf("erased %+v, %v, want 3", out, err)
		}
		take(false, posts, 0, 0)
		take(true, posts, 0, 0)
	})
}
