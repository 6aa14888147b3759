package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// A tally is what a row of counts holds for one source: how many mentions of
// each label, the sum of their scores, how many had stars and
// the sum of their shares, both in hundredths.
type tally struct {
	source uint32
	labels [3]int64
	value  int64
	rated  int64
	rating int64
}

func (t *tally) add(u tally) {
	for i := range t.labels {
		t.labels[i] += u.labels[i]
	}
	t.value += u.value
	t.rated += u.rated
	t.rating += u.rating
}

func (t tally) minus() tally {
	var u tally
	u.source = t.source
	for i := range t.labels {
		u.labels[i] = -t.labels[i]
	}
	u.value, u.rated, u.rating = -t.value, -t.rated, -t.rating
	return u
}

// appendTallies writes a row: how many sources there are; if there are several,
// what they sum up to; and each.
func appendTallies(b []byte, ts []tally) []byte {
	b = binary.AppendUvarint(b, uint64(len(ts)))
	if len(ts) > 1 {
		var sum tally
		for _, t := range ts {
			sum.add(t)
		}
		b = appendTally(b, sum)
	}
	for _, t := range ts {
		b = appendTally(b, t)
	}
	return b
}

func appendTally(b []byte, t tally) []byte {
	b = binary.AppendUvarint(b, uint64(t.source))
	for _, n := range [...]int64{t.labels[0], t.labels[1], t.labels[2], t.value, t.rated, t.rating} {
		b = binary.AppendVarint(b, n)
	}
	return b
}

func (d *decoder) tally() tally {
	source := d.uvarint()
	var v [6]int64
	b := d.b
	for i := range v {
		if len(b) > 0 && b[0] < 0x80 { // as most are
			v[i], b = int64(b[0]>>1)^-int64(b[0]&1), b[1:]
			continue
		}
		x, n := binary.Varint(b)
		if n <= 0 {
			d.fail()
			return tally{}
		}
		v[i], b = x, b[n:]
	}
	d.b = b
	return tally{source: uint32(source), labels: [3]int64(v[:3]), value: v[3], rated: v[4], rating: v[5]}
}

// decodeTallies reads the sources of a row.
func decodeTallies(ts []tally, b []byte) ([]tally, error) {
	if len(b) == 0 {
		return ts, nil
	}
	d := decoder{b: b}
	n := d.count()
	if n > 1 {
		d.tally() // their sum
	}
	for range n {
		ts = append(ts, d.tally())
	}
	if d.bad {
		return ts, errRecord
	}
	return ts, nil
}

// sumOf reads what the sources of a row sum up to: if there is one, itself. It
// reports false if there is none.
func sumOf(b []byte) (t tally, some bool, err error) {
	d := decoder{b: b}
	if len(b) == 0 || d.count() == 0 && !d.bad {
		return t, false, nil
	}
	if t = d.tally(); d.bad {
		return t, false, errRecord
	}
	return t, true, nil
}

// tallyOf is what a mention adds to the counts.
func tallyOf(e entry) tally {
	t := tally{source: e.source, value: int64(e.value)}
	t.labels[e.label] = 1
	if e.rating > 0 {
		t.rated, t.rating = 1, int64(e.rating-1)
	}
	return t
}

// A row is one line of counts: of a brand in an hour or on a date.
type row struct {
	bucket string
	brand  uint32
	step   uint32 // Unix hour, or days since 1970 by local date
}

// hourSpan is how long counts by hour are kept.
const hourSpan = 60 * 24 * time.Hour

// dayOf numbers the local date of a time.
func dayOf(t time.Time, zone *time.Location) uint32 {
	y, m, d := t.In(zone).Date()
	return uint32(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// startOfDay is when a numbered date begins in a zone.
func startOfDay(day uint32, zone *time.Location) time.Time {
	if zone == time.UTC {
		return time.Unix(int64(day)*86400, 0).UTC()
	}
	return time.Date(1970, 1, 1+int(day), 0, 0, 0, 0, zone)
}

// key sorts by month, then brand, then step.
func (r row) key() []byte {
	month := uint16(r.step / 30)
	if r.bucket == "h" {
		month = uint16(r.step / (24 * 30))
	}
	k := binary.BigEndian.AppendUint16(make([]byte, 0, 10), month)
	k = binary.BigEndian.AppendUint32(k, r.brand)
	return binary.BigEndian.AppendUint32(k, r.step)
}

// counts gathers what a transaction adds, so that each row is written once.
type counts map[row][]tally

func (c counts) add(r row, t tally) {
	for i := range c[r] {
		if c[r][i].source == t.source {
			c[r][i].add(t)
			return
		}
	}
	c[r] = append(c[r], t)
}

// keptFrom is the first hour whose counts Retain has not forgotten.
func keptFrom(tx *bbolt.Tx) uint32 {
	if v := tx.Bucket([]byte("meta")).Get([]byte("hours")); len(v) == 4 {
		return binary.BigEndian.Uint32(v)
	}
	return 0
}

func (c counts) write(tx *bbolt.Tx) error {
	rows := make([]row, 0, len(c))
	for r := range c {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return slices.Compare(a.key(), b.key()) })
	var have []tally
	for _, r := range rows {
		b, key := tx.Bucket([]byte(r.bucket)), r.key()
		var err error
		if have, err = decodeTallies(have[:0], b.Get(key)); err != nil {
			return fmt.Errorf("counts of %x: %w", key, err)
		}
		have = mergeTallies(have, c[r])
		if err := b.Put(key, appendTallies(nil, have)); err != nil {
			return err
		}
	}
	return nil
}

// mergeTallies adds to what a row has.
func mergeTallies(have, add []tally) []tally {
	for _, t := range add {
		i := slices.IndexFunc(have, func(h tally) bool { return h.source == t.source })
		if i < 0 {
			have = append(have, t)
		} else {
			have[i].add(t)
		}
	}
	return have
}

// steps gives the first row, without its brand, and the number of the last
// one of a series, and when a step begins. It reports false if there is none.
func steps(from, to time.Time, step Step, zone *time.Location) (first row, last uint32, at func(uint32) time.Time, some bool) {
	if epoch := time.Unix(0, 0); from.Before(epoch) {
		from = epoch // nothing is filed before
	}
	if !from.Before(to) {
		return first, 0, nil, false
	}
	if step == Hour {
		at = func(step uint32) time.Time { return time.Unix(int64(step)*3600, 0).UTC() }
		return row{bucket: "h", step: uint32(from.Unix() / 3600)}, uint32(to.Add(-1).Unix() / 3600), at, true
	}
	at = func(step uint32) time.Time { return startOfDay(step, zone) }
	return row{bucket: "r", step: dayOf(from, zone)}, dayOf(to.Add(-1), zone), at, true
}

// Series implements [Store].
func (s *Bolt) Series(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error) {
	return s.series(ctx, brand, from, to, step, true)
}

// SeriesBySource implements [Store].
func (s *Bolt) SeriesBySource(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error) {
	return s.series(ctx, brand, from, to, step, false)
}

func (s *Bolt) series(ctx context.Context, brand string, from, to time.Time, step Step, sum bool) ([]puskaradio.Count, error) {
	num, ok := s.names.number(brandName, brand)
	r, last, at, some := steps(from, to, step, s.zone())
	if !ok || !some {
		return nil, ctx.Err()
	}
	r.brand = num
	out := make([]puskaradio.Count, 0, min(int(last-r.step)+1, 1024))
	sources := func(num uint32) string { return s.names.of(sourceName, num) }
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte(r.bucket)).Cursor()
		k, v := c.Seek(r.key())
		for k != nil {
			// The key may be of another brand: then go to the next month.
			have := row{r.bucket, binary.BigEndian.Uint32(k[2:]), binary.BigEndian.Uint32(k[6:])}
			month := binary.BigEndian.Uint16(k)
			if have.brand != num {
				if have.brand > num {
					month++
				}
				next := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(nil, month), num)
				if startOfMonth(r.bucket, month) > last {
					return nil
				}
				k, v = c.Seek(next)
				continue
			}
			if have.step > last {
				return nil
			}
			var err error
			if out, err = appendCounts(out, at(have.step), v, sum, sources); err != nil {
				return err
			}
			k, v = c.Next()
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("series of %s: %w", brand, err)
	}
	return out, nil
}

// startOfMonth is the first step of a numbered month of a bucket.
func startOfMonth(bucket string, month uint16) uint32 {
	if bucket == "h" {
		return uint32(month) * 30 * 24
	}
	return uint32(month) * 30
}

// appendCounts gives a row as it is told: the sum, or each source.
func appendCounts(out []puskaradio.Count, at time.Time, row []byte, sum bool, sources func(num uint32) string) ([]puskaradio.Count, error) {
	if sum {
		t, some, err := sumOf(row)
		if err != nil || !some {
			return out, err
		}
		return appendCount(out, at, "", t), nil
	}
	ts, err := decodeTallies(nil, row)
	for _, t := range ts {
		out = appendCount(out, at, sources(t.source), t)
	}
	return out, err
}

// appendCount sets the fields in their place: to move a Count whole costs
// several times as much while garbage is collected, and a series is long.
func appendCount(out []puskaradio.Count, at time.Time, source string, t tally) []puskaradio.Count {
	out = slices.Grow(out, 1)[:len(out)+1]
	c := &out[len(out)-1]
	c.At, c.Source = at, source
	c.Negative, c.Neutral, c.Positive = int(t.labels[0]), int(t.labels[1]), int(t.labels[2])
	c.Value = float64(t.value) / 100
	c.Rated, c.Rating = int(t.rated), float64(t.rating)/100
	return out
}
