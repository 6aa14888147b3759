package web

import (
	"maps"
	"net"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Which scripts one word of a name may mix, as in UTS 39 for names that are
// highly restrictive: those that are written together, and Latin beside them.
var together = []map[string]bool{
	{"Latin": true, "Han": true, "Hiragana": true, "Katakana": true},
	{"Latin": true, "Han": true, "Bopomofo": true},
	{"Latin": true, "Han": true, "Hangul": true},
}

// mixes reports whether a host has a word of letters from scripts that nobody
// writes together, such as a Latin word with a Cyrillic а: it is likely made
// to be taken for another. What cannot be read as a name counts as such.
func mixes(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	readable, err := idna.New(idna.MapForLookup()).ToUnicode(host)
	if err != nil && !isASCII(host) || strings.Contains(readable, "xn--") {
		return true
	}
	for word := range strings.SplitSeq(readable, ".") {
		scripts := map[string]bool{}
		for _, r := range word {
			if s := scriptOf(r); s != "" {
				scripts[s] = true
			}
		}
		fits := func(some map[string]bool) bool {
			return !slices.ContainsFunc(slices.Collect(maps.Keys(scripts)), func(s string) bool { return !some[s] })
		}
		if len(scripts) > 1 && !slices.ContainsFunc(together, fits) {
			return true
		}
	}
	return false
}

// scriptOf is the script that a letter is of; empty for what many share.
func scriptOf(r rune) string {
	if r < 0x80 {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			if name == "Common" || name == "Inherited" {
				return ""
			}
			return name
		}
	}
	return "unknown"
}

// shownHost is a host as a page shows it: in the letters of ASCII where it
// mixes scripts, for then its look says nothing.
func shownHost(host string) string {
	if !mixes(host) {
		return host
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if ascii, err := idna.Punycode.ToASCII(name); err == nil {
		name = ascii
	}
	if port != "" {
		return net.JoinHostPort(name, port)
	}
	return name
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

// Mixes reports whether the letters of a host are of several scripts.
func (v *view) Mixes(host string) bool { return mixes(host) }
