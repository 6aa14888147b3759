package puskaradio

import (
	"encoding/binary"
	"strings"
)

const pseudonymStart = "author-"

// Pseudonym writes a number down as the pseudonym of an author. Which number an
// author has only the store knows, see store.Pseudonyms.
func Pseudonym(n uint64) string {
	return pseudonymStart + idText.EncodeToString(binary.BigEndian.AppendUint64(nil, n))
}

// ReadPseudonym gives the number of a pseudonym, in any case of the letters. It
// reports false of any other name.
func ReadPseudonym(name string) (n uint64, ok bool) {
	text, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(name)), pseudonymStart)
	if !ok {
		return 0, false
	}
	b, err := idText.DecodeString(text)
	if err != nil || len(b) != 8 {
		return 0, false
	}
	n = binary.BigEndian.Uint64(b)
	return n, Pseudonym(n) == pseudonymStart+text
}

// IsPseudonym reports whether a name is one of ours and nobody's own.
func IsPseudonym(name string) bool {
	_, ok := ReadPseudonym(name)
	return ok
}
