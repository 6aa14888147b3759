package sentiment

import "math"

// step learns from one example and returns its loss before.
func (t *trainer) step(e *example, ratio [][3]float32, weight float32) float64 {
	var own *weights
	if e.domain >= 0 {
		own = &t.own[e.domain]
	}
	z := t.shared.b
	if own != nil {
		for c := range 3 {
			z[c] += own.b[c]
		}
	}
	for j, id := range e.ids {
		u := e.unit[1]
		if j < e.words {
			u = e.unit[0]
		}
		w, r := t.shared.w[id], ratio[id]
		if own != nil {
			for c := range 3 {
				w[c] += own.w[id][c]
			}
		}
		for c := range 3 {
			z[c] += u * w[c] * r[c]
		}
	}
	for d, x := range e.dense {
		for c := range 3 {
			z[c] += x * t.shared.dw[d][c]
			if own != nil {
				z[c] += x * own.dw[d][c]
			}
		}
	}
	g := grad(z, e)
	loss := -math.Log(float64(1+g[e.y]) + 1e-9)
	for c := range 3 {
		g[c] *= weight
	}
	for j, id := range e.ids {
		u := e.unit[1]
		if j < e.words {
			u = e.unit[0]
		}
		r := ratio[id]
		x := [3]float32{u * r[0], u * r[1], u * r[2]}
		move(&t.shared.w[id], &t.shared.g[id], g, x, decay, e.binary)
		if own != nil {
			move(&own.w[id], &own.g[id], g, x, decayOwn, e.binary)
		}
	}
	for d, v := range e.dense {
		x := [3]float32{v, v, v}
		move(&t.shared.dw[d], &t.shared.dg[d], g, x, decay*decayNote, e.binary)
		if own != nil {
			move(&own.dw[d], &own.dg[d], g, x, decayOwn*decayNote, e.binary)
		}
	}
	one := [3]float32{1, 1, 1}
	move(&t.shared.b, &t.shared.bg, g, one, 0, e.binary)
	if own != nil {
		move(&own.b, &own.bg, g, one, 0, e.binary)
	}
	return loss
}

// grad is the gradient of the logits. Where a set has no neutral rows, that
// class is left out.
func grad(z [3]float32, e *example) (g [3]float32) {
	top := max(z[0], z[2])
	if !e.binary {
		top = max(top, z[1])
	}
	sum := float32(0)
	for c := range 3 {
		if e.binary && c == 1 {
			continue
		}
		g[c] = float32(math.Exp(float64(z[c] - top)))
		sum += g[c]
	}
	for c := range 3 {
		g[c] /= sum
	}
	g[e.y]--
	return g
}

// move takes a step of AdaGrad.
func move(w, sq *[3]float32, g, x [3]float32, l2 float32, binary bool) {
	for c := range 3 {
		if binary && c == 1 {
			continue
		}
		d := g[c]*x[c] + l2*w[c]
		sq[c] += d * d
		w[c] -= rate * d / (float32(math.Sqrt(float64(sq[c]))) + 1e-6)
	}
}
