package crawler

import (
	"maps"
	"slices"
	"strings"
)

// A trie holds the stems of the words of names, in nodes that lie as they are
// walked: the children of a node one behind the other, in the order of their
// bytes. It has a root for every word that a name may go on from.
type trie struct {
	nodes  []trieNode // with one more behind the last
	labels []byte     // by node, the byte that leads to it
	pairs  []int32    // the nodes that the first two bytes of a word lead to, or -1
}

// A trieNode is where its children and its accepts begin; they end where those
// of the next node begin.
type trieNode struct{ kids, accept int32 }

// child is the node that a byte leads to, or -1.
func (t *trie) child(node int32, c byte) int32 {
	from, to := t.nodes[node].kids, t.nodes[node+1].kids
	for i := from; i < to; i++ {
		if t.labels[i] >= c {
			if t.labels[i] == c {
				return i
			}
			return -1
		}
	}
	return -1
}

// first is the node that the two bytes at i of a text lead to, or -1.
func (t *trie) first(text []byte, i int) int32 {
	return t.pairs[int(text[i])<<8|int(text[i+1])]
}

// A trieKey is a stem on its way into the trie.
type trieKey struct {
	text string
	accept
}

// A trieRange is a node that waits to be laid out: the keys that lead through
// it, and how many of their bytes have led there.
type trieRange struct {
	keys  []trieKey
	depth int
	label byte
}

// build lays out the trie of all names, word by word. The words that go on
// have their roots behind one another, after the first.
func (m *Matcher) build(top *nameNode) {
	level := []*nameNode{top}
	var queue []trieRange
	top.root = 0
	for len(level) > 0 {
		n := level[0]
		level = level[1:]
		n.root = -1
		if len(n.kids) == 0 {
			continue
		}
		n.root = int32(len(queue))
		queue = append(queue, trieRange{keys: n.keys()})
		for _, word := range slices.Sorted(maps.Keys(n.kids)) {
			level = append(level, n.kids[word])
		}
	}
	if len(queue) == 0 {
		queue = append(queue, trieRange{})
	}
	for i := 0; i < len(queue); i++ {
		r := queue[i]
		queue[i].keys = nil
		node := trieNode{kids: int32(len(queue)), accept: int32(len(m.accepts))}
		m.nodes, m.labels = append(m.nodes, node), append(m.labels, r.label)
		for len(r.keys) > 0 && len(r.keys[0].text) == r.depth {
			m.accepts = append(m.accepts, r.keys[0].accept)
			r.keys = r.keys[1:]
		}
		for len(r.keys) > 0 {
			c, n := r.keys[0].text[r.depth], 1
			for n < len(r.keys) && r.keys[n].text[r.depth] == c {
				n++
			}
			queue = append(queue, trieRange{r.keys[:n], r.depth + 1, c})
			r.keys = r.keys[n:]
		}
	}
	m.nodes = append(m.nodes, trieNode{int32(len(queue)), int32(len(m.accepts))})
	m.pairs = slices.Repeat([]int32{-1}, 1<<16)
	for a := m.nodes[0].kids; a < m.nodes[1].kids; a++ {
		for b := m.nodes[a].kids; b < m.nodes[a+1].kids; b++ {
			m.pairs[int(m.labels[a])<<8|int(m.labels[b])] = b
		}
	}
}

// keys are the sorted stems of the words that may follow.
func (n *nameNode) keys() []trieKey {
	var out []trieKey
	for word, kid := range n.kids {
		for _, s := range kid.stems(word) {
			out = append(out, trieKey{s.text, accept{s.takes, kid}})
		}
	}
	slices.SortFunc(out, func(a, b trieKey) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return strings.Compare(a.name.word, b.name.word)
	})
	return out
}

// stems are those of a word within names. One that is short stands as it is:
// the K of K-Citymarket, the ja of Musti ja Mirri.
func (n *nameNode) stems(word string) []stem {
	if len(word) < 3 && len(n.brands) == 0 || len(word) < 2 {
		return []stem{{word, nominative}}
	}
	return stemsOf(word)
}
