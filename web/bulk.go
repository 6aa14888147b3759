package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// mostChosen is how many cases one form may be about; a page of the list has
// fewer.
const mostChosen = 100

// bulkSteps are what can be done to many cases at once, and from where.
var bulkSteps = map[puskaradio.Status][]puskaradio.Status{
	puskaradio.Claimed:    {puskaradio.New, puskaradio.Snoozed},
	puskaradio.Done:       {puskaradio.New, puskaradio.Claimed, puskaradio.Snoozed, puskaradio.Answered},
	puskaradio.Snoozed:    {puskaradio.New, puskaradio.Claimed},
	puskaradio.FalseAlarm: {puskaradio.New, puskaradio.Claimed, puskaradio.Snoozed},
}

// Bulk are the steps that a list offers for those that were chosen.
func (p *inboxView) Bulk() []puskaradio.Status {
	if !p.May("agent") || len(p.Cases) == 0 {
		return nil
	}
	var out []puskaradio.Status
	for _, to := range []puskaradio.Status{puskaradio.Claimed, puskaradio.Done, puskaradio.Snoozed, puskaradio.FalseAlarm} {
		if slices.ContainsFunc(p.Current.Statuses, func(was puskaradio.Status) bool { return slices.Contains(bulkSteps[to], was) }) {
			out = append(out, to)
		}
	}
	return out
}

// moveMany takes many cases a step on. Each is moved only if it is as it was
// seen; of the others it is said who was faster.
func (s *Server) moveMany(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	chosen, to := r.PostForm["case"], puskaradio.Status(r.PostForm.Get("to"))
	from, ok := bulkSteps[to]
	if !ok || len(chosen) > mostChosen {
		return errForm
	}
	now := s.now().UTC()
	var until time.Time
	if to == puskaradio.Snoozed {
		until = now.Add(snoozes[1])
	}
	done, left, undone := 0, 0, 0
	faster := map[string]int{}
	var items []doneTo
	for i, x := range chosen {
		id, status, _ := strings.Cut(x, " ") // of a text about two brands each mention has its own
		was := puskaradio.Status(status)
		if !slices.Contains(from, was) {
			left++
			continue
		}
		have, err := s.caseBy(r.Context(), v, puskaradio.ID(id))
		if errors.Is(err, puskaradio.ErrNotFound) { // it was forgotten meanwhile
			left++
			continue
		}
		var c puskaradio.Case
		if err == nil {
			c, err = s.step(r.Context(), v, &have, was, puskaradio.Change{At: now, Who: v.Who, To: to}, until)
		}
		switch {
		case errors.Is(err, puskaradio.ErrTaken):
			faster[c.Last().Who]++
			continue
		case err == nil:
			done++
			items = append(items, stepOf(&have, &c)...)
			continue
		case done == 0:
			return err
		}
		s.log.Error("many cases", "to", to, "err", err)
		undone = len(chosen) - i // the store would refuse the others too
		break
	}
	text := v.T("%s of %s: %s.", v.Num(done), v.Num(len(chosen)), v.Word(string(to)))
	if len(chosen) == 0 {
		text = v.T("Nothing was chosen.")
	}
	for _, who := range slices.Sorted(maps.Keys(faster)) {
		text += " " + v.T("%s was faster: %s.", who, v.Num(faster[who]))
	}
	if left > 0 {
		text += " " + v.T("Left as they are: %s.", v.Num(left))
	}
	if undone > 0 {
		text += " " + v.T("Something went wrong then: %s were not done. It was written to the log.", v.Num(undone))
	}
	http.Redirect(w, r, s.after(v, ours(r.PostForm.Get("back")), text, items), http.StatusSeeOther)
	return nil
}

// caseBy is a case under a brand that the person sees.
func (s *Server) caseBy(ctx context.Context, v *view, id puskaradio.ID) (puskaradio.Case, error) {
	if len(v.scoped) == 0 {
		return s.o.Store.Case(ctx, "", id)
	}
	for _, brand := range v.scoped { // the id is of one of them at most
		c, err := s.o.Store.Case(ctx, brand, id)
		if !errors.Is(err, puskaradio.ErrNotFound) {
			return c, err
		}
	}
	return puskaradio.Case{}, puskaradio.ErrNotFound
}
