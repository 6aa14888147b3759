package web

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// asked is what a program asks for in the query of an address.
type asked struct {
	brand, source, q, after string
	labels                  []puskaradio.Label
	statuses                []puskaradio.Status
	from, to                time.Time
	limit, days             int
	open                    *bool
	step                    store.Step
	bySource                bool
}

// A param is what a query may hold. Its schema is that of its text.
type param struct {
	about  string
	schema map[string]any
	set    func(a *asked, v *view, given string) bool // false: it is not of the schema
}

type schema = map[string]any

const (
	mostPerPage = 200
	perPage     = 50
	mostDays    = 365
)

// params are all that endpoints may ask for.
func params() map[string]param {
	return map[string]param{
		"brand": {"The id of a brand; all that the token sees unless said.", schema{"type": "string"}, func(a *asked, v *view, given string) bool {
			a.brand = given
			_, ok := v.Plan.Brand(given)
			return ok
		}},
		"source": {"The id of a source.", schema{"type": "string", "maxLength": 100}, func(a *asked, _ *view, given string) bool {
			a.source = given
			return len(given) <= 100
		}},
		"label": {"How the text feels; negative is what is so by any scorer.", schema{"type": "string", "enum": labels}, func(a *asked, _ *view, given string) bool {
			a.labels = []puskaradio.Label{puskaradio.Label(given)}
			return slices.Contains(labels, puskaradio.Label(given))
		}},
		"statuses": {"Statuses with commas between them; all unless said.", schema{"type": "string", "pattern": "^[a-z_]+(,[a-z_]+)*$"}, func(a *asked, _ *view, given string) bool {
			for one := range strings.SplitSeq(given, ",") {
				if !slices.Contains(puskaradio.Statuses(), puskaradio.Status(one)) {
					return false
				}
				a.statuses = append(a.statuses, puskaradio.Status(one))
			}
			return true
		}},
		"from":  {"From this time on: RFC 3339, or a date, which is its beginning in the time zone of the dashboard.", schema{"type": "string", "pattern": `^\d{4}-\d\d-\d\d`}, func(a *asked, v *view, given string) bool { return v.time(given, &a.from) }},
		"to":    {"Before this time, given as from is.", schema{"type": "string", "pattern": `^\d{4}-\d\d-\d\d`}, func(a *asked, v *view, given string) bool { return v.time(given, &a.to) }},
		"q":     {"Words: all of them, in any order and inflection; \"in quotes\" as a phrase; ending in * as a prefix.", schema{"type": "string", "maxLength": 200}, func(a *asked, _ *view, given string) bool { a.q = given; return utf8.RuneCountInString(given) <= 200 }},
		"after": {"What the page before gave as next.", schema{"type": "string", "pattern": "^[0-9A-Za-z.]{1,60}$"}, func(a *asked, _ *view, given string) bool { a.after = given; return afterForm.MatchString(given) }},
		"limit": {"The most to give; 50 unless said.", schema{"type": "integer", "minimum": 1, "maximum": mostPerPage}, func(a *asked, _ *view, given string) bool { return whole(given, 1, mostPerPage, &a.limit) }},
		"days":  {"How many days, today the last; 30 unless said.", schema{"type": "integer", "minimum": 1, "maximum": mostDays}, func(a *asked, _ *view, given string) bool { return whole(given, 1, mostDays, &a.days) }},
		"open": {"True: only what goes on. False: only what is over.", schema{"type": "boolean"}, func(a *asked, _ *view, given string) bool {
			open := given == "true"
			a.open = &open
			return open || given == "false"
		}},
		"step": {"The width of a step; day unless said.", schema{"type": "string", "enum": []string{"hour", "day"}}, func(a *asked, _ *view, given string) bool {
			if given == "hour" {
				a.step = store.Hour
			}
			return given == "hour" || given == "day"
		}},
		"by": {"source: counts of each source by itself.", schema{"type": "string", "enum": []string{"source"}}, func(a *asked, _ *view, given string) bool { a.bySource = true; return given == "source" }},
	}
}

var afterForm = regexp.MustCompile(`^[0-9A-Za-z.]{1,60}$`)

// parse reads the query of a request. What the endpoint does not take is wrong,
// so that nobody believes to have filtered who has not.
func (v *view) parse(r *http.Request, names []string) (*asked, error) {
	a := &asked{limit: perPage, days: 30, step: store.Day}
	all := params()
	q := r.URL.Query()
	for name, given := range q {
		switch {
		case !slices.Contains(names, name):
			return nil, wrong(name, "there is no such parameter here")
		case len(given) != 1:
			return nil, wrong(name, "it stands there more than once")
		case !utf8.ValidString(given[0]) || !all[name].set(a, v, given[0]):
			return nil, wrong(name, "it is not as it must be; see /api/openapi.json")
		}
	}
	if !a.from.IsZero() && !a.to.IsZero() && a.to.Before(a.from) {
		return nil, wrong("to", "it is before from")
	}
	return a, nil
}

// time reads a time or a date, of a year that the store can hold.
func (v *view) time(given string, at *time.Time) bool {
	t, err := time.Parse(time.RFC3339, given)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, given, v.zone)
	}
	*at = t
	return err == nil && t.Year() >= 1990 && t.Year() < 2100
}

func whole(given string, least, most int, n *int) bool {
	var err error
	*n, err = strconv.Atoi(given)
	return err == nil && *n >= least && *n <= most
}

// filter is what was asked for, of mentions.
func (a *asked) filter(brand string) (store.Filter, error) {
	f := store.Filter{Brand: brand, From: a.from, To: a.to, Labels: a.labels, Statuses: a.statuses, Limit: a.limit, After: a.after}
	if a.source != "" {
		f.Sources = []string{a.source}
	}
	if _, _, err := puskaradio.ID(a.after).Parts(); a.after != "" && err != nil {
		return f, wrong("after", "this is nothing that a page gave as next")
	}
	return f, nil
}

// decode reads the body of a request strictly: it is JSON, and nothing in it
// goes unread.
func decode(r *http.Request, into any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return problemOf(http.StatusUnsupportedMediaType, "send application/json")
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err = d.Decode(into)
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something stands behind the JSON")
			if big, ok := errors.AsType[*http.MaxBytesError](more); ok {
				err = big
			}
		}
	}
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemOf(http.StatusRequestEntityTooLarge, "a body may have %d bytes", maxBody)
	}
	if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return wrong(kind.Field, "it is of another kind: %s", kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return wrong(strings.Trim(name, `"`), "there is no such field")
	}
	return problemOf(http.StatusBadRequest, "this is not the JSON that is wanted")
}
