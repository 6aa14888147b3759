package web

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

const nbsp = "\u00a0"

// A tongue writes for readers of a language, in a zone.
type tongue struct {
	Lang string // fi or en
	zone *time.Location
}

func (t tongue) fi() bool { return t.Lang == "fi" }

// T is a text of ours, which stands in the templates in English, with its
// parameters.
func (t tongue) T(text string, args ...any) string {
	if t.fi() {
		if f, ok := finnish[text]; ok {
			text = f
		}
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Word is a name that the program uses inside, such as of a state, an aspect
// or a rule, in words.
func (t tongue) Word(name string) string { return t.in(names, name) }

// in is a name in the words of a table, English and Finnish; one that the table
// does not have stays as it is.
func (t tongue) in(table map[string][2]string, name string) string {
	pair, ok := table[name]
	switch {
	case !ok:
		return name
	case t.fi():
		return pair[1]
	}
	return pair[0]
}

// Num writes a whole number.
func (t tongue) Num(n int) string { return t.Float(float64(n), 0) }

// Float writes a number with so many digits behind the comma.
func (t tongue) Float(v float64, digits int) string {
	s := strconv.FormatFloat(v, 'f', digits, 64)
	whole, frac, _ := strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "−", whole[1:]
	}
	sep, comma := ",", "."
	if t.fi() {
		sep, comma = nbsp, ","
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + sep + whole[i:]
	}
	if strings.Trim(whole+frac, "0") == "" {
		sign = ""
	}
	if frac == "" {
		return sign + whole
	}
	return sign + whole + comma + frac
}

// Signed writes a number that tells a change.
func (t tongue) Signed(v float64) string {
	if math.Round(v) > 0 {
		return "+" + t.Float(v, 0)
	}
	return t.Float(v, 0)
}

// SignedFloat is Signed with a digit after the comma.
func (t tongue) SignedFloat(v float64) string {
	if math.Round(v*10) > 0 {
		return "+" + t.Float(v, 1)
	}
	return t.Float(v, 1)
}

// Percent writes a part of a whole.
func (t tongue) Percent(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return t.Share(float64(part) / float64(whole))
}

// Share writes a share from 0 to 1 in percent.
func (t tongue) Share(s float64) string {
	if t.fi() {
		return t.Float(100*s, 0) + nbsp + "%"
	}
	return t.Float(100*s, 0) + "%"
}

// Date writes the date of a time.
func (t tongue) Date(at time.Time) string {
	if t.fi() {
		return at.In(t.zone).Format("2.1.2006")
	}
	return at.In(t.zone).Format("2 Jan 2006")
}

// DayMonth writes a date without its year.
func (t tongue) DayMonth(at time.Time) string {
	if t.fi() {
		return at.In(t.zone).Format("2.1.")
	}
	return at.In(t.zone).Format("2 Jan")
}

// Clock writes a time of day.
func (t tongue) Clock(at time.Time) string {
	at = at.In(t.zone)
	if t.fi() {
		return fmt.Sprintf("%d.%02d", at.Hour(), at.Minute())
	}
	return at.Format("15:04")
}

// When writes a time with its date.
func (t tongue) When(at time.Time) string {
	switch {
	case at.IsZero():
		return "–"
	case t.fi():
		return t.Date(at) + " klo" + nbsp + t.Clock(at)
	}
	return t.Date(at) + ", " + t.Clock(at)
}

// ISO is a time as machines read it.
func (t tongue) ISO(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Day is the date of a time as it stands in addresses.
func (t tongue) Day(at time.Time) string { return at.In(t.zone).Format(time.DateOnly) }

// Span writes how long something takes, in its largest unit, or in two where
// the second tells something.
func (t tongue) Span(d time.Duration) string {
	hour, day := "h", "d"
	if t.fi() {
		hour, day = "t", "pv"
	}
	unit := func(n int, u string) string { return strconv.Itoa(n) + nbsp + u }
	d = max(0, d)
	switch {
	case d < time.Minute:
		return unit(int(d/time.Second), "s")
	case d < time.Hour:
		m, s := int(d/time.Minute), int(d%time.Minute/time.Second)
		if m < 10 && s > 0 {
			return unit(m, "min") + " " + unit(s, "s")
		}
		return unit(m, "min")
	case d < 48*time.Hour:
		h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
		if h < 10 && m > 0 {
			return unit(h, hour) + " " + unit(m, "min")
		}
		return unit(h, hour)
	}
	return unit(int(d/(24*time.Hour)), day)
}

// Stars writes a rating as its author gave it.
func (t tongue) Stars(r *puskaradio.Rating) string {
	if r == nil {
		return ""
	}
	n := func(v float64) string { return strings.TrimSuffix(strings.TrimSuffix(t.Float(v, 1), ".0"), ",0") }
	if r.Best == 0 {
		return n(r.Value)
	}
	return n(r.Value) + "/" + n(r.Best)
}

// Odds writes how likely something is in words that hold for tiny numbers.
func (t tongue) Odds(p float64) string {
	switch {
	case p < 1e-9:
		return t.T("under 1 in %s", t.Num(1e9))
	case p >= 1:
		return "1"
	}
	return t.T("1 in %s", t.Float(math.Round(1/p), 0))
}

var langForm = regexp.MustCompile(`^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$`)

// langOf is a language as a page may say it; "und" if it is none.
func langOf(lang string) string {
	if langForm.MatchString(lang) {
		return lang
	}
	return "und"
}

// webLink is an address that leads to the web, and its host as it is shown;
// both empty for any other.
func webLink(s string) (link, host string) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", ""
	}
	return u.String(), shownHost(u.Host)
}
