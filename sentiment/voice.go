package sentiment

import (
	"embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// The word lists of others: VADER's for English, AFINN in translation for
// the rest. Their licences are beside them.
//
//go:embed lexicons/*.tsv
var lexiconFiles embed.FS

// Languages are those that can be told from each other, the ones that are
// known best first.
var Languages = []string{"fi", "en", "sv", "no", "da", "et", "de", "nl", "fr", "es", "it", "pt", "pl"}

// particles are negations, boosters and words that turn the balance, by
// language.
var particles = map[string][3]string{
	"en": {
		"not no never n't cannot cant dont doesnt didnt isnt wasnt wont wouldnt couldnt shouldnt without nothing nobody neither nor none hardly barely ain't aint",
		"very really so extremely absolutely totally completely super most too", "but however",
	},
	"fi": {"ei en et emme ette eivät eikä enkä etkä älä ettei eipä ilman tuskin", "todella tosi erittäin niin aivan ihan liian", "mutta muttei"},
	"sv": {"inte ej aldrig ingen inget inga utan", "mycket så väldigt för", "men"},
	"no": {"ikke aldri ingen intet uten", "veldig så svært for", "men"},
	"da": {"ikke aldrig ingen intet uden", "meget så virkelig for", "men"},
	"et": {"ei ega mitte pole", "väga nii liiga", "aga kuid"},
	"de": {"nicht kein keine keinen keinem keiner nie niemals ohne nichts", "sehr so wirklich zu total", "aber"},
	"nl": {"niet geen nooit niets zonder", "heel erg zo te zeer", "maar"},
	"fr": {"pas jamais rien sans aucun aucune ne ni", "très trop si vraiment", "mais"},
	"es": {"no nunca nada sin ningún ninguna ni tampoco", "muy tan demasiado realmente", "pero"},
	"it": {"non mai niente senza nessuno nessuna né", "molto troppo così davvero", "ma"},
	"pt": {"não nao nunca nada sem nenhum nenhuma", "muito tão demais", "mas"},
	"pl": {"nie nigdy bez nic żaden", "bardzo tak zbyt", "ale"},
}

// voices makes the voice of a language when it is first asked for.
var voices = func() map[string]func() *voice {
	m := map[string]func() *voice{}
	for _, lang := range Languages {
		m[lang] = sync.OnceValue(func() *voice { return newVoice(lang) })
	}
	return m
}()

func newVoice(lang string) *voice {
	v := &voice{lang: lang, minN: 3, maxN: 5, said: map[uint32]saying{}}
	name := "afinn-" + lang
	unit := 24.0 // AFINN counts to 5 where VADER counts to 4
	switch lang {
	case "en":
		name, unit = "vader-en", 30
	case "fi":
		v.minN, v.maxN = 2, 6
	}
	if lang != "en" { // faces speak every language
		v.list("vader-en", 30, func(w string) bool { return !letter(rune(w[0])) })
	}
	if lang != "en" && lang != "fi" {
		v.roots = map[uint32]int8{}
	}
	v.list(name, unit, func(string) bool { return true })
	for i, how := range []saying{{turns: true}, {more: true}, {but: true}} {
		for w := range strings.FieldsSeq(particles[lang][i]) {
			h := hashString(fnvOffset, w)
			x := v.said[h]
			x.turns, x.more, x.but = x.turns || how.turns, x.more || how.more, x.but || how.but
			v.said[h] = x
		}
	}
	return v
}

// list adds the entries of a word list that are wanted, in thirtieths.
func (v *voice) list(name string, unit float64, want func(string) bool) {
	b, err := lexiconFiles.ReadFile("lexicons/" + name + ".tsv")
	if err != nil {
		panic(err) // it is in the binary
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		w, value, ok := strings.Cut(strings.TrimSpace(line), "\t")
		x, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil {
			panic(fmt.Sprintf("lexicons/%s.tsv:%d: a word, a tab and a number are wanted", name, n))
		}
		if w = strings.ToLower(w); want(w) {
			value := int8(max(-127, min(127, x*unit)))
			v.said[hashString(fnvOffset, w)] = saying{value: value, listed: true}
			if root := rootOf(w); v.roots != nil && root != "" {
				v.roots[hashString(fnvOffset, root)] = value
			}
		}
	}
}

const (
	rootLeast = 5 // letters of the shortest root
	rootCut   = 2 // letters that are taken from the end of a word to make one
)

// rootOf is the beginning of a word that its inflected forms share, as far as
// that can be told without knowing the language; "" if it is short.
func rootOf(w string) string {
	for range rootCut {
		_, n := utf8.DecodeLastRuneInString(w)
		w = w[:len(w)-n]
	}
	if utf8.RuneCountInString(w) < rootLeast {
		return ""
	}
	return w
}

// says is what a word says; the word list is asked for it, else for one with
// the same root. h is its hash.
func (v *voice) says(h uint32, w []byte) saying {
	x := v.said[h]
	if x.listed || v.roots == nil {
		return x
	}
	for range rootCut + 2 {
		if value, ok := v.roots[hashBytes(w)]; ok {
			x.value = value
			return x
		}
		_, n := utf8.DecodeLastRune(w)
		if w = w[:len(w)-n]; len(w) < rootLeast {
			break
		}
	}
	return x
}

func hashBytes(w []byte) uint32 {
	h := uint32(fnvOffset)
	for _, b := range w {
		h = (h ^ uint32(b)) * fnvPrime
	}
	return h
}
