package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	scoreDays   = 365
	pulled      = 2000 // mentions of the week that are asked what they pull at
	pullsShown  = 5
	scoreWidth  = 720
	scoreHeight = 120
)

// A scoreView is the reputation score of a brand over time.
type scoreView struct {
	Now    puskaradio.Reputation
	Change float64 // since Monday
	Pulls  []trend.Pull
	Since  time.Time
	Line   string    // of the picture: from the first day to the last
	Band   string    // around it
	Marks  []float64 // where the method changed, from the left
	Kept   int       // of the days, those whose score was kept when it was sent
	Days   []scoreDay
}

type scoreDay struct {
	At time.Time
	puskaradio.Reputation
	Kept bool
}

// score is how the reputation went over the last so many days: as it was sent
// where a digest was, else as it comes out now.
func (s *Server) score(ctx context.Context, v *view, days []trend.Day, last int) (*scoreView, error) {
	scores := trend.Reputations(days, last)
	if len(scores) == 0 {
		return nil, nil
	}
	x := &scoreView{Now: scores[len(scores)-1]}
	var err error
	if x.Days, err = s.scoresOf(ctx, v.Brand.ID, days, scores); err != nil {
		return nil, err
	}
	for _, d := range x.Days {
		if d.Kept {
			x.Kept++
		}
	}
	x.draw()
	y, m, d := v.Now.In(v.zone).Date()
	back := (int(v.Now.In(v.zone).Weekday()) + 6) % 7 // since Monday
	if back == 0 {
		back = 7
	}
	x.Since = time.Date(y, m, d-back, 0, 0, 0, 0, v.zone)
	found, _, err := s.o.Store.Mentions(ctx, store.Filter{Brand: v.Brand.ID, From: x.Since, Limit: pulled})
	if err != nil {
		return nil, err
	}
	var heard []trend.Heard
	for i := range found {
		heard = append(heard, trend.HeardOf(&found[i].Mention))
	}
	x.Change, x.Pulls = trend.Pulls(days, heard, x.Since)
	return x, nil
}

// scoresOf are scores of the last days as they were sent, where they were.
func (s *Server) scoresOf(ctx context.Context, brand string, days []trend.Day, scores []puskaradio.Reputation) ([]scoreDay, error) {
	var out []scoreDay
	for i, r := range scores {
		x := scoreDay{At: days[len(days)-len(scores)+i].At, Reputation: r}
		d, err := s.o.Store.Digest(ctx, brand, x.At.Format(time.DateOnly))
		switch {
		case err == nil && d.Reputation != nil:
			x.Reputation, x.Kept = *d.Reputation, true
		case err != nil && !errors.Is(err, puskaradio.ErrNotFound):
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// draw makes the picture, with the scale from 0 to 100.
func (x *scoreView) draw() {
	step := scoreWidth / math.Max(1, float64(len(x.Days)-1))
	y := func(score float64) float64 { return round(scoreHeight - score/100*scoreHeight) }
	var line, upper, lower []string
	for i, d := range x.Days {
		at := round(float64(i) * step)
		line = append(line, fmt.Sprint(at, " ", y(d.Value)))
		upper = append(upper, fmt.Sprint(at, " ", y(d.High)))
		lower = append(lower, fmt.Sprint(at, " ", y(d.Low)))
		if i > 0 && d.Method != x.Days[i-1].Method {
			x.Marks = append(x.Marks, at)
		}
	}
	slices.Reverse(lower)
	x.Line = "M" + strings.Join(line, "L")
	x.Band = "M" + strings.Join(slices.Concat(upper, lower), "L") + "Z"
}

// Newest are the days for the table, the newest first.
func (x *scoreView) Newest() []scoreDay {
	out := slices.Clone(x.Days)
	slices.Reverse(out)
	return out
}

// Said are the pulls that can be told from none, the largest first.
func (x *scoreView) Said() (out []trend.Pull) {
	for _, p := range x.Pulls {
		if math.Abs(p.Points) >= 0.05 && len(out) < pullsShown && p.Aspect != "" {
			out = append(out, p)
		}
	}
	return out
}
