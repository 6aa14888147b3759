package crawler

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// rules are what one robots.txt says to one agent. They are read by RFC 9309
// itself and not by the robotstxt package, which gives up a whole file for
// one bad line, lets "Disallow: *" pass, takes a group for "p" to mean
// "puskaradio", and makes a regular expression of each pattern.
type rules struct {
	list  []rule
	delay time.Duration // Crawl-delay; zero if there is none
}

type rule struct {
	allow bool
	path  string // with its wildcards, in the spelling of plainPath
}

// maxPath is the longest pattern that is kept whole. More of it cannot
// matter much, as no longer address is fetched.
const maxPath = 8 << 10

// rulesFor reads a robots.txt for the agent of a product token, in lower
// case. There is no robots.txt that it cannot read: lines that say nothing
// are passed over.
func rulesFor(text []byte, token string) rules {
	var (
		ours, all       rules
		forUs, forAll   bool // the group that is being read
		named, inAgents bool
	)
	s := strings.TrimPrefix(string(text), "\ufeff")
	for len(s) > 0 {
		line := s
		if i := strings.IndexAny(s, "\r\n"); i >= 0 {
			line, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		line, _, _ = strings.Cut(line, "#")
		key, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch key {
		case "user-agent", "useragent", "user agent":
			if !inAgents {
				forUs, forAll, inAgents = false, false, true
			}
			if value == "*" {
				forAll = true
			} else if productToken(value) == token {
				forUs, named = true, true
			}
			continue
		case "allow", "disallow":
			inAgents = false
			if r, ok := newRule(key == "allow", value); ok {
				if forUs {
					ours.list = append(ours.list, r)
				}
				if forAll {
					all.list = append(all.list, r)
				}
			}
		case "crawl-delay", "crawldelay":
			inAgents = false
			if sec, err := strconv.ParseFloat(value, 64); err == nil {
				if forUs {
					ours.delay = max(ours.delay, seconds(sec))
				}
				if forAll {
					all.delay = max(all.delay, seconds(sec))
				}
			}
		}
	}
	if named {
		return ours
	}
	return all
}

// productToken is the name that a User-agent line begins with, in lower case.
func productToken(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if end >= 0 {
		s = s[:end]
	}
	return strings.ToLower(s)
}

// newRule reads the value of an Allow or Disallow line. What is doubtful is
// read as the narrower permission.
func newRule(allow bool, path string) (rule, bool) {
	if path == "" {
		return rule{}, false // "Disallow:" forbids nothing
	}
	if path[0] != '/' && path[0] != '*' && path[0] != '$' {
		if allow {
			return rule{}, false
		}
		path = "/" + path
	}
	path = plainPath(path)
	if len(path) > maxPath {
		if allow {
			return rule{}, false
		}
		path = path[:maxPath]
	}
	return rule{allow, strings.Clone(path)}, true
}

// allow decides on an address: the longest pattern that fits it wins, and of
// two that are equal the one that allows. line is the one that decided, or
// empty.
func (r rules) allow(u *url.URL) (ok bool, line string) {
	path := target(u)
	if path == "/robots.txt" {
		return true, ""
	}
	best := rule{allow: true}
	for _, r := range r.list {
		if n := len(r.path); (n > len(best.path) || n == len(best.path) && r.allow) && fits(r.path, path) {
			best = r
		}
	}
	if best.path == "" {
		return true, ""
	}
	line = "Disallow: "
	if best.allow {
		line = "Allow: "
	}
	if len(best.path) > 200 {
		return best.allow, line + best.path[:200] + "…"
	}
	return best.allow, line + best.path
}

// fits reports whether a path begins with a pattern. In a pattern, * is any
// characters and a $ at its end is the end of the path. It takes the first
// place for every part, which is right because parts are all that must
// follow; so it needs no stack and no second try.
func fits(pattern, path string) bool {
	pattern, toEnd := strings.CutSuffix(pattern, "$")
	first, rest, wild := strings.Cut(pattern, "*")
	if !strings.HasPrefix(path, first) {
		return false
	}
	path = path[len(first):]
	for wild {
		var part string
		part, rest, wild = strings.Cut(rest, "*")
		if !wild && toEnd {
			return strings.HasSuffix(path, part)
		}
		at := strings.Index(path, part)
		if at < 0 {
			return false
		}
		path = path[at+len(part):]
	}
	return !toEnd || path == ""
}

// plainPath spells a path in one way, so that two spellings of one address
// compare equal: characters that need no escape have none, all that are not
// ASCII have one, in capitals.
func plainPath(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		escaped := false
		if c == '%' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				c, escaped = byte(v), true
				i += 2
			}
		}
		plain := c == '-' || c == '.' || c == '_' || c == '~' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if plain || !escaped && c > ' ' && c < 0x7f {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}
