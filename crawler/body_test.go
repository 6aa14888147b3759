package crawler

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

func pack(t testing.TB, b []byte, codings ...string) []byte {
	t.Helper()
	for _, coding := range codings {
		var buf bytes.Buffer
		var w io.WriteCloser
		switch coding {
		case "gzip":
			w, _ = gzip.NewWriterLevel(&buf, gzip.BestSpeed+1)
		case "stored":
			w, _ = gzip.NewWriterLevel(&buf, gzip.NoCompression)
		case "zlib":
			w = zlib.NewWriter(&buf)
		case "flate":
			w, _ = flate.NewWriter(&buf, 6)
		}
		if _, err := w.Write(b); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		b = buf.Bytes()
	}
	return b
}

func TestBodies(t *testing.T) {
	text := []byte("<p>" + strings.Repeat("hyvää yötä ", 1000))
	noise := make([]byte, 9<<20) // cannot be packed
	rand.NewChaCha8([32]byte{}).Read(noise)
	sitemap := []byte(`<?xml version="1.0"?><urlset>` + strings.Repeat("<url/>", 500) + "</urlset>")
	bomb := bytes.Repeat(pack(t, make([]byte, 2<<20), "gzip"), 100) // 200 MiB of nothing
	tests := []struct {
		name, coding, kind string
		body               []byte
		length             int // of Content-Length; zero is right
		max                int64
		want               []byte
		err                string
	}{
		{name: "plain", body: text, want: text},
		{name: "gzip", coding: "gzip", body: pack(t, text, "gzip"), want: text},
		{name: "x-gzip, identity", coding: "identity, X-GZIP", body: pack(t, text, "gzip"), want: text},
		{name: "zlib", coding: "deflate", body: pack(t, text, "zlib"), want: text},
		{name: "bare deflate", coding: "deflate", body: pack(t, text, "flate"), want: text},
		{name: "gzip in gzip", coding: "gzip, gzip", body: pack(t, text, "gzip", "gzip"), want: text},
		{name: "deflate in gzip", coding: "deflate, gzip", body: pack(t, text, "zlib", "gzip"), want: text},
		{name: "three layers", coding: "gzip, gzip, gzip", body: pack(t, text, "gzip", "gzip", "gzip"), err: "packed 3 times"},
		{name: "two members", coding: "gzip", body: append(pack(t, text, "gzip"), pack(t, text, "gzip")...), want: append(bytes.Clone(text), text...)},
		{name: "brotli", coding: "br", body: text, err: "did not ask for"},
		{name: "gzip that is none", coding: "gzip", body: text, err: "gzip"},
		{name: "cut gzip", coding: "gzip", body: pack(t, text, "gzip")[:60], err: "cut short"},
		{name: "cut gzip head", coding: "gzip", body: pack(t, text, "gzip")[:5], err: "gzip"},
		{name: "bad sum", coding: "gzip", body: spoil(pack(t, text, "gzip")), err: "checksum"},
		{name: "junk after gzip", coding: "gzip", body: append(pack(t, text, "gzip"), "junk junk junk"...), err: "gzip"},
		{name: "nothing, packed", coding: "gzip", body: nil, want: []byte{}},
		{name: "short Content-Length", body: text, length: len(text) + 5, err: "cut short"},
		{name: "sitemap.xml.gz", kind: "application/x-gzip", body: pack(t, sitemap, "gzip"), want: sitemap},
		{name: "sitemap.xml.gz in gzip", kind: "application/gzip", coding: "gzip", body: pack(t, sitemap, "gzip", "gzip"), want: sitemap},
		{name: "just too long", body: noise[:1001], max: 1000, err: "longer than"},
		{name: "just long enough", kind: "image/x", body: noise[:1000], max: 1000, want: noise[:1000]},
		{name: "10 MB", body: noise, err: "longer than"},
		{name: "10 MB in gzip", coding: "gzip", body: pack(t, noise, "stored"), err: "longer than"},
		{name: "bomb", coding: "gzip", body: bomb, err: "packed more than 100 times"},
		{name: "bomb in a file", kind: "application/gzip", body: bomb, err: "packed more than 100 times"},
		{name: "bomb in gzip", coding: "gzip, gzip", body: pack(t, bomb, "gzip"), err: "packed more than 100 times"},
		{name: "NULs", body: []byte("a\x00b\x00"), want: []byte("ab")},
	}
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var i int
		fmt.Sscanf(r.URL.Path, "/%d", &i)
		tt := tests[i]
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if tt.kind != "" {
			w.Header().Set("Content-Type", tt.kind)
		}
		if tt.coding != "" {
			w.Header().Set("Content-Encoding", tt.coding)
		}
		if tt.length > 0 {
			w.Header().Set("Content-Length", fmt.Sprint(tt.length))
		}
		w.Write(tt.body)
	})
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := local(t, srv.URL)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			resp, err := c.Fetch(t.Context(), Request{URL: fmt.Sprint(srv.URL, "/", i), API: true, Max: tt.max})
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("%d MiB were allocated", used>>20)
			}
			if tt.err != "" {
				if StateOf(err) != StateUnreadable || !strings.Contains(err.Error(), tt.err) {
					t.Errorf("Fetch = %v (%s), want %q", err, StateOf(err), tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(resp.Body, tt.want) {
				t.Errorf("Fetch = %d bytes %.60q, want %d bytes %.60q", len(resp.Body), resp.Body, len(tt.want), tt.want)
			}
			if resp.Header.Get("Content-Encoding") != "" || resp.Header.Get("Content-Length") != fmt.Sprint(len(resp.Body)) {
				t.Errorf("the header is that of the wire: %v", resp.Header)
			}
		})
	}
}

// spoil breaks the checksum of a gzip stream.
func spoil(b []byte) []byte {
	b[len(b)-8] ^= 1
	return b
}

func TestBrokenChunks(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		buf.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
		buf.Flush()
	})
	if resp, err := local(t, srv.URL).Fetch(t.Context(), Request{URL: srv.URL}); StateOf(err) != StateUnreadable {
		t.Errorf("Fetch = %v, %v, want unreadable", resp, err)
	}
}

func TestHead(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", "1234")
	})
	resp, err := local(t, srv.URL).Fetch(t.Context(), Request{URL: srv.URL, Method: "HEAD"})
	if err != nil || len(resp.Body) != 0 {
		t.Errorf("Fetch = %v, %v", resp, err)
	}
}

func TestTypes(t *testing.T) {
	for _, tt := range []struct{ declared, body, kind, header string }{
		{"Text/HTML; Charset=ISO-8859-1", "x", "text/html", "text/html; charset=utf-8"},
		{"text/html; charset=", "x", "text/html", "text/html; charset=utf-8"},
		{"text/html;;;", "x", "text/html", "text/html; charset=utf-8"},
		{"application/ld+json", "{}", "application/ld+json", "application/ld+json; charset=utf-8"},
		{"application/atom+xml; type=feed", "<a/>", "application/atom+xml", "application/atom+xml; charset=utf-8"},
		{"", "<html>", "text/html", ""},
		{"application/octet-stream", ` {"a":1}`, "application/json", "application/json; charset=utf-8"},
		{"", "\x89PNG\x0D\x0A\x1A\x0A", "image/png", ""},
		{"image/png", "\x89PNG", "image/png", "image/png"},
	} {
		r := &Response{Header: http.Header{}, Body: []byte(tt.body)}
		if tt.declared != "" {
			r.Header.Set("Content-Type", tt.declared)
		}
		r.settle("GET")
		if got := r.Header.Get("Content-Type"); r.Type != tt.kind || got != tt.header && tt.header != "" {
			t.Errorf("settle(%q, %q) = %s, %s, want %s, %s", tt.declared, tt.body, r.Type, got, tt.kind, tt.header)
		}
	}
}
