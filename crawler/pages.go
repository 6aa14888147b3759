package crawler

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
)

// pages are addresses, each told by what differs from the one before: how
// many bytes they share, how many follow, and those. Of a sorted list of
// addresses that is about an eighth. In JSON they are base64.
type pages []byte

func packPages(urls []string) (p pages) {
	last := ""
	for _, u := range urls {
		p = p.extend(shared(last, u), u)
		last = u
	}
	return p
}

// extend appends an address that shares so many bytes with the last.
func (p pages) extend(same int, u string) pages {
	p = binary.AppendUvarint(p, uint64(same))
	p = binary.AppendUvarint(p, uint64(len(u)-same))
	return append(p, u[same:]...)
}

func shared(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// cut gives the first entry and what is behind it. It is not ok if there is
// none, or it is broken.
func (p pages) cut() (same int, more, rest pages, ok bool) {
	s, n := binary.Uvarint(p)
	if n <= 0 || s > 1<<16 {
		return 0, nil, nil, false
	}
	l, k := binary.Uvarint(p[n:])
	if k <= 0 || l > uint64(len(p)-n-k) {
		return 0, nil, nil, false
	}
	p = p[n+k:]
	return int(s), p[:l], p[l:], true
}

// pop takes the first address off, and does not look at the rest but for the
// second. It is empty if there is none.
func (p *pages) pop() string {
	_, first, rest, ok := p.cut()
	if !ok {
		*p = nil
		return ""
	}
	u := string(first)
	if same, more, behind, ok := rest.cut(); ok {
		second := u[:same] + string(more)
		rest = append(pages(nil).extend(0, second), behind...)
	}
	*p = rest
	return u
}

// list are the addresses.
func (p pages) list() (urls []string) {
	var last []byte
	for same, more, rest, ok := p.cut(); ok; same, more, rest, ok = rest.cut() {
		last = append(last[:same], more...)
		urls = append(urls, string(last))
	}
	return urls
}

// MarshalText implements [encoding.TextMarshaler].
func (p pages) MarshalText() ([]byte, error) { return base64.StdEncoding.AppendEncode(nil, p), nil }

// UnmarshalText implements [encoding.TextUnmarshaler]. What it takes is whole.
func (p *pages) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	size := 0
	for left := pages(raw); len(left) > 0; {
		same, more, rest, ok := left.cut()
		if !ok || same > size {
			return errors.New("a list of addresses is broken")
		}
		size, left = same+len(more), rest
	}
	*p = slices.Clip(raw)
	return nil
}
