package web

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// hookPath is where a program of the house says what it knows of a case.
const hookPath = "/hooks/crm"

// hookDrift is how far the time of a message may be from ours.
const hookDrift = 5 * time.Minute

// hookKept is how long the id of a message is known: longer than anybody tries
// again whose answer was lost.
const hookKept = 7 * 24 * time.Hour

// A Hook lets a program of the house in that signs what it sends, by Standard
// Webhooks (https://www.standardwebhooks.com).
type Hook struct {
	Name   string   // that stands beside what it does
	Keys   [][]byte // any of them signs, so that they can be changed
	Brands []string // the only ones that it sees; empty is all
}

// A hookMessage is what may be sent.
type hookMessage struct {
	Case     puskaradio.ID `json:"case"`
	Customer *string       `json:"customer,omitempty"` // the customer key of its author; empty takes it away
	Note     string        `json:"note,omitempty"`
	Close    bool          `json:"close,omitempty"`
}

// verify reports whether a message is signed by one of the keys, and when it
// was sent. Its time is not compared with ours.
func (k *Hook) verify(h http.Header, body []byte) (id string, at time.Time, ok bool) {
	one := func(name string) string {
		if v := h.Values(name); len(v) == 1 {
			return v[0]
		}
		return ""
	}
	id, stamp := one("Webhook-Id"), one("Webhook-Timestamp")
	sec, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || len(id) > 256 || strings.Contains(id, ".") || err != nil || stamp != strconv.FormatInt(sec, 10) {
		return "", at, false
	}
	given := strings.Fields(one("Webhook-Signature"))
	for _, key := range k.Keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
		want := mac.Sum(nil)
		for _, g := range given[:min(len(given), 10)] {
			sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(g, "v1,"))
			if err == nil && strings.HasPrefix(g, "v1,") && hmac.Equal(sum, want) {
				ok = true
			}
		}
	}
	return id, time.Unix(sec, 0), ok
}

// hook does what a program of the house asks for. There are no cookies in it,
// and nobody else's browser can sign.
func (s *Server) hook(w http.ResponseWriter, r *http.Request) {
	k := s.o.Plan().Hook
	if k == nil {
		s.apiFail(w, r, puskaradio.ErrNotFound)
		return
	}
	c, err := s.hooked(r, k)
	if err != nil {
		s.apiFail(w, r, err)
		return
	}
	s.writeJSON(w, r, http.StatusOK, "application/json", map[string]any{"case": c.ID, "status": c.Status, "customer": c.Customer})
}

// hooked takes a message that is signed, new and of now.
func (s *Server) hooked(r *http.Request, k *Hook) (c puskaradio.Case, err error) {
	from, now := "hook from "+s.clientOf(r), s.now()
	if wait := s.brake.wait(now, from); wait > 0 {
		p := problemOf(http.StatusTooManyRequests, "there were too many wrong signatures from your address")
		p.wait = wait
		return c, p
	}
	body, err := io.ReadAll(r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return c, problemOf(http.StatusRequestEntityTooLarge, "a body may have %d bytes", maxBody)
	}
	if err != nil {
		return c, problemOf(http.StatusBadRequest, "the body broke off")
	}
	id, at, ok := k.verify(r.Header, body)
	if !ok {
		s.brake.wrong(now, from)
		return c, errors.Join(problemOf(http.StatusUnauthorized, "the signature does not fit; sign webhook-id.webhook-timestamp.body as Standard Webhooks does"), s.record(r, "API", "was refused", hookPath))
	}
	if d := now.Sub(at); d > hookDrift || d < -hookDrift {
		return c, problemOf(http.StatusUnauthorized, "the time of the message is not now; look at the clocks")
	}
	var in hookMessage
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := decode(r, &in); err != nil {
		return c, err
	}
	in.Note = strings.TrimSpace(in.Note)
	if utf8.RuneCountInString(in.Note) > longestNote {
		return c, wrong("note", "it may have %d letters", longestNote)
	}
	if in.Customer != nil {
		if err := puskaradio.CheckCustomerKey(*in.Customer); err != nil {
			return c, wrong("customer", "%s", err.Error())
		}
	}
	s.hooking.Lock() // of two with one id one is the first
	defer s.hooking.Unlock()
	// The id is kept as a job: that is in every process, over a crash, and goes by
	// itself.
	sum := sha256.Sum256([]byte(id))
	seen := store.Job{Key: "hook/" + hex.EncodeToString(sum[:]), Kind: "hook", Due: now.UTC().Add(hookKept)}
	had, err := s.o.Store.Jobs(r.Context(), seen.Key)
	if err != nil {
		return c, err
	}
	if len(had) > 0 { // it was done, and the answer was lost
		return s.caseBy(r.Context(), s.program(r, k), in.Case)
	}
	return s.doHook(r, k, &in, seen)
}

// program is the program of the house as one of its people.
func (s *Server) program(r *http.Request, k *Hook) *view {
	v := s.stranger(r)
	v.as(puskaradio.Person{Name: k.Name, Role: puskaradio.Agent, Brands: k.Brands})
	return v
}

// doHook does what a message says: first what may be done twice, and then the
// step of the case together with the id of the message.
func (s *Server) doHook(r *http.Request, k *Hook, in *hookMessage, seen store.Job) (c puskaradio.Case, err error) {
	ctx, v := r.Context(), s.program(r, k)
	if c, err = s.caseBy(ctx, v, in.Case); err != nil {
		return c, err
	}
	closes := in.Close && c.Status != puskaradio.Done
	switch {
	case c.Status == "" && (in.Note != "" || in.Close):
		return c, wrong("case", "this mention has no case; only its customer can be said")
	case in.Customer == nil && in.Note == "" && !in.Close:
		return c, wrong("case", "nothing is said of it: write customer, note or close")
	case in.Customer != nil && !(caseView{Case: c}).Named():
		return c, wrong("customer", "the mention names no author")
	}
	if in.Customer != nil && *in.Customer != c.Customer {
		if _, err := s.keepCustomer(r, v, &c, *in.Customer); err != nil {
			return c, err
		}
	}
	if in.Note == "" && !closes {
		if err := s.o.Store.Schedule(ctx, seen); err != nil {
			return c, err
		}
		return s.o.Store.Case(ctx, c.Mention.Brand, c.ID)
	}
	ch := puskaradio.Change{At: s.now().UTC(), Who: k.Name, To: c.Status, Note: in.Note, Once: seen.Key}
	if closes {
		ch.To = puskaradio.Done
	}
	return s.hookStep(ctx, &c, ch, seen)
}

func (s *Server) hookStep(ctx context.Context, have *puskaradio.Case, ch puskaradio.Change, seen store.Job) (puskaradio.Case, error) {
	brand := have.Mention.Brand
	c, err := s.o.Store.Move(ctx, brand, have.ID, have.Status, ch, time.Time{}, append(s.caseJobs(brand, have.ID, ch.At), seen)...)
	if errors.Is(err, puskaradio.ErrTaken) {
		if slices.ContainsFunc(c.Changes, func(had puskaradio.Change) bool { return had.Once == ch.Once }) {
			return c, nil // another process had the same message at the same instant
		}
		last := c.Last()
		return c, firstWas(last.Who, last.At, c.Status)
	}
	if err == nil && ch.To != have.Status {
		s.moved(ctx, &c)
	}
	return c, err
}
