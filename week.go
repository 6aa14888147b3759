package puskaradio

import (
	"fmt"
	"strconv"
	"time"
)

// A Week is what the digest of a week holds beside what that of a date does.
type Week struct {
	From    string  `json:"from"`              // its Monday, 2026-11-16
	To      string  `json:"to"`                // its Sunday
	Before  int     `json:"before"`            // weeks that usual is the mean of, at most four
	Change  float64 `json:"change"`            // of the reputation score since the Sunday before
	Pulls   []Pull  `json:"pulls,omitempty"`   // what has moved the score, the largest first, at most five
	Stories []Quote `json:"stories,omitempty"` // what was repeated most, at most three, with how often in Copies
	Replies Replies `json:"replies"`
}

// A Pull is what the mentions about an aspect did to the reputation score.
type Pull struct {
	Aspect string  `json:"aspect"`
	Points float64 `json:"points"`
}

// Replies are how soon the authors of a time were answered, from the moment
// that they published.
type Replies struct {
	Cases    int     `json:"cases"` // that wanted an answer
	Answered int     `json:"answered"`
	Hour     int     `json:"hour"`    // answered within an hour
	HourOf   int     `json:"hour_of"` // of so many that an hour has passed for, or that were answered
	Median   float64 `json:"median"`  // of those that were answered, in seconds
	P90      float64 `json:"p90"`     // nine of ten were answered within it
}

// WeekID names the ISO week of a time in its own zone: 2026-W47.
func WeekID(t time.Time) string {
	year, week := t.ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}

// Monday is noon of the first day of an ISO week such as 2026-W47; false if
// there is no such week.
func Monday(week string, zone *time.Location) (time.Time, bool) {
	if len(week) != 8 || week[4:6] != "-W" {
		return time.Time{}, false
	}
	year, err := strconv.Atoi(week[:4])
	n, err2 := strconv.Atoi(week[6:])
	if err != nil || err2 != nil {
		return time.Time{}, false
	}
	first := time.Date(year, 1, 4, 12, 0, 0, 0, zone) // it is in the first week, always
	monday := time.Date(year, 1, 4-(int(first.Weekday())+6)%7+7*(n-1), 12, 0, 0, 0, zone)
	return monday, WeekID(monday) == week
}
