package sentiment

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// TeachOptions change what [Teach] does. Nil means the zero value.
type TeachOptions struct {
	// Stars has rows learned from that have no label but stars: one or two
	// of five for negative, four or five for positive.
	Stars bool
}

// How lessons are fitted. The figures were found on sets that no shipped
// weights are trained on.
const (
	teachRounds = 15
	teachRate   = 0.3
	teachDecay  = 1.0  // L2 of each weight, in corrections
	teachRarest = 4    // the most that a correction of a rare label counts for
	starWeight  = 0.3  // of a starred review, in corrections
	leastTaught = 10   // fewer corrections cannot be measured
	teachFolds  = 5    // parts of which one is held out in turn
	smallest    = 1e-4 // weights nearer to zero are left out
)

// A point is a row as teaching sees it.
type point struct {
	ids    []uint32 // features, by number
	x      []float32
	p      [3]float32 // what the model makes of it
	lean   [3]float64
	said   int // the label by that
	want   [3]float32
	y      int // the label that is right; −1 where the model's stands
	weight float32
	star   bool
	hash   uint32 // of the text: the same text is held out with itself
	fold   int
	rank   float64 // 0 … 1, in which order it is learned in a curve
}

// A teacher has the rows at teaching.
type teacher struct {
	base   *Model
	keys   []uint32 // by number of a feature
	number map[uint32]uint32
	points []point
	report Report
}

// Teach fits lessons to rows: those with a label are corrections; those
// without, but with stars, are starred reviews if the options say so; and
// those with neither are texts whose verdicts stand, which weigh as much as
// the confirmations that the corrections lack. The lessons are the likeliest
// under a normal prior about zero, so that what was not taught stays nearly
// as it was. The same rows give the same lessons, in whatever order they come.
func Teach(base *Model, rows []Row, o *TeachOptions) (*Lessons, Report, error) {
	o = cmp.Or(o, new(TeachOptions))
	base, err := base.With(nil)
	if err != nil {
		return nil, Report{}, err
	}
	t := &teacher{base: base, number: map[uint32]uint32{}}
	for _, kept := range []bool{false, true} { // what stands has no weights that nothing teaches
		for i := range rows {
			if y, star, ok := target(&rows[i], o.Stars); !ok && !kept {
				t.report.Skipped++
			} else if ok && y < 0 == kept {
				t.add(&rows[i], y, star)
			}
		}
	}
	if t.report.Corrections+t.report.Stars == 0 {
		return nil, t.report, errors.New("there is nothing to learn: no text has a correction")
	}
	slices.SortStableFunc(t.points, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.y, b.y), slices.Compare(a.ids, b.ids))
	})
	t.weigh()
	t.divide()
	t.curve()
	w := t.fit(t.points)
	l := &Lessons{Base: base.ID, N: t.report.Corrections, Stars: t.report.Stars}
	order := make([]int, len(t.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(t.keys[a], t.keys[b]) })
	for _, i := range order {
		if x := w[i]; max(x[0], x[1], x[2], -x[0], -x[1], -x[2]) >= smallest {
			l.keys, l.w = append(l.keys, t.keys[i]), append(l.w, x)
		}
	}
	return l, t.report, nil
}

// RowOf is a mention as [Teach] and [Train] read it: labelled if a person has
// corrected it, with its stars where it has some.
func RowOf(m *puskaradio.Mention) Row {
	t := Text{Text: m.Text, Title: m.Title}
	r := Row{Text: t.whole(), Lang: m.Lang, Genre: m.Genre}
	if m.Corrected != nil {
		r.Label = m.Corrected.Label
	}
	if m.Rating != nil {
		r.share = 1 + m.Rating.Share()
	}
	return r
}

// target is the label of a row; −1 where the model's stands. It reports false
// if the row teaches nothing.
func target(r *Row, stars bool) (y int, star, ok bool) {
	if y = slices.Index(labels, r.Label); y >= 0 {
		return y, false, true
	}
	share := r.share
	if rating := RatingOf(r.Stars); share == 0 && rating != nil {
		share = 1 + rating.Share()
	}
	switch {
	case share == 0 || !stars:
		return -1, false, true
	case share <= 1.25:
		return 0, true, true
	case share >= 1.75:
		return 2, true, true
	}
	return -1, false, false
}

func (t *teacher) add(r *Row, y int, star bool) {
	w := works.Get().(*work)
	defer works.Put(w)
	p, f := t.base.polarity(w, Text{Text: r.Text, Lang: r.Lang, Genre: r.Genre})
	if t.base.area(p.Lang) == nil || len(w.words) == 0 {
		t.report.Skipped++
		return
	}
	pt := point{p: f.p, lean: f.lean, said: f.label, y: y, star: star, weight: 1, hash: mix(hashString(fnvOffset, r.Text))}
	switch {
	case star:
		t.report.Stars++
		pt.weight = starWeight
	case y < 0:
		t.report.Kept++
	default:
		t.report.Corrections++
		if y == f.label {
			t.report.Agreed++
		}
	}
	pt.want = f.p
	if y >= 0 {
		pt.want = [3]float32{}
		pt.want[y] = 1
	}
	put := func(key uint32, x float32) {
		n, ok := t.number[key]
		if !ok {
			if y < 0 {
				return // it has no weight that could move
			}
			n = uint32(len(t.keys))
			t.number[key] = n
			t.keys = append(t.keys, key)
		}
		pt.ids, pt.x = append(pt.ids, n), append(pt.x, x)
	}
	salt := hashString(fnvOffset, p.Lang)
	for _, x := range general(&f, r.Genre) {
		put(lessonKey(salt, x.h), x.x)
	}
	for _, h := range w.words {
		put(lessonKey(salt, h), 1/root(len(w.words)))
	}
	for _, h := range w.grams {
		put(lessonKey(salt, h), 1/root(len(w.grams)))
	}
	t.points = append(t.points, pt)
}

// weigh lets the kept rows together weigh what is missing.
func (t *teacher) weigh() {
	each := float32(min(1, t.report.missing()/float64(max(1, t.report.Kept))))
	for i := range t.points {
		if p := &t.points[i]; p.y < 0 {
			p.weight = each
		}
	}
}

// logits are what weights add to those of a point.
func (p *point) logits(w [][3]float32) (z [3]float32) {
	for j, id := range p.ids {
		x := p.x[j]
		for c := range 3 {
			z[c] += x * w[id][c]
		}
	}
	return z
}

// says is the label of a point under weights; nil are none.
func (p *point) says(w [][3]float32) int {
	if w == nil {
		return p.said
	}
	return pick(taught(p.p, p.lean, p.logits(w)))
}

// fit finds the weights under which points are likeliest, by AdaGrad. The
// decay of a weight is spread over the points that have it.
func (t *teacher) fit(points []point) [][3]float32 {
	w, sq := make([][3]float32, len(t.keys)), make([][3]float32, len(t.keys))
	touched := make([]float32, len(t.keys))
	for i := range points {
		for _, id := range points[i].ids {
			touched[id]++
		}
	}
	rare := rarity(points)
	rng := rand.New(rand.NewPCG(7, 8))
	order := rng.Perm(len(points))
	for round := range teachRounds {
		rate := teachRate * float32(teachRounds-round) / teachRounds // so that it comes to rest
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, at := range order {
			p := &points[at]
			q, _ := taught(p.p, p.lean, p.logits(w))
			weight := p.weight
			if p.y >= 0 {
				weight *= rare[p.y]
			}
			var g [3]float32
			for c := range 3 {
				g[c] = weight * (float32(q[c]) - p.want[c])
			}
			for j, id := range p.ids {
				for c := range 3 {
					d := g[c]*p.x[j] + teachDecay/touched[id]*w[id][c]
					sq[id][c] += d * d
					w[id][c] -= rate * d / (float32(math.Sqrt(float64(sq[id][c]))) + 1e-6)
				}
			}
		}
	}
	return w
}

// rarity is how far corrections of each label count for more because they are
// rare: else the most frequent label would be the safe one.
func rarity(points []point) (r [3]float32) {
	n, count, classes := 0.0, [3]float64{}, 0.0
	for i := range points {
		if p := &points[i]; p.y >= 0 {
			n += float64(p.weight)
			count[p.y] += float64(p.weight)
		}
	}
	for c := range 3 {
		if count[c] > 0 {
			classes++
		}
	}
	for c := range 3 {
		if count[c] > 0 {
			r[c] = float32(min(teachRarest, math.Pow(n/classes/count[c], balance)))
		}
	}
	return r
}
