package sentiment

import (
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// A Polarity is what the weights alone make of a text.
type Polarity struct {
	Lang     string  // ISO 639-1; empty if it is none that is known
	LangSure float64 // 0 … 1
	Label    puskaradio.Label
	P        [3]float64 // negative, neutral, positive
	foreign  bool       // it is another language than the source says
}

// Value is the balance, −1 to 1.
func (p *Polarity) Value() float64 { return p.P[2] - p.P[0] }

// Confidence is how likely the label is right, 0 to 1.
func (p *Polarity) Confidence() float64 {
	if i := slices.Index(labels, p.Label); i >= 0 {
		return p.P[i]
	}
	return 0
}

// Polarity tells the language of a text and how it feels: half of what a
// [Scorer] does, and the quick half. Where there are no weights for the
// language the label is neutral with equal odds.
func (m *Model) Polarity(t Text) Polarity {
	w := works.Get().(*work)
	defer works.Put(w)
	p, _ := m.polarity(w, t)
	return p
}

// Language tells the language of a text, ISO 639-1, from the text alone;
// "" if it is none of [Languages] or cannot be told.
func (m *Model) Language(text string) string {
	if g := m.lid.tell(clean(text), ""); g.p >= lidSure {
		return g.lang
	}
	return ""
}

// whole is the text with its title, unless it begins with it anyway.
func (t *Text) whole() string {
	if t.Title != "" && !strings.HasPrefix(t.Text, strings.TrimRight(t.Title, "….")) {
		return t.Title + "\n" + t.Text
	}
	return t.Text
}

// fewTokens is how short a text is whose letters may not tell its language.
const fewTokens = 4

// known is the language of our own whose words tell most of a short text, ""
// if none tells anything.
func (l *lexicon) known(ts []token) (lang string) {
	most := 0
	for _, try := range langs {
		n := 0
		for _, h := range l.read(ts, try).hits {
			if !h.face {
				n++
			}
		}
		if n > most {
			lang, most = try, n
		}
	}
	return lang
}

// polarity leaves what it read in w.
func (m *Model) polarity(w *work, t Text) (p Polarity, f feeling) {
	w.text = clean(t.whole())
	hint, _, _ := strings.Cut(strings.ToLower(t.Lang), "-")
	g := m.lid.tell(w.text, hint)
	p.Lang, p.LangSure = g.lang, g.p
	if g.p < lidSure && g.lang != hint {
		p.Lang = ""
	}
	p.foreign = hint != "" && p.Lang != "" && p.Lang != hint
	p.Label, p.P = puskaradio.Neutral, [3]float64{1. / 3, 1. / 3, 1. / 3}
	ts := m.words.tokens(w.text, nil)
	if p.Lang == "" && len(ts) <= fewTokens {
		p.Lang = m.words.known(ts)
	}
	w.r = m.words.read(ts, ours(p.Lang))
	w.marks, w.tell = w.marks[:0], w.tell[:0]
	a := m.area(p.Lang)
	if a == nil {
		return p, f
	}
	w.read(voices[p.Lang](), w.text)
	w.heed(w.r)
	f = a.feel(&w.scan, p.Lang, t.Genre)
	if m.lessons != nil {
		m.lessons.apply(&f, &w.scan, p.Lang, t.Genre)
	}
	p.Label = labels[f.label]
	for c := range 3 {
		p.P[c] = float64(f.p[c])
	}
	return p, f
}
