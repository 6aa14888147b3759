package notify

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/puskaradio/puskaradio"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		v      float64
		fi, en string
	}{
		{0, "0", "0"},
		{2, "2", "2"},
		{2.04, "2", "2"},
		{2.06, "2,1", "2.1"},
		{-0.04, "0", "0"},
		{-0.9, "-0,9", "-0.9"},
		{9.96, "10", "10"},
		{12.4, "12", "12"},
		{999, "999", "999"},
		{1000, "1\u00a0000", "1,000"},
		{-1000, "-1\u00a0000", "-1,000"},
		{-100, "-100", "-100"},
		{1234567, "1\u00a0234\u00a0567", "1,234,567"},
		{1234.5, "1\u00a0234", "1,234"},
	} {
		if fi, en := number("fi", c.v), number("en", c.v); fi != c.fi || en != c.en {
			t.Errorf("number(%v) = %q, %q, want %q, %q", c.v, fi, en, c.fi, c.en)
		}
	}
}

func TestPercentAndOdds(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent("fi", 0.314), "31\u00a0%"},
		{percent("en", 1), "100%"},
		{percent("en", 0), "0%"},
		{odds("fi", 1e-4), "1 : 10\u00a0000"},
		{odds("en", 3.2e-7), "1 in 3,125,000"},
		{odds("en", 1), "1 in 1"},
		{odds("en", 1e-12), "under 1 in 1,000,000,000"},
		{odds("fi", 0), "alle 1 : 1\u00a0000\u00a0000\u00a0000"},
		{clock("fi", at, helsinki(t)), "21.11. klo\u00a08.12"},
		{clock("en", at, nil), "21 Nov, 06:12"},
		{date("fi", "2026-02-01"), "1.2.2026"},
		{date("en", "2026-02-01"), "1 February 2026"},
		{date("en", "yesterday"), "yesterday"},
		{stars("fi", nil), ""},
		{stars("fi", &puskaradio.Rating{Value: 4.5, Best: 5}), "4,5/5"},
		{stars("en", &puskaradio.Rating{Value: 7}), "7"},
		{topicName("fi", "delivery"), "toimitus"},
		{topicName("en", "delivery"), "delivery"},
		{topicName("fi", "unheard"), "unheard"},
		{Spark([]float64{0, 1, 4, 8}), "·▂▅█"},
		{Spark([]float64{3}), ""},
		{Spark([]float64{0, 0}), "··"},
		{wordsOf("sv").digest, "Digest"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestClip(t *testing.T) {
	family := "👩‍👩‍👧‍👦" // four people, eleven units, one character
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"", 5, ""},
		{"hyvää", 5, "hyvää"},
		{"hyvää päivää", 8, "hyvää p…"},
		{"hyvää päivää", 7, "hyvää…"}, // no space before the dots
		{"cafe\u0301s", 5, "caf…"},    // an accent stays with its letter
		{family, 11, family},
		{family + "x", 12, family + "x"},
		{family + "xy", 12, family + "…"},
		{family + family, 12, family + "…"},
		{family + family, 11, "…"},
		{"🇫🇮🇫🇮", 7, "🇫🇮…"},
	} {
		if got := clip(c.s, c.n); got != c.want {
			t.Errorf("clip(%q, %d) = %q, want %q", c.s, c.n, got, c.want)
		}
	}
	if got, want := markup("a<b>&c", 10), "a&lt;b…"; got != want {
		t.Errorf("markup = %q, want %q", got, want)
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"", ""},
		{" \t\r\n a \u2028 b\u00a0", "a b"},
		{"\u202Eabc\u202C\u2066\u2069\u200E\u200F\u061C", "abc"},
		{"\x1b[31mred\x07\x00\u009b1m", "[31mred1m"},
		{"z" + strings.Repeat("\u0301", 300), "z" + strings.Repeat("\u0301", 8)},
		{"a\xffb\ufffd", "ab"},
		{"👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"},
		{"\ufeff\u200b", ""},
		{"hei\U000E0041", "hei"},
	} {
		if got := plain(c.s); got != c.want {
			t.Errorf("plain(%q) = %q, want %q", c.s, got, c.want)
		}
	}
}

func TestWebLink(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"https://a.example/x?y=1#z", "https://a.example/x?y=1#z"},
		{"http://a.example", "http://a.example"},
		{"https://a.example/ä?q=ä", "https://a.example/%C3%A4?q=%C3%A4"},
		{"https://a.example/?q=\u202Ex\u009b31m", "https://a.example/?q=%E2%80%AEx%C2%9B31m"},
		{"https://a.example/?q=<!here>", "https://a.example/?q=%3C!here%3E"},
		{"javascript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"file:///etc/passwd", ""},
		{"https://user:pw@a.example/", ""},
		{"//a.example/", ""},
		{"https:///x", ""},
		{"https://a.example/\x1b", ""},
		{"https://a.example/" + strings.Repeat("x", 3000), ""},
	} {
		if got := webLink(c.s); got != c.want {
			t.Errorf("webLink(%q) = %q, want %q", c.s, got, c.want)
		}
	}
}

// hidden reports what may not stand in a message: it moves a cursor or turns
// the direction of writing. A new line is ours.
func hidden(r rune) bool {
	return unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Bidi_Control)
}

func FuzzPlain(f *testing.F) {
	for _, s := range hostile {
		f.Add(s[:min(len(s), 500)], 40)
	}
	f.Add("a\u0301\u200d\u200d", 1)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = n&0xfff + 1
		p := plain(s)
		if !utf8.ValidString(p) || strings.ContainsFunc(p, hidden) || strings.Contains(p, "\n") {
			t.Errorf("plain(%q) = %q", s, p)
		}
		if again := plain(p); again != p {
			t.Errorf("plain(%q) = %q, and again %q", s, p, again)
		}
		c := clip(p, n)
		if units(c) > n {
			t.Errorf("clip(%q, %d) has %d units", p, n, units(c))
		}
		onBound(t, p, c)
		if e := markup(p, n); units(e) > n || strings.ContainsAny(e, "<>") {
			t.Errorf("markup(%q, %d) = %q", p, n, e)
		}
		if l := webLink(s); strings.ContainsFunc(l, hidden) {
			t.Errorf("webLink(%q) = %q", s, l)
		}
	})
}

// onBound checks that a cut text ends where a character of the whole does.
func onBound(t interface{ Errorf(string, ...any) }, whole, cut string) {
	if whole == cut {
		return
	}
	head := strings.TrimSuffix(cut, "…")
	rest := whole
	for at := 0; rest != "" && at < len(head); {
		var g string
		g, rest, _, _ = uniseg.FirstGraphemeClusterInString(rest, -1)
		at += len(g)
		if at > len(head) {
			t.Errorf("clip cut %q within %q", whole, g)
		}
	}
	if !strings.HasPrefix(whole, head) || head == cut {
		t.Errorf("clip(%q) = %q", whole, cut)
	}
}

func TestWrap(t *testing.T) {
	got := strings.Join(Wrap("yksi kaksi kolme neljä viisi kuusi seitsemän", 20), "|")
	if want := "yksi kaksi kolme|neljä viisi kuusi|seitsemän"; got != want {
		t.Errorf("Wrap = %q, want %q", got, want)
	}
	got = strings.Join(Wrap("ja "+strings.Repeat("👍🏽", 12)+" https://a.example/a-long-path-of-words", 20), "|")
	if want := "ja|" + strings.Repeat("👍🏽", 5) + "|" + strings.Repeat("👍🏽", 5) + "|" + strings.Repeat("👍🏽", 2) + "|https://a.example/a-long-path-of-words"; got != want {
		t.Errorf("Wrap = %q, want %q", got, want)
	}
	if got := Wrap("", 3); len(got) != 1 || got[0] != "" {
		t.Errorf("Wrap of nothing = %q", got)
	}
}
