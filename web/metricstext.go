package web

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// An exposition is metrics in the text format of Prometheus, 0.0.4. It is
// written by hand: the client library would add 2.6 MB to the binary, and its
// modules, for what stands here.
type exposition struct{ b bytes.Buffer }

// A measure is a value with its labels: name, value, name, value, ….
type measure struct {
	labels []string
	value  float64
}

func (e *exposition) family(name, kind, help string, measures ...measure) {
	if len(measures) == 0 {
		return
	}
	e.head(name, kind, help)
	for _, s := range measures {
		e.line(name, s.labels, s.value)
	}
}

func (e *exposition) head(name, kind, help string) {
	fmt.Fprintf(&e.b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

func (e *exposition) line(name string, labels []string, value float64) {
	e.b.WriteString(name)
	for i := 0; i+1 < len(labels); i += 2 {
		e.b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&e.b, `%s="%s"`, labels[i], labelText.Replace(strings.ToValidUTF8(labels[i+1], "")))
	}
	if len(labels) > 0 {
		e.b.WriteByte('}')
	}
	number := strconv.FormatFloat(value, 'g', -1, 64)
	if math.IsInf(value, 1) {
		number = "+Inf"
	}
	e.b.WriteString(" " + number + "\n")
}

var labelText = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// buckets are the upper ends of how long a request took, in seconds.
var buckets = [...]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// requests count the requests of a server by the pattern of their route, which
// is ours, and by the first digit of their status.
type requests struct {
	mu sync.Mutex
	by map[requestKind]*timings
}

type requestKind struct{ route, class string }

type timings struct {
	at  [len(buckets) + 1]uint64 // the last: longer than all
	sum float64
}

func (x *requests) add(route string, status int, took time.Duration) {
	k := requestKind{cmp.Or(route, "none"), strconv.Itoa(status/100) + "xx"}
	i, _ := slices.BinarySearch(buckets[:], took.Seconds())
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.by == nil {
		x.by = map[requestKind]*timings{}
	}
	if x.by[k] == nil {
		x.by[k] = new(timings)
	}
	x.by[k].at[i]++
	x.by[k].sum += took.Seconds()
}

func (x *requests) write(e *exposition) {
	x.mu.Lock()
	defer x.mu.Unlock()
	kinds := make([]requestKind, 0, len(x.by))
	for k := range x.by {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(a, b requestKind) int {
		return cmp.Or(strings.Compare(a.route, b.route), strings.Compare(a.class, b.class))
	})
	const name = "puskaradio_http_request_duration_seconds"
	if len(kinds) > 0 {
		e.head(name, "histogram", "How long requests took, by the pattern of their route and the class of their status.")
	}
	for _, k := range kinds {
		labels, n := []string{"route", k.route, "code", k.class}, uint64(0)
		for i, c := range x.by[k].at {
			n += c
			le := "+Inf"
			if i < len(buckets) {
				le = strconv.FormatFloat(buckets[i], 'g', -1, 64)
			}
			e.line(name+"_bucket", append(labels[:4:4], "le", le), float64(n))
		}
		e.line(name+"_sum", labels, x.by[k].sum)
		e.line(name+"_count", labels, float64(n))
	}
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// counted counts the requests of a handler.
func (x *requests) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, sw := time.Now(), &statusWriter{ResponseWriter: w}
		defer func() { x.add(r.Pattern, cmp.Or(sw.status, http.StatusOK), time.Since(began)) }()
		next.ServeHTTP(sw, r)
	})
}
