package crawler

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// maxSent is the most that a library may send in one request.
const maxSent = 4 << 20

// Transport is the client as libraries want it, for colly's WithTransport and
// the like. All that holds for [Client.Fetch] holds for it: what Fetch calls
// an error is an error of the round trip, which errors.As finds inside a
// *url.Error. Redirects are followed within the round trip; the Request of
// the answer has the last address.
func (c *Client) Transport() http.RoundTripper { return roundTripper{c, false} }

// APITransport is Transport for a documented programming interface, which
// robots.txt does not speak of.
func (c *Client) APITransport() http.RoundTripper { return roundTripper{c, true} }

type roundTripper struct {
	client *Client
	api    bool
}

// RoundTrip implements [http.RoundTripper].
func (t roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(io.LimitReader(req.Body, maxSent+1))
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		if len(body) > maxSent {
			return nil, errors.New("request: longer than 4 MiB")
		}
	}
	r, err := t.client.Fetch(req.Context(), Request{
		URL: req.URL.String(), Method: req.Method, Header: req.Header, Body: body, API: t.api,
	})
	if err != nil {
		return nil, err
	}
	last := req.Clone(req.Context())
	if last.URL, err = checkURL(r.URL); err != nil {
		return nil, err
	}
	last.Host = last.URL.Host
	return &http.Response{
		Status:     strconv.Itoa(r.Status) + " " + http.StatusText(r.Status),
		StatusCode: r.Status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        r.Header,
		Body:          &document{bytes.NewReader(r.Body), r.Body},
		ContentLength: int64(len(r.Body)),
		Request:       last,
	}, nil
}

// A document is the body of an answer that is here already.
type document struct {
	*bytes.Reader
	whole []byte
}

func (*document) Close() error { return nil }
