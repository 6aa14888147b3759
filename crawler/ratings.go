package crawler

import (
	"math"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// parseRating reads a rating as people write it: 4, "4,5", "4/5", "80 %",
// "4 out of 5", "★★★★☆". Best is 0 if it is not told.
func parseRating(s string) (value, best float64, ok bool) {
	if full := strings.Count(s, "★"); full > 0 && !strings.ContainsAny(s, "0123456789") {
		return float64(full), float64(full + strings.Count(s, "☆")), true
	}
	value, rest, ok := leadingNumber(s)
	if !ok {
		return 0, 0, false
	}
	rest = strings.TrimLeft(rest, " \u00a0")
	if strings.HasPrefix(rest, "%") {
		return value, 100, true
	}
	rest = strings.ToLower(rest)
	for _, word := range [...]string{"stars", "star", "tähteä", "tähti", "points", "pistettä"} {
		rest = strings.TrimLeft(strings.TrimPrefix(rest, word), " ")
	}
	for _, of := range [...]string{"/", "out of ", "of ", "av ", "von ", "sur ", "max "} {
		if after, found := strings.CutPrefix(rest, of); found {
			if b, _, ok := leadingNumber(after); ok && b > 0 {
				return value, b, true
			}
		}
	}
	return value, 0, true
}

// parseNumber reads a number with a decimal point or comma.
func parseNumber(s string) (float64, bool) {
	v, _, ok := leadingNumber(s)
	return v, ok
}

// leadingNumber reads the first number of a text, and gives what follows it.
func leadingNumber(s string) (v float64, rest string, ok bool) {
	from := strings.IndexAny(s, "0123456789")
	if from < 0 {
		return 0, s, false
	}
	end, dot := from, false
	for end < len(s) {
		c := s[end]
		digitNext := end+1 < len(s) && s[end+1] >= '0' && s[end+1] <= '9'
		if (c == '.' || c == ',') && !dot && digitNext {
			dot = true
		} else if c < '0' || c > '9' {
			break
		}
		end++
	}
	if rest := s[end:]; len(rest) > 1 && rest[0]|0x20 == 'e' && (rest[1] >= '0' && rest[1] <= '9' || rest[1] == '+') {
		return 0, s, false // 1e9 is no rating
	}
	v, err := strconv.ParseFloat(strings.Replace(s[from:end], ",", ".", 1), 64)
	if err != nil || v > 1e6 {
		return 0, s, false
	}
	if from > 0 && s[from-1] == '-' {
		v = -v
	} else if strings.HasSuffix(s[:from], "−") {
		v = -v
	}
	return v, s[end:], true
}

// sane is a rating whose scale holds it: a scale that does not is dropped,
// and a value that can be none is nil.
func sane(r *puskaradio.Rating) *puskaradio.Rating {
	if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return nil
	}
	if r.Best < r.Value || r.Best < 0 {
		r.Best = 0
	}
	if r.Worst > r.Value || r.Best != 0 && r.Worst >= r.Best {
		r.Worst = 0
	}
	if r.Value < r.Worst {
		return nil
	}
	return r
}
