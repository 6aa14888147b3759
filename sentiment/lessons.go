package sentiment

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"

	"github.com/puskaradio/puskaradio"
)

// Lessons are what people's corrections add to a model: a few weights beside
// its own, which stay as they are. They fit the model that they were taught
// to and no other.
type Lessons struct {
	Base  string // ID of the model that they were taught to
	N     int    // corrections that they were taught by
	Stars int    // and starred reviews
	keys  []uint32
	w     [][3]float32 // by place in keys; added to the logits: negative, neutral, positive
}

// Size is the number of features that have a weight.
func (l *Lessons) Size() int { return len(l.keys) }

// A ForeignError says that lessons were taught to another model than the one
// that they should go with.
type ForeignError struct{ Base, Model string }

func (e *ForeignError) Error() string {
	return fmt.Sprintf("the lessons were taught to %s, and this is %s; teach them anew with puskaradio train --corrections", e.Base, e.Model)
}

// With is the model with lessons beside it. It shares the tables of m. Lessons
// of another model are a [ForeignError]; nil gives the model without any.
func (m *Model) With(l *Lessons) (*Model, error) {
	n := *m
	if m.lessons != nil {
		n.ID = m.lessons.base
	}
	n.lessons = nil
	if l == nil {
		return &n, nil
	}
	if l.Base != n.ID {
		return nil, &ForeignError{l.Base, n.ID}
	}
	n.lessons = l.table()
	n.ID = fmt.Sprintf("%s+n%d", l.Base, l.N)
	if l.Stars > 0 {
		n.ID += fmt.Sprintf("s%d", l.Stars)
	}
	return &n, nil
}

// A slate is lessons ready for use: open addressing, no key stands farther
// than the next empty slot from where it belongs.
type slate struct {
	base  string
	slots []slot
	shift int
}

type slot struct {
	key uint32
	set bool
	w   [3]float32
}

func (l *Lessons) table() *slate {
	bits := 4
	for 1<<bits < 2*len(l.keys) {
		bits++
	}
	t := &slate{base: l.Base, slots: make([]slot, 1<<bits), shift: 32 - bits}
	for i, k := range l.keys {
		at := t.home(k)
		for t.slots[at].set {
			at = (at + 1) & (len(t.slots) - 1)
		}
		t.slots[at] = slot{k, true, l.w[i]}
	}
	return t
}

// home is where a key belongs.
func (t *slate) home(key uint32) int { return int(key * 0x9e3779b1 >> t.shift) }

// find is the weight of a key; zero if it has none.
func (t *slate) find(key uint32) [3]float32 {
	for at := t.home(key); t.slots[at].set; at = (at + 1) & (len(t.slots) - 1) {
		if t.slots[at].key == key {
			return t.slots[at].w
		}
	}
	return [3]float32{}
}

// lessonKey is where lessons keep a feature of a language.
func lessonKey(salt, h uint32) uint32 { return mix(h ^ salt) }

// A trait is a feature with its value.
type trait struct {
	h uint32
	x float32
}

// general are the traits that do not hang on words: those that every text of
// a language has, and every one of a kind, and what the model makes of it.
func general(f *feeling, genre puskaradio.Genre) [4]trait {
	var z [3]float64
	for c := range 3 {
		z[c] = math.Log(float64(f.p[c]) + 1e-6)
	}
	return [4]trait{
		{hashString(fnvOffset, "\x00all"), 1},
		{hashString(fnvOffset, "\x00kind "+string(genre)), 1},
		{hashString(fnvOffset, "\x00poles"), float32(z[2]-z[0]) / 2},
		{hashString(fnvOffset, "\x00neutral"), float32(z[1]-max(z[0], z[2])) / 2},
	}
}

// apply lets the lessons have their say about a text that a model has judged.
func (t *slate) apply(f *feeling, s *scan, lang string, genre puskaradio.Genre) {
	var z [3]float32
	add := func(key uint32, unit float32) float32 {
		w := t.find(key)
		for c := range 3 {
			z[c] += unit * w[c]
		}
		return unit * (w[2] - w[0])
	}
	salt := hashString(fnvOffset, lang)
	for _, x := range general(f, genre) {
		add(lessonKey(salt, x.h), x.x)
	}
	wordUnit, gramUnit := 1/root(len(s.words)), 1/root(len(s.grams))
	for i := range s.marks {
		end := len(s.grams)
		if i+1 < len(s.marks) {
			end = s.marks[i+1].grams
		}
		for _, h := range s.words[2*i : 2*i+2] {
			s.tell[i] += add(lessonKey(salt, h), wordUnit)
		}
		for _, h := range s.grams[s.marks[i].grams:end] {
			s.tell[i] += add(lessonKey(salt, h), gramUnit)
		}
	}
	p, lean := taught(f.p, f.lean, z)
	for c := range 3 {
		f.p[c] = float32(p[c])
	}
	f.lean = lean
	f.label = pick(p, lean)
}

// taught adds z to the logits of probabilities, and of the same with their
// lean.
func taught(p [3]float32, lean [3]float64, z [3]float32) (q, l [3]float64) {
	sum := 0.0
	for c := range 3 {
		e := math.Exp(float64(z[c]))
		q[c], l[c] = float64(p[c])*e, lean[c]*e
		sum += q[c]
	}
	for c := range 3 {
		q[c] /= sum
	}
	return q, l
}

const (
	lessonsMagic = "puskaradio lessons 1\n"
	maxLessons   = 1 << 23 // features
	maxLogit     = 30      // the most that a weight of a lesson may be
)

type lessonsHeader struct {
	Base  string `json:"base"`
	N     int    `json:"corrections"`
	Stars int    `json:"stars,omitempty"`
	Size  int    `json:"size"`
}

var errLessons = errors.New("these are no lessons of this version of puskaradio, or they are damaged; teach them anew with puskaradio train --corrections, or take the old ones back with puskaradio train --undo")

// WriteTo writes lessons: the magic, the length of the header, the header as
// JSON, the keys in ascending order with three weights each, the CRC-32 of all
// that. Numbers are little-endian.
func (l *Lessons) WriteTo(w io.Writer) (int64, error) {
	js, err := json.Marshal(lessonsHeader{l.Base, l.N, l.Stars, len(l.keys)})
	if err != nil {
		return 0, err
	}
	b := append([]byte(lessonsMagic), binary.LittleEndian.AppendUint32(nil, uint32(len(js)))...)
	b = append(b, js...)
	for i, k := range l.keys {
		b = binary.LittleEndian.AppendUint32(b, k)
		for _, x := range l.w[i] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	n, err := w.Write(b)
	return int64(n), err
}

// ReadLessons reads what [Lessons.WriteTo] wrote.
func ReadLessons(b []byte) (*Lessons, error) {
	rest, ok := bytes.CutPrefix(b, []byte(lessonsMagic))
	if !ok || len(rest) < 8 {
		return nil, errLessons
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(b[len(body):]) {
		return nil, errLessons
	}
	n := binary.LittleEndian.Uint32(rest)
	rest = rest[4 : len(rest)-4]
	if uint64(n) > uint64(len(rest)) {
		return nil, errLessons
	}
	var h lessonsHeader
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		return nil, errLessons
	}
	rest = rest[n:]
	if h.N < 0 || h.Stars < 0 || h.Size < 0 || h.Size > maxLessons || len(rest) != 16*h.Size {
		return nil, errLessons
	}
	l := &Lessons{Base: h.Base, N: h.N, Stars: h.Stars, keys: make([]uint32, h.Size), w: make([][3]float32, h.Size)}
	for i := range l.keys {
		f := rest[16*i:]
		l.keys[i] = binary.LittleEndian.Uint32(f)
		if i > 0 && l.keys[i] <= l.keys[i-1] {
			return nil, errLessons
		}
		for c := range 3 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(f[4+4*c:]))
			if !(x >= -maxLogit && x <= maxLogit) { // or no number
				return nil, errLessons
			}
			l.w[i][c] = x
		}
	}
	return l, nil
}
