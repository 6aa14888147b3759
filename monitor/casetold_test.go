package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
)

// books is a channel of cases: it keeps what it was told, and can be away.
type books struct {
	keys, steps []string
	last        notify.CaseStep
	away        bool
	lose        bool // takes the next and loses the answer
}

func (b *books) Notify(_ context.Context, _ *http.Client, m notify.Message) (string, error) {
	if b.away {
		return "", errors.New("away")
	}
	b.keys, b.steps, b.last = append(b.keys, m.Key), append(b.steps, fmt.Sprint(m.Case.N, " ", m.Case.Step, " ", m.Case.Who)), *m.Case
	if b.lose {
		b.lose = false
		return "", errors.New("the connection broke")
	}
	return m.Key, nil
}

// TestCaseTold: a channel that takes cases is told of every step of each, in
// order, with the customer key, though it is away for a day or its answer is
// lost; one that does not is told of none.
func TestCaseTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		old, fresh := post(now.Add(-20*24*time.Hour), "bad luck long ago"), post(now.Add(time.Hour), "bad delivery today")
		old.Rating, fresh.Rating = &puskaradio.Rating{Value: 1, Best: 5}, &puskaradio.Rating{Value: 1, Best: 5}
		fresh.Author = "Aino"
		sc := stage(t, t.TempDir(), &talk{posts: []puskaradio.Mention{old, fresh}})
		defer sc.close(t)
		b := &books{}
		sc.plan.Channels = append(sc.plan.Channels, monitor.Channel{ID: "crm", Lang: "en", Cases: true, Notifier: b}, monitor.Channel{ID: "rival", Cases: true, Brands: []string{"rival"}, Notifier: b})
		sc.run(t, 2*time.Hour)
		if got := strings.Join(b.steps, "; "); got != "0 opened " || b.last.Quote.Author != "Aino" {
			t.Fatalf("told of %q, want the new one only", got)
		}
		id := b.last.ID
		if err := sc.store.SetCustomer(t.Context(), puskaradio.Customer{Source: "talk", Author: "Aino", Key: "A-17", Who: "Liisa"}); err != nil {
			t.Fatal(err)
		}
		move := func(was, to puskaradio.Status, note string) {
			t.Helper()
			at := time.Now().UTC()
			if _, err := sc.store.Move(t.Context(), "acme", id, was, puskaradio.Change{At: at, Who: "Liisa", To: to, Note: note}, time.Time{}, sc.CaseJobs("acme", id, at)...); err != nil {
				t.Fatal(err)
			}
		}
		b.away = true
		move(puskaradio.New, puskaradio.Claimed, "")
		sc.run(t, 24*time.Hour)
		move(puskaradio.Claimed, puskaradio.Claimed, "called her")
		b.away, b.lose = false, true
		sc.run(t, time.Hour)
		move(puskaradio.Claimed, puskaradio.Answered, "")
		move(puskaradio.Answered, puskaradio.Done, "")
		sc.run(t, time.Hour)
		want := "0 opened ; 1 claimed Liisa; 1 claimed Liisa; 2 noted Liisa; 3 answered Liisa; 4 closed Liisa"
		if got := strings.Join(b.steps, "; "); got != want || b.keys[1] != b.keys[2] || b.keys[1] != "c/acme/"+string(id)+"/1" {
			t.Errorf("told of %q as %q, want %q with one key for what came twice", got, b.keys, want)
		}
		if b.last.Customer != "A-17" || b.last.Status != puskaradio.Done {
			t.Errorf("the last says %+v", b.last)
		}
		for _, said := range sc.slack.posts {
			if strings.HasPrefix(said.key, "c/") {
				t.Errorf("a channel of alerts is told %q", said.text)
			}
		}
		jobs, err := sc.store.Jobs(t.Context(), "deliver/")
		if err != nil || len(jobs) != 0 {
			t.Errorf("left in the queue: %v, %v", jobs, err)
		}
		// What is of the time before is told with its first step.
		b.steps = nil
		old.Brand, old.Source = "acme", "talk"
		id = puskaradio.NewID(old.Published.Unix(), old.Hash())
		c, err := sc.store.Case(t.Context(), "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		move(c.Status, puskaradio.FalseAlarm, "")
		sc.run(t, time.Hour)
		if got, want := strings.Join(b.steps, "; "), "0 opened ; 1 closed Liisa"; got != want {
			t.Errorf("told of %q, want %q", got, want)
		}
	})
}

// tickets is a channel that has a ticket for each case.
type tickets struct {
	books
	refs []string // that it was told with, with ? where it should look first
}

func (k *tickets) TakesCases() {}
func (k *tickets) CasesAlone() {}
func (k *tickets) Probe(context.Context, *http.Client) (string, error) {
	return "fine", nil
}

func (k *tickets) Notify(ctx context.Context, hc *http.Client, m notify.Message) (string, error) {
	ref := m.Ref
	if m.Again {
		ref += "?"
	}
	k.refs = append(k.refs, ref)
	if _, err := k.books.Notify(ctx, hc, m); err != nil {
		return "", err
	}
	return "T-17", nil
}

// TestTicketsOfCases: what keeps cases is told by which name it has a case, and
// that an earlier try may have arrived.
func TestTicketsOfCases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fresh := post(time.Now().UTC().Add(time.Hour), "bad delivery today")
		fresh.Rating = &puskaradio.Rating{Value: 1, Best: 5}
		sc := stage(t, t.TempDir(), &talk{posts: []puskaradio.Mention{fresh}})
		defer sc.close(t)
		k := &tickets{}
		k.lose = true
		sc.plan.Channels = append(sc.plan.Channels, monitor.Channel{ID: "hub", Lang: "en", Cases: true, Notifier: k})
		sc.run(t, 2*time.Hour)
		at := time.Now().UTC()
		if _, err := sc.store.Move(t.Context(), "acme", k.last.ID, puskaradio.New, puskaradio.Change{At: at, Who: "Liisa", To: puskaradio.Done}, time.Time{}, sc.CaseJobs("acme", k.last.ID, at)...); err != nil {
			t.Fatal(err)
		}
		sc.run(t, time.Hour)
		if got, want := fmt.Sprintf("%q %q", k.refs, k.steps), `["" "?" "T-17"] ["0 opened " "0 opened " "1 closed Liisa"]`; got != want {
			t.Errorf("told %s, want %s", got, want)
		}
	})
}

// TestCasesHoldUpNothing: a channel that is away has one job for each case,
// however often posts are read again, and its alerts do not wait behind them.
func TestCasesHoldUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().UTC()
		var posts []puskaradio.Mention
		for i := range 60 {
			p := post(now.Add(24*time.Hour+time.Duration(i)*3*time.Minute), fmt.Sprint("bad delivery number ", i))
			p.Rating = &puskaradio.Rating{Value: 1, Best: 5}
			posts = append(posts, p)
		}
		sc := stage(t, t.TempDir(), &talk{posts: posts})
		defer sc.close(t)
		b := &books{away: true}
		sc.plan.Channels[0].Cases, sc.plan.Channels[0].Notifier = true, both{sc.plan.Channels[0].Notifier, b}
		sc.run(t, 30*time.Hour)
		jobs, err := sc.store.Jobs(t.Context(), "case/")
		if err != nil || len(jobs) != 60 {
			t.Errorf("%d jobs wait, %v, want one for each of 60 cases", len(jobs), err)
		}
		if len(sc.slack.alerts()) == 0 {
			t.Error("no alert was told")
		}
		b.away = false
		sc.run(t, 24*time.Hour)
		if len(b.steps) != 60 {
			t.Errorf("told of %d cases, want 60: %q", len(b.steps), b.steps)
		}
	})
}

// both is a channel whose cases go elsewhere.
type both struct {
	notify.Notifier
	cases *books
}

func (b both) Notify(ctx context.Context, hc *http.Client, m notify.Message) (string, error) {
	if m.Case != nil {
		return b.cases.Notify(ctx, hc, m)
	}
	return b.Notifier.Notify(ctx, hc, m)
}
