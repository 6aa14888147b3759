package trend

import (
	"cmp"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// WeekMaterial is what the digest of a week is made of: its Material has the
// days up to its Sunday, and what was said from Monday on.
type WeekMaterial struct {
	Material
	Heard     []Heard
	Responses []Response
	Stories   []puskaradio.Quote // with how often each was repeated in Copies
}

const (
	weekDays    = 7
	weeksBefore = 4
	mostPulls   = 5
	mostStories = 3
)

// MakeWeek puts the digest of a week together. Its figures are the sums of its
// days; what is usual is the mean of up to four weeks before.
func MakeWeek(m WeekMaterial) puskaradio.Digest {
	d := MakeDigest(m.Material)
	if len(m.Days) < weekDays {
		return d
	}
	is := m.Days[len(m.Days)-weekDays:]
	w := &puskaradio.Week{From: is[0].At.Format(time.DateOnly), To: d.Date, Stories: slices.Clone(m.Stories)}
	d.Week, d.Date = w, puskaradio.WeekID(is[0].At)
	d.Total, d.Negative, d.Neutral, d.Positive, d.Usual, d.UsualNeg = 0, 0, 0, 0, 0, 0
	for _, day := range is {
		d.Total, d.Negative, d.Neutral, d.Positive = d.Total+day.Total(), d.Negative+day.Negative, d.Neutral+day.Neutral, d.Positive+day.Positive
	}
	before := m.Days[:len(m.Days)-weekDays]
	for len(before) > 0 && before[0].Total() == 0 { // nobody listened yet
		before = before[1:]
	}
	w.Before = min(weeksBefore, len(before)/weekDays)
	for _, day := range before[len(before)-w.Before*weekDays:] {
		d.Usual += float64(day.Total()) / float64(w.Before)
		d.UsualNeg += float64(day.Negative) / float64(w.Before)
	}
	var pulls []Pull
	w.Change, pulls = Pulls(m.Days, m.Heard, is[0].At)
	for _, p := range pulls {
		if p.Aspect != "" && len(w.Pulls) < mostPulls && max(p.Points, -p.Points) >= 0.05 {
			w.Pulls = append(w.Pulls, puskaradio.Pull{Aspect: p.Aspect, Points: p.Points})
		}
	}
	slices.SortStableFunc(w.Stories, func(a, b puskaradio.Quote) int {
		return cmp.Or(cmp.Compare(b.Copies, a.Copies), cmp.Compare(a.ID, b.ID))
	})
	w.Stories = w.Stories[:min(mostStories, len(w.Stories))]
	rs := NewResponses(m.Responses)
	w.Replies = puskaradio.Replies{Cases: rs.N, Answered: rs.Answered, Hour: rs.Within[1].N, HourOf: rs.Within[1].Of, Median: rs.Median.Seconds(), P90: rs.P90.Seconds()}
	return d
}

// HeardOf is a mention as [Pulls] asks for it.
func HeardOf(m *puskaradio.Mention) Heard {
	verdict := m.Verdict()
	h := Heard{At: m.Published, Label: verdict.Label}
	if verdict.Alarming() {
		h.Label = puskaradio.Negative
	}
	for _, a := range verdict.Aspects {
		if !slices.Contains(h.Aspects, a.Name) {
			h.Aspects = append(h.Aspects, a.Name)
		}
	}
	return h
}
