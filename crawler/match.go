package crawler

import (
	"bytes"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// A Matcher tells which brands a text names. It knows the names as people
// inflect them: Verkkokaupan and Verkkokaupasta are Verkkokauppa, Nokia:n and
// Nokia-puhelin are Nokia, Elisabet is not Elisa. It does not change and may
// be used by many at once.
type Matcher struct {
	trie
	accepts []accept
	endings map[string]endings
	brands  []contextWords
	scratch sync.Pool
}

// An accept is what a stem leads to.
type accept struct {
	takes endings
	name  *nameNode
}

// A nameNode is a word of names: those that end with it, and those that go on.
type nameNode struct {
	word   string
	kids   map[string]*nameNode
	brands []int
	exact  []exactName // names too short to be matched in any case
	root   int32       // of the trie of the words that may follow; -1 if none may
}

type exactName struct {
	brand int
	name  string // as the text must have it
}

// A contextWords holds the words that must or must not stand beside a name, as
// stems with a blank before them.
type contextWords struct{ require, forbid [][]byte }

// NewMatcher makes the matcher of some brands. What it finds are their places
// in the list.
func NewMatcher(brands []puskaradio.Brand) *Matcher {
	m := &Matcher{endings: endingTable(), brands: make([]contextWords, len(brands))}
	top := &nameNode{kids: map[string]*nameNode{}}
	var f folded
	for i, b := range brands {
		for _, name := range b.Names() {
			m.add(top, &f, i, name)
		}
		m.brands[i] = contextWords{require: contextStems(&f, b.Require), forbid: contextStems(&f, b.Forbid)}
	}
	m.build(top)
	m.scratch.New = func() any { return &scratch{seen: make([]uint32, len(brands))} }
	return m
}

// add adds a name of a brand to the words of names.
func (m *Matcher) add(top *nameNode, f *folded, brand int, name string) {
	f.fold(name)
	if len(f.words) == 0 || len(f.words) > 12 {
		return
	}
	at := top
	for _, w := range f.words {
		word := string(f.text[w.at:f.end(int(w.at))])
		kid := at.kids[word]
		if kid == nil {
			kid = &nameNode{word: word, kids: map[string]*nameNode{}}
			at.kids[word] = kid
		}
		at = kid
	}
	if letterCount(f) < 3 {
		at.exact = append(at.exact, exactName{brand, strings.TrimSpace(name)})
	} else if !slices.Contains(at.brands, brand) {
		at.brands = append(at.brands, brand)
	}
}

// letterCount is how many letters and digits a folded text has, & among them:
// H&M is a name, M is none.
func letterCount(f *folded) int {
	return utf8.RuneCount(f.text) - bytes.Count(f.text, []byte(" "))
}

// contextStems are the beginnings by which words of a context are found.
func contextStems(f *folded, words []string) (out [][]byte) {
	for _, w := range words {
		f.fold(w)
		if len(f.words) == 0 {
			continue
		}
		last := int(f.words[len(f.words)-1].at)
		before, word := f.text[:last], string(f.text[last:f.end(last)])
		for _, s := range stemsOf(word) {
			stem := slices.Concat(before, []byte(s.text))
			if len(s.text) < 4 && s.text != word {
				continue
			}
			if len(s.text) < 4 || s.takes&^plural == 0 && len(s.text) < 6 { // too short to begin other words with
				stem = append(stem, ' ')
			}
			out = append(out, stem)
		}
	}
	return out
}

// A scratch is what one matching needs.
type scratch struct {
	folded
	seen  []uint32 // by brand, the round in which it was found
	round uint32
}

// Match gives the places of the brands that a text names, each once, in the
// order in which they are named.
func (m *Matcher) Match(text string) []int { return m.AppendMatch(nil, text) }

// AppendMatch appends to dst the places of the brands that texts name, each
// once. The texts belong together, as a title and its text do: words that a
// brand requires or forbids may stand in any.
func (m *Matcher) AppendMatch(dst []int, texts ...string) []int {
	s := m.scratch.Get().(*scratch)
	defer m.scratch.Put(s)
	if s.round++; s.round == 0 {
		clear(s.seen)
		s.round = 1
	}
	from := len(dst)
	for _, text := range texts {
		s.fold(text)
		dst = m.scan(dst, s, text)
	}
	return dst[:from+m.inContext(dst[from:], s, texts)]
}

// inContext moves the brands whose context fits to the front and counts them.
func (m *Matcher) inContext(found []int, s *scratch, texts []string) int {
	n := 0
	for _, b := range found {
		c := &m.brands[b]
		if len(c.require) > 0 && !s.hasAny(c.require, texts) || len(c.forbid) > 0 && s.hasAny(c.forbid, texts) {
			continue
		}
		found[n] = b
		n++
	}
	return n
}

func (s *scratch) hasAny(stems [][]byte, texts []string) bool {
	for _, text := range texts {
		if len(texts) > 1 {
			s.fold(text)
		}
		for _, stem := range stems {
			if bytes.Contains(s.text, stem) {
				return true
			}
		}
	}
	return false
}

// scan finds the names in a folded text. Of names that begin at one word the
// longest counts, and the next is looked for behind it.
func (m *Matcher) scan(dst []int, s *scratch, text string) []int {
	for w := 0; w < len(s.words); {
		best, words := m.longest(s, text, w)
		if best == nil {
			w++
			continue
		}
		for _, b := range best.brands {
			dst = s.take(dst, b)
		}
		for _, e := range best.exact {
			if e.in(text, int(s.words[w].src)) {
				dst = s.take(dst, e.brand)
			}
		}
		w += words
	}
	return dst
}

// take appends a brand that was not found before.
func (s *scratch) take(dst []int, brand int) []int {
	if s.seen[brand] == s.round {
		return dst
	}
	s.seen[brand] = s.round
	return append(dst, brand)
}

// in reports whether the name stands at i of a text, letter by letter.
func (e exactName) in(text string, i int) bool {
	if !strings.HasPrefix(text[i:], e.name) {
		return false
	}
	r, _ := utf8.DecodeRuneInString(text[i+len(e.name):])
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)
}

// longest is the longest name that begins with a word, and how many words it
// has; of two that are as long, the one of the longer stem.
func (m *Matcher) longest(s *scratch, text string, word int) (*nameNode, int) {
	at := int(s.words[word].at)
	if s.text[at+1] == ' ' { // the K of K-Citymarket
		if node := m.child(0, s.text[at]); node >= 0 {
			return m.walk(s, text, word, node, at+1, 1)
		}
		return nil, 0
	}
	if node := m.first(s.text, at); node >= 0 {
		return m.walk(s, text, word, node, at+2, 1)
	}
	return nil, 0
}

// walk goes on from a node of the trie, with at the next byte of the text.
func (m *Matcher) walk(s *scratch, text string, word int, node int32, at, depth int) (best *nameNode, words int) {
	end := -1
	for {
		for i := m.nodes[node].accept; i < m.nodes[node+1].accept; i++ {
			a := &m.accepts[i]
			if end < 0 {
				end = s.end(at)
			}
			if !m.fits(s.text[at:end], a.takes) {
				continue
			}
			n := a.name
			if words <= depth && n.names(text, s, word-depth+1) {
				best, words = n, depth
			}
			if n.root >= 0 && word+1 < len(s.words) {
				if b, w := m.walk(s, text, word+1, n.root, int(s.words[word+1].at), depth+1); b != nil && w >= words {
					best, words = b, w
				}
			}
		}
		c := s.text[at]
		if c == ' ' {
			return best, words
		}
		if node = m.child(node, c); node < 0 {
			return best, words
		}
		at++
	}
}

// names reports whether a name ends with this word, given where it begins.
func (n *nameNode) names(text string, s *scratch, first int) bool {
	if len(n.brands) > 0 {
		return true
	}
	return slices.ContainsFunc(n.exact, func(e exactName) bool { return e.in(text, int(s.words[first].src)) })
}

// fits reports whether the rest of a word is an ending that a stem takes.
func (m *Matcher) fits(rest []byte, takes endings) bool {
	return len(rest) <= 24 && m.endings[string(rest)]&takes != 0
}
