package sentiment

import (
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/puskaradio/puskaradio"
)

func TestScorerKeepsOrder(t *testing.T) {
	s := newScorer(t)
	var in []Text
	for i := range 200 {
		in = append(in, Text{Text: []string{"Loistava palvelu!", "Surkea laatu.", "Great shop", "Awful, never again", "Paketti on huomenna noudettavissa."}[i%5] + fmt.Sprint(" ", i)})
	}
	all := s.Score(in)
	if len(all) != len(in) {
		t.Fatalf("%d scores of %d texts", len(all), len(in))
	}
	for i, one := range in {
		if got := s.Score([]Text{one})[0]; !reflect.DeepEqual(got, all[i]) {
			t.Errorf("text %d alone: %+v, want %+v", i, got, all[i])
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := s.Score(in); !reflect.DeepEqual(got, all) {
				t.Error("at once with others the scores differ")
			}
		})
	}
	wg.Wait()
	if got := s.Score(nil); len(got) != 0 {
		t.Errorf("no texts: %v", got)
	}
}

func TestUnsure(t *testing.T) {
	stars := func(v float64) *puskaradio.Rating { return &puskaradio.Rating{Value: v, Best: 5} }
	s := newScorer(t)
	for _, c := range []struct {
		text string
		in   Text
		why  string
	}{
		{"Aivan kamala paikka, ruoka oli surkeaa ja palvelu töykeää.", Text{Rating: stars(5)}, "stars against text"},
		{"Best purchase ever, we love it!", Text{Rating: stars(1)}, "stars against text"},
		{"Loistava palvelu ja nopea toimitus!", Text{Rating: stars(5)}, ""},
		{"Ihan ok", Text{Rating: stars(3)}, ""},
		{"Kiitos tästäkin, paketti on taas hukassa.", Text{}, "sarcasm"},
		{"Hienoa, että toimitus myöhästyi jo kolmannen kerran.", Text{}, "sarcasm"},
		{"Great, another delayed parcel.", Text{}, "sarcasm"},
		{"Thanks for nothing, the lamp arrived broken.", Text{}, "sarcasm"},
		{"Kolmas reklamaatio menossa 😂", Text{}, "sarcasm"},
		{"Palvelu oli erinomaista. Laatu oli surkea.", Text{}, "mixed"},
		{"The staff were lovely. The food was awful.", Text{}, "mixed"},
		{"kello", Text{}, "short"},
		{"", Text{}, "short"},
		{"Доставка была очень плохая и медленная", Text{}, "language"},
		{"Leveransen var väldigt sen och jag är inte nöjd med det", Text{Lang: "fi"}, "language"},
		{"A szállítás nagyon késett és senki sem válaszol", Text{}, "language"},
	} {
		c.in.Text = c.text
		got := s.Score([]Text{c.in})[0]
		if got.Why != c.why || got.Unsure != (c.why != "") {
			t.Errorf("%q: unsure %v, why %q, want %q (%v)", c.text, got.Unsure, got.Why, c.why, got.Words)
		}
		if got.Unsure && got.Confidence > 0.5 {
			t.Errorf("%q: unsure, but confidence %v", c.text, got.Confidence)
		}
	}
}

func TestStarsWeighMore(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct {
		value, best float64
		want        puskaradio.Label
	}{{1, 5, puskaradio.Negative}, {2, 5, puskaradio.Negative}, {3, 5, puskaradio.Neutral}, {4, 5, puskaradio.Positive}, {9, 10, puskaradio.Positive}, {20, 100, puskaradio.Negative}} {
		in := Text{Text: "Tilasin lampun ja sain lampun.", Genre: puskaradio.Review, Rating: &puskaradio.Rating{Value: c.value, Best: c.best}}
		if got := s.Score([]Text{in})[0]; got.Label != c.want {
			t.Errorf("%v of %v: %s, want %s", c.value, c.best, got.Label, c.want)
		}
	}
}

func TestLanguage(t *testing.T) {
	s := newScorer(t)
	for _, c := range []struct{ text, hint, want string }{
		{"Tilasin eilen, tuli tänään, kiitos!", "", "fi"},
		{"Ordered yesterday and it came today, thanks!", "", "en"},
		{"Jag är inte nöjd med leveransen från butiken", "", "sv"},
		{"Ma ei ole sellega rahul ja see on väga halb", "", "et"},
		{"Das ist nicht gut und ich bin sehr enttäuscht von der Lieferung", "", "de"},
		{"Meni rikki heti ekana päivänä, ei jatkoon mulle", "en", "fi"},
		{"ok 👍", "fi", "fi"},
		{"Surkea!", "", "fi"},
		{"Superb!", "", "en"},
		{"Доставка опоздала", "", ""},
		{"12345", "", ""},
		{"The delivery was late again and nobody answers my calls", "fi", "en"},
		{"Nopea toimitus", "fi-FI", "fi"},
	} {
		if got := s.Score([]Text{{Text: c.text, Lang: c.hint}})[0].Lang; got != c.want {
			t.Errorf("%q with hint %q: %q, want %q", c.text, c.hint, got, c.want)
		}
	}
}

func TestDots(t *testing.T) {
	for text, want := range map[string]int{
		"I asked Mr. Smith at 3 p.m. about it. No answer.": 3,
		"No dots here":             0,
		"It was good. It is fine.": 0,
	} {
		if got := dots(text); len(got) != want {
			t.Errorf("%q: %v, want %d of them", text, got, want)
		}
	}
}

// An abbreviation parts no topic from what is felt about it.
func TestAbbreviations(t *testing.T) {
	s := newScorer(t)
	for text, want := range map[string][]string{
		"The staff of Dr. Smith were rude to us.":       {"staff", "rude"},
		"Delivery at 3 p.m. Tuesday was a nightmare.":   {"Delivery", "nightmare"},
		"The room in the U.S. embassy hotel was dirty.": {"room", "dirty"},
	} {
		as := s.Score([]Text{{Text: text, Lang: "en", Genre: puskaradio.Review}})[0].Aspects
		if len(as) == 0 || len(as[0].Words) < 2 || as[0].Words[0] != want[0] || as[0].Words[1] != want[1] {
			t.Errorf("%q: %v, want %v first", text, as, want)
		}
	}
}

// BenchmarkDots is what prose costs a text that needs it.
func BenchmarkDots(b *testing.B) {
	for b.Loop() {
		dots("Customer service replied quickly, at 8 a.m. on Monday, and sent a new one.")
	}
}

func BenchmarkScore(b *testing.B) {
	s := newScorer(b)
	for lang, text := range map[string]string{
		"fi":                       "Tilasin riippumaton ja se tuli perille jo seuraavana päivänä. Laatu on todella hyvä, mutta toinen ripustuskoukku puuttui paketista. Asiakaspalvelu vastasi nopeasti ja lähetti uuden.",
		"en":                       "I ordered a hammock and it came the very next day. The quality is really good, but one of the hooks was missing. Customer service replied quickly, at eight on a Monday, and sent a new one.",
		"en, with an abbreviation": "I ordered a hammock and it came the very next day. The quality is really good, but one of the hooks was missing. Customer service replied quickly, at 8 a.m. on Monday, and sent a new one.",
	} {
		b.Run(lang, func(b *testing.B) {
			in := []Text{{Text: text, Genre: puskaradio.Review}}
			b.ReportAllocs()
			for b.Loop() {
				s.Score(in)
			}
		})
	}
}
