package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// Pseudonyms know authors by name and by pseudonym. They are made with the
// secret of one store: its id, 128 random bits that move with it from engine to
// engine and are in no export.
//
// A pseudonym is the digest that the store finds an author by, scrambled under
// an HMAC. With the secret it is read back: so the customer keys, the past and
// the erasure of an author are found by either form, whichever is kept. Without
// it a name cannot be tried, and the pseudonyms of a name at two sources have
// nothing in common.
type Pseudonyms struct{ salt []byte }

// digest is what an author is found by: of a name with the id of the store, so
// that names cannot be looked up in a list that was made beforehand.
func (p Pseudonyms) digest(source, author string) uint64 {
	if n, ok := puskaradio.ReadPseudonym(author); ok {
		return binary.BigEndian.Uint64(p.scramble("author", source, binary.BigEndian.AppendUint64(nil, n), true))
	}
	h := sha256.New()
	h.Write(p.salt)
	fmt.Fprintf(h, "\x00%s\x00%s", source, sameAuthor(author))
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// Author is what an author at a source is called instead of the name: for as
// long as the store lives, and in any case of the letters. A pseudonym is its
// own, and nobody has none.
func (p Pseudonyms) Author(source, name string) string {
	if sameAuthor(name) == "" || puskaradio.IsPseudonym(name) {
		return name
	}
	d := binary.BigEndian.AppendUint64(nil, p.digest(source, name))
	return puskaradio.Pseudonym(binary.BigEndian.Uint64(p.scramble("author", source, d, false)))
}

// Same reports whether two names, or pseudonyms, are of one author at a source.
func (p Pseudonyms) Same(source, a, b string) bool {
	if sameAuthor(a) == "" || sameAuthor(b) == "" {
		return sameAuthor(a) == sameAuthor(b)
	}
	return p.digest(source, a) == p.digest(source, b)
}

// Key is the key of a mention whose author goes by a pseudonym. A key that is a
// digest of what a mention says has the name in it, see
// [puskaradio.Mention.Key], and who has the text could try names; so it is
// scrambled. Any other is itself.
func (p Pseudonyms) Key(source, key string) string {
	if _, scrambled := keyDigest(key); scrambled {
		return key
	}
	if other := p.otherKey(source, key); other != "" {
		return other
	}
	return key
}

var keyText = base32.HexEncoding.WithPadding(base32.NoPadding)

// keyDigest gives the digest in a key, and whether it was scrambled; nil of a
// key that is none.
func keyDigest(key string) (d []byte, scrambled bool) {
	text, ok := strings.CutPrefix(key, "~")
	switch {
	case !ok:
	case len(text) == 32:
		if b, err := hex.DecodeString(text); err == nil {
			return b, false
		}
	case len(text) == keyText.EncodedLen(16):
		if b, err := keyText.DecodeString(text); err == nil && keyText.EncodeToString(b) == text {
			return b, true
		}
	}
	return nil, false
}

// otherKey is what a mention is kept under where its author goes by the other of
// name and pseudonym; empty where that makes no difference.
func (p Pseudonyms) otherKey(source, key string) string {
	switch d, scrambled := keyDigest(key); {
	case d == nil:
		return ""
	case scrambled:
		return "~" + hex.EncodeToString(p.scramble("key", source, d, true))
	default:
		return "~" + keyText.EncodeToString(p.scramble("key", source, d, false))
	}
}

// other is a mention with the key that [Pseudonyms.otherKey] gives; false where
// there is none.
func (p Pseudonyms) other(m *puskaradio.Mention) (puskaradio.Mention, bool) {
	x := *m
	key := p.otherKey(m.Source, m.Key())
	if key != "" {
		x.Ref = key
	}
	return x, key != ""
}

// scramble is a permutation that nobody can tell from a random one without the
// secret: a Feistel network of four rounds, each an HMAC with SHA-256, as Luby
// and Rackoff have shown. back undoes it.
func (p Pseudonyms) scramble(what, source string, block []byte, back bool) []byte {
	half := len(block) / 2
	l, r := block[:half:half], block[half:]
	round := func(i byte, of, with []byte) []byte {
		h := hmac.New(sha256.New, p.salt)
		fmt.Fprintf(h, "pseudonym\x00%s\x00%d\x00%s\x00", what, i, source)
		h.Write(of)
		out := h.Sum(nil)[:half]
		for j := range out {
			out[j] ^= with[j]
		}
		return out
	}
	for i := range byte(4) {
		if back {
			l, r = round(3-i, l, r), l
		} else {
			l, r = r, round(i, r, l)
		}
	}
	return append(l[:half:half], r...)
}
