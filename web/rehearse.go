package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Rehearsal is what each sensitivity would have told over a stretch of a
// brand's history.
type Rehearsal struct {
	Mentions int
	Weeks    float64 // that they took; one at least
	Own      string  // the sensitivity that is in force
	Budget   float64 // alerts a week that the configuration allows; zero is none said
	By       []Rehearsed
}

// A Rehearsed is what one sensitivity would have told.
type Rehearsed struct {
	Sensitivity string
	Alerts      []RehearsedAlert
}

// A RehearsedAlert is an alert that would have been raised.
type RehearsedAlert struct {
	At, Over        time.Time // Over is zero while it would be open
	Negative, Usual float64   // negative mentions in the day before it
	Hours           float64   // such a moment comes once in so many hours by luck
	Deaf            int       // hours of the day before it in which no source answered
}

type rehearseView struct {
	*view
	Periods []int
	Period  int
	Rehearsal
	Budget float64
	Chosen Rehearsed
}

// PerWeek is how many alerts a week there would have been.
func (p *rehearseView) PerWeek(r Rehearsed) float64 { return float64(len(r.Alerts)) / max(1, p.Weeks) }

// PeriodPath is the address of another period.
func (p *rehearseView) PeriodPath(days int) string { return p.With("period", p.periodID(days)) }

// Newest are the alerts of the chosen sensitivity, the newest first.
func (p *rehearseView) Newest() []RehearsedAlert {
	out := slices.Clone(p.Chosen.Alerts)
	slices.Reverse(out)
	return out
}

// Once says how seldom such a moment comes by luck.
func (p *rehearseView) Once(hours float64) string {
	if hours > 24*36500 {
		return p.T("more than %s years", p.Num(100))
	}
	return p.T("%s days", p.Num(int(math.Round(hours/24))))
}

// Advice says what would keep to the budget.
func (p *rehearseView) Advice() string {
	if p.PerWeek(p.Chosen) <= p.Budget {
		return p.T("That is within your budget of %s a week.", p.Float(p.Budget, 1))
	}
	for _, r := range p.By { // the most sensitive first
		if p.PerWeek(r) <= p.Budget {
			return p.T("That is over your budget of %s a week; “%s” would keep to it.", p.Float(p.Budget, 1), p.Word(r.Sensitivity))
		}
	}
	return p.T("That is over your budget of %s a week, and so is every other sensitivity.", p.Float(p.Budget, 1))
}

// rehearsePage replays the rule of spikes over what is stored.
func (s *Server) rehearsePage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &rehearseView{view: v, Periods: []int{30, 90, 365}, Period: 90}
	for _, d := range p.Periods {
		if v.Query("period") == v.periodID(d) {
			p.Period = d
		}
	}
	var err error
	if p.Rehearsal, err = s.o.Rehearse(r.Context(), v.Brand.ID, v.Now.AddDate(0, 0, -p.Period), v.Now); err != nil {
		return err
	}
	p.Budget = 1
	if p.Rehearsal.Budget > 0 {
		p.Budget = p.Rehearsal.Budget
	}
	if b, err := strconv.ParseFloat(strings.Replace(v.Query("budget"), ",", ".", 1), 64); err == nil && b > 0 && b <= 100 {
		p.Budget = b
	}
	for _, x := range p.By {
		if x.Sensitivity == p.Own && p.Chosen.Sensitivity == "" || x.Sensitivity == v.Query("sensitivity") {
			p.Chosen = x
		}
	}
	return s.show(w, r, v, "rehearse", p)
}
