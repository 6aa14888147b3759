package trend_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// TestMakeWeek sums a week up, beside four weeks before it of which each has
// another size, and a time before that in which nobody listened.
func TestMakeWeek(t *testing.T) {
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	var days []trend.Day
	for i := -60; i < 7; i++ {
		d := trend.Day{At: monday.AddDate(0, 0, i)}
		switch week := (i + 70) / 7; { // ten is this week
		case i >= 0:
			d.Negative, d.Neutral, d.Positive = 3, 5, 1
		case i >= -28:
			d.Negative, d.Neutral = week-6, 10 // 0, 1, 2, 3
		case i >= -31:
			d.Neutral = 900 // before the four weeks
		}
		days = append(days, d)
	}
	quote := func(id string, copies int) puskaradio.Quote {
		return puskaradio.Quote{ID: puskaradio.ID(id), Copies: copies, Label: puskaradio.Negative}
	}
	var heard []trend.Heard
	for i := range 21 {
		heard = append(heard, trend.Heard{At: monday.Add(time.Duration(i) * 8 * time.Hour), Label: puskaradio.Negative, Aspects: []string{"delivery"}})
	}
	m := trend.WeekMaterial{
		Material: trend.Material{Brand: puskaradio.Brand{ID: "acme", Name: "Acme"}, Zone: time.UTC, Days: days, Now: monday.AddDate(0, 0, 7), Waiting: 2},
		Heard:    heard,
		Stories:  []puskaradio.Quote{quote("a", 2), quote("b", 9), quote("c", 3), quote("d", 3)},
		Responses: []trend.Response{
			{Answered: true, Wait: 10 * time.Minute}, {Answered: true, Wait: 2 * time.Hour}, {Wait: 30 * time.Minute}, {Wait: 5 * time.Hour},
		},
	}
	d := trend.MakeWeek(m)
	want := puskaradio.Digest{Date: "2026-W47", Total: 63, Negative: 21, Neutral: 35, Positive: 7, Usual: 7 * 11.5, UsualNeg: 7 * 1.5}
	got := puskaradio.Digest{Date: d.Date, Total: d.Total, Negative: d.Negative, Neutral: d.Neutral, Positive: d.Positive, Usual: d.Usual, UsualNeg: d.UsualNeg}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
		t.Error(diff)
	}
	w := d.Week
	if w == nil || w.From != "2026-11-16" || w.To != "2026-11-22" || w.Before != 4 {
		t.Fatalf("week: %+v", w)
	}
	if diff := cmp.Diff([]puskaradio.Quote{quote("b", 9), quote("c", 3), quote("d", 3)}, w.Stories); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(puskaradio.Replies{Cases: 4, Answered: 2, Hour: 1, HourOf: 3, Median: w.Replies.Median, P90: 7200}, w.Replies); diff != "" || w.Replies.Median < 600 || w.Replies.Median > 7200 {
		t.Errorf("replies: %s, %+v", diff, w.Replies)
	}
	if len(w.Pulls) != 1 || w.Pulls[0].Aspect != "delivery" || w.Pulls[0].Points >= 0 || w.Change >= 0 || d.Reputation == nil || d.Before == nil {
		t.Errorf("score: %+v, %v", w.Pulls, w.Change)
	}

	m.Days = days[len(days)-10:] // three days before it: no week to compare with
	if d := trend.MakeWeek(m); d.Total != 63 || d.Usual != 0 || d.Week.Before != 0 {
		t.Errorf("of the first week: %d, usually %v", d.Total, d.Usual)
	}
	m.Days = nil
	if d := trend.MakeWeek(m); d.Total != 0 || d.Week != nil {
		t.Errorf("of nothing: %+v", d)
	}
}
