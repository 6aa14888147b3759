package crawler

import (
	"encoding/base64"
	"errors"
	"hash/fnv"
	"slices"
)

const (
	markSize = 6  // bytes: in 4000 marks, one in 35 million is taken for another
	fewMarks = 32 // are looked through; more have a table
)

// A mark is what is remembered of a name.
type mark [markSize]byte

// marks are what a cursor remembers of many names: a mark of each, the oldest
// first. In JSON they are base64.
type marks struct {
	list  []mark
	gone  int      // how many were forgotten since the table was made
	table []uint32 // by mark, its place in the list and gone and 1 together; 0 is free; nil until it is needed
	taken int      // slots of the table, also by marks that were forgotten
}

// add remembers a name and reports whether it was not known. Beyond the limit
// the oldest is forgotten.
func (m *marks) add(name string, limit int) bool {
	k := markOf(name)
	if m.has(k) {
		return false
	}
	m.list = append(m.list, k)
	if m.table != nil {
		m.enter(len(m.list) - 1)
	}
	if over := len(m.list) - limit; over > 0 {
		m.list = m.list[over:]
		m.gone += over
	}
	return true
}

// knows reports whether a name is remembered.
func (m *marks) knows(name string) bool { return m.has(markOf(name)) }

func markOf(name string) (k mark) {
	h := fnv.New64a()
	h.Write([]byte(name))
	var sum [8]byte
	copy(k[:], h.Sum(sum[:0])[8-markSize:])
	return k
}

// slot is where the search for a mark begins in the table.
func (m *marks) slot(k mark) int {
	return (int(k[5]) | int(k[4])<<8 | int(k[3])<<16) & (len(m.table) - 1)
}

func (m *marks) has(k mark) bool {
	if m.table == nil {
		if len(m.list) <= fewMarks {
			return slices.Contains(m.list, k)
		}
		m.index()
	}
	for i := m.slot(k); m.table[i] != 0; i = (i + 1) & (len(m.table) - 1) {
		if at := int(m.table[i]) - 1 - m.gone; at >= 0 && m.list[at] == k {
			return true
		}
	}
	return false
}

// index makes the table anew, at most a quarter full.
func (m *marks) index() {
	size := 4 * fewMarks
	for size < 4*len(m.list) {
		size *= 2
	}
	m.table, m.gone, m.taken = make([]uint32, size), 0, 0
	for at := range m.list {
		m.enter(at)
	}
}

// enter writes the place of a mark into the table.
func (m *marks) enter(at int) {
	if 2*m.taken >= len(m.table) {
		m.index() // with this one
		return
	}
	i := m.slot(m.list[at])
	for m.table[i] != 0 {
		i = (i + 1) & (len(m.table) - 1)
	}
	m.table[i] = uint32(at + m.gone + 1)
	m.taken++
}

// IsZero reports whether nothing is remembered.
func (m marks) IsZero() bool { return len(m.list) == 0 }

// MarshalText implements [encoding.TextMarshaler].
func (m marks) MarshalText() ([]byte, error) {
	raw := make([]byte, 0, len(m.list)*markSize)
	for i := range m.list {
		raw = append(raw, m.list[i][:]...)
	}
	return base64.StdEncoding.AppendEncode(nil, raw), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *marks) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	if len(raw)%markSize != 0 {
		return errors.New("the last mark is cut")
	}
	*m = marks{list: make([]mark, len(raw)/markSize)}
	for i := range m.list {
		m.list[i] = mark(raw[i*markSize:])
	}
	return nil
}
