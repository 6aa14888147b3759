package sentiment

import (
	"math"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// A judged is a held-out text with the logarithms of what a model makes of it.
type judged struct {
	z      [3]float64
	y      int
	binary bool
}

// calibrate fits, on rows held out, what makes a probability one: of each
// kind a slope and a shift of the logits (vector scaling, Guo et al. 2017),
// and the lean by which rare classes are not overlooked.
func (t *trainer) calibrate(a *area, log func(string, ...any)) {
	if len(a.Kinds) == 1 {
		t.levelNeutral(a, log)
	}
	full := map[[2]string]bool{} // sets and languages with neutral rows
	for i := range t.dev {
		if e := &t.dev[i]; e.y == 1 {
			full[[2]string{e.row.Set, e.row.Lang}] = true
		}
	}
	var slopes float32
	fitted := 0
	for k, kind := range a.Kinds {
		var rows []judged
		for i := range t.dev {
			e := &t.dev[i]
			if len(a.Kinds) > 1 && (e.row.Genre != kind || e.row.domain == "film") {
				continue // films are reviewed in a tone of their own
			}
			rows = append(rows, t.judge(a, e.row, kind, !full[[2]string{e.row.Set, e.row.Lang}]))
		}
		whole := 0
		for _, r := range rows {
			if !r.binary {
				whole++
			}
		}
		if len(rows) < 100 {
			continue
		}
		a.Slope[k], a.Shift[k] = fitScale(rows, whole >= 300 && len(a.Kinds) > 1)
		slopes += a.Slope[k]
		fitted++
		switch {
		case len(a.Kinds) == 1:
		case kind == puskaradio.Review: // sets without neutral rows tell how rare those are
			for i := range rows {
				rows[i].binary = false
			}
			a.Lean[k] = fitLean(rows, a.Slope[k], a.Shift[k])
			for c := range 3 {
				a.Lean[k][c] /= 2 // half the way: how rare they are differs between sites
			}
		case whole >= 300:
			a.Lean[k] = fitLean(rows, a.Slope[k], a.Shift[k])
		}
		log("%s %s: %d held out, slope %.2f, shift %.2f, lean %.2f", t.name, kind, len(rows), a.Slope[k], a.Shift[k], a.Lean[k])
	}
	for k := range a.Kinds {
		if a.Slope[k] == 1 && fitted > 0 {
			a.Slope[k] = slopes / float32(fitted)
		}
	}
}

func (t *trainer) judge(a *area, r *Row, kind puskaradio.Genre, binary bool) judged {
	f := a.feel(t.scan(r), r.Lang, kind)
	j := judged{y: slices.Index(labels, r.Label), binary: binary}
	for c := range 3 {
		j.z[c] = math.Log(float64(f.p[c]) + 1e-9)
	}
	return j
}

// probs are the probabilities of a judged text under a scaling.
func (j *judged) probs(slope float64, shift [3]float64) (p [3]float64) {
	var z [3]float64
	for c := range 3 {
		z[c] = slope*j.z[c] + shift[c]
	}
	if j.binary {
		z[1] = math.Inf(-1)
	}
	copy(p[:], softmax(z[:]))
	return p
}

// fitScale finds the slope, and if it is wanted the shift, under which the
// rows are likeliest.
func fitScale(rows []judged, shifts bool) (float32, [3]float32) {
	slope, shift := 1.0, [3]float64{}
	for range 600 {
		ds, db := 0.0, [3]float64{}
		for i := range rows {
			p := rows[i].probs(slope, shift)
			p[rows[i].y]--
			for c := range 3 {
				if rows[i].binary && c == 1 {
					continue
				}
				ds += p[c] * rows[i].z[c]
				db[c] += p[c]
			}
		}
		n := float64(len(rows))
		slope = max(0.2, slope-0.1*ds/n)
		if shifts {
			for c := range 3 {
				shift[c] -= 0.5 * db[c] / n
			}
		}
	}
	return float32(slope), [3]float32{float32(shift[0]), float32(shift[1]), float32(shift[2])}
}

// fitLean finds the lean of the labels under which macro-F1 and macro-recall
// together are best.
func fitLean(rows []judged, slope float32, shift [3]float32) (best [3]float32) {
	type prob struct {
		p [3]float64
		y int
	}
	var ps []prob
	for i := range rows {
		if !rows[i].binary {
			ps = append(ps, prob{rows[i].probs(float64(slope), [3]float64{float64(shift[0]), float64(shift[1]), float64(shift[2])}), rows[i].y})
		}
	}
	top := -1.0
	for neg := -1.0; neg <= 2; neg += 0.1 {
		for pos := -1.0; pos <= 2; pos += 0.1 {
			w := [3]float64{math.Exp(neg), 1, math.Exp(pos)}
			var conf [3][3]int
			for _, r := range ps {
				conf[r.y][pick(r.p, [3]float64{r.p[0] * w[0], r.p[1], r.p[2] * w[2]})]++
			}
			f1, recall := macro(conf)
			if f1+recall > top+1e-9 {
				top, best = f1+recall, [3]float32{float32(neg), 0, float32(pos)}
			}
		}
	}
	return best
}

// macro is the mean F1 and the mean recall of the classes that are there.
func macro(conf [3][3]int) (f1, recall float64) {
	classes := 0.0
	for c := range 3 {
		row, col := 0, 0
		for d := range 3 {
			row += conf[c][d]
			col += conf[d][c]
		}
		if row == 0 {
			continue
		}
		classes++
		recall += float64(conf[c][c]) / float64(row)
		f1 += 2 * float64(conf[c][c]) / float64(row+col)
	}
	if classes == 0 {
		return 0, 0
	}
	return f1 / classes, recall / classes
}

// levelNeutral sets what is added to the neutral logit of each language, so
// that texts that are not neutral are taken for it as often as English ones
// of the same set are: these languages have none that are neutral to learn
// from.
func (t *trainer) levelNeutral(a *area, log func(string, ...any)) {
	a.Neutral = map[string]float32{}
	share := func(rows []judged, add float64) float64 {
		n := 0
		for _, r := range rows {
			if r.z[1]+add > max(r.z[0], r.z[2]) {
				n++
			}
		}
		return float64(n) / float64(max(1, len(rows)))
	}
	by := map[string][]judged{}
	for i := range t.train {
		e := &t.train[i]
		if l := e.row.Lang; e.y != 1 && e.row.Set == "xed" && len(by[l]) < 1500 {
			by[l] = append(by[l], t.judge(a, e.row, a.Kinds[0], true))
		}
	}
	want := share(by["en"], 0)
	for _, l := range t.langs {
		low, high := -8.0, 8.0
		for range 30 {
			if mid := (low + high) / 2; share(by[l], mid) > want {
				high = mid
			} else {
				low = mid
			}
		}
		a.Neutral[l] = float32(low)
	}
	log("%s: neutral in %.2f of English, levelled by %v", t.name, want, a.Neutral)
}
