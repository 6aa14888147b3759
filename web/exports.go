package web

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// How many tables a person takes in how long: each may read thousands of
// mentions, and one who takes them all at once is rarely a reader.
const (
	exportsEach = 10
	exportsFor  = 5 * time.Minute
)

// exports are when people took tables. Its zero value is ready.
type exports struct {
	mu    sync.Mutex
	taken map[string][]time.Time
}

// take counts a table of somebody, or says how long they have to wait for it.
func (x *exports) take(who string, now time.Time) (wait time.Duration) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.taken == nil {
		x.taken = map[string][]time.Time{}
	}
	for name, times := range x.taken { // the newest is the last
		if now.Sub(times[len(times)-1]) >= exportsFor {
			delete(x.taken, name)
		}
	}
	times := x.taken[who]
	for len(times) > 0 && now.Sub(times[0]) >= exportsFor {
		times = times[1:]
	}
	if len(times) >= exportsEach {
		return times[0].Add(exportsFor).Sub(now)
	}
	x.taken[who] = append(times, now)
	return 0
}

// tooMany answers who has taken too many tables, and reports whether it did.
func (s *Server) tooMany(w http.ResponseWriter, r *http.Request, v *view) bool {
	if !v.wantsCSV() {
		return false
	}
	wait := s.exports.take(v.Who, s.now())
	if wait <= 0 {
		return false
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	v.Message = v.T("You have taken many tables in a short time. The next one can be had in %s.", v.Span(wait))
	s.fail(w, r, v, http.StatusTooManyRequests, "There were too many tables.")
	return true
}
