package web

import (
	"fmt"
	"slices"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/trend"
)

// A chart is bars in the units of its view box. Its numbers stand in a table
// beside it, for those who do not see it.
type chart struct {
	Width, Height int
	Top           int // the count at the upper edge
	Bars          []bar
	Marks         []string // of the axis of time, at the beginnings of equal parts
	Events        []bar    // note, alert or outage, over the days
}

// A bar is one piece of a column.
type bar struct {
	X, Y, W, H float64
	Kind       string // negative, neutral, positive
	Title      string
}

const (
	chartWidth  = 720
	chartHeight = 200
)

// stacked draws a column for each day, the negative mentions at the bottom.
func stacked(t tongue, days []trend.Day) chart {
	c := chart{Width: chartWidth, Height: chartHeight, Top: 1}
	if len(days) == 0 {
		return c
	}
	for _, d := range days {
		c.Top = max(c.Top, d.Total())
	}
	step := float64(chartWidth) / float64(len(days))
	gap := min(2, step/5)
	for i, d := range days {
		y := float64(chartHeight)
		title := t.T("%s: %s negative, %s neutral, %s positive", t.Date(d.At), t.Num(d.Negative), t.Num(d.Neutral), t.Num(d.Positive))
		for _, part := range []struct {
			n    int
			kind string
		}{{d.Negative, "negative"}, {d.Neutral, "neutral"}, {d.Positive, "positive"}} {
			if part.n == 0 {
				continue
			}
			h := float64(part.n) / float64(c.Top) * chartHeight
			y -= h
			c.Bars = append(c.Bars, bar{round(float64(i)*step + gap/2), round(y), round(step - gap), round(h), part.kind, title})
		}
	}
	every := 1 // marks are as far apart from each other as the last from the end
	for len(days)%every != 0 || len(days)/every > 7 {
		every++
	}
	for i := 0; i < len(days); i += every {
		c.Marks = append(c.Marks, t.DayMonth(days[i].At))
	}
	return c
}

// mark adds what happened on the days: an outage as a hatched column, a note as
// a dashed line, an alert as a wedge at the upper edge.
func (c *chart) mark(t tongue, days []trend.Day, events []event) {
	if len(days) == 0 {
		return
	}
	step := float64(chartWidth) / float64(len(days))
	at := map[string]int{}
	for i, d := range days {
		at[t.Day(d.At)] = i
	}
	for _, e := range events {
		if i, ok := at[t.Day(e.At)]; ok {
			c.Events = append(c.Events, bar{round(float64(i) * step), 0, round(step), chartHeight, e.Kind, t.Date(e.At) + ": " + e.Text})
		}
	}
	order := []string{"outage", "note", "alert"} // what is small above what is large
	slices.SortStableFunc(c.Events, func(a, b bar) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) })
}

// Mid is the middle of a bar, from the left.
func (b bar) Mid() float64 { return round(b.X + b.W/2) }

// Wedge is a path that points down at the middle of a bar.
func (b bar) Wedge() string {
	return fmt.Sprint("M", round(b.Mid()-7), " 0H", round(b.Mid()+7), "L", b.Mid(), " 14Z")
}

// points draws a column of negative mentions for each step of a small chart.
func points(t tongue, ps []puskaradio.Point, height int) chart {
	return spark(ps, height, "negative", func(p puskaradio.Point) string { return t.When(p.At) + ": " + t.Float(p.Value, 0) })
}

// spark draws a column for each step of a small chart.
func spark(ps []puskaradio.Point, height int, kind string, title func(puskaradio.Point) string) chart {
	c := chart{Width: 240, Height: height, Top: 1}
	for _, p := range ps {
		c.Top = max(c.Top, int(p.Value+0.5))
	}
	if len(ps) == 0 {
		return c
	}
	step := float64(c.Width) / float64(len(ps))
	for i, p := range ps {
		h := p.Value / float64(c.Top) * float64(height)
		c.Bars = append(c.Bars, bar{round(float64(i)*step + 1), round(float64(height) - h), round(step - 2), round(h), kind, title(p)})
	}
	return c
}

// round keeps what an eye can tell.
func round(v float64) float64 { return float64(int(v*100+0.5)) / 100 }
