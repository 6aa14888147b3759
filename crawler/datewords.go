package crawler

import (
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// months are the beginnings of the names of months, of which the longest that
// fits counts.
var months = []struct {
	stem  string
	month int
}{
	{"tammi", 1},
	{"helmi", 2},
	{"maalis", 3},
	{"huhti", 4},
	{"touko", 5},
	{"kesä", 6},
	{"heinä", 7},
	{"elo", 8},
	{"syys", 9},
	{"loka", 10},
	{"marras", 11},
	{"joulu", 12},
}

// monthNames are what the languages without endings call the months.
var monthNames = map[string]int{
	"jan": 1, "january": 1, "januari": 1, "januar": 1, "feb": 2, "february": 2, "februari": 2, "februar": 2,
	"mar": 3, "march": 3, "mars": 3, "märz": 3, "mär": 3, "apr": 4, "april": 4, "may": 5, "maj": 5, "mai": 5,
	"jun": 6, "june": 6, "juni": 6, "jul": 7, "july": 7, "juli": 7, "aug": 8, "august": 8, "augusti": 8,
	"sep": 9, "sept": 9, "september": 9, "oct": 10, "october": 10, "okt": 10, "oktober": 10,
	"nov": 11, "november": 11, "dec": 12, "december": 12, "dez": 12, "dezember": 12,
}

// monthOf is the month that a word in lower case names, or 0.
func monthOf(w string) int {
	if m := monthNames[w]; m > 0 {
		return m
	}
	for _, m := range months {
		if rest, ok := strings.CutPrefix(w, m.stem); ok && (rest == "" || strings.HasPrefix(rest, "ku")) {
			return m.month
		}
	}
	return 0
}

type unit uint8

const (
	noUnit unit = iota
	secondUnit
	minuteUnit
	hourUnit
	dayUnit
	weekUnit
	monthUnit
	yearUnit
)

// units are what relative dates count.
var units = map[string]unit{
	"s": secondUnit, "sec": secondUnit, "secs": secondUnit, "second": secondUnit, "seconds": secondUnit, "sekunti": secondUnit, "sekuntia": secondUnit, "sek": secondUnit,
	"min": minuteUnit, "mins": minuteUnit, "minute": minuteUnit, "minutes": minuteUnit, "minuutti": minuteUnit, "minuuttia": minuteUnit, "minut": minuteUnit, "minuter": minuteUnit, "minuten": minuteUnit, "m": minuteUnit,
	"h": hourUnit, "hr": hourUnit, "hrs": hourUnit, "hour": hourUnit, "hours": hourUnit, "t": hourUnit, "tunti": hourUnit, "tuntia": hourUnit, "timme": hourUnit, "timmar": hourUnit, "stunde": hourUnit, "stunden": hourUnit,
	"d": dayUnit, "day": dayUnit, "days": dayUnit, "pv": dayUnit, "pvä": dayUnit, "päivä": dayUnit, "päivää": dayUnit, "vrk": dayUnit, "dag": dayUnit, "dagar": dayUnit, "tag": dayUnit, "tagen": dayUnit,
	"w": weekUnit, "wk": weekUnit, "week": weekUnit, "weeks": weekUnit, "vk": weekUnit, "vko": weekUnit, "viikko": weekUnit, "viikkoa": weekUnit, "vecka": weekUnit, "veckor": weekUnit, "woche": weekUnit, "wochen": weekUnit,
	"mo": monthUnit, "mon": monthUnit, "month": monthUnit, "months": monthUnit, "kk": monthUnit, "kuukausi": monthUnit, "kuukautta": monthUnit, "månad": monthUnit, "månader": monthUnit, "monat": monthUnit, "monaten": monthUnit,
	"y": yearUnit, "yr": yearUnit, "yrs": yearUnit, "year": yearUnit, "years": yearUnit, "v": yearUnit, "vuosi": yearUnit, "vuotta": yearUnit, "år": yearUnit, "jahr": yearUnit, "jahren": yearUnit,
}

// ones are numbers that are written as words, the articles among them.
var ones = map[string]int{
	"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
	"yksi": 1, "kaksi": 2, "kolme": 3, "neljä": 4, "viisi": 5, "kuusi": 6, "seitsemän": 7, "kahdeksan": 8, "yhdeksän": 9, "kymmenen": 10,
	"en": 1, "ett": 1, "två": 2, "tre": 3, "einem": 1, "einer": 1, "zwei": 2, "drei": 3, "pari": 2, "couple": 2,
}

// daysBack are words for whole days, by how many they lie back.
var daysBack = map[string]int{
	"today": 0, "tänään": 0, "idag": 0, "heute": 0,
	"yesterday": 1, "eilen": 1, "igår": 1, "gestern": 1, "toissapäivänä": 2, "toissapäivä": 2,
}

// lastUnits follow "last" or "viime".
var lastUnits = map[string]unit{
	"week": weekUnit, "viikolla": weekUnit, "viikko": weekUnit, "veckan": weekUnit, "month": monthUnit, "kuussa": monthUnit, "kuukausi": monthUnit, "kuukautena": monthUnit,
	"year": yearUnit, "vuonna": yearUnit, "vuosi": yearUnit, "night": dayUnit, "yönä": dayUnit,
}

// relativeDate reads "2 pv sitten", "an hour ago", "eilen klo 14.30", "last
// week". What it counts back must be said to lie back, or be all there is.
func relativeDate(s string, now time.Time) (d date, ok bool) {
	if now.IsZero() {
		return d, false
	}
	now = now.UTC()
	d.from = puskaradio.DateRelative
	words := dateWords(s)
	back, count, of := false, 0, noUnit
	for i, w := range words {
		if n, ok := daysBack[w]; ok {
			c, off, clock, _ := timeWithin(s)
			d.at, d.clock = now.Truncate(24*time.Hour).AddDate(0, 0, -n).Add(c-off), clock
			return d, true
		}
		switch {
		case w == "ago" || w == "sitten" || w == "sedan" || w == "vor":
			back = true
		case (w == "now" || w == "nyt" || w == "nu") && len(words) <= 2 || w == "äsken":
			d.at, d.clock = now.Truncate(time.Minute), true
			return d, true
		case (w == "last" || w == "viime" || w == "förra") && i+1 < len(words):
			if u := lastUnits[words[i+1]]; u != noUnit {
				return stepBack(d, now, 1, u), true
			}
		case of == noUnit:
			n, u := counted(w)
			if n > 0 {
				count = n
			}
			if u != noUnit && (w != "a" && w != "an") {
				of = u
			}
		}
	}
	bare := len(words) == 1 || len(words) == 2 && count > 0
	if of == noUnit || !back && !(bare && count > 0) {
		return d, false
	}
	return stepBack(d, now, max(count, 1), of), true
}

// counted reads 3, kolme, päivää or 3pv: a number, a unit, or both.
func counted(w string) (n int, u unit) {
	if n := ones[w]; n > 0 {
		return n, noUnit
	}
	i := 0
	for i < len(w) && w[i] >= '0' && w[i] <= '9' {
		i++
	}
	if i > 0 && i <= 4 {
		n, _ = strconv.Atoi(w[:i])
	}
	return n, units[w[i:]]
}

// stepBack reckons a date and rounds it down to the unit it was told in, so
// that a page gives the same date for as long as it says the same.
func stepBack(d date, now time.Time, n int, u unit) date {
	day := now.Truncate(24 * time.Hour)
	switch u {
	case secondUnit:
		d.at, d.clock = now.Add(-time.Duration(n)*time.Second).Truncate(time.Minute), true
	case minuteUnit:
		d.at, d.clock = now.Add(-time.Duration(n)*time.Minute).Truncate(time.Minute), true
	case hourUnit:
		d.at, d.clock = now.Add(-time.Duration(n)*time.Hour).Truncate(time.Hour), true
	case dayUnit:
		d.at = day.AddDate(0, 0, -n)
	case weekUnit:
		d.at = day.AddDate(0, 0, -7*n)
	case monthUnit:
		d.at = monthsBack(day, n)
	case yearUnit:
		d.at = monthsBack(day, 12*n)
	}
	return d
}

// monthsBack is the same day so many months before, or the last of that month.
func monthsBack(t time.Time, n int) time.Time {
	at := t.AddDate(0, -n, 0)
	if at.Day() != t.Day() {
		at = at.AddDate(0, 0, -at.Day())
	}
	return at
}
