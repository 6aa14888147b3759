package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// A mover is an engine that can be emptied into another.
type mover interface {
	Store
	// constitution is what the store is, apart from what it holds.
	constitution(ctx context.Context) (constitution, error)
	// adopt makes an empty store, or one that has begun to be that, another's.
	// It gives how far that came.
	adopt(ctx context.Context, c constitution) (mark, error)
	// settle ends a move.
	settle(ctx context.Context) error
	// parcels are what there is of a kind, after a place and in order of place,
	// at most so many.
	parcels(ctx context.Context, kind string, after []byte, most int) ([]parcel, error)
	// forgotten are the mentions that were forgotten, by hash.
	forgotten(ctx context.Context) ([]ref, error)
	// take keeps parcels of one kind, or references, and how far the move has
	// come, or neither.
	take(ctx context.Context, ps []parcel, refs []ref, m mark) error
}

// A constitution is what two engines must share to hold the same.
type constitution struct {
	ID    string // salts the names of the erased
	Zone  string // whose dates the counts go by
	Hours uint32 // the first whose counts are kept
}

// A mark is how far a move has come: the kind and the place of the last parcel.
type mark struct {
	Kind string
	At   []byte
}

// The kinds of parcels, in the order in which they move. A kind is named as its
// bucket is on bbolt, see [Bolt].
var movedKinds = []string{"erased", "cust", "b", "d", "r", "h", "a", "g", "sent", "who", "tok", "deeds", "cov", "cur", "j"}

// movedNames say the kinds in words.
var movedNames = map[string]string{
	"erased": "erased authors", "cust": "customer keys", "b": "mentions", "d": "forgotten mentions", "r": "counts by date", "h": "counts by hour", "a": "alerts", "g": "digests",
	"sent": "messages", "who": "people", "tok": "tokens", "deeds": "audit log", "cov": "ledger", "cur": "cursors", "j": "jobs",
}

// A parcel is one thing of a store on its way to another.
type parcel struct {
	kind string
	at   []byte // its place where it comes from

	// A mention. Its record and its case are as both engines keep them.
	brand, source string
	key           mentionKey // without the number of the brand
	entry         entry      // without the numbers of text and source
	mention       puskaradio.Mention
	rec           []byte

	// A row of counts.
	step uint32
	by   []namedTally

	// Anything else.
	name, value []byte
}

type namedTally struct {
	source string
	tally
}

// errMoving is what a store says that is only half there.
var errMoving = errors.New("another store is moving in here: let that end first, with puskaradio migrate")

// movedAtOnce is how many parcels one transaction takes.
const movedAtOnce = maxGroup

// Migrate copies everything that one store holds to another, which must be
// empty, and of the same zone; neither may be written to meanwhile. It goes on
// where it was interrupted. When all is there it reads both, and an error says
// what is not the same. progress, unless nil, is told the kind and how many of
// it have been copied by this call.
func Migrate(ctx context.Context, from, to Store, progress func(what string, n int)) error {
	src, ok := from.(mover)
	dst, ok2 := to.(mover)
	if !ok || !ok2 {
		return errors.New("store: migrate: an engine that cannot")
	}
	if progress == nil {
		progress = func(string, int) {}
	}
	c, err := src.constitution(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	done, err := dst.adopt(ctx, c)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for _, kind := range movedKinds[max(0, slices.Index(movedKinds, done.Kind)):] {
		var after []byte
		if kind == done.Kind {
			after = done.At
		}
		if err := move(ctx, src, dst, kind, after, progress); err != nil {
			return fmt.Errorf("store: migrate %s: %w", movedNames[kind], err)
		}
	}
	if err := sameStores(ctx, src, dst); err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	return dst.settle(ctx)
}

func move(ctx context.Context, src, dst mover, kind string, after []byte, progress func(string, int)) error {
	n := 0
	if kind == "d" {
		refs, err := src.forgotten(ctx)
		if err != nil {
			return err
		}
		if len(after) == 8 {
			last := binary.BigEndian.Uint64(after)
			refs = slices.DeleteFunc(refs, func(r ref) bool { return r.hash <= last })
		}
		for part := range slices.Chunk(refs, 10*movedAtOnce) {
			at := binary.BigEndian.AppendUint64(nil, part[len(part)-1].hash)
			if err := dst.take(ctx, nil, part, mark{kind, at}); err != nil {
				return err
			}
			n += len(part)
			progress(movedNames[kind], n)
		}
		return nil
	}
	return eachParcel(ctx, src, kind, after, func(ps []parcel) error {
		if err := dst.take(ctx, ps, nil, mark{kind, ps[len(ps)-1].at}); err != nil {
			return err
		}
		n += len(ps)
		progress(movedNames[kind], n)
		return nil
	})
}

// eachParcel goes through what there is of a kind.
func eachParcel(ctx context.Context, s mover, kind string, after []byte, do func([]parcel) error) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		ps, err := s.parcels(ctx, kind, after, movedAtOnce)
		if err != nil || len(ps) == 0 {
			return err
		}
		if err := do(ps); err != nil {
			return err
		}
		after = ps[len(ps)-1].at
	}
}

// A sum is how many parcels of a kind there are, and their digests together, in
// any order.
type sum struct {
	n int
	d uint64
}

// sameStores reads two stores and says what is not the same in them.
func sameStores(ctx context.Context, a, b mover) error {
	var errs []error
	for _, kind := range movedKinds {
		var sums [2]sum
		for i, s := range []mover{a, b} {
			var err error
			if sums[i], err = sumOfKind(ctx, s, kind); err != nil {
				return fmt.Errorf("%s: %w", movedNames[kind], err)
			}
		}
		switch {
		case sums[0].n != sums[1].n:
			errs = append(errs, fmt.Errorf("%s: %d there and %d here; was one of the stores written to meanwhile?", movedNames[kind], sums[0].n, sums[1].n))
		case sums[0].d != sums[1].d:
			errs = append(errs, fmt.Errorf("%s: %d in both, and not the same; was one of the stores written to meanwhile?", movedNames[kind], sums[0].n))
		}
	}
	return errors.Join(errs...)
}

func sumOfKind(ctx context.Context, s mover, kind string) (out sum, err error) {
	if kind == "d" {
		refs, err := s.forgotten(ctx)
		for _, r := range refs {
			out.n++
			out.d += r.hash*31 + uint64(r.sec)
		}
		return out, err
	}
	err = eachParcel(ctx, s, kind, nil, func(ps []parcel) error {
		for i := range ps {
			out.n++
			out.d += ps[i].digest()
		}
		return nil
	})
	return out, err
}

// digest is made of all but the place and the numbers of names.
func (p *parcel) digest() uint64 {
	h := fnv.New64a()
	e := p.entry
	e.seq, e.source, e.author = 0, 0, 0
	for _, b := range [][]byte{
		[]byte(p.brand), []byte(p.source), binary.BigEndian.AppendUint64(nil, p.key.hash), key32(p.key.sec), e.encode(),
		p.rec, key32(p.step), p.name, p.value,
	} {
		h.Write(binary.AppendUvarint(nil, uint64(len(b))))
		h.Write(b)
	}
	if p.kind == "b" {
		h.Write(appendMention(nil, &p.mention))
	}
	by := slices.Clone(p.by)
	slices.SortFunc(by, func(a, b namedTally) int { return strings.Compare(a.source, b.source) })
	for _, t := range by {
		t.tally.source = 0
		h.Write([]byte(t.source))
		h.Write(appendTally([]byte{0}, t.tally))
	}
	return h.Sum64()
}

// refuseUnlike says why a store cannot take another's place.
func refuseUnlike(here, there constitution, begun, empty bool) error {
	switch {
	case here.Zone != there.Zone:
		return fmt.Errorf("the counts here go by the dates of %s, and there by those of %s: open both with one zone", here.Zone, there.Zone)
	case begun && here.ID != there.ID:
		return errors.New("another store has begun to move here: empty this one first")
	case !begun && !empty:
		return errors.New("it holds something already: only an empty store can take another's place")
	}
	return nil
}

// parcelOf is a parcel that is a key and a value alike in both engines.
func parcelOf(kind string, at, name, value []byte) parcel {
	return parcel{kind: kind, at: bytes.Clone(at), name: bytes.Clone(name), value: bytes.Clone(value)}
}

// jobParcels are the jobs of a queue after a key, at most so many, by key.
func jobParcels(ctx context.Context, q Queue, after []byte, most int) (out []parcel, err error) {
	jobs, err := q.Jobs(ctx, "")
	for _, j := range jobs {
		if j.Key <= string(after) {
			continue
		}
		if len(out) == most {
			break
		}
		value, err := json.Marshal(j.rounded()) // an older history may have them finer
		if err != nil {
			return nil, err
		}
		out = append(out, parcelOf("j", []byte(j.Key), []byte(j.Key), value))
	}
	return out, err
}

func jobsOf(ps []parcel) ([]Job, error) {
	jobs := make([]Job, len(ps))
	for i, p := range ps {
		if err := json.Unmarshal(p.value, &jobs[i]); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}
