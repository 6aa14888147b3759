package sentiment

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/puskaradio/puskaradio"
)

// New returns the scorer that is in the binary.
func New() (Scorer, error) {
	m, err := Shipped()
	if err != nil {
		return nil, err
	}
	return NewScorer(m), nil
}

// Shipped returns the model that is in the binary.
func Shipped() (*Model, error) { return ReadModel(shipped) }

// NewScorer returns a scorer with a model of one's own.
func NewScorer(m *Model) Scorer { return &scorer{m: m} }

// A scorer asks the weights for language and feeling, and its own words for
// what the feeling is about, where it arose, and what speaks against being
// sure.
type scorer struct{ m *Model }

func (s *scorer) Score(texts []Text) []puskaradio.Score {
	out := make([]puskaradio.Score, len(texts))
	for i, t := range texts {
		out[i] = s.one(t)
	}
	return out
}

func (s *scorer) one(t Text) puskaradio.Score {
	w := works.Get().(*work)
	defer works.Put(w)
	p, _ := s.m.polarity(w, t)
	if p.Lang == "en" { // sentences matter to what follows, not to the verdict
		if at := dots(w.text); len(at) > 0 {
			w.r = s.m.words.read(s.m.words.tokens(w.text, at), p.Lang)
		}
	}
	r := w.r
	sc := puskaradio.Score{Lang: p.Lang, Model: s.m.ID, Label: p.Label, Value: p.Value(), Confidence: p.Confidence()}
	r.doubt(&sc, t, p)
	if r.lang != "" {
		r.about(&sc)
	}
	sc.Words = w.told(p.Value())
	sc.Value = math.Round(sc.Value*1000) / 1000
	sc.Confidence = math.Round(sc.Confidence*1000) / 1000
	return sc
}

// A work is what scoring a text needs, used again for the next.
type work struct {
	scan
	text string
	r    *reading
}

var works = sync.Pool{New: func() any { return new(work) }}

// doubt looks for what speaks against the verdict, and lets the stars have
// their say. The first reason that holds is given.
func (r *reading) doubt(sc *puskaradio.Score, t Text, p Polarity) {
	why := func(reason string) {
		if sc.Why == "" {
			sc.Unsure, sc.Why = true, reason
		}
	}
	if t.Rating != nil {
		r.starred(sc, 2*t.Rating.Share()-1, why)
	}
	if r.mocks {
		why("sarcasm")
		if t.Rating == nil && sc.Label == puskaradio.Positive {
			sc.Label, sc.Value = puskaradio.Negative, -sc.Value
		}
	}
	if less, more := min(r.pos+r.up, r.neg+r.down), max(r.pos+r.up, r.neg+r.down); less >= 1.5 && less/more > 0.66 {
		why("mixed")
	}
	switch {
	case t.Rating != nil:
	case r.words < 3 && len(r.hits) == 0:
		why("short")
	case p.Lang == "" && r.words > 0 && len(r.hits) == 0, p.foreign && ours(p.Lang) == "":
		why("language")
	case sc.Confidence < unsureBelow:
		why("close")
	}
	if sc.Unsure {
		sc.Confidence = min(sc.Confidence, 0.5)
	}
}

// unsureBelow is the confidence under which a verdict is left to a person.
const unsureBelow = 0.45

// starred lets a rating inform the verdict: its stars, −1 to 1, count for
// more than the text; where they disagree a person has to look.
func (r *reading) starred(sc *puskaradio.Score, stars float64, why func(string)) {
	text := sc.Value
	if stars >= 0.5 && text <= -0.4 || stars <= -0.5 && text >= 0.4 {
		why("stars against text")
	}
	sc.Value = 0.6*stars + 0.4*text
	agree := 1 - math.Abs(stars-text)/2
	sc.Confidence = 0.6 + 0.38*agree*math.Abs(sc.Value)
	switch {
	case sc.Value >= 0.2:
		sc.Label = puskaradio.Positive
	case sc.Value <= -0.2:
		sc.Label = puskaradio.Negative
	default:
		sc.Label = puskaradio.Neutral
	}
}

// told are the words that told most for the side of a value, as they are
// written, in their order: our own words and phrases, and those whose weights
// say most, if they are longer than the little words are.
func (w *work) told(value float64) []string {
	type piece struct {
		from  int
		text  string
		worth float64
	}
	var ps []piece
	add := func(from int, text string, worth float64) {
		for i, p := range ps {
			if strings.Contains(p.text, text) || strings.Contains(text, p.text) {
				if len(text) > len(p.text) {
					ps[i].text, ps[i].from = text, from
				}
				ps[i].worth = max(ps[i].worth, worth)
				return
			}
		}
		ps = append(ps, piece{from, text, worth})
	}
	for _, h := range w.r.hits {
		if x := h.weight * h.more; x*value > 0 {
			text := w.r.written(h.at, h.n)
			add(strings.Index(w.text, text), text, 1+math.Abs(x))
		}
	}
	for i, m := range w.marks {
		if i >= len(w.tell) || !m.word || m.to-m.from < 4 && m.plain == 0 {
			continue
		}
		if x := float64(w.tell[i]) + float64(m.plain)/4; x*value > 0 && math.Abs(x) > 0.1 {
			add(m.from, w.text[m.from:min(m.to, m.from+maxWord)], math.Abs(x))
		}
	}
	slices.SortStableFunc(ps, func(a, b piece) int { return cmp.Compare(b.worth, a.worth) })
	ps = ps[:min(len(ps), 6)]
	slices.SortStableFunc(ps, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	var out []string
	for _, p := range ps {
		out = append(out, strings.ToValidUTF8(p.text, ""))
	}
	return out
}
