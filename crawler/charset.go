package crawler

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// xmlDecl is the declaration that XML begins with, its encoding in the group.
var xmlDecl = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']`)

// toUTF8 turns text into UTF-8. What says the charset are, in this order, the
// byte order mark, the header and the document itself; where the bytes give
// them the lie, the bytes are believed. lossy is the share of characters that
// could not be read. NULs are left out, and an XML declaration says utf-8
// afterwards, so that no parser decodes again.
func toUTF8(b []byte, header, kind string) (text []byte, lossy float64) {
	if whole := utf8.Valid(b); whole && bytes.IndexByte(b, 0) < 0 && bytes.IndexByte(b, 0x1b) < 0 {
		text = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // whatever it declares
	} else if enc := encodingOf(b, header, kind); enc == nil {
		text = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
		if !whole {
			text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
		}
	} else if out, err := enc.NewDecoder().Bytes(b); err == nil {
		text = bytes.TrimPrefix(out, []byte("\uFEFF"))
	} else {
		text = bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	if bytes.IndexByte(text, 0) >= 0 {
		text = bytes.ReplaceAll(text, []byte{0}, nil)
	}
	if bad := bytes.Count(text, []byte("\uFFFD")); bad > 0 {
		lossy = float64(bad) / float64(utf8.RuneCount(text))
	}
	if at := xmlDecl.FindSubmatchIndex(text[:min(len(text), 1024)]); at != nil && !strings.EqualFold(string(text[at[2]:at[3]]), "utf-8") {
		text = append(append(bytes.Clone(text[:at[2]]), "utf-8"...), text[at[3]:]...)
	}
	return text, lossy
}

// encodingOf finds out how text is encoded; nil is UTF-8.
func encodingOf(b []byte, header, kind string) encoding.Encoding {
	switch {
	case bytes.HasPrefix(b, []byte("\xef\xbb\xbf")):
		return nil
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case bytes.HasPrefix(b, []byte("<\x00")), bytes.HasPrefix(b, []byte("{\x00")), bytes.HasPrefix(b, []byte("[\x00")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(b, []byte("\x00<")), bytes.HasPrefix(b, []byte("\x00{")), bytes.HasPrefix(b, []byte("\x00[")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	enc, name := charset.Lookup(header)
	if enc == nil {
		enc, name = declared(b, kind)
	}
	nul := bytes.IndexByte(b, 0) >= 0
	switch {
	case strings.HasPrefix(name, "utf-16") && nul, name == "iso-2022-jp" && bytes.IndexByte(b, 0x1b) >= 0:
		return enc // pure ASCII to look at
	case strings.HasPrefix(name, "utf-16"), name == "replacement":
		enc, name = nil, ""
	}
	good, bad := sequences(b)
	switch {
	case bad == 0:
		return nil // also where latin-1 is declared: it is never valid UTF-8 by chance
	case (enc == nil || name == "utf-8") && good > bad, good > 10*bad:
		return nil // UTF-8 with some broken characters
	case enc == nil || name == "utf-8":
		return charmap.Windows1252
	}
	return enc
}

// declared is what a document says of its own charset; nil if it says nothing.
func declared(b []byte, kind string) (encoding.Encoding, string) {
	if m := xmlDecl.FindSubmatch(b[:min(len(b), 1024)]); m != nil {
		if enc, name := charset.Lookup(string(m[1])); enc != nil {
			return enc, name
		}
	}
	if !strings.Contains(kind, "html") {
		return nil, ""
	}
	enc, name, _ := charset.DetermineEncoding(b, "")
	return enc, name // windows-1252 where it says nothing, or UTF-8 if it looks like it
}

// sequences counts the characters of more than one byte that are UTF-8, and
// the bytes that are not.
func sequences(b []byte) (good, bad int) {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			bad++
		} else {
			good++
		}
		b = b[n:]
	}
	return good, bad
}
