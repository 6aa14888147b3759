package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/notify"
)

// buildSecond finds the brands whose answers a second person approves. It is
// refused where there can be none: where nobody can sign in, and no channel
// hears.
func (l *loaded) buildSecond(d *decoder) {
	l.plan.Second = map[string]bool{}
	for _, b := range l.Brands {
		if on := b.SecondApprover; on != nil && *on || on == nil && l.Answers.SecondApprover {
			l.plan.Second[b.ID] = true
		}
	}
	if len(l.plan.Second) > 0 && l.Web.Off && !l.hears() {
		d.fault(l.node("web", "off"), "web.off: a second person (second_approver) approves answers in the dashboard or in Slack, and there is neither")
	}
}

// hears reports whether people act where they read what a channel tells.
func (l *loaded) hears() bool {
	for i := range l.plan.Channels {
		if h, ok := l.plan.Channels[i].Notifier.(notify.Hearer); ok && h.Ear() != "" {
			return true
		}
	}
	return false
}

// mayApprove is why there can be no second person who approves answers, or nil.
// The link for one person lets in nobody who counts: they may call themselves
// anything.
func (r *runner) mayApprove(ctx context.Context, l *loaded) error {
	if len(l.plan.Second) == 0 || l.Web.TrustedHeader != nil || l.oidc != nil || l.hears() {
		return nil
	}
	people, err := r.store.People(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, brand := range slices.Sorted(maps.Keys(l.plan.Second)) {
		var can []string
		for _, p := range people {
			if p.Role.May(puskaradio.Agent) && p.Hash != "" && p.Sees(brand) {
				can = append(can, p.Name)
			}
		}
		if len(can) < 2 {
			errs = append(errs, fmt.Errorf("second_approver: answers of %s need two people who sign in with their own password and may answer, and there are %d (%s); add them with: puskaradio user add NAME --role agent --password-stdin", brand, len(can), strings.Join(can, ", ")))
		}
	}
	return errors.Join(errs...)
}
