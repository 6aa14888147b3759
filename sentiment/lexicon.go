package sentiment

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

//go:embed words/*.txt
var wordFiles embed.FS

// A phrase is the rest of a phrase behind its first word.
type phrase[V value] struct {
	rest  []string
	value V
}

// A value is what a word is worth: a weight, or a set of names by their bits.
type value interface{ float64 | uint32 }

// A table is words of one kind in one language.
type table[V value] struct {
	whole   map[string]V
	stems   map[string]V
	longest int // bytes of the longest stem
	heads   heads
	starts  heads // of phrases
	phrases map[string][]phrase[V]
	open    bool // words are stems unless they say otherwise
}

// Named are the words that tell of aspects, or of points of the journey.
type named struct {
	names []string                  // bit i of a value is names[i]
	words map[string]*table[uint32] // by language
}

// A lexicon is every word that the scorer knows. It does not change.
type lexicon struct {
	feel    map[string]*table[float64] // by language
	tones   map[string]*tones          // by language
	faces   map[string]float64
	byFirst [256][]string // the faces by their first byte, the longest first
	aspects named
	journey named
}

func newTable[V value](open bool) *table[V] {
	return &table[V]{whole: map[string]V{}, stems: map[string]V{}, phrases: map[string][]phrase[V]{}, open: open}
}

// add adds an entry: word, word=, stem*, some_phrase.
func (t *table[V]) add(entry string, v V) {
	if !strings.Contains(entry, "_") {
		t.heads.add(strings.TrimRight(entry, "=*"))
	}
	if parts := strings.Split(entry, "_"); len(parts) > 1 {
		t.starts.add(parts[0])
		t.phrases[parts[0]] = append(t.phrases[parts[0]], phrase[V]{parts[1:], v})
		return
	}
	switch {
	case strings.HasSuffix(entry, "="):
		t.whole[strings.TrimSuffix(entry, "=")] = v
	case strings.HasSuffix(entry, "*") || t.open:
		stem := strings.TrimSuffix(entry, "*")
		t.stems[stem] = v
		t.longest = max(t.longest, len(stem))
	default:
		t.whole[entry] = v
	}
}

// value is what an entry was added with.
func (t *table[V]) value(entry string) (v V) {
	switch stem := strings.TrimSuffix(entry, "*"); {
	case strings.Contains(entry, "_"):
	case strings.HasSuffix(entry, "="):
		v = t.whole[strings.TrimSuffix(entry, "=")]
	case stem != entry || t.open:
		v = t.stems[stem]
	default:
		v = t.whole[entry]
	}
	return v
}

// one is the value of a word.
func (t *table[V]) one(w string) (v V, ok bool) {
	if !t.heads.may(w) {
		return 0, false
	}
	if v, ok := t.whole[w]; ok {
		return v, true
	}
	for n := min(len(w), t.longest); n > 1; n-- {
		if n < len(w) && !utf8.RuneStart(w[n]) {
			continue
		}
		if v, ok := t.stems[w[:n]]; ok {
			return v, true
		}
	}
	if t.open {
		return 0, false
	}
	for _, end := range inflections {
		if stem, ok := strings.CutSuffix(w, end); ok && len(stem) > 2 {
			if v, ok := t.whole[stem]; ok {
				return v, true
			}
		}
	}
	return 0, false
}

// fits reports whether w is a word of a phrase.
func (t *table[V]) fits(part, w string) bool {
	if p, ok := strings.CutSuffix(part, "="); ok {
		return p == w
	}
	if p, ok := strings.CutSuffix(part, "*"); ok {
		return strings.HasPrefix(w, p)
	}
	if part == w {
		return true
	}
	return t.open && strings.HasPrefix(w, part) && utf8.RuneCountInString(part) > 3
}

// said is how many tokens a phrase at ts[i] takes, 1 for a whole word, 0 for
// what is not in the table as it is written.
func (t *table[V]) said(ts []token, i int) (n int) {
	w := ts[i].text
	if _, ok := t.whole[w]; ok {
		n = 1
	}
	for _, p := range t.phrases[w] {
		k := 0
		for k < len(p.rest) && i+1+k < len(ts) && ts[i+1+k].kind == word && t.fits(p.rest[k], ts[i+1+k].text) {
			k++
		}
		if k == len(p.rest) {
			n = max(n, k+1)
		}
	}
	return n
}

// at finds the longest phrase or word at ts[i] and says how many tokens it
// takes. first is the word to look phrases up by. Behind a negation two words
// may stand between.
func (t *table[V]) at(ts []token, i int, first string, negates bool) (v V, n int, ok bool) {
	var phrases []phrase[V]
	if t.starts.may(first) {
		phrases = t.phrases[first]
	}
	var next [3]byte // how the words begin that a phrase may go on with
	for k := range next {
		if j := i + 1 + k; len(phrases) > 0 && j < len(ts) && ts[j].kind == word && (k == 0 || negates) {
			next[k] = ts[j].text[0]
		}
	}
	for _, p := range phrases {
		if c := p.rest[0][0]; c != next[0] && c != next[1] && c != next[2] {
			continue // most do not: a negation has hundreds of phrases
		}
		at, good := i+1, true
		for _, part := range p.rest {
			gap := 0
			for negates && gap < 2 && at < len(ts) && ts[at].kind == word && !t.fits(part, ts[at].text) {
				at, gap = at+1, gap+1
			}
			if at >= len(ts) || ts[at].kind != word || !t.fits(part, ts[at].text) {
				good = false
				break
			}
			at++
		}
		if good && (!ok || at-i > n) {
			v, n, ok = p.value, at-i, true
		}
	}
	if ok {
		return v, n, true
	}
	w := ts[i]
	if v, ok = t.one(w.text); ok {
		return v, 1, true
	}
	if w.long {
		for _, n := range []int{2, 1} {
			if v, ok = t.one(drawn(w.text, n)); ok {
				return v, 1, true
			}
		}
	}
	return 0, 0, false
}

// faceAt is the length of the emoji or emoticon at s[i], 0 if there is none.
func (l *lexicon) faceAt(s string, i int) int {
	for _, f := range l.byFirst[s[i]] {
		if !strings.HasPrefix(s[i:], f) {
			continue
		}
		if c := f[0]; c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' { // xD is none in maxDepth
			if i > 0 && s[i-1] != ' ' || i+len(f) < len(s) && s[i+len(f)] != ' ' {
				continue
			}
		}
		if last := f[len(f)-1]; f[0] == ':' && (last == '/' || last >= '0' && last <= 'z') && i+len(f) < len(s) {
			if next := s[i+len(f)]; next == '/' || next >= '0' && next <= 'z' { // https://
				continue
			}
		}
		return len(f)
	}
	return 0
}

// readWords calls f for every line of a file with its fields.
func readWords(name string, f func(fields []string) error) error {
	b, err := wordFiles.ReadFile("words/" + name)
	if err != nil {
		return fmt.Errorf("words: %w", err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if err := f(fields); err != nil {
			return fmt.Errorf("words %s:%d: %w", name, n, err)
		}
	}
	return nil
}

// langs are the languages that are scored.
var langs = []string{"fi", "en"}

// ours is the language if it is one that there are words of our own for.
func ours(lang string) string {
	if slices.Contains(langs, lang) {
		return lang
	}
	return ""
}

func readLexicon() (*lexicon, error) {
	l := &lexicon{
		feel: map[string]*table[float64]{}, tones: map[string]*tones{}, faces: map[string]float64{},
	}
	for _, lang := range langs {
		t := newTable[float64](lang == "fi")
		if err := readWords(lang+".txt", weighted(t.add)); err != nil {
			return nil, err
		}
		l.feel[lang] = t
	}
	if err := readWords("emoji.txt", weighted(func(f string, w float64) {
		l.faces[f] = w
		l.byFirst[f[0]] = append(l.byFirst[f[0]], f)
	})); err != nil {
		return nil, err
	}
	for _, fs := range l.byFirst {
		slices.SortFunc(fs, func(a, b string) int { return len(b) - len(a) })
	}
	for _, lang := range append([]string{""}, langs...) {
		l.tones[lang] = newTones()
	}
	if err := readWords("tone.txt", func(f []string) error {
		for _, w := range f[2:] {
			if err := l.tones[f[1]].add(f[0], w); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	for name, to := range map[string]*named{"aspects.txt": &l.aspects, "journey.txt": &l.journey} {
		if err := to.read(name); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// weighted reads lines of a weight and entries.
func weighted(add func(entry string, weight float64)) func([]string) error {
	return func(f []string) error {
		w, err := strconv.ParseFloat(f[0], 64)
		if err != nil {
			return err
		}
		for _, entry := range f[1:] {
			add(entry, w)
		}
		return nil
	}
}

// read reads lines of a name, a language and entries.
func (n *named) read(file string) error {
	n.words = map[string]*table[uint32]{"fi": newTable[uint32](true), "en": newTable[uint32](false)}
	return readWords(file, func(f []string) error {
		i := slices.Index(n.names, f[0])
		if i < 0 {
			i = len(n.names)
			n.names = append(n.names, f[0])
		}
		t := n.words[f[1]]
		if t == nil || i >= 32 {
			return fmt.Errorf("%s: no such language, or too many names", f[0])
		}
		for _, w := range f[2:] {
			t.add(w, t.value(w)|1<<i)
		}
		return nil
	})
}

// inflections are simple English ones.
var inflections = []string{"s", "ly", "ed", "d", "ing", "er"}
