package crawler

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// read reads the next mails of the folder.
func (o *mailbox) read(cl *imapclient.Client, q Query, cur *mailCursor) (p Page, err error) {
	box, err := cl.Select(o.Folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if said, ok := errors.AsType[*imap.Error](err); ok && said.Type == imap.StatusResponseTypeNo && !busy(said) {
		return p, o.never(StateGone, "there is no folder "+strconv.Quote(o.Folder)+"; the folders are "+folders(cl), err)
	} else if err != nil {
		return p, o.fault(err)
	}
	if box.UIDValidity == 0 {
		return p, o.fault(errors.New("the folder has no UIDVALIDITY"))
	}
	if cur.Validity != box.UIDValidity { // the first time, or it was made anew: the mails keep their references
		*cur = mailCursor{Validity: box.UIDValidity, Since: q.Now.AddDate(0, 0, -o.Days).Format(time.DateOnly)}
	}
	if p.Same = box.UIDNext != 0 && uint32(box.UIDNext)-1 <= cur.Last && !o.Deletions; p.Same {
		return p, nil
	}
	since, err := time.Parse(time.DateOnly, cur.Since)
	if err != nil {
		return p, fmt.Errorf("cursor of source %s: %w", q.Source.ID, err)
	}
	uids, more, err := o.after(cl, cur.Last, since)
	if err != nil {
		return p, o.fault(err)
	}
	if err := o.mails(cl, q, cur, uids, &p); err != nil {
		return Page{}, o.fault(err)
	}
	if len(uids) > 0 {
		cur.Last = uids[len(uids)-1]
	}
	if p.More = more; more {
		return p, nil
	}
	if box.UIDNext != 0 {
		cur.Last = max(cur.Last, uint32(box.UIDNext)-1)
	}
	if o.Deletions {
		err = o.left(cl, q.Now, cur, &p)
	}
	return p, o.fault(err)
}

// after are the UIDs that are next, in their order, and whether there are more.
func (o *mailbox) after(cl *imapclient.Client, last uint32, since time.Time) (uids []uint32, more bool, _ error) {
	if last == ^uint32(0) {
		return nil, false, nil
	}
	found, err := cl.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{{{Start: imap.UID(last + 1), Stop: ^imap.UID(0)}}}, Since: since}, nil).Wait()
	if err != nil {
		return nil, false, err
	}
	set, _ := found.All.(imap.UIDSet)
	slices.SortFunc(set, func(a, b imap.UIDRange) int { return cmp.Compare(a.Start, b.Start) })
	for _, r := range set {
		if r.Start == 0 || r.Stop == 0 { // "*" is no answer
			return nil, false, errors.New("a search that finds no numbers")
		}
		for uid := max(uint32(r.Start), last+1); uid <= uint32(r.Stop) && uid > last; uid++ {
			if len(uids) == o.PerPage {
				return uids, true, nil
			}
			uids = append(uids, uid)
		}
	}
	return uids, false, nil
}

// mails makes mentions of mails.
func (o *mailbox) mails(cl *imapclient.Client, q Query, cur *mailCursor, uids []uint32, p *Page) error {
	if len(uids) == 0 {
		return nil
	}
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	part := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: mailBytes}}
	got, err := cl.Fetch(set, &imap.FetchOptions{UID: true, InternalDate: true, BodySection: []*imap.FetchItemBodySection{part}}).Collect()
	if err != nil {
		return err
	}
	slices.SortFunc(got, func(a, b *imapclient.FetchMessageBuffer) int { return cmp.Compare(a.UID, b.UID) })
	for _, g := range got {
		raw := g.FindBodySection(part)
		if raw == nil {
			p.Faults = append(p.Faults, fmt.Errorf("imap: mail %d: the server does not give its text", g.UID))
			continue
		}
		m, left, err := o.mention(q, raw[:min(len(raw), mailBytes)], g.InternalDate)
		if err != nil {
			p.Faults = append(p.Faults, fmt.Errorf("imap: mail %d: %w", g.UID, err))
			continue
		}
		if left != "" {
			continue
		}
		p.Mentions = append(p.Mentions, m)
		if o.Deletions {
			cur.Seen = append(cur.Seen, seenMail{uint32(g.UID), m.Ref, q.Now.Unix()})
		}
	}
	slices.Reverse(p.Mentions) // of two copies of a mail the later one holds
	p.Mentions = once(p.Mentions)
	slices.Reverse(p.Mentions)
	return nil
}

// left tells which mails have left the folder.
func (o *mailbox) left(cl *imapclient.Client, now time.Time, cur *mailCursor, p *Page) error {
	cur.Seen = slices.DeleteFunc(cur.Seen, func(s seenMail) bool { return now.Sub(time.Unix(s.At, 0)) > seenFor })
	cur.Seen = cur.Seen[max(0, len(cur.Seen)-maxSeen):]
	if len(cur.Seen) == 0 {
		return nil
	}
	var set imap.UIDSet
	for _, s := range cur.Seen {
		set.AddNum(imap.UID(s.UID))
	}
	found, err := cl.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{set}}, nil).Wait()
	if err != nil {
		return err
	}
	there, _ := found.All.(imap.UIDSet)
	var gone []string
	cur.Seen = slices.DeleteFunc(cur.Seen, func(s seenMail) bool {
		is := !there.Contains(imap.UID(s.UID))
		if is {
			gone = append(gone, s.Ref)
		}
		return is
	})
	for _, ref := range gone { // unless a copy is there
		if !slices.ContainsFunc(cur.Seen, func(s seenMail) bool { return s.Ref == ref }) {
			p.Gone = append(p.Gone, ref)
		}
	}
	return nil
}

// folders are the names of the folders of a mailbox, for advice.
func folders(cl *imapclient.Client) string {
	list, err := cl.List("", "*", nil).Collect()
	if err != nil || len(list) == 0 {
		return "not told"
	}
	var names []string
	for _, f := range list[:min(len(list), 20)] {
		names = append(names, strconv.Quote(foldText(f.Mailbox, 100)))
	}
	return strings.Join(names, ", ")
}
