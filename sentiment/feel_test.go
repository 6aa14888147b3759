package sentiment

import (
	"os"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// labelled reads lines of a language, a label and a text, all made by hand.
func labelled(t *testing.T) (rows [][3]string) {
	t.Helper()
	b, err := os.ReadFile("../testdata/sentiment/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		rows = append(rows, [3]string(f))
	}
	return rows
}

// The sentences are plain ones: hardly any may be judged wrong.
func TestSentences(t *testing.T) {
	s := newScorer(t)
	count, wrong := map[string]int{}, map[string]int{}
	for _, r := range labelled(t) {
		count[r[0]]++
		got := s.Score([]Text{{Text: r[2], Genre: puskaradio.Review}})[0]
		if string(got.Label) != r[1] || got.Lang != r[0] {
			wrong[r[0]]++
			t.Logf("%q: %s %s %v %v, want %s %s", r[2], got.Lang, got.Label, got.Value, got.Words, r[0], r[1])
		}
	}
	for _, lang := range langs {
		if n := count[lang]; n < 60 || wrong[lang]*20 > n {
			t.Errorf("%s: %d of %d sentences are judged wrong, at most one in twenty may be", lang, wrong[lang], n)
		}
	}
}

// More of the same says more: each text is to be above the one behind it.
func TestForce(t *testing.T) {
	s := newScorer(t)
	for _, order := range [][]string{
		{"Palvelu oli todella hyvää!", "Palvelu oli todella hyvää.", "Palvelu oli hyvää.", "Palvelu oli melko hyvää.", "Palvelu ei ollut hyvää."},
		{"The lamp is VERY GOOD!!!", "The lamp is very good.", "The lamp is good.", "The lamp is fairly good.", "The lamp is not good."},
		{"Laatu ei ollut huono.", "Laatu oli huono.", "Laatu oli todella huono."},
		{"It was not bad.", "It was bad.", "It was really bad."},
		{"Hidas toimitus, mutta hyvä lamppu.", "Hyvä lamppu, mutta hidas toimitus."},
		{"Slow delivery but a good lamp.", "A good lamp but slow delivery."},
		{"Hyväääää lamppu 😍", "Hyvä lamppu 😍", "Hyvä lamppu"},
	} {
		last := 2.0
		for _, text := range order {
			got := s.Score([]Text{{Text: text}})[0].Value
			if got >= last {
				t.Errorf("%q: %v, want less than %v", text, got, last)
			}
			last = got
		}
	}
}

func TestAbout(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct{ text, aspects, stage, touchpoint string }{
		{"Toimitus oli nopea, mutta laatu oli surkea.", "delivery+ speed+ quality-", "during", "delivery"},
		{"Henkilökunta on ystävällistä ja ruoka herkullista.", "staff+ food+", "", ""},
		{"Hinnat ovat aivan liian kalliit.", "price-", "", ""},
		{"Asiakaspalvelu ei vastaa sähköpostiin.", "service- communication-", "after", "support"},
		{"Palautin tuolin ja hyvitys tuli nopeasti.", "returns+", "after", "return"},
		{"Verkkokauppa kaatui, kun olin kassalla.", "website-", "during", "order"},
		{"Lasku oli väärin ja maksu veloitettiin kahdesti.", "payment-", "during", "payment"},
		{"Myymälä oli siisti ja viihtyisä.", "premises+", "", ""},
		{"Vaarallinen laite, johto kärysi.", "safety-", "", ""},
		{"Ihana riippumatto, tilaan toistekin!", "product+", "after", "repurchase"},
		{"Paketti on edelleen jumissa Vantaalla.", "delivery-", "during", "delivery"},
		{"Näin mainoksen, mikähän tuo on?", "", "before", "advert"},
		{"Vertailin hintoja ja etsin halpaa lyhtyä.", "price", "before", "search"},
		{"Laatikko oli huolella pakattu.", "", "after", "packaging"},
		{"Delivery was fast but the quality is poor.", "delivery+ speed+ quality-", "during", "delivery"},
		{"The staff were rude and the food was cold.", "staff- food-", "", ""},
		{"Customer service never replied to my emails.", "service- communication-", "after", "support"},
		{"The website is slow and checkout crashed.", "website-", "", ""},
		{"Still waiting for my refund, terrible.", "returns-", "during", "return"},
		{"I was charged twice, awful.", "payment-", "during", "payment"},
		{"Beautiful lamp at a great price.", "product+ price+", "", ""},
		{"The box was crushed and badly wrapped.", "", "after", "packaging"},
		{"I would recommend it to everyone.", "", "after", "referral"},
		{"Saw the advert and thinking of ordering, should I?", "", "expectation", "advert"},
	} {
		got := s.Score([]Text{{Text: c.text, Genre: puskaradio.Review}})[0]
		have := map[string]bool{}
		for _, a := range got.Aspects {
			have[a.Name] = true
			have[a.Name+map[puskaradio.Label]string{puskaradio.Positive: "+", puskaradio.Negative: "-"}[a.Label]] = true
			if len(a.Words) == 0 {
				t.Errorf("%q: no words for %s", c.text, a.Name)
			}
		}
		for want := range strings.FieldsSeq(c.aspects) {
			if !have[want] {
				t.Errorf("%q: aspects %v, want %s", c.text, got.Aspects, want)
			}
		}
		if got.Stage != c.stage || got.Touchpoint != c.touchpoint {
			t.Errorf("%q: %q at %q, want %q at %q", c.text, got.Stage, got.Touchpoint, c.stage, c.touchpoint)
		}
	}
}

// The words that told stand in the text as they are shown.
func TestWordsAsWritten(t *testing.T) {
	s := newScorer(t)
	for _, text := range []string{"LOISTAVA palvelu, ei enää koskaan muualta! 😍", "It NEVER arrived, what a Disaster :("} {
		got := s.Score([]Text{{Text: text}})[0]
		if len(got.Words) < 2 {
			t.Errorf("%q: %v", text, got.Words)
		}
		for _, w := range got.Words {
			if !strings.Contains(text, w) {
				t.Errorf("%q: no %q in it", text, w)
			}
		}
	}
}
