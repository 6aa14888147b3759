package sentiment

import "math/rand/v2"

// A Report is what came of teaching.
type Report struct {
	Corrections int    // rows with a label that were learned from
	Stars       int    // rows with stars that were
	Kept        int    // rows with neither, whose verdicts stand
	Skipped     int    // rows in languages without weights, and of three stars
	Agreed      int    // corrections that the model says itself
	Curve       []Step // from no corrections to all; empty if they are too few to measure
}

// A Step is how good verdicts on corrections are that were held out, after a
// share of the others was learned. Each is held out once.
type Step struct {
	Share    float64 // 0 … 1 of the corrections
	Rows     int     // corrections that were learned, on average
	Accuracy float64
	F1       float64 // mean over the classes that are there
	Mended   int     // held-out corrections that the model says wrong, and the lessons right
	Broken   int     // and the other way round
	Moved    float64 // share of the kept rows, held out likewise, whose label changes
}

// Helps reports whether verdicts on texts that were held out are better with
// all lessons than without. Where nearly all corrections are of mistakes, it
// counts the kept rows that change as mistakes of the lessons.
func (r *Report) Helps() bool {
	if len(r.Curve) == 0 {
		return false
	}
	none, all := r.Curve[0], r.Curve[len(r.Curve)-1]
	return all.F1 >= none.F1 && float64(all.Mended) > float64(all.Broken)+all.Moved*r.missing()
}

// missing is how many verdicts would have been confirmed, if the corrections
// were a sample of all texts with two in three judged right. Whoever corrects
// what is wrong seldom confirms what is right.
func (r *Report) missing() float64 {
	return float64(max(0, 2*(r.Corrections-r.Agreed)-r.Agreed))
}

// divide says which part each point is held out with, and in which order the
// points are learned. The same text has one place.
func (t *teacher) divide() {
	type place struct {
		fold int
		rank float64
	}
	places := map[uint32]place{}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, group := range []func(p *point) bool{
		func(p *point) bool { return p.y >= 0 && !p.star },
		func(p *point) bool { return p.star },
		func(p *point) bool { return p.y < 0 },
	} {
		var texts []uint32
		for i := range t.points {
			p := &t.points[i]
			if _, known := places[p.hash]; !known && group(p) && (len(texts) == 0 || texts[len(texts)-1] != p.hash) {
				texts = append(texts, p.hash)
			}
		}
		fold, rank := rng.Perm(len(texts)), rng.Perm(len(texts))
		for i, h := range texts {
			places[h] = place{fold[i] % teachFolds, float64(rank[i]) / float64(len(texts))}
		}
	}
	for i := range t.points {
		at := places[t.points[i].hash]
		t.points[i].fold, t.points[i].rank = at.fold, at.rank
	}
}

// curve measures what shares of the corrections teach about the others; where
// there are none but stars, of the stars.
func (t *teacher) curve() {
	measured := func(p *point) bool { return p.y >= 0 && p.star == (t.report.Corrections == 0) }
	n := 0
	for i := range t.points {
		if measured(&t.points[i]) {
			n++
		}
	}
	if n < leastTaught {
		return
	}
	for _, share := range []float64{0, 0.25, 0.5, 0.75, 1} {
		step := Step{Share: share}
		var conf [3][3]int
		moved := 0
		for fold := range teachFolds {
			var learn []point
			for _, p := range t.points {
				if share > 0 && p.fold != fold && (p.y < 0 || p.rank < share) {
					learn = append(learn, p)
					if measured(&p) {
						step.Rows++
					}
				}
			}
			var w [][3]float32
			if share > 0 {
				w = t.fit(learn)
			}
			for i := range t.points {
				p := &t.points[i]
				if p.fold != fold {
					continue
				}
				says := p.says(w)
				switch {
				case p.y < 0 && says != p.said:
					moved++
				case !measured(p):
				default:
					conf[p.y][says]++
					if says == p.y && p.said != p.y {
						step.Mended++
					}
					if says != p.y && p.said == p.y {
						step.Broken++
					}
				}
			}
		}
		step.Rows /= teachFolds
		step.F1, _ = macro(conf)
		step.Accuracy = float64(conf[0][0]+conf[1][1]+conf[2][2]) / float64(n)
		step.Moved = float64(moved) / float64(max(1, t.report.Kept))
		t.report.Curve = append(t.report.Curve, step)
	}
}
