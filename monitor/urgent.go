package monitor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// urgentMost is how many posts of a brand are told one by one in an hour: where
// there are more, it is a spike.
const urgentMost = 5

// Urgent says which single posts are told at once, without any spike. They must
// be negative, new, and none's copy.
type Urgent struct {
	Off     bool
	Reach   int      // from so many followers or votes on; zero: reach does not matter
	Long    int      // letters of a text with the worst rating; zero: length does not matter
	Authors []string // who is heard: journalists, those with a following
	Spread  int      // people who repeat it; zero: it does not matter
}

// why says why a mention that so many have repeated must not wait; empty if it
// may.
func (u *Urgent) why(who store.Pseudonyms, m *puskaradio.Mention, tellers int) (reason string, words []string) {
	v := m.Verdict()
	worst := m.Rating != nil && m.Rating.Share() == 0
	if u.Off || m.Story != "" || !v.Alarming() && !worst {
		return "", nil
	}
	if reason, words = sentiment.Urgent(storyText(m)); reason != "" {
		return reason, words
	}
	switch {
	case isBy(who, m.Source, m.Author, u.Authors):
		return "author", []string{m.Author}
	case u.Reach > 0 && m.Reach >= u.Reach:
		return "reach", []string{fmt.Sprint(m.Reach)}
	case u.Spread > 0 && tellers >= u.Spread:
		return "spreading", []string{fmt.Sprint(tellers)}
	case u.Long > 0 && worst && len([]rune(m.Text)) >= u.Long:
		return "long", nil
	}
	return "", nil
}

// urgentJobs are the jobs that tell of the posts of a page that must not wait.
// A copy may show that what it repeats spreads.
func (m *Monitor) urgentJobs(p *Plan, ms []puskaradio.Mention, now time.Time) (jobs []store.Job) {
	for i := range ms {
		x := &ms[i]
		if now.Sub(x.Published) > 24*time.Hour || x.Owner != nil {
			continue
		}
		if u := &p.Urgent; x.Story != "" && !u.Off && u.Spread > 0 && m.stories.tellers(x.Story) >= u.Spread {
			jobs = append(jobs, store.Job{Key: "urgent/" + x.Brand + "/" + string(x.Story), Kind: "urgent", Lane: "urgent/" + x.Brand, Due: now})
		}
		if reason, _ := p.Urgent.why(m.Store.Pseudonyms(), x, 0); reason != "" {
			id := puskaradio.NewID(x.Published.Unix(), x.Hash())
			jobs = append(jobs, store.Job{Key: "urgent/" + x.Brand + "/" + string(id), Kind: "urgent", Lane: "urgent/" + x.Brand, Due: now})
		}
	}
	return jobs
}

// urgent tells of one post, once.
func (m *Monitor) urgent(ctx context.Context, j store.Job, rest string) (store.Job, error) {
	p, now := m.Plan(), time.Now().UTC()
	id, key, _ := strings.Cut(rest, "/")
	brand, ok := p.brand(id)
	if !ok {
		return store.Job{}, nil
	}
	e, err := m.Store.Mention(ctx, id, puskaradio.ID(key))
	if errors.Is(err, puskaradio.ErrNotFound) {
		return store.Job{}, nil
	}
	if err != nil {
		return j, err
	}
	begun, err := m.begunAt(ctx, e.Mention.Source)
	if err != nil {
		return j, err
	}
	reason, words := p.Urgent.why(m.Store.Pseudonyms(), &e.Mention, m.stories.tellers(e.ID))
	if reason == "" || e.Mention.State == puskaradio.Deleted || begun.IsZero() || !e.Mention.FirstSeen.After(begun) {
		return store.Job{}, nil // history, or it has been mended meanwhile
	}
	alertID := puskaradio.AlertID(id, puskaradio.RuleUrgent+" "+key, e.Mention.Published)
	switch old, err := m.Store.Alert(ctx, alertID); {
	case err == nil:
		return m.unmute(ctx, p, j, old, now)
	case !errors.Is(err, puskaradio.ErrNotFound):
		return j, err
	}
	lately, err := m.Store.Alerts(ctx, id, now.Add(-time.Hour), now.Add(time.Hour))
	if err != nil {
		return j, err
	}
	n := 0
	for _, a := range lately {
		if a.Rule == puskaradio.RuleUrgent {
			n++
		}
	}
	if n >= urgentMost {
		return store.Job{}, nil
	}
	a := puskaradio.Alert{
		ID: alertID, Brand: id, Name: brand.Name, Rule: puskaradio.RuleUrgent,
		From: e.Mention.Published, To: now, Negative: 1, Total: 1, Topic: reason, TopicN: 1, Words: words[:min(4, len(words))],
		Quotes: []puskaradio.Quote{puskaradio.QuoteOf(e.ID, &e.Mention)}, Decided: now, State: "over", Until: now, Severity: puskaradio.Serious,
	}
	if a.Coverage, err = m.coverage(ctx, p, id, now); err != nil {
		return j, err
	}
	jobs, ends, err := m.tell(ctx, p, &a, now)
	if err != nil {
		return j, err
	}
	if _, err = m.Store.AddAlert(ctx, a, jobs...); err != nil || ends.IsZero() {
		return store.Job{}, err
	}
	j.Due = ends // if it is held back, it is looked at again then
	return j, nil
}

// unmute tells of a post that was held back, unless somebody has seen to it.
func (m *Monitor) unmute(ctx context.Context, p *Plan, j store.Job, a puskaradio.Alert, now time.Time) (store.Job, error) {
	if !a.Muted || a.Claimed != nil || a.Calmed != nil {
		return store.Job{}, nil
	}
	a, err := m.byCase(ctx, a)
	if err != nil || a.Claimed != nil || a.Calmed != nil {
		return store.Job{}, err
	}
	a.Rev++
	jobs, ends, err := m.tell(ctx, p, &a, now)
	if err != nil {
		return j, err
	}
	if a.Muted { // it was muted anew meanwhile
		j.Due = ends
		return j, nil
	}
	_, err = m.Store.AddAlert(ctx, a, jobs...)
	return store.Job{}, err
}
