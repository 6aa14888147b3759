package crawler

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/puskaradio/puskaradio"
)

// A date is when something was published, as far as a text tells. Its from is
// empty if the text tells nothing that can be believed.
type date struct {
	at    time.Time // UTC
	from  puskaradio.DateFrom
	clock bool // it has a time of day
}

// parseDate reads a date as machines or people write it, in Finnish, English,
// Swedish or German. A time without a zone is taken as UTC, 3/4/2024 as the 3rd
// of April if the day comes first. Relative dates are reckoned from now and
// rounded down to their unit; with a zero now they are unknown. So are dates
// before 1995 and after now, but for what time zones explain.
func parseDate(s string, now time.Time, dayFirst bool) date {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 200 {
		return date{}
	}
	d, zoned, ok := isoDate(s)
	if !ok {
		d, zoned, ok = wordDate(strings.ToLower(s), now, dayFirst)
	}
	if !ok || d.at.Year() < 1995 {
		return date{}
	}
	if !now.IsZero() {
		late := 14 * time.Hour // where the day begins first
		if zoned {
			late = 10 * time.Minute
		}
		if d.at.After(now.Add(late)) {
			return date{}
		}
	} else if d.at.Year() > 2200 {
		return date{}
	}
	if d.from == "" {
		d.from = puskaradio.DatePublished
	}
	d.at = d.at.UTC()
	return d
}

// isoDate reads what begins as 2024-03-05 does, or is a Unix time.
func isoDate(s string) (d date, zoned, ok bool) {
	if len(strings.TrimLeft(s, "0123456789")) == 0 && len(s) <= 13 {
		n, _ := strconv.ParseInt(s, 10, 64)
		switch len(s) {
		case 10:
			return date{at: time.Unix(n, 0), clock: true}, true, true
		case 13:
			return date{at: time.UnixMilli(n), clock: true}, true, true
		case 8:
			at, ok := ymd(int(n/10000), int(n/100%100), int(n%100))
			return date{at: at}, false, ok
		}
		return date{}, false, false
	}
	if len(s) < 8 || s[4] != '-' && s[4] != '/' && s[4] != '.' {
		return date{}, false, false
	}
	y, rest, ok1 := readDigits(s, 4, 4)
	m, rest, ok2 := readDigits(rest[min(1, len(rest)):], 1, 2)
	if !ok1 || !ok2 || rest == "" || rest[0] != s[4] {
		return date{}, false, false
	}
	day, rest, ok3 := readDigits(rest[1:], 1, 2)
	at, valid := ymd(y, m, day)
	if !ok3 || !valid {
		return date{}, false, false
	}
	d = date{at: at}
	rest = strings.TrimLeft(rest, "Tt \u00a0,")
	if rest == "" {
		return d, false, true
	}
	c, rest, ok := clockOf(rest)
	if !ok {
		return d, false, true
	}
	off, zoned := zoneOf(rest)
	d.at, d.clock = at.Add(c-off), true
	return d, zoned, true
}

// readDigits reads a number of at least and at most so many digits.
func readDigits(s string, least, most int) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < most && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i >= least
}

// ymd is a day of the calendar, if there is such a one.
func ymd(y, m, d int) (time.Time, bool) {
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	return t, y > 0 && t.Month() == time.Month(m) && t.Day() == d
}

// clockOf reads 15:04, 15.04, 15:04:05.123 or 3:04 pm.
func clockOf(s string) (c time.Duration, rest string, ok bool) {
	h, rest, ok := readDigits(s, 1, 2)
	if !ok || rest == "" || rest[0] != ':' && rest[0] != '.' {
		return 0, s, false
	}
	m, rest, ok := readDigits(rest[1:], 2, 2)
	if !ok {
		return 0, s, false
	}
	sec := 0
	if len(rest) > 2 && (rest[0] == ':' || rest[0] == '.') {
		if v, r, ok := readDigits(rest[1:], 2, 2); ok {
			sec, rest = v, r
		}
	}
	var frac time.Duration
	if len(rest) > 1 && (rest[0] == '.' || rest[0] == ',') {
		unit := time.Second / 10
		i := 1
		for ; i < len(rest) && rest[i] >= '0' && rest[i] <= '9'; i++ {
			frac += time.Duration(rest[i]-'0') * unit
			unit /= 10
		}
		rest = rest[i:]
	}
	word := strings.ToLower(strings.TrimLeft(rest, " \u00a0\u202f"))
	for _, pm := range [...]string{"pm", "p.m.", "am", "a.m."} {
		if after, found := strings.CutPrefix(word, pm); found && h >= 1 && h <= 12 {
			h %= 12
			if pm[0] == 'p' {
				h += 12
			}
			rest = after
			break
		}
	}
	if h > 24 || m > 59 || sec > 60 {
		return 0, s, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(sec)*time.Second + frac, rest, true
}

// zones are those that are written by name, in minutes east.
var zones = map[string]int{
	"z": 0, "utc": 0, "gmt": 0, "ut": 0, "wet": 0, "bst": 60, "cet": 60, "cest": 120, "eet": 120, "eest": 180, "msk": 180,
	"est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
}

// zoneOf reads a zone: Z, +02:00, +0200, +02, GMT, EEST.
func zoneOf(s string) (off time.Duration, ok bool) {
	s = strings.ToLower(strings.TrimLeft(s, " \u00a0"))
	word := s
	if i := strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }); i >= 0 {
		word = s[:i]
	}
	minutes, ok := zones[word]
	s = s[len(word):]
	s = strings.Replace(s, "−", "-", 1)
	if len(s) < 3 || s[0] != '+' && s[0] != '-' || word != "" && !ok {
		return time.Duration(minutes) * time.Minute, ok
	}
	h, rest, ok := readDigits(s[1:], 2, 2)
	m, _, _ := readDigits(strings.TrimPrefix(rest, ":"), 2, 2)
	if !ok || h > 14 || m > 59 {
		return 0, false
	}
	off = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if s[0] == '-' {
		off = -off
	}
	return off, true
}

// wordDate reads the dates of people: "5. maaliskuuta 2024 klo 12.30",
// "Tue, 05 Mar 2024 10:00:00 GMT", "5.3.2024", "3 days ago". It gets s in lower
// case.
func wordDate(s string, now time.Time, dayFirst bool) (d date, zoned, ok bool) {
	if at, rest, ok := numericDate(s, dayFirst); ok {
		c, off, clock, zoned := timeWithin(rest)
		return date{at: at.Add(c - off), clock: clock}, zoned, true
	}
	var year, month, day int
	for _, w := range dateWords(s) {
		n, err := strconv.Atoi(w)
		switch {
		case err != nil:
			if m := monthOf(w); m > 0 && month == 0 {
				month = m
			} else if len(w) > 2 && day == 0 { // 5th
				if n, rest, ok := readDigits(w, 1, 2); ok && (rest == "st" || rest == "nd" || rest == "rd" || rest == "th") {
					day = n
				}
			}
		case len(w) == 4 && n > 1900 && year == 0:
			year = n
		case len(w) <= 2 && n >= 1 && n <= 31 && day == 0:
			day = n
		}
	}
	if month > 0 && day > 0 && year > 0 {
		if t, ok := ymd(year, month, day); ok {
			c, off, clock, zoned := timeWithin(s)
			return date{at: t.Add(c - off), clock: clock}, zoned, true
		}
		return date{}, false, false
	}
	d, ok = relativeDate(s, now)
	return d, true, ok
}

// dateWords are the words and numbers of a text, without its times of day.
func dateWords(s string) []string {
	words := strings.FieldsFunc(s, func(r rune) bool {
		return r != ':' && r != '+' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
	})
	out := words[:0]
	for _, w := range words {
		if !strings.ContainsAny(w, ":+") && len(out) < 20 {
			out = append(out, w)
		}
	}
	return out
}

// numericDate reads 5.3.2024, 5.3.24, 05/03/2024 and 05-03-2024 where they
// begin a text or follow a word such as "ke".
func numericDate(s string, dayFirst bool) (t time.Time, rest string, ok bool) {
	from := strings.IndexAny(s, "0123456789")
	if from < 0 || from > 30 {
		return t, s, false
	}
	a, rest, ok1 := readDigits(s[from:], 1, 2)
	if !ok1 || rest == "" || strings.IndexByte("./-", rest[0]) < 0 {
		return t, s, false
	}
	sep := rest[0]
	b, rest, ok2 := readDigits(strings.TrimLeft(rest[1:], " "), 1, 2)
	if !ok2 || rest == "" || rest[0] != sep {
		return t, s, false
	}
	rest = strings.TrimLeft(rest[1:], " ")
	y, after, ok3 := readDigits(rest, 2, 4)
	if !ok3 || len(rest)-len(after) == 3 {
		return t, s, false
	}
	if len(rest)-len(after) == 2 {
		y += 2000
	}
	if sep == '/' && (b > 12 || a <= 12 && !dayFirst) {
		a, b = b, a
	}
	t, ok = ymd(y, b, a)
	return t, after, ok
}

// timeWithin finds a time of day and its zone in the rest of a date.
func timeWithin(s string) (c, off time.Duration, clock, zoned bool) {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
			continue
		}
		after, rest, ok := clockOf(s[i:])
		if !ok || rest != "" && rest[0] >= '0' && rest[0] <= '9' {
			continue
		}
		if used := s[i : len(s)-len(rest)]; !strings.Contains(used, ":") && !klo(s[:i]) {
			continue // 12.30 is a time only where it is said to be
		}
		off, zoned = zoneOf(rest)
		if !zoned { // Fri Mar 5 10:00:00 2024 has its year behind; so may the zone be
			for w := range strings.FieldsSeq(rest) {
				if o, ok := zoneOf(w); ok {
					off, zoned = o, true
					break
				}
			}
		}
		return after, off, true, zoned
	}
	return 0, 0, false, false
}

func klo(s string) bool {
	s = strings.TrimRight(s, " \u00a0")
	return strings.HasSuffix(s, "klo") || strings.HasSuffix(s, "kello") || strings.HasSuffix(s, "kl") || strings.HasSuffix(s, "um")
}
