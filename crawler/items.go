package crawler

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An itemID is the id of an item, which interfaces give as a text or as a
// number that may be too great for one.
type itemID string

// UnmarshalJSON implements [json.Unmarshaler].
func (id *itemID) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		return nil
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*id = itemID(cutText(strings.TrimSpace(s), 500))
		return nil
	case strings.Trim(string(b), "-0123456789") != "" || len(b) > 40:
		return errors.New("an id that is neither a text nor a whole number")
	}
	*id = itemID(b)
	return nil
}

// String is the id, empty if there is none.
func (id itemID) String() string { return string(id) }

// put sets the time of a mention, if it can be believed.
func put(m *puskaradio.Mention, at time.Time, from puskaradio.DateFrom, now time.Time) {
	if sensible(at, now) {
		m.Published, m.DateFrom = at.UTC(), from
	}
}

// putDate is put for a date in words.
func putDate(m *puskaradio.Mention, s string, now time.Time) {
	if d := parseDate(s, now, true); d.from == puskaradio.DatePublished {
		m.Published, m.DateFrom = d.at, puskaradio.DatePublished
	}
}

// dateOf is a date in words, zero if it is none.
func dateOf(s string, now time.Time) time.Time { return parseDate(s, now, true).at }

// points are a rating on a scale, or nil if it is not on it.
func points(v, worst, best float64) *puskaradio.Rating {
	if !(v >= worst && v <= best) {
		return nil
	}
	return &puskaradio.Rating{Value: v, Best: best, Worst: worst}
}

// votes are a number of votes or followers as a reach.
func votes(n int64) int { return int(min(max(n, 0), 1<<31-1)) }

// ownerReply is an answer of the owner's, nil if it says nothing. At is when it
// was given, as far as that can be believed.
func ownerReply(author, text string, at time.Time) *puskaradio.Reply {
	if text = foldText(text, 4000); text == "" {
		return nil
	}
	if at = at.UTC(); at.Year() < 1995 || at.Year() > 2200 {
		at = time.Time{} // it is not told, or cannot be
	}
	return &puskaradio.Reply{Author: foldText(author, 200), Text: text, At: at}
}

// An advice says, by the status of a refusal, what a person can do about it.
type advice map[int]string

// to adds advice to an error.
func (a advice) to(err error) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok || a[fe.Status] == "" {
		return err
	}
	return fmt.Errorf("%s: %w", a[fe.Status], err)
}

// noLogin is the error of an answer that a person has to do something about:
// the key, the token or its rights are not what they must be.
func noLogin(err error, what string) error {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		fe = &FetchError{Err: err}
	}
	login := *fe
	login.State = StateLogin
	return &puskaradio.PermanentError{Err: fmt.Errorf("%s: %w", what, &login)}
}

// saysError reports whether the body of a refusal has one of these words, as
// interfaces write the reason into it.
func saysError(err error, words ...string) bool {
	fe, ok := errors.AsType[*FetchError](err)
	if !ok {
		return false
	}
	for _, w := range words {
		if strings.Contains(string(fe.Body), w) {
			return true
		}
	}
	return false
}

// bearer are the headers that show a token.
func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// asked is an address with a query.
func asked(base string, v url.Values) string { return base + "?" + v.Encode() }

// phrase is a name as searches want it that shall find its words in their order.
func phrase(name string) string { return `"` + strings.ReplaceAll(name, `"`, " ") + `"` }

// getJSON asks a programming interface and decodes its answer. An answer that
// is no such JSON is unreadable.
func getJSON(ctx context.Context, c *Client, r Request, v any) (*Response, error) {
	r.API = true
	r.Accept = cmp.Or(r.Accept, "application/json")
	got, err := c.Fetch(ctx, r)
	if err != nil {
		return got, err
	}
	if err := json.Unmarshal(got.Body, v); err != nil {
		return got, unreadable(got, "the answer is not the JSON that is documented")
	}
	return got, nil
}

// unreadable is the error of an answer that arrived and is not what was asked
// for.
func unreadable(got *Response, why string) error {
	return &FetchError{URL: redactText(got.URL), State: StateUnreadable, Status: got.Status, Err: errors.New(why)}
}

// eachItem decodes the items of a page one by one, so that one that is broken
// is a fault and does not stop the others. read gives a mention with its Ref, or
// none where the item is nothing that was said. That no item has a text is a
// fault too: it shows that the interface calls it otherwise now.
func eachItem[T any](p *listPage, where string, raws []json.RawMessage, read func(*T) (*puskaradio.Mention, error)) {
	silent, told := 0, false
	for i, raw := range raws {
		if i >= maxReviews {
			p.faults = append(p.faults, fmt.Errorf("%s: more than %d items", where, maxReviews))
			return
		}
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			p.faults = append(p.faults, fmt.Errorf("%s: item %d is not as documented", where, i+1))
			continue
		}
		m, err := read(&v)
		switch {
		case err != nil:
			p.faults = append(p.faults, fmt.Errorf("%s: item %d: %w", where, i+1, err))
		case m == nil:
		case m.Text == "" && m.Title == "" && m.Rating == nil:
			silent++
		case m.Ref == "":
			p.faults = append(p.faults, fmt.Errorf("%s: item %d has no id", where, i+1))
		default:
			p.found, told = append(p.found, *m), true
		}
	}
	if silent > 0 && !told {
		p.faults = append(p.faults, fmt.Errorf("%s: none of %d items has a text or a rating", where, silent))
	}
}

// queriesOr are the configured words of a search, else the names of brands.
func queriesOr(queries []string, q Query) []string {
	if len(queries) > 0 {
		return queries
	}
	return brandNames(q)
}

// numberOf is the number that a text is, or 0.
func numberOf(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return min(max(n, 0), 1<<30)
}

// An askedOnce is an answer that is asked for once while the program runs.
type askedOnce struct {
	mu    sync.Mutex
	value string
}

// get asks unless it is known.
func (r *askedOnce) get(ask func() (string, error)) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.value != "" {
		return r.value, nil
	}
	var err error
	r.value, err = ask()
	return r.value, err
}

// isDigits reports whether a text is a number of some length.
func isDigits(s string) bool {
	return s != "" && len(s) <= 40 && strings.Trim(s, "0123456789") == ""
}

// onlyKeys reports whether an answer is a JSON object that has none but these
// keys.
func onlyKeys(body []byte, keys ...string) bool {
	var doc map[string]json.RawMessage
	if json.Unmarshal(body, &doc) != nil {
		return false
	}
	for k := range doc {
		if !slices.Contains(keys, k) {
			return false
		}
	}
	return true
}

// decodeJSON decodes the answer of a programming interface.
func decodeJSON(got *Response, v any) error {
	if err := json.Unmarshal(got.Body, v); err != nil {
		return unreadable(got, "the answer is not the JSON that is documented")
	}
	return nil
}
