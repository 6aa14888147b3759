package sentiment

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// Merged are weights of one kind each: what domains share and their own in one.
type merged struct {
	w     [][][3]float32       // by kind, feature
	dense [][nDense][3]float32 // by kind
	bias  [][3]float32         // by kind
}

// merge adds what a domain has of its own to what all share, and multiplies
// the ratios in.
func (t *trainer) merge(ratio [][3]float32) *merged {
	m := &merged{}
	for _, k := range t.kinds {
		at := slices.Index(t.domains, string(k))
		w := make([][3]float32, t.rows)
		dense, bias := t.shared.dw, t.shared.b
		for id := range w {
			for c := range 3 {
				w[id][c] = t.shared.w[id][c]
				if at >= 0 {
					w[id][c] += t.own[at].w[id][c]
				}
				w[id][c] *= ratio[id][c]
			}
		}
		if at >= 0 {
			for c := range 3 {
				for d := range dense {
					dense[d][c] += t.own[at].dw[d][c]
				}
				bias[c] += t.own[at].b[c]
			}
		}
		m.w, m.dense, m.bias = append(m.w, w), append(m.dense, dense), append(m.bias, bias)
	}
	return m
}

// area packs the weights into bytes.
func (t *trainer) area(ctx context.Context, m *merged) (*area, []int8, error) {
	n := len(t.kinds)
	a := &area{Name: t.name, Langs: t.langs, Bits: t.bits, Kinds: t.kinds, Dense: m.dense, Bias: m.bias, Guess: make([]float32, n)}
	for range n {
		a.Slope, a.Shift, a.Lean = append(a.Slope, 1), append(a.Shift, [3]float32{}), append(a.Lean, [3]float32{})
	}
	table := make([]int8, a.size())
	a.Scale = unitOf(func(yield func(float32)) {
		for _, w := range m.w {
			for _, x := range w {
				yield(x[0])
				yield(x[1])
				yield(x[2])
			}
		}
	})
	var g [][]float32
	if n > 1 && len(t.domains) > 0 {
		var err error
		if g, a.Guess, err = t.guess(ctx); err != nil {
			return nil, nil, err
		}
		a.Unit = unitOf(func(yield func(float32)) {
			for _, w := range g {
				for _, x := range w {
					yield(x)
				}
			}
		})
	}
	for h, id := range t.index {
		if id < 0 {
			continue
		}
		for k := range n {
			row := table[3*k<<t.bits+3*h:][:3]
			for c := range 3 {
				row[c] = quant(m.w[k][id][c], a.Scale)
			}
			if g != nil {
				table[3*n<<t.bits+n*h+k] = quant(g[k][id], a.Unit)
			}
		}
	}
	return a, table, nil
}

// unitOf is the unit by which weights become bytes: all but the largest of
// ten thousand fit.
func unitOf(each func(yield func(float32))) float32 {
	var xs []float32
	each(func(x float32) {
		if x != 0 {
			xs = append(xs, float32(math.Abs(float64(x))))
		}
	})
	if len(xs) == 0 {
		return 1
	}
	slices.Sort(xs)
	return xs[len(xs)-1-len(xs)/10000] / 127
}

func quant(x, unit float32) int8 {
	return int8(max(-127, min(127, math.Round(float64(x/unit)))))
}

// guess fits weights that tell the kinds apart, for texts of which nobody
// says what kind they are.
func (t *trainer) guess(ctx context.Context) (w [][]float32, bias []float32, err error) {
	n := len(t.kinds)
	kindOf := make([]int, len(t.domains))
	for i, d := range t.domains {
		if d == "film" {
			d = "review"
		}
		kindOf[i] = slices.IndexFunc(t.kinds, func(k puskaradio.Genre) bool { return string(k) == d })
	}
	count := make([]float64, n)
	var use []int
	for i := range t.train {
		if d := t.train[i].domain; d >= 0 && kindOf[d] >= 0 {
			use = append(use, i)
			count[kindOf[d]]++
		}
	}
	w = make([][]float32, n)
	sq := make([][]float32, n)
	for k := range w {
		w[k], sq[k] = make([]float32, t.rows), make([]float32, t.rows)
	}
	bias = make([]float32, n)
	biasSq := make([]float32, n)
	rng := rand.New(rand.NewPCG(3, 4))
	z := make([]float64, n)
	for range 2 {
		rng.Shuffle(len(use), func(i, j int) { use[i], use[j] = use[j], use[i] })
		for at, i := range use {
			if at%1024 == 0 && ctx.Err() != nil {
				return nil, nil, context.Cause(ctx)
			}
			e := &t.train[i]
			for k := range z {
				x := bias[k]
				for j, id := range e.ids {
					x += w[k][id] * e.value(j)
				}
				z[k] = float64(x)
			}
			p := softmax(z)
			y := kindOf[e.domain]
			weight := float32(math.Sqrt(float64(len(use)) / float64(n) / count[y]))
			for k := range p {
				d := float32(p[k]) * weight
				if k == y {
					d -= weight
				}
				for j, id := range e.ids {
					descend(&w[k][id], &sq[k][id], d*e.value(j)+decay*w[k][id])
				}
				descend(&bias[k], &biasSq[k], d)
			}
		}
	}
	return w, bias, nil
}

func (e *example) value(j int) float32 {
	if j < e.words {
		return e.unit[0]
	}
	return e.unit[1]
}

// descend takes a step of AdaGrad along one weight.
func descend(w, sq *float32, g float32) {
	*sq += g * g
	*w -= rate * g / (float32(math.Sqrt(float64(*sq))) + 1e-6)
}
