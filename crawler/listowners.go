package crawler

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

const (
	maxOwners   = 200 // answers that are remembered
	maxAnswered = 10  // texts that are asked for on a page because we have answered them
	ownerBytes  = 500 // of an answer that is remembered
)

// A listOwner is an answer of ours that a list had among its texts. It is
// remembered, as what it answers is told again without it.
type listOwner struct {
	By    string           `json:"by"`            // the answer's own name
	Ref   string           `json:"ref,omitempty"` // what it answers; empty is nothing that counts
	Reply puskaradio.Reply `json:"reply,omitzero"`
}

// answered reports whether an answer is known.
func (cur *listCursor) answered(by string) bool {
	return slices.ContainsFunc(cur.Owners, func(o listOwner) bool { return o.By == by })
}

// own remembers answers, and puts the first to each mention with it.
func (cur *listCursor) own(owners []listOwner, found []puskaradio.Mention) {
	for _, o := range owners {
		if o.By != "" && !cur.answered(o.By) {
			cur.Owners = append(cur.Owners, o)
		}
	}
	cur.Owners = cur.Owners[max(0, len(cur.Owners)-maxOwners):]
	for i := range found {
		m := &found[i]
		if m.Owner != nil {
			continue
		}
		for _, o := range cur.Owners {
			if o.Ref == m.Ref && (m.Owner == nil || o.Reply.At.Before(m.Owner.At)) {
				reply := o.Reply
				m.Owner = &reply
			}
		}
	}
}

// answer makes of an answer of ours one to a mention, which it adds to the page.
func (p *listPage) answer(by string, reply *puskaradio.Reply, to *puskaradio.Mention) {
	o := listOwner{By: by}
	if reply != nil && to != nil && to.Ref != "" && to.Text+to.Title != "" {
		reply.Text = cutText(reply.Text, ownerBytes)
		o.Ref, o.Reply = to.Ref, *reply
		p.found = append(p.found, *to)
	}
	p.owners = append(p.owners, o)
}

// checkOurs brings the names of our accounts in order.
func checkOurs(ours *[]string) error {
	var out []string
	for _, s := range *ours {
		s = strings.TrimPrefix(strings.TrimSpace(s), "@")
		if s == "" || len(s) > 100 || strings.ContainsAny(s, " ,()\"\r\n\x00") {
			return fmt.Errorf("ours: %q is not the name of an account", cutText(s, 100))
		}
		out = append(out, s)
	}
	if *ours = out; len(out) > 10 {
		return errors.New("ours: more than 10 accounts")
	}
	return nil
}

// isOurs reports whether an account is among ours.
func isOurs(ours []string, name string) bool {
	return slices.ContainsFunc(ours, func(s string) bool { return strings.EqualFold(s, name) })
}

// byOurs begins the name of a list of what an account of ours wrote.
const byOurs = "by our account "
