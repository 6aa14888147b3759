package puskaradio

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestParseHours(t *testing.T) {
	for lines, want := range map[string]string{
		"mon-fri 08:00-16:00":                     "",
		"mon-fri 08:00-16:00|sat,sun 10:00-14:00": "",
		"fri-mon 00:00-24:00":                     "",
		"mon 08:00-12:00|mon 12:00-16:00":         "",
		"mon-fri":                                 "has no days or no times",
		"":                                        "has no days or no times",
		"mon-frii 08:00-16:00":                    `"mon-frii" is no day or span of days`,
		"Mon 08:00-16:00":                         `"Mon" is no day`,
		"mon, 08:00-16:00":                        `"" is no day`,
		"mon 8-16":                                `"8-16" is no span of a day`,
		"mon 16:00-08:00":                         "is no span of a day",
		"mon 08:00-08:00":                         "is no span of a day",
		"mon 08:00-25:00":                         "is no span of a day",
		"mon-fri 08:00-16:00|wed 15:00-17:00":     "wed is open at that time already",
	} {
		h, err := ParseHours(time.UTC, strings.Split(lines, "|")...)
		if want == "" && (err != nil || h.Always()) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", lines, err, want)
		}
	}
	if h, err := ParseHours(time.UTC); err != nil || !h.Always() {
		t.Errorf("no lines: %v, want round the clock", err)
	}
}

// TestHours: business time, on days that the clocks change too. In Finland they
// are put forward on 28 March 2027 at 3, back on 31 October 2027 at 4.
func TestHours(t *testing.T) {
	zone := zoneOf(t, "Europe/Helsinki")
	for _, tt := range []struct {
		hours, from, to string
		want            time.Duration
	}{
		{"mon-fri 08:00-16:00", "2026-11-20 15:30", "2026-11-23 08:30", time.Hour},
		{"mon-fri 08:00-16:00", "2026-11-20 15:30", "2026-11-20 15:31", time.Minute},
		{"mon-fri 08:00-16:00", "2026-11-21 10:00", "2026-11-22 18:00", 0},
		{"mon-fri 08:00-16:00", "2026-11-16 00:00", "2026-11-30 00:00", 80 * time.Hour},
		{"mon-fri 08:00-12:00|mon-fri 13:00-16:00", "2026-11-20 11:30", "2026-11-20 13:30", time.Hour},
		{"sun 00:00-24:00", "2027-03-27 12:00", "2027-03-29 12:00", 23 * time.Hour},
		{"sun 00:00-24:00", "2027-10-30 12:00", "2027-11-01 12:00", 25 * time.Hour},
		{"sun 02:00-05:00", "2027-03-28 00:00", "2027-03-28 12:00", 2 * time.Hour},
		{"sun 02:00-05:00", "2027-10-31 00:00", "2027-10-31 12:00", 4 * time.Hour},
		{"mon-fri 08:00-16:00", "2027-03-26 15:00", "2027-03-29 09:00", 2 * time.Hour},
		{"mon-fri 08:00-16:00", "2026-11-20 15:30", "2026-11-20 15:00", 0},
	} {
		h, err := ParseHours(zone, strings.Split(tt.hours, "|")...)
		if err != nil {
			t.Fatal(err)
		}
		at := func(s string) time.Time {
			x, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
			if err != nil {
				t.Fatal(err)
			}
			return x.UTC()
		}
		from, to := at(tt.from), at(tt.to)
		if got := h.Between(from, to); got != tt.want {
			t.Errorf("%s from %s to %s: %v, want %v", tt.hours, tt.from, tt.to, got, tt.want)
		}
		// When as much has passed again, it is that or earlier, and as much.
		if after := h.After(from, tt.want); tt.want > 0 && (after.After(to) || h.Between(from, after) != tt.want) {
			t.Errorf("%s: %v after %s is %v", tt.hours, tt.want, tt.from, after.In(zone))
		}
	}
	var always OpenHours
	now := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	if got := always.Between(now, now.Add(time.Hour)); got != time.Hour || !always.After(now, time.Hour).Equal(now.Add(time.Hour)) {
		t.Errorf("round the clock: %v", got)
	}
	h, err := ParseHours(zone, "wed 10:00-10:01")
	if err != nil {
		t.Fatal(err)
	}
	if end := h.After(now, 365*24*time.Hour); end.Sub(now) < 15*365*24*time.Hour || end.Sub(now) > 21*366*24*time.Hour {
		t.Errorf("what never comes is at %v", end)
	}
}

// TestReplyClock: the last target that fits a mention holds, and is counted in
// the hours of its brand.
func TestReplyClock(t *testing.T) {
	zone := zoneOf(t, "Europe/Helsinki")
	h, err := ParseHours(zone, "mon-fri 08:00-16:00")
	if err != nil {
		t.Fatal(err)
	}
	k := ReplyClock{Warn: 2.0 / 3, Hours: map[string]OpenHours{"acme": h}, Targets: []Target{
		{Brand: "acme", Within: time.Hour}, {Source: "forum", Within: 24 * time.Hour}, {Brand: "acme", Source: "forum", Within: 2 * time.Hour},
	}}
	friday := time.Date(2026, 11, 20, 15, 30, 0, 0, zone)
	monday := friday.AddDate(0, 0, 3)
	for _, tt := range []struct {
		brand, source string
		target        time.Duration
		warn, due     time.Time
	}{
		{"bolt", "shop", DefaultTarget, friday.Add(2 * time.Minute), friday.Add(3 * time.Minute)},
		{"acme", "shop", time.Hour, monday.Add(-7*time.Hour - 20*time.Minute), monday.Add(-7 * time.Hour)},
		{"bolt", "forum", 24 * time.Hour, friday.Add(16 * time.Hour), friday.Add(24 * time.Hour)},
		{"acme", "forum", 2 * time.Hour, monday.Add(-6*time.Hour - 40*time.Minute), monday.Add(-6 * time.Hour)},
	} {
		m := Mention{Brand: tt.brand, Source: tt.source, Published: friday.UTC()}
		warn, due := k.Due(&m)
		if got := k.TargetOf(&m); got != tt.target || !warn.Equal(tt.warn) || !due.Equal(tt.due) {
			t.Errorf("%s at %s: %v, warn at %v, due at %v, want %v, %v, %v", tt.brand, tt.source, got, warn.In(zone), due.In(zone), tt.target, tt.warn, tt.due)
		}
		if spent, hours := k.Spent(&m, due); spent != tt.target || hours != (tt.brand == "acme") {
			t.Errorf("%s at %s: %v was spent when it was due, in hours %v", tt.brand, tt.source, spent, hours)
		}
	}
	k.Warn = 0
	if warn, _ := k.Due(&Mention{Published: friday}); !warn.IsZero() {
		t.Errorf("nobody is to be warned, and is at %v", warn)
	}
}

func FuzzParseHours(f *testing.F) {
	for _, s := range []string{"mon-fri 08:00-16:00", "sat,sun 10:00-14:00", "sun 00:00-24:00", "mon-fri", "mon 8-16", "fri-mon 00:00-24:00", ", -", "sun-sun,sun 00:00-00:01"} {
		f.Add(s)
	}
	zone := zoneOf(f, "Europe/Helsinki")
	from := time.Date(2027, 3, 27, 22, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseHours(zone, s)
		if err != nil {
			return
		}
		week := h.Between(from, from.AddDate(0, 0, 7))
		if week <= 0 || week > 7*24*time.Hour {
			t.Errorf("%q: %v of a week", s, week)
		}
		if at := h.After(from, week); h.Between(from, at) != week {
			t.Errorf("%q: %v after %v is %v", s, week, from, at)
		}
	})
}
