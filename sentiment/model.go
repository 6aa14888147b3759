package sentiment

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"

	"github.com/puskaradio/puskaradio"
)

// shipped is the model that was trained last, see MODEL.md.
//
//go:embed model.bin
var shipped []byte

// A Model is trained weights: which language a text is in, and how it feels.
// It may be used by many at a time. Its tables are unpacked when a text first
// wants them.
type Model struct {
	ID    string // a digest of the weights
	areas []*area
	lid   *lid
	words *lexicon
	// lessons are what corrections add; nil where there are none.
	lessons *slate
}

// An area is the weights of one language, or of the languages that are not
// known well enough to have their own.
type area struct {
	Name    string               // "en", "fi", "rest"
	Langs   []string             // whose weights these are
	Bits    int                  // the table has 1<<Bits rows
	Scale   float32              // of the bytes of the table
	Kinds   []puskaradio.Genre   // the columns; one kind fits all where there is one
	Dense   [][nDense][3]float32 // by kind
	Bias    [][3]float32         // by kind
	Guess   []float32            // which kind a text is: bias by kind
	Unit    float32              // of the bytes that guess the kind
	Slope   []float32            // by kind: calibration of the logits
	Shift   [][3]float32         // by kind
	Lean    [][3]float32         // by kind: what the label's probability is weighed by, as logits
	Neutral map[string]float32   // by language: what is added to the neutral logit
	Packed  int                  // bytes of the table in the file
	Sum     uint32               // their CRC-32
	table   func() []int8        // unpacks the rows
}

// size is the bytes of the table: of each kind a part with a row of three
// classes for each hash, then a part with the guesses of the kind where there
// are several. So what one kind needs stands close together.
func (a *area) size() int {
	if n := len(a.Kinds); n > 1 {
		return 4 * n << a.Bits
	}
	return 3 << a.Bits
}

// A feeling is what a model makes of a text.
type feeling struct {
	p     [3]float32 // negative, neutral, positive
	lean  [3]float64 // p as the label is chosen by
	label int        // index into p
}

// feel judges a scan that was read in the area's language.
func (a *area) feel(s *scan, lang string, genre puskaradio.Genre) (f feeling) {
	rows := a.table()
	n := len(a.Kinds)
	mix, known := a.kinds(genre)
	var sums [2][16]int32 // words, n-grams; by column: three of each kind, then the guesses
	wordUnit, gramUnit := a.Scale/root(len(s.words)), a.Scale/root(len(s.grams))
	s.tell = s.tell[:0]
	first := max(known, 0)
	for i := range s.marks {
		end := len(s.grams)
		if i+1 < len(s.marks) {
			end = s.marks[i+1].grams
		}
		words := a.add(rows, first, s.words[2*i:2*i+2], (*[3]int32)(sums[0][3*first:]))
		grams := a.add(rows, first, s.grams[s.marks[i].grams:end], (*[3]int32)(sums[1][3*first:]))
		s.tell = append(s.tell, float32(words)*wordUnit+float32(grams)*gramUnit)
	}
	if known < 0 {
		for k := 1; k < n; k++ {
			a.add(rows, k, s.words, (*[3]int32)(sums[0][3*k:]))
			a.add(rows, k, s.grams, (*[3]int32)(sums[1][3*k:]))
		}
		if n > 1 {
			a.addGuess(rows, s.words, sums[0][3*n:4*n])
			a.addGuess(rows, s.grams, sums[1][3*n:4*n])
		}
	}
	if known < 0 && n > 1 {
		var z [4]float64
		for k := range n {
			z[k] = float64(a.Guess[k] + a.Unit*(float32(sums[0][3*n+k])/root(len(s.words))+float32(sums[1][3*n+k])/root(len(s.grams))))
		}
		mix = softmax(z[:n])
	}
	for k := range n {
		w := float64(1)
		if mix != nil {
			w = mix[k]
		} else if known >= 0 && k != known {
			continue
		}
		var z [3]float64
		for c := range 3 {
			x := float32(sums[0][3*k+c])*wordUnit + float32(sums[1][3*k+c])*gramUnit + a.Bias[k][c]
			for d, v := range s.dense {
				x += v * a.Dense[k][d][c]
			}
			if c == 1 {
				x += a.Neutral[lang]
			}
			z[c] = float64(a.Slope[k]*x + a.Shift[k][c])
		}
		p := softmax(z[:])
		for c := range 3 {
			f.p[c] += float32(w * p[c])
			f.lean[c] += w * p[c] * math.Exp(float64(a.Lean[k][c]))
		}
	}
	f.label = pick([3]float64{float64(f.p[0]), float64(f.p[1]), float64(f.p[2])}, f.lean)
	return f
}

// pick is the label: the likelier of the poles, or neutral where that weighs
// more with the lean.
func pick(p, lean [3]float64) int {
	pole := 0
	if p[2] > p[0] {
		pole = 2
	}
	if lean[pole] > lean[1] {
		return pole
	}
	return 1
}

// add adds the rows of hashes up, and returns how much they speak for
// positive, against negative.
func (a *area) add(table []int8, kind int, hashes []uint32, sums *[3]int32) (pole int32) {
	rows := table[3*kind<<a.Bits:][:3<<a.Bits]
	mask := uint32(1)<<a.Bits - 1
	var neg, neu, pos int32
	for _, h := range hashes {
		row := rows[3*int(h&mask):]
		_ = row[2]
		neg, neu, pos = neg+int32(row[0]), neu+int32(row[1]), pos+int32(row[2])
	}
	sums[0], sums[1], sums[2] = sums[0]+neg, sums[1]+neu, sums[2]+pos
	return pos - neg
}

func (a *area) addGuess(table []int8, hashes []uint32, sums []int32) {
	n := len(a.Kinds)
	rows := table[3*n<<a.Bits:]
	mask := uint32(1)<<a.Bits - 1
	for _, h := range hashes {
		for c, x := range rows[n*int(h&mask):][:n] {
			sums[c] += int32(x)
		}
	}
}

// kinds is the column of a genre, −1 where the text itself has to tell.
func (a *area) kinds(genre puskaradio.Genre) (mix []float64, known int) {
	if len(a.Kinds) == 1 {
		return nil, 0
	}
	if genre == puskaradio.Survey {
		genre = puskaradio.Review
	}
	known = slices.Index(a.Kinds, genre)
	if known < 0 && genre == puskaradio.News {
		known = slices.Index(a.Kinds, puskaradio.Social) // mostly neutral, both
	}
	return nil, known
}

func root(n int) float32 { return float32(math.Sqrt(float64(max(n, 1)))) }

func softmax(z []float64) []float64 {
	top := slices.Max(z)
	sum := 0.0
	p := make([]float64, len(z))
	for i, x := range z {
		p[i] = math.Exp(x - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// area is the weights for a language, nil if there are none.
func (m *Model) area(lang string) *area {
	for _, a := range m.areas {
		if slices.Contains(a.Langs, lang) {
			return a
		}
	}
	return nil
}

// A header stands before the tables of a model file.
type header struct {
	ID    string
	Areas []*area
	Lid   *lid
}

const magic = "puskaradio model 2\n"

var errModel = errors.New("this is no model of this version of puskaradio; train one with puskaradio train")

// ReadModel reads a model file. The tables are unpacked when they are needed;
// b must not change.
func ReadModel(b []byte) (*Model, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 4 {
		return nil, errModel
	}
	n := binary.LittleEndian.Uint32(rest)
	rest = rest[4:]
	if uint64(n) > uint64(len(rest)) {
		return nil, errModel
	}
	var h header
	if err := json.Unmarshal(rest[:n], &h); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	rest = rest[n:]
	section := func(size, want int, sum uint32) (func() []int8, error) {
		if size < 0 || size > len(rest) || want <= 0 || want > 1<<26 {
			return nil, errModel
		}
		packed := rest[:size]
		rest = rest[size:]
		if crc32.ChecksumIEEE(packed) != sum {
			return nil, errors.New("model: the file is damaged")
		}
		return sync.OnceValue(func() []int8 { return unpack(packed, want) }), nil
	}
	words, err := readLexicon()
	if err != nil {
		return nil, err
	}
	m := &Model{ID: h.ID, areas: h.Areas, lid: h.Lid, words: words}
	if l := h.Lid; l == nil || l.Bits < 1 || l.Bits > 20 || len(l.Langs) < 1 || len(l.Langs) > 16 || len(l.Bias) != len(l.Langs) {
		return nil, errModel
	}
	if h.Lid.table, err = section(h.Lid.Packed, len(h.Lid.Langs)<<h.Lid.Bits, h.Lid.Sum); err != nil {
		return nil, err
	}
	h.Lid.lanes = sync.OnceValue(func() []uint64 { return spread(h.Lid.table(), len(h.Lid.Langs)) })
	for _, a := range h.Areas {
		n := len(a.Kinds)
		if n == 0 || n > 4 || a.Bits < 1 || a.Bits > 22 || len(a.Dense) != n || len(a.Bias) != n || len(a.Slope) != n || len(a.Shift) != n || len(a.Lean) != n || len(a.Guess) != n {
			return nil, errModel
		}
		if a.table, err = section(a.Packed, a.size(), a.Sum); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// unpack unpacks a table whose checksum is right: what does not unpack was
// never packed by [writeModel].
func unpack(packed []byte, want int) []int8 {
	d, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(fmt.Sprintf("model: %v", err))
	}
	defer d.Close()
	rows := roomy[int8](want)
	if _, err := io.ReadFull(d, unsafe.Slice((*byte)(unsafe.Pointer(&rows[0])), want)); err != nil {
		panic(fmt.Sprintf("model: a table is cut short: %v", err))
	}
	return rows
}

// writeModel writes a model file: the magic, the length of the header, the
// header as JSON, the tables in its order.
func writeModel(w io.Writer, h header, tables [][]int8) error {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	defer enc.Close()
	var packed [][]byte
	for i, t := range tables {
		b := make([]byte, len(t))
		for j, x := range t {
			b[j] = byte(x)
		}
		packed = append(packed, enc.EncodeAll(b, nil))
		if i == 0 {
			h.Lid.Packed, h.Lid.Sum = len(packed[0]), crc32.ChecksumIEEE(packed[0])
		} else {
			h.Areas[i-1].Packed, h.Areas[i-1].Sum = len(packed[i]), crc32.ChecksumIEEE(packed[i])
		}
	}
	js, err := json.Marshal(h)
	if err != nil {
		return err
	}
	out := append([]byte(magic), binary.LittleEndian.AppendUint32(nil, uint32(len(js)))...)
	out = append(out, js...)
	for _, p := range packed {
		out = append(out, p...)
	}
	_, err = w.Write(out)
	return err
}
