package crawler

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

const (
	maxRatio  = 100     // of what is unpacked to what came, once over freeRatio
	freeRatio = 1 << 20 // bytes
	maxLayers = 2       // of packing
)

var (
	errLong = errors.New("longer than we take")
	errBomb = errors.New("packed more than 100 times over, as no document is")
)

// A tally counts what comes over the wire.
type tally struct {
	r io.Reader
	n int64
}

func (t *tally) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	return n, err
}

// A cap ends a stream with an error once it is too long, in itself or beside
// what came over the wire.
type capped struct {
	r    io.Reader
	wire *tally
	max  int64
	n    int64
}

func (c *capped) Read(p []byte) (int, error) {
	// One byte more than allowed is enough to know.
	if room := c.max - c.n + 1; int64(len(p)) > room {
		p = p[:room]
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	switch {
	case c.n > c.max:
		return max(n-1, 0), errLong
	case c.n > freeRatio && c.n > maxRatio*c.wire.n:
		return n, errBomb
	}
	return n, err
}

// readBody reads an answer to its end and unpacks it. Every layer stands
// under the same cap of decoded bytes, so that no more is ever held than the
// caller asked for. Where cut is set, a longer body is cut, not refused. It
// gives what it read also beside an error; n is what came over the wire.
func readBody(resp *http.Response, limit int64, cut bool) (body []byte, n int64, err error) {
	wire := &tally{r: resp.Body}
	var layers []string
	for s := range strings.SplitSeq(strings.Join(resp.Header.Values("Content-Encoding"), ","), ",") {
		if s = strings.ToLower(strings.TrimSpace(s)); s != "" && s != "identity" {
			layers = append(layers, s)
		}
	}
	if len(layers) > maxLayers {
		return nil, 0, fmt.Errorf("packed %d times over", len(layers))
	}
	r := bufio.NewReader(&capped{r: wire, wire: wire, max: limit})
	for i := len(layers) - 1; i >= 0; i-- {
		if _, err := r.Peek(1); err == io.EOF && wire.n == 0 {
			return nil, 0, nil // HEAD, and nothing packs to nothing on some servers
		}
		if r, err = unpack(layers[i], r, wire, limit); err != nil {
			return nil, wire.n, err
		}
	}
	// A sitemap.xml.gz is packed in itself, and no header says so.
	if magic, _ := r.Peek(3); string(magic) == "\x1f\x8b\x08" && len(layers) < maxLayers {
		if r, err = unpack("gzip", r, wire, limit); err != nil {
			return nil, wire.n, err
		}
	}
	if size := resp.ContentLength; size > 0 && size <= 1<<20 && len(layers) == 0 { // more is not made room for on a mere claim
		b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
		_, err = b.ReadFrom(r)
		body = b.Bytes()
	} else {
		body, err = drain(r)
	}
	if cut && errors.Is(err, errLong) {
		err = nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("cut short: %w", err)
	}
	return body, wire.n, err
}

// spare are buffers of bodies whose length nobody told.
var spare = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// drain reads to the end, into no more room than is needed.
func drain(r io.Reader) ([]byte, error) {
	b := spare.Get().(*bytes.Buffer)
	defer func() {
		b.Reset()
		spare.Put(b)
	}()
	const small = 1 << 20
	if n, err := b.ReadFrom(io.LimitReader(r, small)); err != nil || n < small {
		return bytes.Clone(b.Bytes()), err
	}
	return io.ReadAll(io.MultiReader(bytes.NewReader(b.Bytes()), r)) // a giant, which is not kept
}

// unpack opens one layer.
func unpack(coding string, r *bufio.Reader, wire *tally, limit int64) (*bufio.Reader, error) {
	var (
		next io.Reader
		err  error
	)
	switch coding {
	case "gzip", "x-gzip":
		next, err = gzip.NewReader(r)
	case "deflate": // zlib by the book, bare from some servers
		if head, _ := r.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8+int(head[1]))%31 == 0 {
			next, err = zlib.NewReader(r)
		} else {
			next = flate.NewReader(r)
		}
	default:
		return nil, fmt.Errorf("packed as %.20q, which we did not ask for", coding)
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", coding, err)
	}
	return bufio.NewReader(&capped{r: next, wire: wire, max: limit}), nil
}

// response makes what the caller sees of an answer of success.
func (t *trip) response(raw *http.Response, body []byte) (*Response, error) {
	h := raw.Header.Clone()
	r := &Response{URL: t.url.String(), Status: raw.StatusCode, Header: h, Body: body}
	r.Validator = Validator{ETag: h.Get("ETag"), LastModified: h.Get("Last-Modified")}
	if raw.StatusCode == http.StatusNotModified {
		if t.header.Get("If-None-Match") == "" && t.header.Get("If-Modified-Since") == "" {
			return nil, t.fail(StateUnreadable, errors.New("status 304: not changed, but we have no copy"))
		}
		r.Same = true
		r.Validator.ETag = cmp.Or(r.Validator.ETag, t.header.Get("If-None-Match"))
		r.Validator.LastModified = cmp.Or(r.Validator.LastModified, t.header.Get("If-Modified-Since"))
	}
	if len(r.Validator.ETag)+len(r.Validator.LastModified) > 2<<10 {
		r.Validator = Validator{}
	}
	r.settle(t.method)
	return r, nil
}

// settle finds the type of the document, turns text into UTF-8, and corrects
// the header to what the body now is.
func (r *Response) settle(method string) {
	for _, k := range []string{"Content-Encoding", "Transfer-Encoding", "Content-Length", "Set-Cookie", "Trailer", "Connection", "Keep-Alive"} {
		r.Header.Del(k)
	}
	declared := r.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(declared)
	if err != nil && kind == "" { // params of no form do not spoil the type
		kind, _, _ = strings.Cut(declared, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case "", "application/octet-stream", "application/gzip", "application/x-gzip", "application/binary", "binary/octet-stream":
		kind, params = sniff(r.Body), nil
	}
	r.Type = kind
	if isText(kind) && len(r.Body) > 0 {
		r.Body, r.Lossy = toUTF8(r.Body, params["charset"], kind)
		declared = kind + "; charset=utf-8"
	} else if kind != "" && declared != "" {
		declared = mime.FormatMediaType(kind, params)
	}
	if declared != "" {
		r.Header.Set("Content-Type", declared)
	}
	if method != http.MethodHead && !r.Same {
		r.Header.Set("Content-Length", strconv.Itoa(len(r.Body)))
	}
}

// sniff is the type of a document whose header does not tell.
func sniff(body []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(body), ";")
	if head := bytes.TrimSpace(body[:min(len(body), 64)]); kind == "text/plain" && len(head) > 0 && (head[0] == '{' || head[0] == '[') {
		return "application/json"
	}
	return kind
}

func isText(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml") ||
		strings.HasSuffix(kind, "/json") || strings.HasSuffix(kind, "/xml") || strings.HasSuffix(kind, "javascript") ||
		kind == "application/x-ndjson" || kind == "application/jsonl"
}
