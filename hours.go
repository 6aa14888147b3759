package puskaradio

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// OpenHours are business hours: spans of the days of a week, by the clock on the
// wall of a zone. The zero value is round the clock.
//
// Business time between two moments is how much of the real time between them
// lies within the hours. A span that the clocks are put forward in is an hour
// shorter on that day, and one that they are put back in an hour longer.
type OpenHours struct {
	zone  *time.Location
	spans [7][]minutes // by weekday, in order
}

// Minutes are a span of a day, from and to so many minutes after its midnight.
type minutes struct{ from, to int }

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// ParseHours reads lines such as "mon-fri 08:00-16:00" or "sat,sun 10:00-14:00".
// A day may stand in more lines than one; what is open twice is an error, as is
// a span over midnight, which is two. No lines are round the clock.
func ParseHours(zone *time.Location, lines ...string) (OpenHours, error) {
	if len(lines) == 0 {
		return OpenHours{}, nil
	}
	h := OpenHours{zone: zone}
	for _, line := range lines {
		days, span, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return OpenHours{}, fmt.Errorf("%q has no days or no times; write one such as mon-fri 08:00-16:00", line)
		}
		m, err := parseMinutes(strings.TrimSpace(span))
		if err != nil {
			return OpenHours{}, err
		}
		for part := range strings.SplitSeq(days, ",") {
			on, err := parseDays(part)
			if err != nil {
				return OpenHours{}, err
			}
			for _, d := range on {
				for _, other := range h.spans[d] {
					if m.from < other.to && other.from < m.to {
						return OpenHours{}, fmt.Errorf("%q: %s is open at that time already", line, weekdays[d])
					}
				}
				h.spans[d] = append(h.spans[d], m)
				slices.SortFunc(h.spans[d], func(a, b minutes) int { return a.from - b.from })
			}
		}
	}
	return h, nil
}

// parseDays reads mon or mon-fri. A span may go over Sunday.
func parseDays(s string) (on []int, err error) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	from, to := slices.Index(weekdays[:], first), slices.Index(weekdays[:], last)
	if from < 0 || to < 0 {
		return nil, fmt.Errorf("%q is no day or span of days; write mon, tue, wed, thu, fri, sat, sun, or one such as mon-fri", s)
	}
	for d := from; ; d = (d + 1) % 7 {
		if on = append(on, d); d == to {
			return on, nil
		}
	}
}

// parseMinutes reads 08:00-16:00. A day ends at 24:00.
func parseMinutes(s string) (m minutes, err error) {
	from, to, ok := strings.Cut(s, "-")
	f, err1 := time.Parse("15:04", from)
	m.from = f.Hour()*60 + f.Minute()
	m.to = 24 * 60
	if to != "24:00" {
		t, err2 := time.Parse("15:04", to)
		if m.to = t.Hour()*60 + t.Minute(); err2 != nil {
			ok = false
		}
	}
	if !ok || err1 != nil || m.to <= m.from {
		return m, fmt.Errorf("%q is no span of a day; write one such as 08:00-16:00, and one over midnight as two", s)
	}
	return m, nil
}

// Always reports whether they are round the clock.
func (h *OpenHours) Always() bool { return h.zone == nil }

// farthest is how many days ahead open hours are looked for.
const farthest = 20 * 366

// days calls each with the open spans that end after from, by time, until it
// gives false.
func (h *OpenHours) days(from time.Time, each func(open, shut time.Time) bool) {
	y, m, d := from.In(h.zone).Date()
	for i := range farthest {
		day := time.Date(y, m, d+i, 12, 0, 0, 0, h.zone).Weekday() // there is a noon every day
		for _, s := range h.spans[day] {
			open := time.Date(y, m, d+i, 0, s.from, 0, 0, h.zone)
			shut := time.Date(y, m, d+i, 0, s.to, 0, 0, h.zone)
			if !shut.After(from) || !shut.After(open) {
				continue
			}
			if open.Before(from) {
				open = from
			}
			if !each(open, shut) {
				return
			}
		}
	}
}

// Between is the business time from one moment to another; zero if it is not
// after the first. After twenty years it ends.
func (h *OpenHours) Between(from, to time.Time) (sum time.Duration) {
	if !to.After(from) {
		return 0
	}
	if h.Always() {
		return to.Sub(from)
	}
	h.days(from, func(open, shut time.Time) bool {
		if !open.Before(to) {
			return false
		}
		if shut.After(to) {
			shut = to
		}
		sum += shut.Sub(open)
		return true
	})
	return sum
}

// After is the first moment at which so much business time has passed since
// another; at the latest the end of the hours in twenty years.
func (h *OpenHours) After(from time.Time, long time.Duration) time.Time {
	if h.Always() || long <= 0 {
		return from.Add(long)
	}
	at := from
	h.days(from, func(open, shut time.Time) bool {
		took := shut.Sub(open)
		if took >= long {
			at = open.Add(long)
			return false
		}
		long -= took
		at = shut
		return true
	})
	return at.UTC()
}
