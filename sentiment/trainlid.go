package sentiment

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

const (
	lidBits   = 18
	lidRounds = 4
	lidMostOf = 12000 // rows of a language
	lidDecay  = 1e-6
	lidSmooth = 0.3 // added to every count
	lidRarest = 3   // times that an n-gram must have been seen
	lidBayes  = 0.6 // part of naive Bayes in the weights
	lidLevel  = 0.9 // how far rare languages count for more: 0 not, 1 all alike
)

// A line is a text in a known language.
type line struct {
	text string
	lang int
}

// lidLines are the texts that languages are learned from: the rows, the words
// of the word lists, and words of languages that are not known, for whatever
// is like none of those that are.
func lidLines(rows []Row, split string) (lines []line) {
	rng := rand.New(rand.NewPCG(5, 6))
	count := make([]int, len(Languages)+1)
	for _, i := range rng.Perm(len(rows)) {
		r := &rows[i]
		l := slices.Index(Languages, r.Lang)
		if l < 0 || r.Split != split || count[l] >= lidMostOf || r.domain == "film" && count[l] > lidMostOf/2 {
			continue
		}
		count[l]++
		lines = append(lines, line{clean(r.Text), l})
		if split == "train" && rng.IntN(3) == 0 { // and a short piece of it
			if w := strings.Fields(lines[len(lines)-1].text); len(w) > 3 {
				at := rng.IntN(len(w) - 2)
				lines = append(lines, line{strings.Join(w[at:min(len(w), at+2+rng.IntN(3))], " "), l})
			}
		}
	}
	if split != "train" {
		return lines
	}
	english := voices["en"]().said // much of the translated lists was left in English
	for l, lang := range Languages {
		words := lidWords(lang)
		words = slices.DeleteFunc(words, func(w string) bool {
			return english[hashString(fnvOffset, w)].listed && lang != "en"
		})
		rng.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		for c := range slices.Chunk(words, 4) {
			lines = append(lines, line{strings.Join(c, " "), l})
		}
	}
	for _, name := range []string{"lines", "other"} {
		b, err := lexiconFiles.ReadFile("lexicons/" + name + ".tsv")
		if err != nil {
			panic(err) // it is in the binary
		}
		for s := range strings.Lines(string(b)) {
			lang, text, _ := strings.Cut(strings.TrimSpace(s), "\t")
			l := slices.Index(Languages, lang)
			if l < 0 {
				l = len(Languages)
			}
			lines = append(lines, line{text, l})
		}
	}
	return lines
}

// lidWords are the words of the word list of a language.
func lidWords(lang string) (words []string) {
	name := "afinn-" + lang
	if lang == "en" {
		name = "vader-en"
	}
	b, err := lexiconFiles.ReadFile("lexicons/" + name + ".tsv")
	if err != nil {
		panic(err) // it is in the binary
	}
	for s := range strings.Lines(string(b)) {
		if w, _, _ := strings.Cut(s, "\t"); len(w) > 3 && letter(rune(w[0])) {
			words = append(words, w)
		}
	}
	return words
}

// trainLid fits a softmax over the hashed n-grams of letters.
func trainLid(ctx context.Context, rows []Row, log func(string, ...any)) (*lid, []int8, error) {
	lines := lidLines(rows, "train")
	cols := len(Languages) + 1
	count := make([]float64, cols)
	for _, s := range lines {
		count[s.lang]++
	}
	if slices.Min(count) == 0 {
		return nil, nil, fmt.Errorf("there are no rows in %q to learn the language from", Languages[slices.Index(count, 0)])
	}
	log("languages: %d texts to learn from", len(lines))
	l := &lid{Langs: append(slices.Clone(Languages), ""), Bits: lidBits, Bias: make([]float32, cols), Slope: 1}
	w := make([]float32, cols<<lidBits)
	sq := make([]float32, cols<<lidBits)
	biasSq := make([]float32, cols)
	ratio, bayes := lidRatios(lines, cols)
	rng := rand.New(rand.NewPCG(7, 8))
	z := make([]float64, cols)
	g := make([]float32, cols)
	var ids []uint32
	for round := range lidRounds {
		rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		loss := 0.0
		for n, s := range lines {
			if n%1024 == 0 && ctx.Err() != nil {
				return nil, nil, context.Cause(ctx)
			}
			ids = lidGrams(ids[:0], s.text)
			for i := range ids {
				ids[i] &= 1<<lidBits - 1
			}
			u := 1 / root(len(ids))
			for c := range z {
				z[c] = float64(l.Bias[c])
			}
			for _, id := range ids {
				rr := ratio[int(id)*cols:][:cols]
				for c, x := range w[int(id)*cols:][:cols] {
					z[c] += float64(x * u * rr[c])
				}
			}
			p := softmax(z)
			loss -= math.Log(p[s.lang] + 1e-12)
			weight := float32(math.Pow(float64(len(lines))/float64(cols)/count[s.lang], lidLevel))
			for c := range g {
				g[c] = float32(p[c]) * weight
			}
			g[s.lang] -= weight
			for _, id := range ids {
				ww, ss, rr := w[int(id)*cols:][:cols], sq[int(id)*cols:][:cols], ratio[int(id)*cols:][:cols]
				for c := range ww {
					if d := g[c]*u*rr[c] + lidDecay*ww[c]; d > 1e-7 || d < -1e-7 {
						ss[c] += d * d
						ww[c] -= 2 * rate * d / (float32(math.Sqrt(float64(ss[c]))) + 1e-6)
					}
				}
			}
			for c := range g {
				descend(&l.Bias[c], &biasSq[c], g[c])
			}
		}
		log("languages: round %d of %d, loss %.4f", round+1, lidRounds, loss/float64(len(lines)))
	}
	for i := range w {
		w[i] = w[i]*ratio[i] + lidBayes*bayes[i]
	}
	l.Scale = unitOf(func(yield func(float32)) {
		for _, x := range w {
			yield(x)
		}
	})
	table := make([]int8, len(w))
	for i, x := range w {
		table[i] = quant(x, l.Scale)
	}
	lanes := spread(table, cols)
	l.lanes = func() []uint64 { return lanes }
	l.calibrate(lidLines(rows, "dev"))
	log("languages: slope %.2f", l.Slope)
	return l, table, nil
}

// calibrate finds the slope under which texts held out are likeliest.
func (l *lid) calibrate(lines []line) {
	least := math.Inf(1)
	var best float32
	for slope := float32(0.3); slope < 4; slope *= 1.1 {
		l.Slope = slope
		loss := 0.0
		for _, s := range lines {
			p := l.odds(s.text, "")
			if p == nil {
				continue
			}
			loss -= math.Log(p[s.lang] + 1e-9)
		}
		if loss < least {
			least, best = loss, slope
		}
	}
	l.Slope = best
}

// lidRatios are the naive Bayes logarithms of how often an n-gram is in texts
// of a language: how far that is from the other languages together, and from
// their mean.
func lidRatios(lines []line, cols int) (ratio, bayes []float32) {
	ratio, bayes = make([]float32, cols<<lidBits), make([]float32, cols<<lidBits)
	tot := make([]float64, cols)
	var grams []uint32
	for _, s := range lines {
		grams = lidGrams(grams[:0], s.text)
		for _, h := range grams {
			ratio[int(h&(1<<lidBits-1))*cols+s.lang]++
		}
		tot[s.lang] += float64(len(grams))
	}
	p := make([]float64, cols)
	for at := 0; at < len(ratio); at += cols {
		times := float32(0)
		for _, x := range ratio[at:][:cols] {
			times += x
		}
		if times < lidRarest {
			clear(ratio[at:][:cols]) // it stays without weight
			continue
		}
		sum, mean := 0.0, 0.0
		for c := range p {
			p[c] = (float64(ratio[at+c]) + lidSmooth) / (tot[c] + lidSmooth*float64(int(1)<<lidBits))
			sum += p[c]
			mean += math.Log(p[c]) / float64(cols)
		}
		for c := range p {
			ratio[at+c] = float32(math.Abs(math.Log(p[c]*float64(cols-1)/(sum-p[c])))) + 0.02
			bayes[at+c] = float32(math.Log(p[c]) - mean)
		}
	}
	return ratio, bayes
}
