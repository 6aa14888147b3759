package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// Read answers a question of the API as a token of a reader of all brands is
// answered, for a program of the house that has the store open. What is asked
// is a route that is read, below the root of the API, such as mentions or
// digests/{brand}/{date}; of others it says [puskaradio.ErrNotFound]. What is
// given is named as in the route and its query. Read writes nothing.
func (s *Server) Read(ctx context.Context, what string, given map[string]string) (any, error) {
	e, ok := s.endpoints()[http.MethodGet+" "+what]
	if !ok || e.need != puskaradio.Reader {
		return nil, puskaradio.ErrNotFound
	}
	q := url.Values{}
	r := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: apiRoot + what}, Header: http.Header{}}).WithContext(ctx)
	for name, value := range given {
		if strings.Contains(what, "{"+name+"}") {
			r.SetPathValue(name, value)
		} else {
			q.Set(name, value)
		}
	}
	r.URL.RawQuery = q.Encode()
	v := s.stranger(r)
	v.as(puskaradio.Person{Role: puskaradio.Reader})
	a, err := v.parse(r, e.params)
	var answer any
	if err == nil {
		answer, err = e.serve(r, v, a)
	}
	if p, ok := errors.AsType[*problem](err); ok && p.Field != "" {
		err = errors.New(p.Field + ": " + strings.TrimSuffix(p.Detail, "; see /api/openapi.json"))
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}
