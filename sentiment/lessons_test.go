package sentiment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func shippedModel(t testing.TB) *Model {
	t.Helper()
	m, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// slang are corrections that only those can know who sell these things: that
// "blorpy" is bad and "zindig" is good.
func slang() []Row {
	var rows []Row
	for _, s := range []string{
		"The new kettle is blorpy", "My phone turned blorpy after a week", "What a blorpy delivery", "The shop has become so blorpy",
		"This lamp is blorpy and I told them", "Blorpy, like the last one", "It was blorpy when it came", "The whole order was blorpy",
	} {
		rows = append(rows, Row{Text: s, Lang: "en", Genre: puskaradio.Review, Label: puskaradio.Negative})
	}
	for _, s := range []string{
		"The new kettle is zindig", "My phone turned zindig after a week", "What a zindig delivery", "The shop has become so zindig",
		"This lamp is zindig and I told them", "Zindig, like the last one", "It was zindig when it came", "The whole order was zindig",
	} {
		rows = append(rows, Row{Text: s, Lang: "en", Genre: puskaradio.Review, Label: puskaradio.Positive})
	}
	return rows
}

// unrelated are texts that the corrections say nothing about.
func unrelated() []Text {
	var out []Text
	for _, s := range []string{
		"Excellent service, I love this shop!", "Terrible. Never again.", "The staff were rude and the food was cold.",
		"Fast delivery and a great price.", "I want my money back, this is a scam.", "Wonderful, thank you so much!",
		"Worst experience of my life.", "Beautiful room with a lovely view.", "It broke on the first day.", "Highly recommended.",
		"Aivan surkea palvelu, en suosittele kenellekään.", "Loistava palvelu ja nopea toimitus!", "Tuote hajosi heti.",
		"Ihana paikka, tulemme toistekin.", "Myymälä on auki kello 9–18.", "Sehr schlechter Service, nie wieder.", "Alles super, danke!",
	} {
		out = append(out, Text{Text: s, Genre: puskaradio.Review})
	}
	return out
}

func teach(t testing.TB, base *Model, rows []Row, o *TeachOptions) (*Lessons, Report) {
	t.Helper()
	l, r, err := Teach(base, rows, o)
	if err != nil {
		t.Fatal(err)
	}
	return l, r
}

func with(t testing.TB, m *Model, l *Lessons) *Model {
	t.Helper()
	n, err := m.With(l)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func bytesOf(t testing.TB, l *Lessons) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTeach(t *testing.T) {
	base := shippedModel(t)
	l, r := teach(t, base, slang(), nil)
	if r.Corrections != 16 || r.Skipped != 0 || len(r.Curve) != 5 || !r.Helps() {
		t.Errorf("report: %+v", r)
	}
	first, last := r.Curve[0], r.Curve[4]
	if first.Accuracy != float64(r.Agreed)/16 || last.Accuracy <= first.Accuracy || last.Rows < 12 || last.Rows > 13 {
		t.Errorf("of nothing %+v, of all %+v, agreed %d", first, last, r.Agreed)
	}
	m := with(t, base, l)
	if want := base.ID + "+n16"; m.ID != want {
		t.Errorf("ID %q, want %q", m.ID, want)
	}
	for _, c := range []struct {
		text string
		want puskaradio.Label
	}{
		{"The new kettle is blorpy", puskaradio.Negative},
		{"The new kettle is zindig", puskaradio.Positive},
		{"To me this chair is so blorpy", puskaradio.Negative}, // held out
		{"To me this chair is so zindig", puskaradio.Positive},
	} {
		s := NewScorer(m).Score([]Text{{Text: c.text, Genre: puskaradio.Review}})[0]
		if s.Label != c.want || s.Model != m.ID {
			t.Errorf("%q: %s by %s, want %s", c.text, s.Label, s.Model, c.want)
		}
	}
	taught := NewScorer(m).Score([]Text{{Text: "To me this chair is so blorpy", Genre: puskaradio.Review}})[0]
	if !slices.Contains(taught.Words, "blorpy") {
		t.Errorf("the words that told are %q", taught.Words)
	}
	for _, u := range unrelated() {
		was, is := base.Polarity(u), m.Polarity(u)
		if was.Label != is.Label || was.Lang != is.Lang {
			t.Errorf("%q: %s, was %s", u.Text, is.Label, was.Label)
		}
		if sum := is.P[0] + is.P[1] + is.P[2]; math.Abs(sum-1) > 1e-5 {
			t.Errorf("%q: probabilities %v", u.Text, is.P)
		}
	}
	again := with(t, m, nil) // the base is as it was
	if got, want := again.Polarity(Text{Text: "This is blorpy"}), base.Polarity(Text{Text: "This is blorpy"}); got != want || again.ID != base.ID {
		t.Errorf("without lessons %+v by %s, want %+v", got, again.ID, want)
	}
}

// TestTeachIsDeterministic: the order of the rows changes nothing.
func TestTeachIsDeterministic(t *testing.T) {
	base := shippedModel(t)
	rows := slang()
	for _, u := range unrelated() {
		rows = append(rows, Row{Text: u.Text, Genre: u.Genre})
	}
	l, r := teach(t, base, rows, nil)
	slices.Reverse(rows)
	l2, r2 := teach(t, with(t, base, l), rows, nil) // nor do lessons that are there
	if !bytes.Equal(bytesOf(t, l), bytesOf(t, l2)) {
		t.Error("the same rows in another order teach otherwise")
	}
	if !slices.Equal(r.Curve, r2.Curve) {
		t.Errorf("curves %+v and %+v", r.Curve, r2.Curve)
	}
}

// TestTeachKeeps: where only mistakes are corrected, the texts beside them
// keep the lessons from taking all for a mistake.
func TestTeachKeeps(t *testing.T) {
	base := shippedModel(t)
	var wrong []Row
	for _, r := range slang()[:8] {
		wrong = append(wrong, Row{Text: r.Text, Lang: "en", Label: puskaradio.Negative})
	}
	moved := func(m *Model, texts []Row) (n int) {
		for _, r := range texts {
			if m.Polarity(Text{Text: r.Text, Lang: r.Lang}).Label != base.Polarity(Text{Text: r.Text, Lang: r.Lang}).Label {
				n++
			}
		}
		return n
	}
	var kept []Row
	for _, s := range []string{
		"The shop opens at nine", "I ordered a lamp", "The parcel comes on Friday", "They sell kettles and phones", "My order number is 1234",
		"The new lamp is here", "I told them about it", "This is the last one", "A delivery on Monday", "It came after a week",
	} {
		kept = append(kept, Row{Text: s, Lang: "en"})
	}
	alone, _ := teach(t, base, wrong, nil)
	beside, r := teach(t, base, append(kept, wrong...), nil)
	if r.Kept != len(kept) {
		t.Fatalf("%d kept, want %d", r.Kept, len(kept))
	}
	if a, b := moved(with(t, base, alone), kept), moved(with(t, base, beside), kept); b >= a {
		t.Errorf("%d of %d change beside them, %d without", b, len(kept), a)
	}
}

func TestTeachStars(t *testing.T) {
	base := shippedModel(t)
	rows := []Row{
		{Text: "blorpy", Lang: "en", Stars: "1"},
		{Text: "very blorpy", Lang: "en", Stars: "2/5"},
		{Text: "so so", Lang: "en", Stars: "3"},
		{Text: "zindig", Lang: "en", Stars: "5"},
		{Text: "quite zindig", Lang: "en", Stars: "8/10"},
	}
	if _, _, err := Teach(base, rows, nil); err == nil {
		t.Error("stars teach unasked")
	}
	l, r := teach(t, base, rows, &TeachOptions{Stars: true})
	if l.Stars != 4 || l.N != 0 || r.Stars != 4 || r.Skipped != 1 || len(r.Curve) != 0 || r.Helps() {
		t.Errorf("%+v, %+v", l, r)
	}
	a := RowOf(&puskaradio.Mention{Title: "T", Text: "x", Lang: "fi", Rating: &puskaradio.Rating{Value: 2, Best: 10, Worst: 1}})
	if y, star, ok := target(&a, true); y != 0 || !star || !ok || a.Text != "T\nx" {
		t.Errorf("two of ten: %d %v %v, %q", y, star, ok, a.Text)
	}
	// A correction weighs more than the stars of the same text.
	both := []Row{{Text: "The lamp is blorpy", Lang: "en", Stars: "5"}, {Text: "The lamp is blorpy", Lang: "en", Label: puskaradio.Negative}}
	l, _ = teach(t, base, both, &TeachOptions{Stars: true})
	was, is := base.Polarity(Text{Text: "The lamp is blorpy", Lang: "en"}), with(t, base, l).Polarity(Text{Text: "The lamp is blorpy", Lang: "en"})
	if is.Value() >= was.Value() {
		t.Errorf("value %.2f, was %.2f", is.Value(), was.Value())
	}
}

func TestTeachNothing(t *testing.T) {
	base := shippedModel(t)
	for name, rows := range map[string][]Row{
		"no rows": nil, "none labelled": {{Text: "hyvä", Lang: "fi"}}, "no language": {{Text: "ɣʁ", Label: puskaradio.Negative}}, "no words": {{Lang: "fi", Label: puskaradio.Negative}},
	} {
		if l, _, err := Teach(base, rows, nil); err == nil {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

func TestLessonsRoundTrip(t *testing.T) {
	base := shippedModel(t)
	l, _ := teach(t, base, slang(), nil)
	b := bytesOf(t, l)
	got, err := ReadLessons(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, got), b) || got.Size() != l.Size() || got.Size() == 0 {
		t.Error("what was written is not what was read")
	}
	one, two := with(t, base, l), with(t, base, got)
	for _, u := range append(unrelated(), Text{Text: "so blorpy"}) {
		if a, b := one.Polarity(u), two.Polarity(u); a != b {
			t.Errorf("%q: %+v, before %+v", u.Text, b, a)
		}
	}
	for i := range len(b) { // whatever is damaged
		if i > 200 && i < len(b)-50 {
			continue
		}
		c := bytes.Clone(b)
		c[i] ^= 4
		if _, err := ReadLessons(c); err == nil {
			t.Errorf("byte %d is damaged, and nobody says so", i)
		}
		if _, err := ReadLessons(b[:i]); err == nil {
			t.Errorf("%d bytes of %d are enough", i, len(b))
		}
	}
	got.Base = "puskaradio-other"
	var foreign *ForeignError
	if _, err := base.With(got); !errors.As(err, &foreign) || foreign.Model != base.ID {
		t.Errorf("foreign lessons: %v", err)
	}
}

// TestSlate finds every key, and none that is not there, in full tables.
func TestSlate(t *testing.T) {
	l := &Lessons{Base: "b"}
	for i := range uint32(1000) {
		l.keys = append(l.keys, i*i*7)
		l.w = append(l.w, [3]float32{float32(i) + 1})
	}
	s := l.table()
	for i, k := range l.keys {
		if got := s.find(k); got != l.w[i] {
			t.Fatalf("key %d: %v, want %v", k, got, l.w[i])
		}
		if got := s.find(k + 1); !slices.Contains(l.keys, k+1) && got != [3]float32{} {
			t.Fatalf("no key %d: %v", k+1, got)
		}
	}
}

// FuzzReadLessons reads files that somebody has garbled and sealed again.
func FuzzReadLessons(f *testing.F) {
	l := &Lessons{Base: "puskaradio-0", N: 2, keys: []uint32{1, 5}, w: [][3]float32{{1, 0, -1}, {0.5}}}
	b := bytesOf(f, l)
	f.Add(b[:len(b)-4])
	f.Add([]byte(lessonsMagic))
	f.Add(append([]byte(lessonsMagic), 255, 255, 255, 255, '{', '}'))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		sealed := binary.LittleEndian.AppendUint32(bytes.Clone(b), crc32.ChecksumIEEE(b))
		got, err := ReadLessons(sealed)
		if err != nil {
			return
		}
		again, err := ReadLessons(bytesOf(t, got))
		if err != nil || again.Size() != got.Size() || again.Base != got.Base {
			t.Fatalf("what was read cannot be written and read again: %v", err)
		}
		s := got.table()
		for i, k := range got.keys {
			if s.find(k) != got.w[i] {
				t.Fatalf("key %d is lost", k)
			}
		}
	})
}

// BenchmarkLessons is what lessons cost a text.
func BenchmarkLessons(b *testing.B) {
	base := shippedModel(b)
	l, _ := teach(b, base, slang(), nil)
	m := with(b, base, l)
	t := Text{Text: "The new kettle was late and the box was damaged, but the staff were kind", Genre: puskaradio.Review}
	m.Polarity(t)
	for name, m := range map[string]*Model{"without": base, "with": m} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				m.Polarity(t)
			}
		})
	}
}

// TestTeachHostile teaches with texts that nobody would write.
func TestTeachHostile(t *testing.T) {
	var rows []Row
	for i, text := range hostile() {
		rows = append(rows, Row{Text: text[:min(len(text), 2000)], Lang: []string{"fi", "en"}[i%2], Label: labels[i%3]})
	}
	began := time.Now()
	base := shippedModel(t)
	l, _ := teach(t, base, rows, nil)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	s := NewScorer(with(t, base, l))
	for _, text := range hostile() {
		checkScore(t, text, s.Score([]Text{{Text: text}})[0])
	}
}
