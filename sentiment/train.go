package sentiment

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// A plan is how the weights of an area are trained.
type plan struct {
	name    string
	langs   []string
	bits    int
	domains []string           // each has its own weights beside those that all share; none: all share
	kinds   []puskaradio.Genre // the columns of the table, the domain of the same name each
	lend    map[string]int     // of other languages' rows: every how manieth is learned from
}

var plans = []plan{
	{
		name: "en", langs: []string{"en"}, bits: 20, domains: []string{"social", "review", "news", "other", "film"},
		kinds: []puskaradio.Genre{puskaradio.Social, puskaradio.Review, puskaradio.News, puskaradio.Other},
	},
	{
		name: "fi", langs: []string{"fi"}, bits: 20, domains: []string{"social", "review", "other"},
		kinds: []puskaradio.Genre{puskaradio.Social, puskaradio.Review, puskaradio.Other},
	},
	{
		name: "rest", langs: []string{"sv", "no", "da", "et", "de", "nl", "fr", "es", "it", "pt", "pl"}, bits: 20, kinds: []puskaradio.Genre{puskaradio.Other},
		lend: map[string]int{"en": 2, "fi": 2},
	},
}

// Training options. The defaults were found on rows held out, see MODEL.md.
const (
	epochs    = 6
	rate      = 0.05
	decay     = 3e-4 // L2 of the weights that domains share
	decayOwn  = 3e-3 // and of those of one domain
	decayNote = 0.1  // of that for dense features
	balance   = 0.5  // how far rare classes count for more: 0 not, 1 all alike
	rarest    = 2    // rows that a feature must be in
)

// An example is a row as training sees it.
type example struct {
	ids    []uint32 // rows of the table; the first are words, the rest n-grams
	words  int
	unit   [2]float32 // value of a word and of an n-gram
	dense  [nDense]float32
	y      int
	domain int
	weight float32
	binary bool // its domain has no neutral rows
	row    *Row
}

// A trainer is an area at training.
type trainer struct {
	plan
	words  *lexicon
	skip   skip
	index  []int32 // by row of the table: place among the rows in use, −1 if none
	rows   int
	train  []example
	dev    []example
	shared weights
	own    []weights // by domain
}

// Weights are what is learned, with the squares that AdaGrad sums.
type weights struct {
	w, g   [][3]float32
	dw, dg [nDense][3]float32
	b, bg  [3]float32
}

func newWeights(n int) weights { return weights{w: make([][3]float32, n), g: make([][3]float32, n)} }

// Train trains a model on the train parts of rows, calibrates it on the dev
// parts, and writes it. The same rows give the same model. What it does is
// told to log as it goes.
func Train(ctx context.Context, rows []Row, out io.Writer, log func(format string, args ...any)) error {
	logSets(rows, log)
	l, lidTable, err := trainLid(ctx, rows, log)
	if err != nil {
		return err
	}
	h := header{Lid: l}
	tables := [][]int8{lidTable}
	for _, p := range plans {
		a, table, err := trainArea(ctx, p, rows, log)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		h.Areas = append(h.Areas, a)
		tables = append(tables, table)
	}
	sum := fnv.New64a()
	if err := json.NewEncoder(sum).Encode(h); err != nil { // calibration too makes a model
		return err
	}
	for _, t := range tables {
		for _, x := range t {
			sum.Write([]byte{byte(x)})
		}
	}
	h.ID = fmt.Sprintf("puskaradio-%06x", sum.Sum64()&0xffffff)
	return writeModel(out, h, tables)
}

func trainArea(ctx context.Context, p plan, rows []Row, log func(string, ...any)) (*area, []int8, error) {
	words, err := readLexicon()
	if err != nil {
		return nil, nil, err
	}
	t := &trainer{plan: p, words: words}
	a, err := t.run(ctx, rows, log)
	if err != nil {
		return nil, nil, err
	}
	return a, a.table(), nil
}

// run trains and calibrates.
func (t *trainer) run(ctx context.Context, rows []Row, log func(string, ...any)) (*area, error) {
	t.read(rows)
	log("%s: %d rows to learn from, %d held out, %d features", t.name, len(t.train), len(t.dev), t.rows)
	merged, err := t.learn(ctx, log)
	if err != nil {
		return nil, err
	}
	a, table, err := t.area(ctx, merged)
	if err != nil {
		return nil, err
	}
	a.table = func() []int8 { return table }
	t.calibrate(a, log)
	for _, k := range a.Kinds {
		f1, recall, n := t.heldOut(a, k)
		log("%s %s: on %d rows held out macro-F1 %.3f, macro-recall %.3f", t.name, k, n, f1, recall)
	}
	return a, nil
}

// wants reports whether a row is learned from, and in how many.
func (t *trainer) wants(r *Row, n int) bool {
	if slices.Contains(t.langs, r.Lang) {
		return true
	}
	every := t.lend[r.Lang]
	return every > 0 && n%every == 0 && r.Split == "train" && r.domain != "film" && r.domain != "news"
}

func (t *trainer) read(rows []Row) {
	var train, dev []Row
	for i, r := range rows {
		switch {
		case !t.wants(&r, i), r.Set == "own" && r.Split == "train" && t.skip.rows:
		case r.Split == "dev":
			dev = append(dev, r)
		default:
			train = append(train, r)
		}
	}
	dev = Fresh(train, dev)
	size := 1 << t.bits
	seen := make([]int32, size) // in how many rows
	last := make([]int32, size)
	t.train = make([]example, len(train))
	for i := range train {
		t.train[i] = t.example(&train[i])
		for _, h := range t.train[i].ids {
			if last[h] != int32(i+1) {
				last[h] = int32(i + 1)
				seen[h]++
			}
		}
	}
	t.index = make([]int32, size)
	for h, n := range seen {
		t.index[h] = -1
		if n >= rarest {
			t.index[h] = int32(t.rows)
			t.rows++
		}
	}
	neutral := map[[2]string]bool{}
	for i := range train {
		if train[i].Label == puskaradio.Neutral {
			neutral[[2]string{train[i].Set, train[i].Lang}] = true
		}
	}
	for i := range t.train {
		e := &t.train[i]
		e.binary = !neutral[[2]string{e.row.Set, e.row.Lang}]
		t.keep(e)
	}
	for i := range dev {
		e := t.example(&dev[i])
		t.keep(&e)
		t.dev = append(t.dev, e)
	}
}

// example makes an example whose ids are rows of the table.
func (t *trainer) example(r *Row) example {
	s := t.scan(r)
	e := example{words: len(s.words), dense: s.dense, y: slices.Index(labels, r.Label), domain: slices.Index(t.domains, r.domain), weight: cmp.Or(r.weight, 1), row: r}
	e.unit = [2]float32{1 / root(len(s.words)), 1 / root(len(s.grams))}
	e.ids = slices.Grow(e.ids, len(s.words)+len(s.grams))
	for i, h := range append(s.words, s.grams...) {
		if t.skip.drops(i, len(s.words)) {
			if i < len(s.words) {
				e.words--
			}
			continue
		}
		e.ids = append(e.ids, h&(1<<t.bits-1))
	}
	return e
}

// scan reads a row as a scorer would.
func (t *trainer) scan(r *Row) *scan {
	text := clean(r.Text)
	s := new(scan)
	s.read(voices[r.Lang](), text)
	s.heed(t.words.read(t.words.tokens(text, nil), ours(r.Lang)))
	t.skip.strip(s)
	return s
}

// keep leaves in an example what is in use.
func (t *trainer) keep(e *example) {
	kept, words := e.ids[:0], 0
	for i, h := range e.ids {
		if at := t.index[h]; at >= 0 {
			kept = append(kept, uint32(at))
			if i < e.words {
				words++
			}
		}
	}
	e.ids, e.words = slices.Clip(kept), words
}

// ratios are the naive Bayes ratios of the features: how much more often than
// elsewhere a feature is in texts of a class (Wang, Manning 2012).
func (t *trainer) ratios() [][3]float32 {
	acc := make([][3]float64, t.rows)
	var tot [3]float64
	for i := range t.train {
		e := &t.train[i]
		for j, id := range e.ids {
			u := float64(e.unit[1])
			if j < e.words {
				u = float64(e.unit[0])
			}
			acc[id][e.y] += u
			tot[e.y] += u
		}
	}
	all := tot[0] + tot[1] + tot[2]
	out := make([][3]float32, t.rows)
	for id, a := range acc {
		s := a[0] + a[1] + a[2]
		for c := range 3 {
			p := (a[c] + tot[c]/all) / max(tot[c], 1e-9)
			q := (s - a[c] + (all-tot[c])/all) / max(all-tot[c], 1e-9)
			out[id][c] = float32(math.Abs(math.Log(max(p, 1e-12)/max(q, 1e-12)))) + 0.05
		}
	}
	return out
}

// learn fits a softmax by AdaGrad, its features multiplied by their naive Bayes
// ratios.
func (t *trainer) learn(ctx context.Context, log func(string, ...any)) (*merged, error) {
	ratio := make([][3]float32, t.rows)
	if !t.skip.bayes {
		ratio = t.ratios()
	} else {
		for i := range ratio {
			ratio[i] = [3]float32{1, 1, 1}
		}
	}
	t.shared = newWeights(t.rows)
	t.own = nil
	for range t.domains {
		t.own = append(t.own, newWeights(t.rows))
	}
	count := map[string]*[3]float64{}
	for i := range t.train {
		d := t.train[i].row.domain
		if count[d] == nil {
			count[d] = new([3]float64)
		}
		count[d][t.train[i].y]++
	}
	rng := rand.New(rand.NewPCG(1, 2))
	order := rng.Perm(len(t.train))
	for round := range epochs {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		loss := 0.0
		for n, i := range order {
			if n%1024 == 0 && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			e := &t.train[i]
			c := count[e.row.domain]
			weight := float32(math.Pow((c[0]+c[1]+c[2])/3/c[e.y], balance)) * e.weight
			loss += t.step(e, ratio, weight)
		}
		log("%s: round %d of %d, loss %.4f", t.name, round+1, epochs, loss/float64(len(order)))
	}
	return t.merge(ratio), nil
}
