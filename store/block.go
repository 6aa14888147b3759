package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/s2"
)

// A block is what one key of bucket m holds, up to sixteen records:
//
//	count8 (length of a piece)… piece…
//	piece: crc32 of the rest, S2 of (length of a record)… record…
//
// The records of a piece are compressed together: they share words, so that
// more of them take less room, but a reader of one unpacks all. Pieces of four
// take a seventh more room than pieces of eight and half the time to read.
// Several pieces stand in one block because bbolt puts at least two values on a
// page: smaller ones would leave much of it empty.
const (
	blockSize = 16
	pieceSize = 4
)

// maxPiece is the most bytes that a piece unpacks to.
const maxPiece = 1 << 28

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// packBlock makes a block of up to blockSize records.
func packBlock(records [][]byte) []byte {
	var pieces [][]byte
	for part := range slices.Chunk(records, pieceSize) {
		pieces = append(pieces, packPiece(part))
	}
	return joinPieces(len(records), pieces)
}

func joinPieces(records int, pieces [][]byte) []byte {
	size := 1
	for _, p := range pieces {
		size += binary.MaxVarintLen32 + len(p)
	}
	b := append(make([]byte, 0, size), byte(records))
	for _, p := range pieces[:(records+pieceSize-1)/pieceSize] {
		b = binary.AppendUvarint(b, uint64(len(p)))
	}
	for _, p := range pieces {
		b = append(b, p...)
	}
	return b
}

func packPiece(records [][]byte) []byte {
	size := 0
	for _, r := range records {
		size += binary.MaxVarintLen32 + len(r)
	}
	raw := make([]byte, 0, size)
	for _, r := range records {
		raw = binary.AppendUvarint(raw, uint64(len(r)))
	}
	for _, r := range records {
		raw = append(raw, r...)
	}
	const head = crc32.Size
	b := make([]byte, head+s2.MaxEncodedLen(len(raw)))
	b = b[:head+len(s2.EncodeBetter(b[head:], raw))]
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[head:], castagnoli))
	return b
}

// splitBlock gives the number of records of a block, and its pieces; those
// that it does not have are nil.
func splitBlock(b []byte) (records int, pieces [blockSize / pieceSize][]byte, err error) {
	d := decoder{b: b}
	if records = int(d.byte()); records > blockSize {
		return 0, pieces, errRecord
	}
	var lens [blockSize / pieceSize]int
	n := (records + pieceSize - 1) / pieceSize
	for i := range n {
		lens[i] = d.count()
	}
	for i, l := range lens[:n] {
		if l > len(d.b) {
			return 0, pieces, errRecord
		}
		pieces[i], d.b = d.b[:l:l], d.b[l:]
	}
	if d.bad {
		return 0, pieces, errRecord
	}
	return records, pieces, nil
}

// A piece is unpacked here. It keeps its memory for the next.
type piece struct {
	raw     []byte
	records [pieceSize][]byte // in raw
	n       int
}

// record gives a record by its place; there is none where it is nil.
func (p *piece) record(i int) []byte { return p.records[i] }

// unpack reads a piece of a block. Where a block has no such piece it has no
// records.
func (p *piece) unpack(block []byte, i int) error {
	p.n, p.records = 0, [pieceSize][]byte{}
	records, pieces, err := splitBlock(block)
	if err != nil || pieces[i] == nil {
		return err
	}
	const head = crc32.Size
	b := pieces[i]
	if len(b) < head || crc32.Checksum(b[head:], castagnoli) != binary.BigEndian.Uint32(b) {
		return fmt.Errorf("%w: its checksum differs", errRecord)
	}
	if n, err := s2.DecodedLen(b[head:]); err == nil && n > maxPiece {
		return fmt.Errorf("%w: it says that it unpacks to %d bytes", errRecord, n)
	}
	if p.raw, err = s2.Decode(p.raw[:cap(p.raw)], b[head:]); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	d := decoder{b: p.raw}
	n := min(pieceSize, records-i*pieceSize)
	var lens [pieceSize]int
	for j := range n {
		lens[j] = d.count()
	}
	for j, l := range lens[:n] {
		if l > len(d.b) {
			d.fail()
			break
		}
		p.records[j], d.b = d.b[:l:l], d.b[l:]
	}
	if d.bad {
		p.records = [pieceSize][]byte{}
		return errRecord
	}
	p.n = n
	return nil
}

// erase gives a block without one of its records. The places of the others
// stay.
func (p *piece) erase(block []byte, place int) ([]byte, error) {
	if err := p.unpack(block, place/pieceSize); err != nil {
		return nil, err
	}
	records, pieces, err := splitBlock(block)
	if err != nil || place >= records {
		return bytes.Clone(block), err
	}
	p.records[place%pieceSize] = nil
	pieces[place/pieceSize] = packPiece(p.records[:p.n])
	return joinPieces(records, pieces[:]), nil
}
