package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An Alerter is told what people do about alerts. Each method may be called
// again with the same; who is too late gets a *[puskaradio.TakenError].
type Alerter interface {
	ClaimAlert(ctx context.Context, id, who string) error
	Calm(ctx context.Context, id, who string) error // it is a false alarm
	SnoozeAlert(ctx context.Context, id, who string, long time.Duration) error
}

// Hold reports whether anybody can still do something about the alert.
func (p *alertView) Hold() bool {
	return p.Alert.Calmed == nil && (p.Alert.State != "over" || p.Alert.Rule == puskaradio.RuleUrgent)
}

// Until is when the mute of the brand ends; zero if it is not muted.
func (p *alertView) Until() time.Time { return p.muted }

// handle does what somebody chose on the page of an alert.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	ctx, id := r.Context(), r.PathValue("id")
	a, err := s.o.Store.Alert(ctx, id)
	if err == nil {
		err = v.sees(a.Brand)
	}
	if err != nil {
		return err
	}
	do := r.PostForm.Get("do")
	switch do {
	case "claim":
		err = s.o.Alerts.ClaimAlert(ctx, id, v.Who)
	case "calm":
		err = s.o.Alerts.Calm(ctx, id, v.Who)
	case "snooze", "mute":
		long, fault := time.ParseDuration(r.PostForm.Get("for"))
		if fault != nil || !slices.Contains(snoozes, long) {
			return errForm
		}
		if do == "snooze" {
			err = s.o.Alerts.SnoozeAlert(ctx, id, v.Who, long)
		} else {
			err = s.o.Mute(ctx, a.Brand, v.Now.Add(long), v.Who)
		}
	case "unmute":
		err = s.o.Mute(ctx, a.Brand, time.Time{}, v.Who)
	default:
		return errForm
	}
	if taken, ok := errors.AsType[*puskaradio.TakenError](err); ok {
		v.Message = v.T("%s was first: %s, %s ago. Nothing was done.", taken.By, v.Word(string(taken.As)), v.Span(v.Now.Sub(taken.At)))
		v.Here = "/a/" + id
		p, err := s.alertView(r, v, id)
		if err != nil {
			return err
		}
		s.render(w, r, http.StatusConflict, v, "alert", p)
		return nil
	}
	if err == nil {
		err = s.record(r, v.Who, do+" of an alert", a.Brand+" "+id)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, (&url.URL{Path: "/a/" + id, RawQuery: url.Values{"said": {do}}.Encode()}).String(), http.StatusSeeOther)
	return nil
}
