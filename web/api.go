package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// apiRoot is where the routes of the API are.
const apiRoot = "/api/v1/"

// openAPI describes the API to programs. A test makes it from [Server.endpoints].
//
//go:embed openapi.json
var openAPI []byte

// An endpoint is a route of the API.
type endpoint struct {
	about  string
	need   puskaradio.Role
	params []string // of the query, by their names in [params]
	body   any      // of the kind that is taken; nil is none
	answer any      // of the kind that is given
	serve  func(r *http.Request, v *view, a *asked) (any, error)
}

// endpoints are what programs can ask for, below apiRoot. Each answer holds
// what a person of the same role and brands sees on the pages.
func (s *Server) endpoints() map[string]endpoint {
	const reader, agent = puskaradio.Reader, puskaradio.Agent
	return map[string]endpoint{
		"GET brands":   {"The brands that the token sees.", reader, nil, nil, apiBrands{}, s.apiBrands},
		"GET mentions": {"Mentions, the newest first.", reader, []string{"brand", "source", "label", "from", "to", "q", "after", "limit"}, nil, apiMentions{}, s.apiMentions},
		"GET mentions/{id}": {"One mention, with what its author wrote before an edit.", reader, nil, nil, apiMention{}, func(r *http.Request, v *view, _ *asked) (any, error) {
			c, err := s.caseOf(r, v)
			return mentionOf(c.ID, c.Mention, c.Status), err
		}},
		"POST mentions/{id}/correct": {"Puts a person's verdict in place of the scorer's, or takes it back.", agent, nil, apiVerdict{}, apiMention{}, s.apiCorrect},
		"GET cases":                  {"Mentions that want an answer or have wanted one, the newest first, each with its reply clock.", reader, []string{"brand", "source", "label", "statuses", "from", "to", "after", "limit"}, nil, apiCases{}, s.apiCases},
		"POST cases/{id}/move":       {"Takes a case from one status to the next. If it is no longer as you saw it nothing is done, and the answer is 409 with who was first.", agent, nil, apiMove{}, apiCase{}, s.apiMove},
		"POST cases/{id}/customer":   {"Says what the author of a case is called in the books of the house, at that source only; an empty key takes it away.", agent, nil, apiCustomer{}, apiCase{}, s.apiCustomer},
		"GET alerts":                 {"Alerts by when they were decided, the newest first; those of the last thirty days unless said.", reader, []string{"brand", "from", "to", "open", "after", "limit"}, nil, apiAlerts{}, s.apiAlerts},
		"GET alerts/{id}":            {"One alert with its evidence.", reader, nil, nil, puskaradio.Alert{}, s.apiAlert},
		"POST alerts/{id}/claim":     {"Says that the holder of the token looks after an alert. If somebody else does, the answer is 409 with who.", agent, nil, apiNothing{}, puskaradio.Alert{}, s.apiHand("claim")},
		"POST alerts/{id}/calm":      {"Says that an alert is a false alarm.", agent, nil, apiNothing{}, puskaradio.Alert{}, s.apiHand("calm")},
		"POST alerts/{id}/snooze":    {"Keeps everybody from being reminded of an alert until a time, a week ahead at most.", agent, nil, apiUntil{}, puskaradio.Alert{}, s.apiHand("snooze")},
		"GET series":                 {"Counts of mentions by the hour, of the last sixty days, or by date; the last thirty days by date unless said. Steps without mentions are left out.", reader, []string{"brand", "from", "to", "step", "by"}, nil, apiSeries{}, s.apiSeries},
		"GET reputation":             {"The reputation score of a brand by date, and what has moved it since Monday.", reader, []string{"brand", "days"}, nil, apiScores{}, s.apiReputation},
		"GET ratings":                {"How a brand is rated at each site: by the newest ratings that were read, and as the site itself shows it. Ask for a rival as for a brand.", reader, []string{"brand"}, nil, apiRatings{}, s.apiRatings},
		"GET digests/{brand}/{date}": {"The digest of a date such as 2026-11-20, or of a week such as 2026-W47: as it was sent, else as it comes out now.", reader, nil, nil, apiDigestKept{}, s.apiDigest},
		"GET sources":                {"How the sources are.", reader, nil, nil, apiSources{}, s.apiSources},
	}
}

// A problem is an error as programs read it, by RFC 9457.
type problem struct {
	Type   string            `json:"type"`
	Title  string            `json:"title"`
	Status int               `json:"status"`
	Detail string            `json:"detail,omitempty"`
	Field  string            `json:"field,omitempty"` // the parameter, or the field of the body, that is wrong
	By     string            `json:"by,omitempty"`    // who was first
	At     time.Time         `json:"at,omitzero"`
	As     puskaradio.Status `json:"as,omitempty"` // what they made of it

	wait  time.Duration
	allow string
}

func (p *problem) Error() string { return p.Detail }

func problemOf(status int, detail string, args ...any) *problem {
	if len(args) > 0 {
		detail = fmt.Sprintf(detail, args...)
	}
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// wrong is a problem with a parameter or a field.
func wrong(field, detail string, args ...any) *problem {
	p := problemOf(http.StatusBadRequest, detail, args...)
	p.Field = field
	return p
}

// firstWas is the problem of who is too late.
func firstWas(by string, at time.Time, as puskaradio.Status) *problem {
	p := problemOf(http.StatusConflict, "somebody else was first; nothing was done")
	p.By, p.At, p.As = by, at, as
	return p
}

func crossSite() *problem {
	return problemOf(http.StatusForbidden, "this was sent from another site")
}

func broken() *problem {
	return problemOf(http.StatusInternalServerError, "something went wrong here; it was written to the log")
}

// api answers programs. It takes no session of a browser, so that no page of
// another site can ask in a person's name.
func (s *Server) api() http.Handler {
	mux := http.NewServeMux()
	for pattern, e := range s.endpoints() {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+apiRoot+path, s.endpoint(e))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r) // which finds the values of the path
			return
		}
		if _, err := s.bearer(r); err != nil {
			s.apiFail(w, r, err)
			return
		}
		var allow []string
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			other := r.Clone(r.Context())
			other.Method = method
			if _, pattern := mux.Handler(other); pattern != "" {
				allow = append(allow, method)
			}
		}
		p := problemOf(http.StatusNotFound, "there is nothing at this path; see /api/openapi.json")
		if allow != nil {
			p = problemOf(http.StatusMethodNotAllowed, "ask with another method")
			p.allow = strings.Join(allow, ", ")
		}
		s.apiFail(w, r, p)
	})
}

// endpoint answers whose token may ask.
func (s *Server) endpoint(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, err := s.bearer(r)
		if err == nil && !t.Role.May(e.need) {
			err = problemOf(http.StatusForbidden, "this needs a token of the role %s; this one is %s", e.need, t.Role)
		}
		if err == nil {
			err = s.useToken(r.Context(), &t)
		}
		var answer any
		if err == nil {
			v := s.stranger(r)
			v.as(puskaradio.Person{Name: t.Name + " (API)", Role: t.Role, Brands: t.Brands})
			var a *asked
			if a, err = v.parse(r, e.params); err == nil {
				answer, err = e.serve(r, v, a)
			}
		}
		if err != nil {
			s.apiFail(w, r, err)
			return
		}
		s.writeJSON(w, r, http.StatusOK, "application/json", answer)
	})
}

// bearer is the token that a request brings in its header, and nowhere else.
// Who sends wrong ones has to wait, as who tries passwords has.
func (s *Server) bearer(r *http.Request) (puskaradio.Token, error) {
	var none puskaradio.Token
	given := r.Header.Values("Authorization")
	if len(given) == 0 {
		return none, problemOf(http.StatusUnauthorized, "send a token as Authorization: Bearer %s…", tokenStart)
	}
	key, now := "from "+s.clientOf(r), s.now()
	if wait := s.brake.wait(now, key); wait > 0 {
		p := problemOf(http.StatusTooManyRequests, "there were too many wrong tries from your address")
		p.wait = wait
		return none, p
	}
	scheme, secret, _ := strings.Cut(given[0], " ")
	ok := len(given) == 1 && strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(secret, tokenStart)
	var t puskaradio.Token
	if ok {
		var err error
		if t, ok, err = s.tokenOf(r.Context(), secret); err != nil {
			return none, err
		}
	}
	if !ok {
		s.brake.wrong(now, key)
		if err := s.record(r, "API", "was refused", ""); err != nil {
			return none, err
		}
		return none, problemOf(http.StatusUnauthorized, "this is no token")
	}
	if t.Over(now) {
		return none, problemOf(http.StatusUnauthorized, "this token has ended")
	}
	return t, nil
}

// apiFail answers with what an error means to a program.
func (s *Server) apiFail(w http.ResponseWriter, r *http.Request, err error) {
	p, ok := errors.AsType[*problem](err)
	taken, isTaken := errors.AsType[*puskaradio.TakenError](err)
	switch {
	case ok:
	case isTaken:
		p = firstWas(taken.By, taken.At, taken.As)
	case errors.Is(err, puskaradio.ErrNotFound):
		p = problemOf(http.StatusNotFound, "there is no such thing, or the token does not see it")
	case r.Context().Err() != nil:
		return // nobody is there to read it
	default:
		s.log.Error("api", "path", r.URL.Path, "err", err)
		p = broken()
	}
	h := w.Header()
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="puskaradio"`)
	}
	if p.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.wait.Seconds()))))
	}
	if p.allow != "" {
		h.Set("Allow", p.allow)
	}
	s.writeJSON(w, r, p.Status, "application/problem+json", p)
}

func (s *Server) writeJSON(w http.ResponseWriter, r *http.Request, status int, kind string, x any) {
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(x); err != nil { // an infinite number, for one
		s.log.Error("api", "path", r.URL.Path, "err", err)
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // it may have hung up
}

// isAPI reports whether a request is of a program.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiRoot) }

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI) // it may have hung up
}

// brandOf is the brand that a program asked for; empty is all, where it sees
// them all. Of one that it does not see it learns nothing.
func (v *view) brandOf(a *asked) (string, error) {
	switch {
	case a.brand != "":
		return a.brand, nil
	case len(v.scoped) == 0:
		return "", nil
	case len(v.Plan.Brands) == 1:
		return v.Plan.Brands[0].ID, nil
	}
	return "", wrong("brand", "say which brand; the token sees some only")
}

// oneBrand is brandOf where it must be one.
func (v *view) oneBrand(a *asked) (puskaradio.Brand, error) {
	id, err := v.brandOf(a)
	if err != nil {
		return puskaradio.Brand{}, err
	}
	if id == "" && len(v.Plan.Brands) == 1 {
		return v.Plan.Brands[0], nil
	}
	b, ok := v.Plan.Brand(id)
	if !ok {
		return puskaradio.Brand{}, wrong("brand", "say which brand")
	}
	return b, nil
}
