package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestWhyFlagged(t *testing.T) {
	p := newPlace(t)
	maija := p.enter("Maija")
	for i, tt := range []struct{ flag, why, en, fi string }{
		{"1/5 · never again", "", "1/5 · never again", "1/5 · never again"},
		{"negative", "", "negative", "kielteinen"},
		{"rated 2 · not sure: close", "close", "rated 2 · not sure: a close call", "arvosana 2 · epävarma: niukka ero"},
		{"not sure: of what nobody knows", "of what nobody knows", "not sure: of what nobody knows", "epävarma: of what nobody knows"},
	} {
		m := sample()
		m.Ref, m.Flag, m.Score.Unsure, m.Score.Why = string(rune('a'+i)), tt.flag, tt.why != "", tt.why
		id := string(p.add(m)[0])
		for lang, want := range map[string]string{"en": tt.en, "fi": tt.fi} {
			wants(t, tt.flag+": the case", maija.get("/m/"+id+"?lang="+lang), "<bdi>"+want+"</bdi>")
			wants(t, tt.flag+": the inbox", maija.get("/inbox?lang="+lang), "<bdi>"+want+"</bdi>")
			if doubt := (tongue{Lang: lang}).Doubt(tt.why); tt.why != "" {
				wants(t, tt.flag+": how it feels", maija.get("/m/"+id+"?lang="+lang), ": "+doubt+"</p>")
			}
		}
	}
}

// TestEveryDoubtHasWords finds the reasons that the sentiment stage gives.
func TestEveryDoubtHasWords(t *testing.T) {
	files, err := filepath.Glob("../sentiment/*.go")
	if err != nil {
		t.Fatal(err)
	}
	gives := regexp.MustCompile(`why\("([^"]+)"\)|\.Why = true, "([^"]+)"`)
	found := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		for _, m := range gives.FindAllStringSubmatch(string(b), -1) {
			found++
			if why := m[1] + m[2]; doubts[why] == [2]string{} {
				t.Errorf("%s: no words for the doubt %q", name, why)
			}
		}
	}
	if found < 8 {
		t.Errorf("found %d reasons only", found)
	}
}
