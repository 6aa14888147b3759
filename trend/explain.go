package trend

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/puskaradio/puskaradio"
)

// Band is where nine of ten counts fall whose usual number is mean, when people
// post as clumpily as they do: a Gamma–Poisson count of variance 1.6 times its
// mean, by its normal approximation.
func Band(mean float64) (low, high float64) {
	half := 1.645 * math.Sqrt(phi0*max(mean, 0))
	return max(0, mean-half), mean + half
}

// SeverityOf is the severity of a burst of so many posts, from so many sources
// with at least two posts each, where usual many are usual.
func SeverityOf(posts int, usual float64, sources int) puskaradio.Severity {
	times := float64(posts) / max(usual, 0.1)
	switch {
	case posts >= 30 && times >= 10, posts >= 10 && sources >= 3:
		return puskaradio.Crisis
	case posts >= 10 && times >= 5:
		return puskaradio.Serious
	}
	return puskaradio.Notice
}

// MoreNegative is the chance that the share of negative posts has risen: that a
// share of which negative of total were seen is above one of which before of
// all were. Both are Beta distributed after Jeffreys' prior; their difference is
// taken for normal.
func MoreNegative(negative, total, before, all int) float64 {
	m1, v1 := beta(float64(negative), float64(total))
	m0, v0 := beta(float64(before), float64(all))
	return 0.5 * math.Erfc(-(m1-m0)/math.Sqrt(2*(v1+v0)))
}

// SharedWords are the words that posts have in common and that were rare before:
// those in at least a third of them, ordered by their log-odds against the posts
// before, with a prior of what both have (Monroe, Colaresi, Quinn 2008). Each is
// given as it was written most often.
func SharedWords(posts, before []string, most int) []string {
	type word struct {
		n     int
		forms map[string]int
	}
	count := func(texts []string, forms bool) map[string]*word {
		out := map[string]*word{}
		for _, text := range texts {
			seen := map[string]bool{}
			for w := range strings.FieldsFuncSeq(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' }) {
				w = strings.Trim(w, "-'")
				low := strings.ToLower(w)
				if len([]rune(low)) < 4 {
					continue
				}
				stem := string([]rune(low)[:min(len([]rune(low)), 7)]) // Finnish is inflected
				x := out[stem]
				if x == nil {
					x = &word{forms: map[string]int{}}
					out[stem] = x
				}
				if forms {
					x.forms[low]++
				}
				if !seen[stem] {
					seen[stem] = true
					x.n++
				}
			}
		}
		return out
	}
	now, then := count(posts, true), count(before, false)
	type scored struct {
		form  string
		score float64
	}
	var all []scored
	n1, n0 := float64(len(posts)), float64(len(before))
	for stem, x := range now {
		if float64(x.n) < max(2, n1/3) {
			continue
		}
		k0 := 0.0
		if y := then[stem]; y != nil {
			k0 = float64(y.n)
		}
		k1 := float64(x.n)
		prior := 0.5 + (k1+k0)/(n1+n0)
		odds := math.Log((k1+prior)/(n1-k1+1)) - math.Log((k0+prior)/(n0-k0+1))
		z := odds / math.Sqrt(1/(k1+prior)+1/(k0+prior))
		if z < 1.5 {
			continue
		}
		form, best := "", 0
		for f, n := range x.forms {
			if n > best || n == best && f < form {
				form, best = f, n
			}
		}
		all = append(all, scored{form, z})
	}
	slices.SortFunc(all, func(a, b scored) int {
		if a.score != b.score {
			return -int(math.Copysign(1, a.score-b.score))
		}
		return strings.Compare(a.form, b.form)
	})
	var out []string
	for _, s := range all[:min(most, len(all))] {
		out = append(out, s.form)
	}
	return out
}
