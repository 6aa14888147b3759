package crawler

import (
	"bytes"
	"hash/fnv"
)

const markSize = 6 // bytes: in 4000 marks, one in 35 million is taken for another

// marks are what a cursor remembers of many names: a few bytes of each, the
// oldest first. In JSON they are base64.
type marks []byte

// add remembers a name and reports whether it was not known. Beyond the limit
// the oldest is forgotten.
func (m *marks) add(name string, limit int) bool {
	sum := markOf(name)
	if m.has(sum) {
		return false
	}
	*m = append(*m, sum...)
	if over := len(*m)/markSize - limit; over > 0 {
		*m = bytes.Clone((*m)[over*markSize:])
	}
	return true
}

// knows reports whether a name is remembered.
func (m *marks) knows(name string) bool { return m.has(markOf(name)) }

func markOf(name string) []byte {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum(nil)[8-markSize:]
}

func (m *marks) has(sum []byte) bool {
	for b := *m; len(b) >= markSize; b = b[markSize:] {
		if bytes.Equal(b[:markSize], sum) {
			return true
		}
	}
	return false
}
