package store

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// FuzzTSQuery makes queries of what strangers ask for: quoted words of letters
// and digits, and nothing else of them, reach the server.
func FuzzTSQuery(f *testing.F) {
	for _, s := range []string{"palvelu", `"never again" x*`, `' OR 1=1 --`, `\'`, "a'b\\c*", "\x00\xff", "kukka 123 äö", "#1", "😀 ½ ǅ", `"`, "& | ! <-> :*"} {
		f.Add(s)
	}
	lexeme := `'[^'\\\x00]+'(:\*)?`
	all := `(` + lexeme + `|\(` + lexeme + `( \| ` + lexeme + `)*\))`
	good := regexp.MustCompile(`^` + all + `( & ` + all + `)*$`)
	f.Fuzz(func(t *testing.T, query string) {
		terms, _ := parseQuery(query)
		if len(terms) == 0 {
			return
		}
		if got := tsquery(terms); !good.MatchString(got) || !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", query, got)
		}
		for _, term := range terms {
			for _, w := range append(term.prefixes, term.word) {
				if len(w) > 0 && w[0] == brandWord(1)[0] {
					t.Errorf("%q asks for %q, which stands for a brand", query, w)
				}
			}
		}
	})
}
