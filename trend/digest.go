package trend

import (
	"cmp"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Day is what was said about a brand on a local date.
type Day struct {
	At                          time.Time // its start
	Negative, Neutral, Positive int
	Value                       float64 // the sum of the scores
	Rated                       int
	Rating                      float64 // the sum of the shares of the ratings
}

// Total is the number of mentions of the day.
func (d Day) Total() int { return d.Negative + d.Neutral + d.Positive }

// Days lines daily counts up, from the date of one time to that of another,
// with zeros where nothing was said.
func Days(counts []puskaradio.Count, from, to time.Time, zone *time.Location) []Day {
	var out []Day
	index := map[string]int{}
	y, m, d := from.In(zone).Date()
	for at := dayStart(y, m, d, zone); !at.After(to); {
		index[at.Format(time.DateOnly)] = len(out)
		out = append(out, Day{At: at})
		d++
		at = dayStart(y, m, d, zone) // not 24 hours: the clock may change
	}
	for _, c := range counts {
		if i, ok := index[c.At.In(zone).Format(time.DateOnly)]; ok {
			o := &out[i]
			o.Negative += c.Negative
			o.Neutral += c.Neutral
			o.Positive += c.Positive
			o.Value += c.Value
			o.Rated += c.Rated
			o.Rating += c.Rating
		}
	}
	return out
}

// dayStart is the first moment of a date. Where the clock is put forward at
// midnight that is not 0:00, which package time takes for an hour of the date
// before.
func dayStart(y int, m time.Month, d int, zone *time.Location) time.Time {
	at := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if noon := time.Date(y, m, d, 12, 0, 0, 0, zone); at.Day() != noon.Day() {
		return at.Add(time.Hour)
	}
	return at
}

// NetSentiment is the percentage of positive mentions less that of negative
// ones, −100 to 100; zero of none.
func NetSentiment(negative, neutral, positive int) float64 {
	n := negative + neutral + positive
	if n == 0 {
		return 0
	}
	return 100 * float64(positive-negative) / float64(n)
}

// ShareOfVoice gives each brand its part of all their mentions, the largest
// first.
func ShareOfVoice(totals map[string]int) []puskaradio.Voice {
	all := 0
	for _, n := range totals {
		all += n
	}
	var out []puskaradio.Voice
	for brand, n := range totals {
		v := puskaradio.Voice{Brand: brand, Total: n}
		if all > 0 {
			v.Share = float64(n) / float64(all)
		}
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b puskaradio.Voice) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Brand, b.Brand))
	})
	return out
}

// A Material is what a digest is made of.
type Material struct {
	Brand   puskaradio.Brand
	Zone    *time.Location
	Days    []Day // up to the day of the digest, which is the last
	Quotes  []Said
	Waiting int
	Oldest  time.Time
	Voices  map[string]int // mentions of the brand and its rivals on the day
	Sources int            // that should have answered
	Failed  []string       // those that did not, in words
	Now     time.Time
}

// A Said is a mention of the day with what a digest asks of it.
type Said struct {
	puskaradio.Quote
	Needs   bool // an answer, and nobody has given one
	Aspects []puskaradio.Aspect
}

// MakeDigest puts a digest together.
func MakeDigest(m Material) puskaradio.Digest {
	d := puskaradio.Digest{
		Brand: m.Brand.ID, Name: m.Brand.Name, Zone: m.Zone.String(), Decided: m.Now.UTC(),
		Waiting: m.Waiting, Oldest: m.Oldest, Sources: m.Sources, Failed: m.Failed,
	}
	if len(m.Voices) > 1 {
		d.Share = ShareOfVoice(m.Voices)
	}
	if len(m.Days) == 0 {
		return d
	}
	today := m.Days[len(m.Days)-1]
	d.Date = today.At.Format(time.DateOnly)
	d.Total, d.Negative, d.Neutral, d.Positive = today.Total(), today.Negative, today.Neutral, today.Positive
	d.Usual, d.UsualNeg = usual(m.Days)
	for _, day := range m.Days[max(0, len(m.Days)-14):] {
		d.Days = append(d.Days, puskaradio.Point{At: day.At, Value: float64(day.Negative)})
	}
	now := Reputation(m.Days)
	d.Reputation = &now
	if len(m.Days) > 7 {
		before := Reputation(m.Days[:len(m.Days)-7])
		d.Before = &before
	}
	said := slices.Clone(m.Quotes)
	slices.SortStableFunc(said, func(a, b Said) int { return cmp.Compare(a.Value, b.Value) })
	for _, s := range said {
		if s.Needs && len(d.Need) < 5 {
			d.Need = append(d.Need, s.Quote)
		}
	}
	for _, s := range slices.Backward(said) {
		if s.Label == puskaradio.Positive && !s.Needs && len(d.Good) < 3 && len(s.Text) > 20 {
			d.Good = append(d.Good, s.Quote)
		}
	}
	d.Topics = Topics(said, 5)
	return d
}

// usual is the mean of the same weekday in up to eight weeks before the last
// day.
func usual(days []Day) (total, negative float64) {
	n := 0.0
	for i := len(days) - 8; i >= 0 && n < 8; i -= 7 {
		total += float64(days[i].Total())
		negative += float64(days[i].Negative)
		n++
	}
	if n == 0 {
		return 0, 0
	}
	return total / n, negative / n
}

// Topics are the aspects that came up most, each with the quote that stands
// out most.
func Topics(said []Said, most int) []puskaradio.Topic {
	type topic struct {
		puskaradio.Topic
		weight float64
	}
	byName := map[string]*topic{}
	for _, s := range said {
		seen := map[string]bool{}
		for _, a := range s.Aspects {
			if seen[a.Name] {
				continue
			}
			seen[a.Name] = true
			t := byName[a.Name]
			if t == nil {
				t = &topic{Topic: puskaradio.Topic{Name: a.Name}, weight: -1}
				byName[a.Name] = t
			}
			t.Total++
			if a.Label == puskaradio.Negative {
				t.Negative++
			}
			if w := max(s.Value, -s.Value); w > t.weight && s.Text != "" {
				t.weight, t.Topic.Quote, t.ID, t.Source = w, s.Text, s.ID, s.Source
			}
		}
	}
	var out []puskaradio.Topic
	for _, t := range byName {
		out = append(out, t.Topic)
	}
	slices.SortFunc(out, func(a, b puskaradio.Topic) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(b.Negative, a.Negative), cmp.Compare(a.Name, b.Name))
	})
	return out[:min(most, len(out))]
}
