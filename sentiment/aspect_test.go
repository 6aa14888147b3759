package sentiment

import (
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A tally counts what was found of what there is.
type tally struct{ right, got, want int }

func (n tally) f1() (precision, recall, f1 float64) {
	if n.right == 0 {
		return 0, 0, 0
	}
	precision, recall = float64(n.right)/float64(n.got), float64(n.right)/float64(n.want)
	return precision, recall, 2 * precision * recall / (precision + recall)
}

// log writes the figures of a tally and fails below a floor.
func (n tally) log(t *testing.T, what string, floor float64) {
	t.Helper()
	p, r, f := n.f1()
	t.Logf("%-28s precision %.3f recall %.3f F1 %.3f (%d)", what, p, r, f, n.want)
	if f < floor {
		t.Errorf("%s: F1 %.3f, want %.2f", what, f, floor)
	}
}

func polarityOf(l puskaradio.Label) string {
	return map[puskaradio.Label]string{puskaradio.Negative: "-1", puskaradio.Neutral: "0", puskaradio.Positive: "1"}[l]
}

// TestAspectFigures counts the aspects of our own reviews, and those with the
// right polarity, over the part of each set whose errors were read while the
// words were chosen and over the other.
func TestAspectFigures(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct {
		lang         string
		aspect, both float64 // floors for the other part
	}{{"fi", 0.65, 0.45}, {"en", 0.68, 0.47}} {
		var aspect, both map[string]*tally
		aspect = map[string]*tally{"dev": {}, "test": {}}
		both = map[string]*tally{"dev": {}, "test": {}}
		for _, r := range reviews(t, c.lang) {
			a, b := aspect[r.split], both[r.split]
			a.want += len(r.aspects)
			b.want += len(r.aspects)
			for _, got := range s.Score([]Text{r.in()})[0].Aspects {
				a.got++
				b.got++
				if want, ok := r.aspects[got.Name]; ok {
					a.right++
					if want == polarityOf(got.Label) {
						b.right++
					}
				}
			}
		}
		for split, floor := range map[string]float64{"dev": 0, "test": 1} {
			aspect[split].log(t, c.lang+" "+split+" aspect", floor*c.aspect)
			both[split].log(t, c.lang+" "+split+" aspect and polarity", floor*c.both)
		}
	}
}

// Every aspect is a line of words in each language and has a component.
func TestAspectTable(t *testing.T) {
	l, err := readLexicon()
	if err != nil {
		t.Fatal(err)
	}
	if len(l.aspects.names) != len(componentOf) {
		t.Errorf("%d aspects have words, %d have a component", len(l.aspects.names), len(componentOf))
	}
	components := map[string]int{}
	for i, name := range l.aspects.names {
		components[componentOf[name]]++
		for _, lang := range langs {
			n := 0
			count := func(set uint32) { n += int(set >> i & 1) }
			for _, set := range l.aspects.words[lang].whole {
				count(set)
			}
			for _, set := range l.aspects.words[lang].stems {
				count(set)
			}
			if n < 5 {
				t.Errorf("%s: %d words of %s", lang, n, name)
			}
		}
	}
	for _, name := range []string{"service", "product", "channels", "brand values", "personal treatment"} {
		if components[name] == 0 {
			t.Errorf("no aspect of %s", name)
		}
	}
	if len(components) != 5 {
		t.Errorf("components %v", components)
	}
}

// A clause tells its own aspects apart, and a word that is topic and feeling
// at once tells them by itself.
func TestAspectClauses(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct{ text, want string }{
		{"Ruoka oli hyvää mutta palvelu surkeaa.", "food+ service-"},
		{"Great room, rude staff", "premises+ staff- rudeness-"},
		{"Palvelu oli nopeaa ja ruoka kamalaa.", "service+ speed+ food-"},
		{"The food was great and the waiter was awful.", "food+ staff-"},
		{"Kallis paikka.", "price-"},
		{"Aivan liian hidas.", "speed-"},
		{"Meni rikki.", "quality-"},
		{"Expensive.", "price-"},
		{"Slow.", "speed-"},
		{"It came broken.", "quality-"},
		{"Late again.", "speed-"},
		{"Ei ole kallis.", "price+"},
		{"Not expensive at all.", "price+"},
		{"Töykeä myyjä, mutta edullinen hinta.", "staff- rudeness- price+"},
		{"Minua ei kuunneltu lainkaan.", "heard-"},
		{"They never listened to me.", "heard-"},
		{"Epärehellinen firma, huijareita.", "honesty-"},
		{"A dishonest company, scammers.", "honesty-"},
	} {
		got := s.Score([]Text{{Text: c.text, Genre: puskaradio.Review}})[0]
		have := map[string]puskaradio.Aspect{}
		for _, a := range got.Aspects {
			have[a.Name+map[puskaradio.Label]string{puskaradio.Positive: "+", puskaradio.Negative: "-"}[a.Label]] = a
		}
		for want := range strings.FieldsSeq(c.want) {
			a, ok := have[want]
			if !ok {
				t.Errorf("%q: aspects %v, want %s", c.text, got.Aspects, want)
				continue
			}
			if a.Component != componentOf[a.Name] || len(a.Words) == 0 {
				t.Errorf("%q: %+v", c.text, a)
			}
			for _, w := range a.Words {
				if !strings.Contains(c.text, w) {
					t.Errorf("%q: no %q in it", c.text, w)
				}
			}
		}
	}
}

// Text that names and praises the same thing without end is read in time.
func TestAspectsOfRepetition(t *testing.T) {
	s := newScorer(t)
	for _, text := range []string{
		"hyvä palvelu ", "kiva kun palvelu hyvä huono ", "great service rude staff ", "expensive, ", "ruoka ", "ja hyvä ruoka ", "Great room, rude staff? ", "but good food ",
	} {
		began := time.Now()
		checkScore(t, text, s.Score([]Text{{Text: strings.Repeat(text, maxText/len(text)), Genre: puskaradio.Review}})[0])
		if took := time.Since(began); took > 30*time.Second { // a hundred times what the race detector makes of it
			t.Errorf("%q again and again: took %v", text, took)
		}
	}
}
