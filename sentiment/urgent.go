package sentiment

import (
	"strings"
	"unicode"
)

// urgentWords are beginnings of words, and of two words in a row, that a post
// may hold which must not wait, by what it is then about. Feelings stand
// elsewhere: these words alone say nothing.
var urgentWords = []struct {
	about string
	stems []string
}{
	{"legal", []string{
		"lawsuit", "lawyer", "attorney", "sue you", "suing", "legal action", "small claims", "class action", "police report", "trading standards", "consumer authority", "prosecut",
		"asianajaj", "lakimie", "juristi", "oikeuteen", "oikeusjut", "käräjä", "haastehakem", "kuluttajarii", "kuluttaja-asiam", "rikosilmoit", "tutkintapyyn", "vahingonkorvau", "aluehallintovir", "ruokavirasto",
	}},
	{"safety", []string{
		"food poison", "caught fire", "on fire", "exploded", "electrocut", "allergic reaction", "choked", "hospital", "ambulance", "data breach", "leaked my", "wheel came", "gas leak", "carbon monoxide",
		"ruokamyrky", "syttyi tul", "tuleen", "räjähti", "räjähtä", "sähköisk", "allergis", "tukehtu", "sairaala", "ambulans", "tietovuo", "tietomurt", "hengenvaar", "kaasuvuot", "häkä",
	}},
	{"discrimination", []string{
		"racis", "racial", "homophob", "transphob", "sexis", "sexual harass", "harassed", "discriminat", "slur",
		"rasis", "syrji", "homofob", "transfob", "seksis", "seksuaalista häir", "ahdistel", "häirints",
	}},
	{"outage", []string{
		"down for everyone", "is down", "are down", "outage", "nobody can log", "can't log in", "cannot log in", "app crash", "site crash", "not working for anyone", "payments fail", "charged twice", "double charg",
		"kaatunut", "ei toimi kenel", "alhaalla", "palvelukatko", "käyttökatko", "häiriö", "ei pääse kirjaut", "ei voi kirjaut", "maksut eivät", "veloitettu kahde", "veloitti kahde",
	}},
}

// Urgent tells what a text may be about that must not wait: legal, safety,
// discrimination or outage, with the words that say so; nothing where it has
// none. It does not say how the text feels.
func Urgent(text string) (about string, words []string) {
	var b strings.Builder
	b.WriteByte(' ')
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '\'' }) {
		b.WriteString(w)
		b.WriteByte(' ')
	}
	folded := b.String()
	for _, u := range urgentWords {
		for _, stem := range u.stems {
			i := strings.Index(folded, " "+stem)
			if i < 0 {
				continue
			}
			end := i + 1 + len(stem)
			end += strings.IndexByte(folded[end:]+" ", ' ')
			words = append(words, folded[i+1:min(end, len(folded))])
		}
		if len(words) > 0 {
			return u.about, words
		}
	}
	return "", nil
}
