package store

import (
	"encoding/binary"
	"errors"
	"hash/fnv"
	"math"
	"time"

	"github.com/puskaradio/puskaradio"
)

// recordVersion is the first byte of every stored mention. Older records are
// read too: those of version 2 know of no stories, and the scores of version 1 lack the words of the journey, the verdict of
// the embedded scorer and the components of the aspects. A record of a version
// that is not known here is an error.
const recordVersion = 3

var errRecord = errors.New("damaged record")

// appendMention encodes a mention: a byte of version, then the fields in a
// fixed order, numbers as varints and texts with their length before them.
// Its brand and source stand in its keys as numbers, a correction with its
// case.
func appendMention(b []byte, m *puskaradio.Mention) []byte {
	b = append(b, recordVersion)
	for _, s := range []string{m.Ref, m.URL, m.Author, m.Title, m.Text, m.Lang, m.About, string(m.Genre), string(m.DateFrom), string(m.State), m.Flag, string(m.Story)} {
		b = appendString(b, s)
	}
	b = appendTime(b, m.Published)
	b = appendTime(b, m.FirstSeen)
	b = appendTime(b, m.Gone)
	b = binary.AppendVarint(b, int64(m.Reach))
	b = appendRating(b, m.Rating)
	b = appendScore(b, m.Score)
	b = binary.AppendUvarint(b, uint64(len(m.Versions)))
	for _, v := range m.Versions {
		b = appendString(appendString(b, v.Title), v.Text)
		b = appendTime(appendRating(b, v.Rating), v.Until)
	}
	if m.Owner == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	return appendTime(appendString(appendString(b, m.Owner.Author), m.Owner.Text), m.Owner.At)
}

func decodeMention(b []byte) (m puskaradio.Mention, err error) {
	d := decoder{b: b, s: string(b)}
	version := d.byte()
	if version < 1 || version > recordVersion {
		return m, errRecord
	}
	m.Ref, m.URL, m.Author, m.Title, m.Text = d.string(), d.string(), d.string(), d.string(), d.string()
	m.Lang, m.About = d.string(), d.string()
	m.Genre, m.DateFrom, m.State = puskaradio.Genre(d.string()), puskaradio.DateFrom(d.string()), puskaradio.State(d.string())
	m.Flag = d.string()
	if version >= 3 {
		m.Story = puskaradio.ID(d.string())
	}
	m.Published, m.FirstSeen, m.Gone = d.time(), d.time(), d.time()
	m.Reach = int(d.varint())
	m.Rating, m.Score = d.rating(), d.score(version)
	if n := d.count(); n > 0 {
		m.Versions = make([]puskaradio.Version, n)
		for i := range m.Versions {
			m.Versions[i] = puskaradio.Version{Title: d.string(), Text: d.string(), Rating: d.rating(), Until: d.time()}
		}
	}
	if d.byte() == 1 {
		m.Owner = &puskaradio.Reply{Author: d.string(), Text: d.string(), At: d.time()}
	}
	if d.bad {
		return m, errRecord
	}
	return m, nil
}

// labels are numbered by their place.
var labels = [...]puskaradio.Label{puskaradio.Negative, puskaradio.Neutral, puskaradio.Positive}

func labelNumber(l puskaradio.Label) byte {
	for i, x := range labels {
		if x == l {
			return byte(i)
		}
	}
	return 1
}

func appendScore(b []byte, s *puskaradio.Score) []byte {
	if s == nil {
		return append(b, 0)
	}
	unsure := byte(0)
	if s.Unsure {
		unsure = 1
	}
	b = append(b, 1, labelNumber(s.Label), unsure)
	b = binary.AppendVarint(b, int64(math.Round(s.Value*1000)))
	b = binary.AppendVarint(b, int64(math.Round(s.Confidence*1000)))
	for _, x := range []string{s.Why, s.Stage, s.Touchpoint, s.Lang, s.Model} {
		b = appendString(b, x)
	}
	b = appendStrings(b, s.Words)
	b = binary.AppendUvarint(b, uint64(len(s.Aspects)))
	for _, a := range s.Aspects {
		b = append(appendString(b, a.Name), labelNumber(a.Label))
		b = appendString(appendStrings(b, a.Words), a.Component)
	}
	b = appendStrings(b, s.JourneyWords)
	e := s.Embedded
	if e == nil {
		return append(b, 0)
	}
	b = append(b, 1, labelNumber(e.Label))
	b = binary.AppendVarint(b, int64(math.Round(e.Value*1000)))
	b = binary.AppendVarint(b, int64(math.Round(e.Confidence*1000)))
	return appendString(b, e.Model)
}

func (d *decoder) score(version byte) *puskaradio.Score {
	if d.byte() == 0 {
		return nil
	}
	s := &puskaradio.Score{Label: d.label(), Unsure: d.byte() == 1}
	s.Value = float64(d.varint()) / 1000
	s.Confidence = float64(d.varint()) / 1000
	s.Why, s.Stage, s.Touchpoint, s.Lang, s.Model = d.string(), d.string(), d.string(), d.string(), d.string()
	s.Words = d.strings()
	if n := d.count(); n > 0 {
		s.Aspects = make([]puskaradio.Aspect, n)
		for i := range s.Aspects {
			s.Aspects[i] = puskaradio.Aspect{Name: d.string(), Label: d.label(), Words: d.strings()}
			if version > 1 {
				s.Aspects[i].Component = d.string()
			}
		}
	}
	if version == 1 {
		return s
	}
	s.JourneyWords = d.strings()
	if d.byte() == 1 {
		e := &puskaradio.Score{Label: d.label()}
		e.Value = float64(d.varint()) / 1000
		e.Confidence = float64(d.varint()) / 1000
		e.Model = d.string()
		s.Embedded = e
	}
	return s
}

func appendRating(b []byte, r *puskaradio.Rating) []byte {
	if r == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, f := range []float64{r.Value, r.Best, r.Worst} {
		b = binary.AppendVarint(b, int64(math.Round(f*1000)))
	}
	return b
}

func (d *decoder) rating() *puskaradio.Rating {
	if d.byte() == 0 {
		return nil
	}
	f := func() float64 { return float64(d.varint()) / 1000 }
	return &puskaradio.Rating{Value: f(), Best: f(), Worst: f()}
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, ss []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(ss)))
	for _, s := range ss {
		b = appendString(b, s)
	}
	return b
}

// appendTime keeps milliseconds; zero stands for no time at all.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(b, t.UnixMilli()<<1|1)
}

// A decoder reads what the append functions wrote. After the first byte that
// does not fit it is bad and gives zeros.
type decoder struct {
	b   []byte
	s   string // all of it, if it has texts: they share its memory
	bad bool
}

func (d *decoder) fail() { d.bad, d.b = true, nil }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) label() puskaradio.Label {
	c := d.byte()
	if int(c) >= len(labels) {
		d.fail()
		return puskaradio.Neutral
	}
	return labels[c]
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count is the length of a list, of which each item takes a byte at least.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) string() string {
	n := d.count()
	at := len(d.s) - len(d.b)
	d.b = d.b[n:]
	return d.s[at : at+n]
}

func (d *decoder) strings() []string {
	n := d.count()
	if n == 0 {
		return nil
	}
	ss := make([]string, n)
	for i := range ss {
		ss[i] = d.string()
	}
	return ss
}

func (d *decoder) time() time.Time {
	v := d.varint()
	if v&1 == 0 {
		return time.Time{}
	}
	return time.UnixMilli(v >> 1).UTC()
}

// digest tells whether an author has changed a mention.
func digest(m *puskaradio.Mention) uint32 {
	h := fnv.New32a()
	h.Write([]byte(m.Title))
	h.Write([]byte{0})
	h.Write([]byte(m.Text))
	var b [64]byte
	h.Write(appendRating(b[:0], m.Rating))
	if m.Owner != nil {
		h.Write([]byte(m.Owner.Text))
	}
	return h.Sum32()
}
