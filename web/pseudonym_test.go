package web

import (
	"strings"
	"testing"
)

// TestPseudonymShown: a pseudonym is marked as one wherever it stands, in both
// languages, no answer begins with it, and it erases its author.
func TestPseudonymShown(t *testing.T) {
	p := newPlace(t)
	named := sample()
	named.Ref, named.Author = "named", "Pekka"
	m := sample()
	name := m.Author
	m.Author = p.store.Pseudonyms().Author(m.Source, name)
	id, other := p.add(m)[0], p.add(named)[0]
	maija := p.enter("Maija")
	for lang, want := range map[string][2]string{"en": {"(pseudonym)", "The name of the author is not kept."}, "fi": {"(peitenimi)", "Kirjoittajan nimeä ei tallenneta."}} {
		page := maija.get("/m/" + string(id) + "?lang=" + lang)
		wants(t, lang, page, "<bdi>"+m.Author+"</bdi> "+want[0], want[1])
		_, draft, _ := strings.Cut(page, "<textarea name=\"text\"")
		if draft, _, _ = strings.Cut(draft, "</textarea>"); draft == "" || strings.Contains(draft, "author-") {
			t.Errorf("the answer begins: %q", draft)
		}
		for _, path := range []string{"/inbox", "/mentions"} {
			wants(t, path, maija.get(path+"?lang="+lang), "<bdi>"+m.Author+"</bdi> "+want[0], "<bdi>Pekka</bdi>")
		}
		if page := maija.get("/m/" + string(other) + "?lang=" + lang); strings.Contains(page, want[0]) || strings.Contains(page, want[1]) {
			t.Error("a name is called a pseudonym")
		}
	}
	wants(t, "the form", maija.get("/erase?source="+m.Source+"&author="+m.Author), `value="`+m.Author+`"`, "the name or the pseudonym")
	if out, err := p.store.Erase(t.Context(), m.Source, name); err != nil || out.Mentions != 1 {
		t.Errorf("erased %+v, %v", out, err)
	}
}
