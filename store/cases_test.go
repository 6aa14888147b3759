package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

func testCases(t *testing.T, s store.Store) {
	ctx := t.Context()
	ms := mentions("acme", 9)
	for i := range ms {
		if ms[i].Score.Label == puskaradio.Negative {
			ms[i].Flag = "negative"
		}
	}
	st := commit(t, s, ms...)
	cases, next, err := s.Inbox(ctx, store.Filter{Brand: "acme", Limit: 2})
	if err != nil || len(cases) != 2 || next == "" || cases[0].ID != st.New[0] || cases[1].ID != st.New[3] {
		t.Fatalf("Inbox: %v, %q, %v", cases, next, err)
	}
	if cases, next, err = s.Inbox(ctx, store.Filter{Limit: 2, After: next}); err != nil || len(cases) != 1 || next != "" {
		t.Fatalf("Inbox, second page: %v, %q, %v", cases, next, err)
	}
	id := st.New[3]
	c, err := s.Move(ctx, "acme", id, puskaradio.New, puskaradio.Change{At: noon, Who: "Maija", To: puskaradio.Claimed}, time.Time{})
	if err != nil || c.Status != puskaradio.Claimed || c.Who != "Maija" {
		t.Fatalf("claim: %+v, %v", c, err)
	}
	c, err = s.Move(ctx, "acme", id, puskaradio.New, puskaradio.Change{At: noon, Who: "Pekka", To: puskaradio.Claimed}, time.Time{})
	if !errors.Is(err, puskaradio.ErrTaken) || c.Who != "Maija" {
		t.Fatalf("second claim: %+v, %v, want ErrTaken and Maija", c, err)
	}
	if c, err = s.Move(ctx, "acme", id, puskaradio.Claimed, puskaradio.Change{At: noon.Add(time.Minute), Who: "Maija", To: puskaradio.Answered}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if at := c.FirstReply(); !at.Equal(noon.Add(time.Minute)) {
		t.Errorf("FirstReply = %v", at)
	}
	w, err := s.Waiting(ctx, "acme")
	if want := map[puskaradio.Status]int{puskaradio.New: 2, puskaradio.Answered: 1}; err != nil || !cmp.Equal(w, want) {
		t.Errorf("Waiting = %v, %v, want %v", w, err, want)
	}
	if _, err := s.Move(ctx, "acme", st.New[1], "", puskaradio.Change{At: noon, Who: "Maija", To: puskaradio.New}, time.Time{}); err != nil {
		t.Errorf("a case by hand: %v", err)
	}
	if cases, _, _ := s.Inbox(ctx, store.Filter{Brand: "acme"}); len(cases) != 3 {
		t.Errorf("open cases: %d, want 3", len(cases))
	}
}

// testNotes: a change to the status that a case has is a note; it moves nothing.
func testNotes(t *testing.T, s store.Store) {
	ctx := t.Context()
	m := mention("acme", 0)
	m.Flag = "negative"
	id := commit(t, s, m).New[0]
	until := noon.Add(4 * time.Hour)
	for i, step := range []struct {
		was   puskaradio.Status
		c     puskaradio.Change
		until time.Time

		who  string // who has it then
		ends time.Time
	}{
		{puskaradio.New, puskaradio.Change{Who: "Pekka", To: puskaradio.New, Note: "a regular"}, time.Time{}, "", time.Time{}},
		{puskaradio.New, puskaradio.Change{Who: "Maija", To: puskaradio.Claimed}, time.Time{}, "Maija", time.Time{}},
		{puskaradio.Claimed, puskaradio.Change{Who: "Pekka", To: puskaradio.Claimed, Note: "I know her"}, time.Time{}, "Maija", time.Time{}},
		{puskaradio.Claimed, puskaradio.Change{Who: "Maija", To: puskaradio.Snoozed}, until, "Maija", until},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Pekka", To: puskaradio.Snoozed, Note: "she is away"}, time.Time{}, "Maija", until},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Pekka", To: puskaradio.Snoozed, Note: "longer"}, until.Add(time.Hour), "Maija", until.Add(time.Hour)},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Maija", To: puskaradio.Answered}, time.Time{}, "Maija", time.Time{}},
		{puskaradio.Answered, puskaradio.Change{Who: "Pekka", To: puskaradio.Answered, Verdict: puskaradio.Positive}, time.Time{}, "Maija", time.Time{}},
	} {
		step.c.At = noon.Add(time.Duration(i) * time.Minute)
		got, err := s.Move(ctx, "acme", id, step.was, step.c, step.until)
		want := step.c
		want.Aside = step.was == step.c.To
		if err != nil || got.Status != step.c.To || got.Who != step.who || !got.Until.Equal(step.ends) || !cmp.Equal(want, got.Changes[i]) {
			t.Fatalf("%d: %+v, %v, want %+v", i, got, err, step)
		}
	}
	if _, err := s.Move(ctx, "acme", id, puskaradio.New, puskaradio.Change{At: noon, Who: "Pekka", To: puskaradio.New, Note: "late"}, time.Time{}); !errors.Is(err, puskaradio.ErrTaken) {
		t.Errorf("a note on a case as it is not: %v", err)
	}
	c, err := s.Case(ctx, "acme", id)
	if err != nil || !c.FirstReply().Equal(noon.Add(6*time.Minute)) || c.Last().Who != "Maija" {
		t.Errorf("answered at %v, last by %q, %v", c.FirstReply(), c.Last().Who, err)
	}
	if w, err := s.Waiting(ctx, "acme"); err != nil || !cmp.Equal(w, map[puskaradio.Status]int{puskaradio.Answered: 1}) {
		t.Errorf("Waiting = %v, %v", w, err)
	}
}

// testUndo: the last change can be taken back, and nothing that something has
// followed; both stay in the history.
func testUndo(t *testing.T, s store.Store) {
	ctx := t.Context()
	m := mention("acme", 0)
	m.Flag = "negative"
	id := commit(t, s, m).New[0]
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Minute) }
	move := func(was puskaradio.Status, c puskaradio.Change, until time.Time) (puskaradio.Case, error) {
		return s.Move(ctx, "acme", id, was, c, until)
	}
	for i, c := range []puskaradio.Change{{Who: "Maija", To: puskaradio.Claimed}, {Who: "Pekka", To: puskaradio.New}} {
		c.At = at(i)
		if _, err := move([]puskaradio.Status{puskaradio.New, puskaradio.Claimed}[i], c, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	undo := puskaradio.Change{At: at(2), Who: "Pekka", To: puskaradio.Claimed, Undoes: at(0), For: "Maija"}
	if _, err := move(puskaradio.New, undo, time.Time{}); !errors.Is(err, puskaradio.ErrTaken) {
		t.Errorf("undoing what something has followed: %v", err)
	}
	undo.Undoes, undo.Who = at(1), "Maija"
	if _, err := move(puskaradio.New, undo, time.Time{}); !errors.Is(err, puskaradio.ErrTaken) {
		t.Errorf("undoing what another has done: %v", err)
	}
	undo.Who = "Pekka"
	c, err := move(puskaradio.New, undo, time.Time{})
	if err != nil || c.Status != puskaradio.Claimed || c.Who != "Maija" || len(c.Changes) != 3 || len(c.Standing()) != 1 || c.Last().Who != "Maija" || !cmp.Equal(undo, c.Changes[2]) {
		t.Fatalf("undone: %+v, %v", c, err)
	}
	if _, err := move(puskaradio.Claimed, undo, time.Time{}); !errors.Is(err, puskaradio.ErrTaken) {
		t.Errorf("undone twice: %v", err)
	}
	until := noon.Add(time.Hour)
	for i, step := range []struct {
		was   puskaradio.Status
		c     puskaradio.Change
		until time.Time
	}{
		{puskaradio.Claimed, puskaradio.Change{Who: "Maija", To: puskaradio.Snoozed}, until},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Maija", To: puskaradio.Answered}, time.Time{}},
		{puskaradio.Answered, puskaradio.Change{Who: "Maija", To: puskaradio.Snoozed, Undoes: at(4), For: "Maija"}, until},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Pekka", To: puskaradio.Snoozed, Note: "oh"}, time.Time{}},
		{puskaradio.Snoozed, puskaradio.Change{Who: "Pekka", To: puskaradio.Snoozed, Undoes: at(6), For: "Maija"}, until},
	} {
		step.c.At = at(3 + i)
		if c, err = move(step.was, step.c, step.until); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if c.Status != puskaradio.Snoozed || !c.Until.Equal(until) || c.Who != "Maija" || !c.FirstReply().IsZero() || len(c.Standing()) != 2 {
		t.Errorf("an answer that was taken back: %+v", c)
	}
}

// testOnce: what is asked for by many at once under one name is done once, and
// under another again.
func testOnce(t *testing.T, s store.Store) {
	m := mention("acme", 0)
	m.Flag = "negative"
	id := commit(t, s, m).New[0]
	for i, once := range []string{"hook/1", "hook/2", ""} {
		var done atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				c, err := s.Move(t.Context(), "acme", id, puskaradio.New, puskaradio.Change{At: noon, Who: "crm", To: puskaradio.New, Note: "called", Once: once}, time.Time{})
				switch {
				case err == nil:
					done.Add(1)
				case !errors.Is(err, puskaradio.ErrTaken) || !slices.ContainsFunc(c.Changes, func(ch puskaradio.Change) bool { return ch.Once == once }):
					t.Errorf("%q: %v, %+v", once, err, c)
				}
			})
		}
		wg.Wait()
		if got, want := done.Load(), []int64{1, 1, 8}[i]; got != want {
			t.Errorf("%q is done %d times, want %d", once, got, want)
		}
	}
}

func testClaimRace(t *testing.T, s store.Store) {
	m := mention("acme", 0)
	m.Flag = "negative"
	id := commit(t, s, m).New[0]
	var mu sync.Mutex
	won := map[string]bool{}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			who := fmt.Sprint(i)
			_, err := s.Move(context.WithoutCancel(t.Context()), "acme", id, puskaradio.New, puskaradio.Change{At: noon, Who: who, To: puskaradio.Claimed}, time.Time{})
			if err == nil {
				mu.Lock()
				won[who] = true
				mu.Unlock()
			} else if !errors.Is(err, puskaradio.ErrTaken) {
				t.Errorf("claim: %v", err)
			}
		})
	}
	wg.Wait()
	c, err := s.Case(t.Context(), "acme", id)
	if err != nil || len(won) != 1 || !won[c.Who] {
		t.Errorf("%v claimed it, %q has it, %v", won, c.Who, err)
	}
}

func testCorrect(t *testing.T, s store.Store) {
	ctx := t.Context()
	id := commit(t, s, mention("acme", 3)).New[0]
	if err := s.Correct(ctx, "acme", id, &puskaradio.Score{Label: puskaradio.Positive, Value: 1, Confidence: 1}); err != nil {
		t.Fatal(err)
	}
	if sum := total(t, s, "acme"); sum.Negative != 0 || sum.Positive != 1 || sum.Value != 1 {
		t.Errorf("counts after a correction: %+v", sum)
	}
	e, err := s.Mention(ctx, "acme", id)
	if err != nil || e.Mention.Verdict().Label != puskaradio.Positive || e.Mention.Score.Label != puskaradio.Negative {
		t.Errorf("corrected: %+v, %v", e.Mention, err)
	}
	commit(t, s, mention("rival", 4))
	if es, _, err := s.Mentions(ctx, store.Filter{Corrected: true}); err != nil || len(es) != 1 || es[0].ID != id {
		t.Errorf("corrected ones: %+v, %v, want %s", es, err, id)
	}
	if err := s.Correct(ctx, "acme", id, nil); err != nil {
		t.Fatal(err)
	}
	if es, _, err := s.Mentions(ctx, store.Filter{Corrected: true}); err != nil || len(es) != 0 {
		t.Errorf("corrected ones after undo: %+v, %v", es, err)
	}
	if sum := total(t, s, "acme"); sum.Negative != 1 || sum.Positive != 0 {
		t.Errorf("counts after undo: %+v", sum)
	}
	if err := s.Correct(ctx, "acme", puskaradio.NewID(1, 1), nil); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("unknown mention: %v", err)
	}
}

func testAlerts(t *testing.T, s store.Store) {
	ctx := t.Context()
	a := puskaradio.Alert{ID: puskaradio.AlertID("acme", "spike", noon), Brand: "acme", Rule: "spike", Decided: noon, State: "open"}
	job := store.Job{Key: "deliver/" + a.ID, Kind: "deliver", Due: noon}
	for i, want := range []bool{true, false} {
		if added, err := s.AddAlert(ctx, a, job); added != want || err != nil {
			t.Fatalf("AddAlert #%d = %v, %v, want %v", i, added, err, want)
		}
		if jobs, _ := s.Jobs(ctx, "deliver/"); len(jobs) != 1 {
			t.Fatalf("AddAlert #%d: %d jobs", i, len(jobs))
		}
	}
	a.Rev, a.State, a.Decided = 1, "over", noon.Add(time.Hour)
	if added, err := s.AddAlert(ctx, a); !added || err != nil {
		t.Fatalf("update = %v, %v", added, err)
	}
	got, err := s.Alert(ctx, a.ID)
	if err != nil || got.State != "over" || !got.Decided.Equal(noon) {
		t.Errorf("Alert = %+v, %v", got, err)
	}
	if as, err := s.Alerts(ctx, "acme", noon, noon.Add(time.Second)); err != nil || len(as) != 1 {
		t.Errorf("Alerts = %v, %v", as, err)
	}
	if as, _ := s.Alerts(ctx, "", noon.Add(time.Second), noon.AddDate(1, 0, 0)); len(as) != 0 {
		t.Errorf("Alerts after it = %v", as)
	}
	if _, err := s.Alert(ctx, "NONE"); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("unknown alert: %v", err)
	}
}

func testDigests(t *testing.T, s store.Store) {
	d := puskaradio.Digest{Brand: "acme", Date: "2026-11-20", Total: 42}
	for i, want := range []bool{true, false} {
		added, err := s.AddDigest(t.Context(), d, store.Job{Key: "digest/acme", Kind: "deliver", Due: noon})
		if added != want || err != nil {
			t.Fatalf("AddDigest #%d = %v, %v, want %v", i, added, err, want)
		}
		d.Total = 43
	}
	if got, err := s.Digest(t.Context(), "acme", "2026-11-20"); err != nil || got.Total != 42 {
		t.Errorf("Digest = %+v, %v", got, err)
	}
	if _, err := s.Digest(t.Context(), "acme", "2026-11-19"); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Errorf("unknown digest: %v", err)
	}
}

func testSent(t *testing.T, s store.Store) {
	if _, err := s.Sent(t.Context(), "a/slack"); !errors.Is(err, puskaradio.ErrNotFound) {
		t.Fatalf("Sent before = %v", err)
	}
	want := store.Sent{Ref: "C1/12.34", Rev: 2, At: noon}
	if err := s.SetSent(t.Context(), "a/slack", want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Sent(t.Context(), "a/slack"); err != nil || got != want {
		t.Errorf("Sent = %+v, %v, want %+v", got, err, want)
	}
}

func testLedger(t *testing.T, s store.Store) {
	for i := range 3 {
		line := puskaradio.Coverage{Source: "shop", Hour: noon.Add(time.Duration(i) * 20 * time.Minute), At: noon, Fetches: 1, Items: 5, State: "ok"}
		if i == 1 {
			line.State, line.Failed, line.Problem = "limited", 1, "429"
		}
		if err := s.Note(t.Context(), line); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Coverage(t.Context(), noon, noon.Add(time.Hour))
	want := []puskaradio.Coverage{{Source: "shop", Hour: noon, At: noon, Fetches: 3, Failed: 1, Items: 15, State: "ok"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Coverage (-want +got): %v\n%s", err, diff)
	}
}

// testSecondRace: of many who approve or give back at once an answer that
// waits, one does; what was replaced, or taken out by a step, waits no more.
func testSecondRace(t *testing.T, s store.Store) {
	ctx := context.WithoutCancel(t.Context())
	m := mention("acme", 0)
	m.Flag = "negative"
	id := commit(t, s, m).New[0]
	at := noon
	move := func(was puskaradio.Status, ch puskaradio.Change) (puskaradio.Case, error) {
		if ch.At.IsZero() {
			at = at.Add(time.Second)
			ch.At = at
		}
		return s.Move(ctx, "acme", id, was, ch, time.Time{})
	}
	propose := func(was puskaradio.Status, who, text string, over time.Time) (*puskaradio.Waiting, error) {
		c, err := move(was, puskaradio.Change{Who: who, To: puskaradio.Claimed, Proposes: &puskaradio.Proposal{Text: text, Via: puskaradio.ViaWeb, To: m.Said()}, Settles: over})
		return c.Waits(), err
	}
	first, err := propose(puskaradio.New, "Maija", "Sorry!", time.Time{})
	if err != nil || first == nil || first.Who != "Maija" || first.Text != "Sorry!" || first.To != m.Said() {
		t.Fatalf("proposed: %+v, %v", first, err)
	}
	second, err := propose(puskaradio.Claimed, "Pekka", "We are sorry!", first.At)
	if err != nil || second == nil || second.Who != "Pekka" {
		t.Fatalf("changed: %+v, %v", second, err)
	}
	if c, err := move(puskaradio.Claimed, puskaradio.Change{Who: "Liisa", To: puskaradio.Claimed, Settles: first.At}); !errors.Is(err, puskaradio.ErrTaken) || c.Waits() == nil || c.Who != "Maija" {
		t.Errorf("settled what was replaced: %+v, %v", c, err)
	}
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			ch := puskaradio.Change{At: noon.Add(time.Hour), Who: fmt.Sprint(i), To: puskaradio.Claimed, Note: "approved", Settles: second.At}
			if _, err := s.Move(ctx, "acme", id, puskaradio.Claimed, ch, time.Time{}); err == nil {
				won.Add(1)
			} else if !errors.Is(err, puskaradio.ErrTaken) {
				t.Errorf("approve: %v", err)
			}
		})
	}
	wg.Wait()
	c, err := s.Case(ctx, "acme", id)
	if err != nil || won.Load() != 1 || c.Waits() != nil || len(c.Changes) != 3 || !c.Changes[2].Aside {
		t.Errorf("%d approved, %+v, %v", won.Load(), c, err)
	}
	third, err := propose(puskaradio.Claimed, "Maija", "Again", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := move(puskaradio.Claimed, puskaradio.Change{Who: "Liisa", To: puskaradio.Claimed, Note: "I know her"}); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Case(ctx, "acme", id); err != nil || c.Waits() == nil {
		t.Errorf("after a note: %+v, %v", c, err)
	}
	if _, err := move(puskaradio.Claimed, puskaradio.Change{Who: "Maija", To: puskaradio.Done}); err != nil {
		t.Fatal(err)
	}
	if c, err := move(puskaradio.Done, puskaradio.Change{Who: "Pekka", To: puskaradio.Claimed, Settles: third.At}); !errors.Is(err, puskaradio.ErrTaken) || c.Status != puskaradio.Done {
		t.Errorf("settled what a step took out: %+v, %v", c, err)
	}
}
