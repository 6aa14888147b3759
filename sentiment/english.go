package sentiment

import (
	"strings"

	"github.com/jdkato/prose/v2"
)

const (
	maxProse = 4 << 10 // bytes of an English text that prose splits
	maxSpan  = 64      // bytes between blanks: prose takes quadratic time over them
)

// dots are the places of full stops in an English text that end no sentence:
// those within what prose takes for one token, as in "Mr." and "3 p.m.". The
// splitter of sentences that prose has is not asked: it reads its model anew
// for every text, which takes 15 ms. A text that prose cannot split has none.
func dots(s string) (at map[int]bool) {
	if len(s) > maxProse || !maybeShort(s) {
		return nil
	}
	for span := range strings.FieldsSeq(s) {
		if len(span) > maxSpan {
			return nil
		}
	}
	defer func() {
		if recover() != nil { // it slices by bytes what a stranger wrote
			at = nil
		}
	}()
	doc, err := prose.NewDocument(s, prose.WithSegmentation(false), prose.WithTagging(false), prose.WithExtraction(false))
	if err != nil {
		return nil
	}
	at = map[int]bool{}
	from := 0
	for _, t := range doc.Tokens() {
		i := strings.Index(s[from:], t.Text)
		if i < 0 {
			continue // prose writes some quotes anew
		}
		i += from
		from = i + len(t.Text)
		if len(t.Text) < 3 || !strings.HasSuffix(t.Text, ".") && !strings.Contains(t.Text, ".") {
			continue
		}
		for j := range len(t.Text) {
			if t.Text[j] == '.' && (j+1 < len(t.Text) || from < len(s) && s[from] == ' ' && from+1 < len(s)) {
				at[i+j] = true
			}
		}
	}
	return at
}

// maybeShort reports whether a full stop stands where it may be part of an
// abbreviation or of a name: behind at most three letters, or between letters.
func maybeShort(s string) bool {
	word := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '.' && i+1 < len(s) && word > 0 && (word <= 3 || s[i+1] > ' '):
			return true
		case c == ' ' || c == '\n' || c == '.':
			word = 0
		default:
			word++
		}
	}
	return false
}
