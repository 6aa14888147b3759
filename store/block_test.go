package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// unpackBlock gives all records of a block, those that were erased as empty
// ones.
func unpackBlock(b []byte) (out [][]byte, err error) {
	n, pieces, err := splitBlock(b)
	if err != nil {
		return nil, err
	}
	var p piece
	for i := range pieces {
		if pieces[i] == nil {
			break
		}
		if err := p.unpack(b, i); err != nil {
			return nil, err
		}
		for j := range min(pieceSize, n-i*pieceSize) {
			out = append(out, bytes.Clone(p.record(j)))
		}
	}
	return out, nil
}

// TestBlocks packs records of any number and size, reads them one by one in
// any order and erases some.
func TestBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := rapid.Map(rapid.SliceOfN(rapid.SampledFrom(strings.Fields("hyvä huono palvelu hinta jono ei")), 0, 60),
			func(words []string) []byte { return []byte(strings.Join(words, " ")) })
		want := rapid.SliceOfN(record, 0, blockSize).Draw(t, "records")
		b := packBlock(want)
		var p piece
		for range 20 {
			i := rapid.IntRange(0, blockSize-1).Draw(t, "place")
			if rapid.IntRange(0, 3).Draw(t, "erase") == 0 {
				var err error
				if b, err = p.erase(b, i); err != nil {
					t.Fatalf("erase %d of %d: %v", i, len(want), err)
				}
				if i < len(want) {
					want[i] = nil
				}
			}
			if err := p.unpack(b, i/pieceSize); err != nil {
				t.Fatalf("place %d of %d: %v", i, len(want), err)
			}
			got, w := p.record(i%pieceSize), []byte(nil)
			if i < len(want) {
				w = want[i]
			}
			if !bytes.Equal(got, w) {
				t.Fatalf("place %d of %d is %q, want %q", i, len(want), got, w)
			}
		}
		if got, err := unpackBlock(b); err != nil || !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("block of %d: %d records, %v", len(want), len(got), err)
		}
	})
}

// TestBlockDamage flips every bit of a block. What is read is right or an
// error.
func TestBlockDamage(t *testing.T) {
	var want [][]byte
	for i := range 6 {
		want = append(want, bytes.Repeat([]byte{'a' + byte(i)}, 20*i+5))
	}
	whole := packBlock(want)
	noticed := 0
	for bit := range 8 * len(whole) {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		got, err := unpackBlock(b)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Errorf("bit %d: %v", bit, err)
			}
			noticed++
			continue
		}
		for i, r := range got { // the count may be smaller
			if i >= len(want) || !bytes.Equal(r, want[i]) {
				t.Errorf("bit %d: record %d is %q", bit, i, r)
			}
		}
	}
	if noticed < 8*(len(whole)-1) {
		t.Errorf("%d flips of %d were noticed", noticed, 8*len(whole))
	}
}

func FuzzUnpackBlock(f *testing.F) {
	f.Add(packBlock([][]byte{[]byte("one"), nil, bytes.Repeat([]byte("three "), 50)}))
	f.Add(packBlock(slices.Repeat([][]byte{[]byte("one of many")}, blockSize)))
	f.Add([]byte{3, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Clone(b)
		if _, pieces, err := splitBlock(b); err == nil { // else nothing comes past the checksum
			for _, p := range pieces {
				if len(p) >= crc32.Size {
					binary.BigEndian.PutUint32(p, crc32.Checksum(p[crc32.Size:], castagnoli))
				}
			}
		}
		records, err := unpackBlock(b)
		if err != nil {
			return
		}
		again, err := unpackBlock(packBlock(records))
		if err != nil || !slices.EqualFunc(again, records, bytes.Equal) {
			t.Errorf("%d records came back as %d, %v", len(records), len(again), err)
		}
	})
}
