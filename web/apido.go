package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// An apiMove is one step of a case.
type apiMove struct {
	Was   puskaradio.Status `json:"was,omitempty"` // where the case stood when you saw it; empty where a mention had none
	To    puskaradio.Status `json:"to"`
	Note  string            `json:"note,omitempty"` // of at most 2000 letters; with the status that the case has it is all that is done
	Until time.Time         `json:"until,omitzero"` // of a snooze: when it ends, a month ahead at most
}

// An apiVerdict is how a text feels, by a person.
type apiVerdict struct {
	Label string `json:"label"` // negative, neutral or positive; undo takes the verdict back
}

// An apiNothing has no fields: an empty object.
type apiNothing struct{}

// An apiUntil says when a snooze ends.
type apiUntil struct {
	Until time.Time `json:"until"`
}

const (
	longestNote   = 2000
	longestSnooze = 31 * 24 * time.Hour
	longestHand   = 7 * 24 * time.Hour // of an alert
)

func (s *Server) apiMove(r *http.Request, v *view, _ *asked) (any, error) {
	var in apiMove
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	now, noted := v.Now.UTC(), strings.TrimSpace(in.Note) != ""
	switch {
	case !slices.Contains(puskaradio.Statuses(), in.To):
		return nil, wrong("to", "this is no status")
	case in.Was != "" && !slices.Contains(puskaradio.Statuses(), in.Was):
		return nil, wrong("was", "this is no status")
	case utf8.RuneCountInString(in.Note) > longestNote:
		return nil, wrong("note", "it may have %d letters", longestNote)
	case in.To != puskaradio.Snoozed && !in.Until.IsZero(), in.To == puskaradio.Snoozed && in.Until.IsZero() && !(in.Was == in.To && noted):
		return nil, wrong("until", "a snooze has an end, and nothing else has")
	case !in.Until.IsZero() && (!in.Until.After(now) || in.Until.Sub(now) > longestSnooze):
		return nil, wrong("until", "it must be ahead, by a month at most")
	}
	have, err := s.caseOf(r, v)
	if err != nil {
		return nil, err
	}
	if in.To == in.Was && !noted && in.Until.IsZero() && (in.To != puskaradio.Claimed || have.Who == v.Who) {
		return nil, wrong("note", "a change to the status that it has is a note, and says something")
	}
	c, err := s.step(r.Context(), v, &have, in.Was, puskaradio.Change{At: now, Who: v.Who, To: in.To, Note: strings.TrimSpace(in.Note)}, in.Until.UTC())
	if errors.Is(err, puskaradio.ErrTaken) {
		last := c.Last()
		return nil, firstWas(last.Who, last.At, c.Status)
	}
	return v.caseFor(&c), err
}

// step takes a case from one status to the next, and sees to it that a snooze
// ends.
func (s *Server) step(ctx context.Context, v *view, have *puskaradio.Case, was puskaradio.Status, ch puskaradio.Change, until time.Time) (puskaradio.Case, error) {
	if ch.To == puskaradio.Claimed && have.Status == puskaradio.Claimed && have.Who != v.Who && (was != ch.To || ch.Note == "") {
		was = puskaradio.New // nobody takes a case out of another's hands unseen
	}
	brand := have.Mention.Brand
	c, err := s.o.Store.Move(ctx, brand, have.ID, was, ch, until, s.caseJobs(brand, have.ID, ch.At)...)
	if err == nil && ch.To == puskaradio.Snoozed {
		err = s.wake(ctx, &c)
	}
	if err == nil && ch.To != was {
		s.moved(ctx, &c)
	}
	return c, err
}

func (s *Server) apiCorrect(r *http.Request, v *view, _ *asked) (any, error) {
	var in apiVerdict
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	have, err := s.caseOf(r, v)
	if err != nil {
		return nil, err
	}
	var verdict *puskaradio.Score
	if in.Label != "undo" {
		score, ok := s.o.Correction(&have.Mention, in.Label)
		if !ok {
			return nil, wrong("label", "write negative, neutral, positive or undo")
		}
		verdict = &score
	}
	if _, err := s.judge(r.Context(), v, &have, verdict); err != nil {
		return nil, err
	}
	c, err := s.caseOf(r, v)
	return mentionOf(c.ID, c.Mention, c.Status), err
}

// apiHand does something about an alert.
func (s *Server) apiHand(do string) func(*http.Request, *view, *asked) (any, error) {
	return func(r *http.Request, v *view, _ *asked) (any, error) {
		ctx, id := r.Context(), r.PathValue("id")
		var in apiUntil
		var err error
		if do == "snooze" {
			err = decode(r, &in)
			if long := in.Until.Sub(v.Now); err == nil && (long <= 0 || long > longestHand) {
				err = wrong("until", "it must be ahead, by a week at most")
			}
		} else {
			err = decode(r, &apiNothing{})
		}
		if err != nil {
			return nil, err
		}
		a, err := s.alertSeen(r, v)
		if err != nil {
			return nil, err
		}
		switch do {
		case "claim":
			err = s.o.Alerts.ClaimAlert(ctx, id, v.Who)
		case "calm":
			err = s.o.Alerts.Calm(ctx, id, v.Who)
		case "snooze":
			err = s.o.Alerts.SnoozeAlert(ctx, id, v.Who, in.Until.Sub(v.Now))
		}
		if err == nil {
			err = s.record(r, v.Who, do+" of an alert", a.Brand+" "+id)
		}
		if err != nil {
			return nil, err
		}
		return s.apiAlert(r, v, nil)
	}
}
