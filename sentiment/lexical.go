package sentiment

import (
	"math"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// modelName stands in every score of this scorer.
const modelName = "lexicon-1"

// New returns the scorer that needs nothing but its own words.
func New() (Scorer, error) {
	l, err := readLexicon()
	if err != nil {
		return nil, err
	}
	return lexical{l}, nil
}

// lexical scores by the words of a lexicon.
type lexical struct{ l *lexicon }

func (s lexical) Score(texts []Text) []puskaradio.Score {
	out := make([]puskaradio.Score, len(texts))
	for i, t := range texts {
		out[i] = s.one(t)
	}
	return out
}

func (s lexical) one(t Text) puskaradio.Score {
	text := t.Text
	if t.Title != "" && !strings.HasPrefix(text, strings.TrimRight(t.Title, "….")) {
		text = t.Title + "\n" + text
	}
	text = clean(text)
	ts := s.l.tokens(text, nil)
	sc := puskaradio.Score{Lang: s.l.language(ts, t.Lang), Model: modelName}
	lang := sc.Lang
	if !slices.Contains(langs, lang) {
		lang = ""
	}
	if lang == "en" {
		if at := dots(text); len(at) > 0 {
			ts = s.l.tokens(text, at)
		}
	}
	r := s.l.read(ts, lang)
	r.judge(&sc, t)
	if lang != "" {
		r.about(&sc)
	}
	sc.Words = r.told()
	return sc
}

// bar is how far from 0 a value must be to be a feeling. Reviews are rarely
// without one, and most of what Finns say in social media is: one weak word
// does not make it.
func bar(g puskaradio.Genre, lang string) float64 {
	switch {
	case g == puskaradio.Review || g == puskaradio.Survey:
		return 0.1
	case g == puskaradio.News:
		return 0.4
	case lang == "fi":
		return 0.34
	}
	return 0.25
}

// trust is how often a verdict of a strength is right, as far as labelled
// texts tell: in reviews nearly always, in Finnish small talk, where most
// strong words are about nothing at all, about every other time.
func trust(g puskaradio.Genre, lang string, strength float64) float64 {
	switch {
	case g == puskaradio.Review || g == puskaradio.Survey:
		return 0.6 + 0.37*strength
	case lang == "fi":
		return 0.35 + 0.35*strength
	}
	return 0.5 + 0.4*strength
}

// judge makes the label, the value and the confidence.
func (r *reading) judge(sc *puskaradio.Score, t Text) {
	pos, neg, facePos, faceNeg := r.sums()
	sarcasm := r.sarcasm(pos, neg, facePos)
	if sarcasm {
		pos, neg, facePos = 0, max(1.5, neg+0.5*pos), 0
	}
	loud := 1 + 0.07*float64(min(3, r.bangs))
	v := squash((pos + facePos - neg - faceNeg) * loud)
	told := len(r.hits) > 0
	sc.Value, sc.Confidence = v, trust(t.Genre, r.lang, math.Abs(v))
	why := func(reason string) {
		if sc.Why == "" {
			sc.Unsure, sc.Why = true, reason
		}
	}
	if t.Rating != nil {
		stars := 2*t.Rating.Share() - 1
		sc.Value, sc.Confidence = stars, 0.85
		if told {
			sc.Value = 0.6*stars + 0.4*v
			sc.Confidence = 0.7 + 0.25*math.Abs(sc.Value)
			if stars >= 0.5 && v <= -0.45 || stars <= -0.5 && v >= 0.45 {
				why("stars against text")
			}
		}
	}
	if sarcasm {
		why("sarcasm")
	}
	p, n := pos+facePos, neg+faceNeg
	if p >= 1.5 && n >= 1.5 && min(p, n)/max(p, n) > 0.6 {
		why("mixed")
	}
	if t.Rating == nil {
		switch {
		case r.words < 4 && !told:
			why("short")
			sc.Confidence = 0.2
		case r.lang == "" && r.words > 0:
			why("language")
			sc.Confidence = min(sc.Confidence, 0.35)
		case !told && t.Genre == puskaradio.Review:
			why("short")
			sc.Confidence = 0.3
		case !told:
			sc.Confidence = 0.6
		}
	}
	if sc.Unsure {
		sc.Confidence = min(sc.Confidence, 0.5)
	}
	sc.Label = puskaradio.Neutral
	switch b := bar(t.Genre, r.lang); {
	case sc.Value >= b:
		sc.Label = puskaradio.Positive
	case sc.Value <= -b:
		sc.Label = puskaradio.Negative
	}
	sc.Value = math.Round(sc.Value*1000) / 1000
	sc.Confidence = math.Round(sc.Confidence*1000) / 1000
}

// sarcasm reports whether praise is meant as blame: words that are said for
// nothing else beside a complaint, thanks before one, laughter behind one.
func (r *reading) sarcasm(pos, neg, facePos float64) bool {
	if r.sure && (r.lang == "fi" || neg > 0) {
		return true
	}
	if facePos > 0 && pos == 0 && neg >= 1 {
		for i, h := range r.hits {
			if h.face && h.weight > 0 && i > 0 && laughs(r.ts[h.at].text) {
				return true
			}
		}
	}
	for i, h := range r.hits {
		if h.face || h.weight <= 0 || h.at > 0 && r.ts[h.at-1].kind != stop {
			continue
		}
		if _, _, ok := r.l.tone["maybe"][r.lang].at(r.ts, h.at, r.ts[h.at].text, false); !ok {
			continue
		}
		for _, g := range r.hits[i+1:] {
			if g.weight <= -1 && g.more >= 1 && g.sentence == h.sentence && g.at-h.at < 9 && !r.butBetween(h.at, g.at) {
				return true
			}
		}
	}
	return false
}

// laughs reports whether a face laughs, or claps, rather than loves.
func laughs(f string) bool {
	return slices.Contains([]string{":D", ":-D", "=D", "xD", "XD", "😂", "🤣", "😆", "👏", "👍", "🙃", ":)", "😄"}, f)
}

func (r *reading) butBetween(a, b int) bool {
	return slices.ContainsFunc(r.buts, func(i int) bool { return a < i && i < b })
}

// told are the words that told most, as they are written, in their order.
func (r *reading) told() []string {
	hits := slices.Clone(r.hits)
	slices.SortStableFunc(hits, func(a, b hit) int {
		return int(1000 * (math.Abs(b.weight*b.more) - math.Abs(a.weight*a.more)))
	})
	hits = hits[:min(len(hits), 12)]
	slices.SortFunc(hits, func(a, b hit) int { return a.at - b.at })
	var out []string
	for _, h := range hits {
		if w := r.written(h.at, h.n); len(out) < 6 && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}

// written is n tokens as they stand in the text.
func (r *reading) written(at, n int) string {
	var b strings.Builder
	for i := at; i < at+n; i++ {
		if i > at {
			b.WriteByte(' ')
		}
		b.WriteString(r.ts[i].src)
	}
	return b.String()
}
