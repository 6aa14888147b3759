package crawler

import (
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func TestParseDate(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 34, 56, 0, time.UTC)
	const pub, rel = puskaradio.DatePublished, puskaradio.DateRelative
	tests := []struct {
		s        string
		dayFirst bool
		want     string // RFC 3339; empty is unknown
		from     puskaradio.DateFrom
		clock    bool
	}{
		{"2024-03-05", true, "2024-03-05T00:00:00Z", pub, false},
		{"2024-03-05T10:00:00Z", true, "2024-03-05T10:00:00Z", pub, true},
		{"2024-03-05T10:00:00+02:00", true, "2024-03-05T08:00:00Z", pub, true},
		{"2024-03-05T10:00:00.123-0500", true, "2024-03-05T15:00:00Z", pub, true},
		{"2017-11-03 03:01:00.000000", true, "2017-11-03T03:01:00Z", pub, true},
		{"2024-03-05 10:00 UTC", true, "2024-03-05T10:00:00Z", pub, true},
		{"2024-03-05T10:00", true, "2024-03-05T10:00:00Z", pub, true},
		{"2024/3/5", true, "2024-03-05T00:00:00Z", pub, false},
		{"20240305", true, "2024-03-05T00:00:00Z", pub, false},
		{"1709632800", true, "2024-03-05T10:00:00Z", pub, true},
		{"1709632800000", true, "2024-03-05T10:00:00Z", pub, true},
		{"Tue, 05 Mar 2024 10:00:00 GMT", true, "2024-03-05T10:00:00Z", pub, true},
		{"Tue, 05 Mar 2024 10:00:00 +0200", true, "2024-03-05T08:00:00Z", pub, true},
		{"Tue Mar 05 10:00:00 +0000 2024", true, "2024-03-05T10:00:00Z", pub, true},
		{"5.3.2024", true, "2024-03-05T00:00:00Z", pub, false},
		{"05.03.24", true, "2024-03-05T00:00:00Z", pub, false},
		{"5. 3. 2024 klo 12.30", true, "2024-03-05T12:30:00Z", pub, true},
		{"ti 5.3.2024 12:30", true, "2024-03-05T12:30:00Z", pub, true},
		{"5. maaliskuuta 2024", true, "2024-03-05T00:00:00Z", pub, false},
		{"5 maaliskuu 2024 klo 9.05", true, "2024-03-05T09:05:00Z", pub, true},
		{"Kirjoitettu 1. elokuuta 2025", true, "2025-08-01T00:00:00Z", pub, false},
		{"March 5, 2024", false, "2024-03-05T00:00:00Z", pub, false},
		{"Mar 5th, 2024 at 3:04 PM", false, "2024-03-05T15:04:00Z", pub, true},
		{"12:15 am, 5 March 2024", false, "2024-03-05T00:15:00Z", pub, true},
		{"5 mars 2024", true, "2024-03-05T00:00:00Z", pub, false},
		{"5. März 2024", true, "2024-03-05T00:00:00Z", pub, false},
		{"3/4/2024", true, "2024-04-03T00:00:00Z", pub, false},
		{"3/4/2024", false, "2024-03-04T00:00:00Z", pub, false},
		{"3/24/2024", true, "2024-03-24T00:00:00Z", pub, false},
		{"24/3/2024", false, "2024-03-24T00:00:00Z", pub, false},
		{"2024-02-29", true, "2024-02-29T00:00:00Z", pub, false},

		{"2 pv sitten", true, "2026-03-29T00:00:00Z", rel, false},
		{"3 days ago", true, "2026-03-28T00:00:00Z", rel, false},
		{"Reviewed 3 days ago", true, "2026-03-28T00:00:00Z", rel, false},
		{"eilen", true, "2026-03-30T00:00:00Z", rel, false},
		{"Eilen klo 14.30", true, "2026-03-30T14:30:00Z", rel, true},
		{"yesterday", true, "2026-03-30T00:00:00Z", rel, false},
		{"toissapäivänä", true, "2026-03-29T00:00:00Z", rel, false},
		{"tänään 09:15", true, "2026-03-31T09:15:00Z", rel, true},
		{"last week", true, "2026-03-24T00:00:00Z", rel, false},
		{"viime viikolla", true, "2026-03-24T00:00:00Z", rel, false},
		{"viikko sitten", true, "2026-03-24T00:00:00Z", rel, false},
		{"kaksi viikkoa sitten", true, "2026-03-17T00:00:00Z", rel, false},
		{"a month ago", true, "2026-02-28T00:00:00Z", rel, false}, // there is no 31st of February
		{"an hour ago", true, "2026-03-31T11:00:00Z", rel, true},
		{"5 min sitten", true, "2026-03-31T12:29:00Z", rel, true},
		{"2h", true, "2026-03-31T10:00:00Z", rel, true},
		{"3 v sitten", true, "2023-03-31T00:00:00Z", rel, false},
		{"vor 3 Tagen", true, "2026-03-28T00:00:00Z", rel, false},
		{"för 2 dagar sedan", true, "2026-03-29T00:00:00Z", rel, false},
		{"juuri nyt", true, "2026-03-31T12:34:00Z", rel, true},

		{"2026-03-31T12:40:00Z", true, "2026-03-31T12:40:00Z", pub, true}, // clocks differ
		{"2026-04-01", true, "2026-04-01T00:00:00Z", pub, false},          // it has begun further east
		{"2026-04-01T00:00:00Z", true, "", "", false},
		{"2026-04-02", true, "", "", false},
		{"2031-01-01", true, "", "", false},
		{"1994-12-31", true, "", "", false},
		{"1970-01-01T00:00:00Z", true, "", "", false},
		{"0000-00-00 00:00:00", true, "", "", false},
		{"2023-02-29", true, "", "", false},
		{"29.2.2023", true, "", "", false},
		{"29. helmikuuta 2023", true, "", "", false},
		{"31.4.2024", true, "", "", false},
		{"2024", true, "", "", false},
		{"2024-13-01", true, "", "", false},
		{"May", false, "", "", false},
		{"5", true, "", "", false},
		{"2000 years ago", true, "", "", false},
		{"used it for 3 days", true, "", "", false},
		{"", true, "", "", false},
		{"n/a", true, "", "", false},
	}
	for _, tt := range tests {
		d := parseDate(tt.s, now, tt.dayFirst)
		got := ""
		if d.from != "" {
			got = d.at.Format(time.RFC3339)
			d.at = d.at.Truncate(time.Second)
		}
		if tt.want != "" && d.from != "" {
			if want, err := time.Parse(time.RFC3339, tt.want); err != nil || !d.at.Equal(want) {
				got += " (moved)"
			}
		}
		if got != tt.want || d.from != tt.from || d.from != "" && d.clock != tt.clock {
			t.Errorf("parseDate(%q, %v) = %s, %q, clock %v, want %s, %q, %v", tt.s, tt.dayFirst, got, d.from, d.clock, tt.want, tt.from, tt.clock)
		}
	}
	if d := parseDate("3 days ago", time.Time{}, true); d.from != "" {
		t.Errorf("parseDate without a clock = %v", d)
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{
		"2024-03-05T10:00:00+02:00", "5. maaliskuuta 2024 klo 12.30", "Tue, 05 Mar 2024 10:00:00 GMT", "3/4/2024",
		"2 pv sitten", "eilen 25.99", "1709632800000", "12:15 am, 5 March 2024", "9999 vuotta sitten",
	} {
		f.Add(s, true)
	}
	now := time.Date(2026, 3, 31, 12, 34, 56, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string, dayFirst bool) {
		d := parseDate(s, now, dayFirst)
		if d.from == "" {
			return
		}
		if d.at.Location() != time.UTC || d.at.Year() < 1994 || d.at.After(now.Add(15*time.Hour)) {
			t.Fatalf("parseDate(%q) = %v", s, d)
		}
		if again := parseDate(s, now, dayFirst); again != d {
			t.Fatalf("parseDate(%q) = %v, then %v", s, d, again)
		}
	})
}
