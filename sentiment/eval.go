package sentiment

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// A Verdict is what was said of a row.
type Verdict struct {
	Gold, Label    puskaradio.Label
	GoldLang, Lang string
	Value          float64 // −1 … 1
	Negative       float64 // how likely it is negative, 0 … 1
	Confidence     float64 // 0 … 1
	Unsure         bool
	Why            string
	Short          bool // of under 25 letters
}

// VerdictOf pairs a row with its score.
func VerdictOf(r Row, s puskaradio.Score) Verdict {
	return Verdict{
		Gold: r.Label, Label: s.Label, GoldLang: r.Lang, Lang: s.Lang, Value: s.Value, Negative: (1 - s.Value) / 2,
		Confidence: s.Confidence, Unsure: s.Unsure, Why: s.Why, Short: utf8.RuneCountInString(r.Text) < 25,
	}
}

// Figures are how good verdicts are. Those that nothing can be said of are
// NaN.
type Figures struct {
	N           int
	Accuracy    float64
	F1, Recall  float64        // means over the classes that are there
	Binary      float64        // part of the texts that are not neutral whose value has the right sign
	Confusion   [3][3]int      // by gold and label: negative, neutral, positive
	NegPrec     float64        // of the negative labels, how many are right
	NegRecall   float64        // of the negative texts, how many are found
	NegPrecAt70 float64        // precision of the negative class where its recall is 0.70, by value
	ECE         float64        // expected calibration error over 15 bins (Guo et al. 2017)
	Covered     float64        // part on which the scorer is sure
	Error       float64        // part that is wrong among those
	Abstained   map[string]int // why it was not sure
}

// Measure computes the figures of verdicts on rows that have labels.
func Measure(vs []Verdict) Figures {
	f := Figures{Abstained: map[string]int{}, Accuracy: math.NaN(), F1: math.NaN(), Recall: math.NaN(), Binary: math.NaN(), NegPrec: math.NaN(), NegRecall: math.NaN(), ECE: math.NaN(), Covered: math.NaN(), Error: math.NaN()}
	type bin struct{ n, sure, right float64 }
	var bins [15]bin
	right, polar, signs, sure, wrong := 0, 0, 0, 0, 0
	for _, v := range vs {
		y, l := slices.Index(labels, v.Gold), slices.Index(labels, v.Label)
		if y < 0 || l < 0 {
			continue
		}
		f.N++
		f.Confusion[y][l]++
		ok := 0.0
		if y == l {
			right++
			ok = 1
		}
		if y != 1 {
			polar++
			if v.Value > 0 == (y == 2) {
				signs++
			}
		}
		if v.Unsure {
			f.Abstained[v.Why]++
			continue
		}
		sure++
		if y != l {
			wrong++
		}
		b := &bins[min(14, max(0, int(v.Confidence*15)))]
		b.n, b.sure, b.right = b.n+1, b.sure+v.Confidence, b.right+ok
	}
	if f.N == 0 {
		return f
	}
	n := float64(f.N)
	f.Accuracy = float64(right) / n
	f.F1, f.Recall = macro(f.Confusion)
	if polar > 0 {
		f.Binary = float64(signs) / float64(polar)
	}
	called := f.Confusion[0][0] + f.Confusion[1][0] + f.Confusion[2][0]
	if called > 0 {
		f.NegPrec = float64(f.Confusion[0][0]) / float64(called)
	}
	if neg := f.Confusion[0][0] + f.Confusion[0][1] + f.Confusion[0][2]; neg > 0 {
		f.NegRecall = float64(f.Confusion[0][0]) / float64(neg)
	}
	f.NegPrecAt70 = precisionAt(vs, 0.7)
	f.Covered = float64(sure) / n
	if sure > 0 {
		f.Error = float64(wrong) / float64(sure)
		f.ECE = 0
		for _, b := range bins {
			f.ECE += math.Abs(b.sure-b.right) / float64(sure)
		}
	}
	return f
}

// precisionAt is the precision of the negative class where as many of its
// texts as recall says are found, the likeliest first.
func precisionAt(vs []Verdict, recall float64) float64 {
	var ranked []Verdict
	all := 0
	for _, v := range vs {
		if v.Gold != "" {
			ranked = append(ranked, v)
			if v.Gold == puskaradio.Negative {
				all++
			}
		}
	}
	if all == 0 {
		return math.NaN()
	}
	slices.SortStableFunc(ranked, func(a, b Verdict) int {
		switch {
		case a.Negative > b.Negative:
			return -1
		case a.Negative < b.Negative:
			return 1
		}
		return 0
	})
	found := 0
	for i, v := range ranked {
		if v.Gold == puskaradio.Negative {
			found++
		}
		if float64(found) >= recall*float64(all) {
			return float64(found) / float64(i+1)
		}
	}
	return math.NaN()
}
