package crawler

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestFoldPlaces folds a text behind others of every length, as many bytes are
// folded at once.
func TestFoldPlaces(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"Nokia", "nokia"},
		{"H&M", "h&m"},
		{"Levi's", "levis"},
		{"ÄITI-Ääni", "äiti ääni"},
		{"ka\u0308si", "käsi"},
		{"K\xe4si", "käsi"},
		{"@`[{AZaz09/:", "azaz09"},
		{"verkko\u00adkauppa 24Seven", "verkkokauppa 24seven"},
		{"ǅ!ﬁ", "ǆ ﬁ"},
		{"abcdefgh\x80ijklmnopq", "abcdefgh ijklmnopq"},
	} {
		for before := range 20 {
			for after := range 10 {
				var f folded
				head, tail := strings.Repeat("x", before), strings.Repeat(" Y", after)
				f.fold(head + " " + tt.in + tail)
				want := strings.Join(strings.Fields(" "+head+" "+tt.want+strings.ToLower(tail)), " ")
				if got := string(f.text); got != " "+want+" " {
					t.Fatalf("fold(%q) = %q, want %q", head+" "+tt.in+tail, got, " "+want+" ")
				}
				if n := len(strings.Fields(want)); len(f.words) != n {
					t.Fatalf("fold(%q): %d words, want %d", tt.in, len(f.words), n)
				}
			}
		}
	}
}

func FuzzFold(f *testing.F) {
	f.Add("Verkkokauppa.com & K-Citymarket, ÄÄNI's \xe4\xff ǅ")
	f.Fuzz(func(t *testing.T, s string) {
		var whole folded
		whole.fold(s)
		if !utf8.Valid(whole.text) {
			t.Fatalf("fold(%q) = %q", s, whole.text)
		}
		for _, w := range whole.words {
			if whole.text[w.at-1] != ' ' || whole.text[w.at] == ' ' || int(w.src) >= len(s) {
				t.Fatalf("fold(%q): a word at %d of %q, %d", s, w.at, whole.text, w.src)
			}
		}
		// Letters that are no ASCII are folded one by one; the rest must be as there.
		for i := range len(s) {
			if c := s[i]; c >= utf8.RuneSelf {
				return
			}
		}
		var slow []byte
		inWord := false
		for i := range len(s) {
			switch c := s[i]; {
			case asciiFold[c] != 0:
				if !inWord {
					slow = append(slow, ' ')
				}
				slow, inWord = append(slow, asciiFold[c]), true
			case inWord && c == '\'' && letterAt(s, i+1):
			case inWord && (c == '&' || c == '+') && letterAt(s, i+1):
				slow = append(slow, c)
			default:
				inWord = false
			}
		}
		if got := strings.TrimRight(string(whole.text), " "); got != string(slow) {
			t.Fatalf("fold(%q) = %q, want %q", s, got, slow)
		}
	})
}
