package sentiment

import (
	"fmt"
	"strings"
)

// A tone is how a word turns, raises or lowers what others say.
type tone uint8

const (
	toneNot tone = 1 << iota
	toneMore
	toneLess
	toneBut
	toneButPhrase // a phrase that turns begins with it
	toneSurePhrase
)

// Tones are such words of a language.
type tones struct {
	words            map[string]tone
	but, sure, maybe *table[uint32]
}

func newTones() *tones {
	return &tones{map[string]tone{}, newTable[uint32](false), newTable[uint32](false), newTable[uint32](false)}
}

// add adds a word or phrase of a kind of tone.
func (t *tones) add(kind, w string) error {
	first, _, phrase := strings.Cut(w, "_")
	switch kind {
	case "not":
		t.words[w] |= toneNot
	case "more":
		t.words[w] |= toneMore
	case "less":
		t.words[w] |= toneLess
	case "but":
		t.but.add(w, 1)
		if phrase {
			t.words[first] |= toneButPhrase
		} else {
			t.words[w] |= toneBut
		}
	case "sure":
		t.sure.add(w, 1)
		t.words[first] |= toneSurePhrase
	case "maybe":
		t.maybe.add(w, 1)
	default:
		return fmt.Errorf("there is no tone %q", kind)
	}
	return nil
}

// Heads are the first letters of words: most words that are looked up begin
// like none that is known.
type heads [1 << 8]uint64

func (h *heads) bit(w string) (at int, bit uint64) {
	x := mix(hashString(fnvOffset, w[:min(len(w), 3)])) & (1<<14 - 1)
	return int(x / 64), 1 << (x % 64)
}

func (h *heads) add(w string) {
	at, bit := h.bit(w)
	h[at] |= bit
}

// may reports whether a word that w is or begins with may have been added.
func (h *heads) may(w string) bool {
	at, bit := h.bit(w)
	if h[at]&bit != 0 {
		return true
	}
	if len(w) < 3 {
		return false
	}
	at, bit = h.bit(w[:2])
	return h[at]&bit != 0
}
