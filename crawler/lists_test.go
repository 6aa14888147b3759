package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// namedLists is a source of lists, each with one text that is its name.
type namedLists struct {
	names []string
	read  map[string]int
	fails map[string]error
}

func (l *namedLists) lists(Query) []string { return l.names }

func (l *namedLists) page(_ context.Context, _ *Client, q Query, at place) (listPage, error) {
	l.read[at.list]++
	if err := l.fails[at.list]; err != nil {
		return listPage{}, err
	}
	m := puskaradio.Mention{Ref: at.list, Text: at.list, Published: boardDay, DateFrom: puskaradio.DatePublished}
	stamp(q, puskaradio.Social, &m)
	return listPage{found: []puskaradio.Mention{m}}, nil
}

func newNamedLists(n int) *namedLists {
	l := &namedLists{read: map[string]int{}, fails: map[string]error{}}
	for i := range n {
		l.names = append(l.names, fmt.Sprint("name ", i))
	}
	return l
}

// round reads one round.
func (l *namedLists) round(t *testing.T, q *Query) (p Page, err error) {
	t.Helper()
	for pages := 0; ; pages++ {
		if pages > 2*maxLists {
			t.Fatal("a round without an end")
		}
		if p, err = readLists(t.Context(), nil, *q, l, 0, 0); err != nil {
			return p, err
		}
		if q.Cursor = p.Cursor; !p.More {
			return p, nil
		}
	}
}

// TestManyLists reads more lists than a round has: the next goes on.
func TestManyLists(t *testing.T) {
	l := newNamedLists(2*maxLists + 20)
	q := Query{Now: boardDay.Add(time.Hour)}
	for range 3 {
		if _, err := l.round(t, &q); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range l.names {
		if n := l.read[name]; n < 1 || n > 2 {
			t.Errorf("%s was read %d times in three rounds of %d", name, n, maxLists)
		}
	}
	if len(q.Cursor) > 64<<10 {
		t.Errorf("a cursor of %d bytes", len(q.Cursor))
	}
	l.names = l.names[:3]
	if _, err := l.round(t, &q); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(q.Cursor), "name 30") {
		t.Errorf("lists that are gone are remembered: %s", q.Cursor)
	}
}

// TestFewerLists takes lists away in the middle of a round.
func TestFewerLists(t *testing.T) {
	for left := 1; left <= 5; left++ {
		l := newNamedLists(6)
		q := Query{Now: boardDay.Add(time.Hour)}
		for range 5 {
			p, err := readLists(t.Context(), nil, q, l, 0, 0)
			if err != nil || !p.More {
				t.Fatalf("readLists = %+v, %v", p, err)
			}
			q.Cursor = p.Cursor
		}
		l.names = l.names[:left]
		clear(l.read)
		if _, err := l.round(t, &q); err != nil || len(l.read) != left {
			t.Errorf("with %d lists left, %d were read, %v", left, len(l.read), err)
		}
	}
}

// TestListsFail tells which failures are one list's and which the source's.
func TestListsFail(t *testing.T) {
	refused := &FetchError{State: StateRefused, Err: errors.New("refused")}
	for name, tt := range map[string]struct {
		fails  map[string]error
		state  string
		faults int
	}{
		"one":             {map[string]error{"name 1": refused}, StateOK, 1},
		"all":             {map[string]error{"name 0": refused, "name 1": refused, "name 2": refused}, StateRefused, 2},
		"a login":         {map[string]error{"name 0": noLogin(refused, "who?")}, StateLogin, 0},
		"come back later": {map[string]error{"name 2": &puskaradio.RetryError{Err: &FetchError{State: StateLimited, Err: errors.New("later")}}}, StateLimited, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := newNamedLists(3)
			l.fails = tt.fails
			q, faults, state := Query{Now: boardDay.Add(time.Hour)}, 0, StateOK
			for more := true; more; {
				p, err := readLists(t.Context(), nil, q, l, 0, 0)
				if err != nil {
					state = StateOf(err)
					break
				}
				faults, more, q.Cursor = faults+len(p.Faults), p.More, p.Cursor
			}
			if state != tt.state || faults != tt.faults {
				t.Errorf("state %s and %d faults, want %s and %d", state, faults, tt.state, tt.faults)
			}
		})
	}
}

// TestSeenKeepsTheNewest gives more items than are remembered, in any order.
func TestSeenKeepsTheNewest(t *testing.T) {
	var cur listCursor
	for i := range 2 * maxSeen {
		n := i
		if i%2 == 0 {
			n = 2*maxSeen - i
		}
		m := puskaradio.Mention{Ref: fmt.Sprint(n), Published: boardTime(n)}
		cur.see("l", &m, boardTime(2*maxSeen))
		cur.see("l", &m, boardTime(2*maxSeen))
	}
	if len(cur.Seen) != maxSeen {
		t.Fatalf("%d are remembered, want %d", len(cur.Seen), maxSeen)
	}
	for _, s := range cur.Seen {
		if s.At < boardTime(maxSeen/2).Unix() {
			t.Errorf("%s of %v is remembered", s.Ref, time.Unix(s.At, 0).UTC())
		}
	}
}

func TestItemID(t *testing.T) {
	for in, want := range map[string]string{
		`7`: "7", `-100123456789012345678`: "-100123456789012345678", `" a1 "`: "a1", `null`: "", `1.5`: "!", `1e3`: "!", `{}`: "!", `true`: "!",
		`12345678901234567890123456789012345678901`: "!",
	} {
		var id itemID
		err := json.Unmarshal([]byte(in), &id)
		if want == "!" && err == nil || want != "!" && (err != nil || id.String() != want) {
			t.Errorf("an id of %s = %q, %v, want %q", in, id, err, want)
		}
	}
}

func TestOriginalText(t *testing.T) {
	for in, want := range map[string]string{
		"hyvä": "hyvä",
		"(Translated by Google) good\n\n(Original)\nhyvä": "hyvä",
		"hyvä\n\n(Translated by Google)\ngood":            "hyvä",
		"(Translated by Google) good":                     "(Translated by Google) good",
		"tilasin (Original) kahvin":                       "tilasin (Original) kahvin",
	} {
		if got := strings.TrimSpace(originalText(in)); got != want {
			t.Errorf("originalText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPacificMidnight(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"2026-11-21T12:00:00Z": 20 * time.Hour, "2026-11-21T07:59:59Z": time.Second, "2026-11-21T08:00:00Z": 24 * time.Hour,
	} {
		now, err := time.Parse(time.RFC3339, in)
		if err != nil {
			t.Fatal(err)
		}
		if got := untilPacificMidnight(now); got != want {
			t.Errorf("untilPacificMidnight(%s) = %v, want %v", in, got, want)
		}
	}
}

func TestStackHost(t *testing.T) {
	for in, want := range map[string]string{
		"stackoverflow": "stackoverflow.com", "travel.stackexchange": "travel.stackexchange.com", "travel": "travel.stackexchange.com",
		"meta.stackoverflow": "meta.stackoverflow.com", "mathoverflow.net": "mathoverflow.net", "travel.stackexchange.com": "travel.stackexchange.com",
	} {
		if got := stackHost(in); got != want {
			t.Errorf("stackHost(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestPoints(t *testing.T) {
	nan := 0.0
	nan /= nan
	for _, v := range []float64{0.5, 5.5, -1, nan} {
		if got := points(v, 1, 5); got != nil {
			t.Errorf("points(%v) = %+v", v, got)
		}
	}
	if got := points(3, 1, 5); got == nil || got.Share() != 0.5 {
		t.Errorf("points(3) = %+v", got)
	}
}
