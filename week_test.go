package puskaradio_test

import (
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/puskaradio/puskaradio"
)

func TestMonday(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	for week, want := range map[string]string{
		"2026-W47": "2026-11-16", "2026-W01": "2025-12-29", "2026-W53": "2026-12-28", "2027-W01": "2027-01-04", "2020-W53": "2020-12-28", "2021-W01": "2021-01-04",
		"2025-W53": "", "2026-W00": "", "2026-W54": "", "2026-W1": "", "2026-11-16": "", "": "", "2026-W+1": "", "xxxx-W01": "",
	} {
		got, ok := puskaradio.Monday(week, zone)
		if ok != (want != "") || ok && (got.Format(time.DateOnly) != want || got.Weekday() != time.Monday || puskaradio.WeekID(got) != week) {
			t.Errorf("Monday(%q) = %v, %v, want %q", week, got, ok, want)
		}
	}
}
