package crawler

import (
	"context"
	"net/http"
)

// A Request asks for one document.
type Request struct {
	URL    string
	Method string      // empty is GET
	Header http.Header // added to ours
	Body   []byte
	Accept string    // what we want; empty is anything
	If     Validator // of the copy we have; makes the fetch conditional
	API    bool      // a documented programming interface, which robots.txt does not speak of
	Max    int64     // the most decoded bytes; zero is 8 MiB
}

// A Validator names a version of a document.
type Validator struct {
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
}

// A Response is a document that arrived whole.
type Response struct {
	URL       string // where it was in the end
	Status    int
	Header    http.Header
	Type      string // the media type, lower case, without parameters
	Body      []byte // decompressed; text is UTF-8
	Validator Validator
	Same      bool    // 304: the copy we have is current
	Lossy     float64 // the share of characters that could not be read in their charset
}

// A Client is the only way out to the web.
type Client struct{}

// Fetch gets one document.
func (c *Client) Fetch(ctx context.Context, r Request) (*Response, error) { return nil, nil }

// Transport is the client as libraries want it.
func (c *Client) Transport() http.RoundTripper { return nil }
