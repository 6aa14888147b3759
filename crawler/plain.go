package crawler

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// maxMarks is how many combining marks a letter keeps.
const maxMarks = 8

// plainText is text out of markup: tags go, entities are read, also where a
// site has written them twice, and the rest is as by [foldText].
func plainText(s string, limit int) string {
	s = s[:min(len(s), 8*limit)]
	for i := range 3 {
		before := s
		if strings.IndexByte(s, '<') >= 0 {
			s = stripTags(s, i == 0)
		}
		if strings.IndexByte(s, '&') >= 0 {
			s = html.UnescapeString(s)
		}
		if s == before {
			break
		}
	}
	return foldText(s, limit)
}

// stripTags leaves out the tags of HTML, comments, and what scripts and styles
// hold if they are real. A < that begins no tag stays.
func stripTags(s string, scripts bool) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '<')
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:i])
		s = s[i:]
		name, end := tagAt(s)
		switch {
		case end == 0:
			b.WriteByte('<')
			s = s[1:]
		case scripts && (name == "script" || name == "style") && s[1] != '/':
			if to := rawEnd(s, end, name); to < len(s) {
				end = to
			} else {
				scripts = false // it never ends, so it hides nothing
			}
			s = s[end:]
		default:
			if !inline[name] {
				b.WriteByte(' ')
			}
			s = s[end:]
		}
	}
}

// inline elements do not part words.
var inline = map[string]bool{
	"a": true, "b": true, "i": true, "em": true, "strong": true, "span": true, "u": true, "s": true, "mark": true,
	"small": true, "sub": true, "sup": true, "font": true, "abbr": true, "code": true, "q": true, "wbr": true, "del": true, "ins": true,
}

// tagAt is the name of the tag that s begins with and where it ends, or 0 if
// it is none.
func tagAt(s string) (name string, end int) {
	if strings.HasPrefix(s, "<!--") {
		return "", afterMark(s, 4, "-->")
	}
	p := 1
	if p < len(s) && s[p] == '/' {
		p++
	}
	from := p
	for p < len(s) && p < from+16 && (isLetter(s[p]) || s[p] >= '0' && s[p] <= '9') {
		p++
	}
	if p == from || p >= len(s) || !isSpace(s[p]) && s[p] != '>' && s[p] != '/' {
		return "", 0
	}
	name = strings.ToLower(s[from:p])
	if atom.Lookup([]byte(name)) == 0 {
		return "", 0
	}
	i := strings.IndexByte(s[p:min(len(s), p+4000)], '>')
	if i < 0 {
		return "", 0
	}
	return name, p + i + 1
}

// foldText folds white space to single blanks, leaves out controls, marks of
// direction and characters without width, keeps at most [maxMarks] combining
// marks on a letter, composes the rest (NFC) and cuts it to limit bytes. Joiners
// stay where scripts and emoji need them.
func foldText(s string, limit int) string {
	s = s[:min(len(s), 8*limit)]
	if isFolded(s) {
		return strings.Clone(cutText(s, limit))
	}
	var b strings.Builder
	b.Grow(min(len(s), limit+utf8.UTFMax))
	space, marks, last := false, 0, rune(0)
	for _, r := range s {
		switch {
		case r == ' ' || r != 0x0B && r != 0x1C && unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unseen(r):
			continue
		case r == 0x200C || r == 0x200D:
			if last < 0x0600 || space {
				continue
			}
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		last = r
		if b.Len() >= limit {
			break
		}
	}
	return cutText(norm.NFC.String(b.String()), limit)
}

// isFolded reports whether a text is as [foldText] leaves it, as far as a look at
// its bytes can tell: ASCII, Latin letters, dashes and quotes.
func isFolded(s string) bool {
	space := true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ' ':
			if space {
				return false
			}
			space = true
			continue
		case c > ' ' && c < 0x7F:
		case c >= 0xC3 && c <= 0xCB && i+1 < len(s): // U+00C0 to U+02FF
			i++
		case c == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && s[i+2] >= 0x90 && s[i+2] <= 0xA7: // U+2010 to U+2027
			i += 2
		default:
			return false
		}
		space = false
	}
	return s == "" || !space
}

// unseen reports whether a character changes how the text around it is shown,
// or is not shown at all.
func unseen(r rune) bool {
	switch {
	case r < ' ', r >= 0x7F && r < 0xA0, r == 0xAD, r == 0x61C, r == 0x180E, r == 0xFEFF, r == 0x200B, r == 0x200E, r == 0x200F:
		return true
	case r >= 0x202A && r <= 0x202E, r >= 0x2060 && r <= 0x206F, r >= 0xFFF9 && r <= 0xFFFB, r == 0x115F, r == 0x1160, r == 0x3164:
		return true
	}
	return false
}

// cutText is at most limit bytes of s, in whole characters.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return strings.TrimRight(s[:limit], " ")
}
