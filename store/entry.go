package store

import (
	"encoding/binary"
	"math"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio"
)

// An entry is what bucket b keeps of a mention, so that lists and counts need
// not read its text.
type entry struct {
	seq    uint32
	digest uint32
	label  byte // place in labels
	value  int8 // score in hundredths
	status byte // place in statuses
	flags  byte
	rating byte   // share of the rating in hundredths, plus one; zero is none
	source uint32 // on the disk it has two bytes
	author uint32 // on bbolt: see markOf; zero where the text must tell
}

// An entry has an author since; those that were written before have none.
const (
	entrySize   = 15
	entryAuthor = entrySize + 4
)

const (
	flagDeleted byte = 1 << iota
	flagCase         // there is a record in bucket c
	flagCorrected
	flagCopy // it repeats another
)

// statuses are numbered by their place; none is a mention without a case.
var statuses = append([]puskaradio.Status{""}, puskaradio.Statuses()...)

func statusNumber(s puskaradio.Status) byte { return byte(max(0, slices.Index(statuses, s))) }

func (e entry) encode() []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 0, entryAuthor), e.seq)
	b = binary.BigEndian.AppendUint32(b, e.digest)
	b = append(b, e.label, byte(e.value), e.status, e.flags, e.rating)
	b = binary.BigEndian.AppendUint16(b, uint16(e.source))
	if e.author == 0 {
		return b
	}
	return binary.BigEndian.AppendUint32(b, e.author)
}

func decodeEntry(b []byte) (entry, error) {
	if len(b) < entrySize || int(b[8]) >= len(labels) || int(b[10]) >= len(statuses) {
		return entry{}, errRecord
	}
	e := entry{
		seq: binary.BigEndian.Uint32(b), digest: binary.BigEndian.Uint32(b[4:]),
		label: b[8], value: int8(b[9]), status: b[10], flags: b[11], rating: b[12],
		source: uint32(binary.BigEndian.Uint16(b[13:])),
	}
	if len(b) >= entryAuthor {
		e.author = binary.BigEndian.Uint32(b[entrySize:])
	}
	return e, nil
}

// setScore puts a verdict into the entry. It is counted and found under
// negative if it is so by any scorer.
func (e *entry) setScore(v puskaradio.Score) {
	e.label = labelNumber(v.Label)
	if v.Alarming() {
		e.label = labelNumber(puskaradio.Negative)
	}
	e.value = int8(math.Round(max(-1, min(1, v.Value)) * 100))
}

func (e *entry) setRating(r *puskaradio.Rating) {
	e.rating = 0
	if r != nil {
		e.rating = byte(math.Round(r.Share()*100)) + 1
	}
}

// A mentionKey says where a mention is filed.
type mentionKey struct {
	brand, sec uint32
	hash       uint64
}

func (k mentionKey) isZero() bool { return k == mentionKey{} }

func (k mentionKey) id() puskaradio.ID { return puskaradio.NewID(int64(k.sec), k.hash) }

// month numbers the thirty days that a key belongs to.
func month(sec uint32) uint16 { return uint16(sec / (30 * 86400)) }

// b is the key in bucket b.
func (k mentionKey) b() []byte {
	key := binary.BigEndian.AppendUint16(make([]byte, 0, 18), month(k.sec))
	return k.append(key)
}

// c is the key in bucket c.
func (k mentionKey) c() []byte { return k.append(make([]byte, 0, 16)) }

func (k mentionKey) append(key []byte) []byte {
	key = binary.BigEndian.AppendUint32(key, k.brand)
	key = binary.BigEndian.AppendUint32(key, k.sec)
	return binary.BigEndian.AppendUint64(key, k.hash)
}

// i is the key in the inbox.
func (k mentionKey) i(status byte) []byte {
	key := append(key32(k.brand), status)
	key = binary.BigEndian.AppendUint32(key, k.sec)
	return binary.BigEndian.AppendUint64(key, k.hash)
}

func keyOfB(b []byte) mentionKey {
	return mentionKey{binary.BigEndian.Uint32(b[2:]), binary.BigEndian.Uint32(b[6:]), binary.BigEndian.Uint64(b[10:])}
}

func keyOfI(b []byte) mentionKey {
	return mentionKey{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[5:]), binary.BigEndian.Uint64(b[9:])}
}

func getEntry(tx *bbolt.Tx, k mentionKey) (entry, error) {
	v := tx.Bucket([]byte("b")).Get(k.b())
	if v == nil {
		return entry{}, puskaradio.ErrNotFound
	}
	return decodeEntry(v)
}

// setStatus moves a mention in the inbox and in its counters.
func setStatus(tx *bbolt.Tx, k mentionKey, e *entry, status byte) error {
	if e.status == status {
		return nil
	}
	inbox, n := tx.Bucket([]byte("i")), tx.Bucket([]byte("n"))
	for _, step := range []struct {
		status byte
		add    int
	}{{e.status, -1}, {status, 1}} {
		if step.status == 0 {
			continue
		}
		var err error
		if step.add > 0 {
			err = inbox.Put(k.i(step.status), nil)
		} else {
			err = inbox.Delete(k.i(step.status))
		}
		if err != nil {
			return err
		}
		if err := addTo(n, append(key32(k.brand), step.status), step.add); err != nil {
			return err
		}
	}
	e.status = status
	return nil
}

func addTo(b *bbolt.Bucket, key []byte, add int) error {
	n := uint64(0)
	if v := b.Get(key); len(v) == 8 {
		n = binary.BigEndian.Uint64(v)
	}
	return b.Put(key, binary.BigEndian.AppendUint64(nil, n+uint64(add)))
}
