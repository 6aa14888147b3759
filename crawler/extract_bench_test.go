package crawler

import (
	"fmt"
	"strings"
	"testing"
)

// shopPage is a product page of a usual shop: about 47 KB, twenty reviews in
// JSON-LD and again in plain HTML, sixty links that each stand twice.
func shopPage() []byte {
	const words = "Toimitus oli nopea ja paketti tuli ehjänä perille, mutta laite piti kovaa ääntä jo toisella viikolla eikä asiakaspalvelu vastannut. "
	var b, data strings.Builder
	b.WriteString("<!doctype html><html lang=\"fi\"><head><meta charset=\"utf-8\"><title>Kahvinkeitin – Kauppa</title>\n" +
		"<link rel=\"next\" href=\"/tuote/1?page=2\">\n")
	data.WriteString(`{"@context":"https://schema.org","@type":"Product","name":"Kahvinkeitin","aggregateRating":` +
		`{"@type":"AggregateRating","ratingValue":"3,4","reviewCount":20},"review":[`)
	for i := range 20 {
		if i > 0 {
			data.WriteByte(',')
		}
		fmt.Fprintf(&data, `{"@type":"Review","author":{"@type":"Person","name":"Asiakas %d"},"datePublished":"2026-11-%02dT10:00:00+02:00",`+
			`"name":"Otsikko %d","reviewBody":"%s%d","reviewRating":{"@type":"Rating","ratingValue":%d,"bestRating":5}}`, i, i+1, i, strings.Repeat(words, 3), i, i%5+1)
	}
	data.WriteString("]}")
	fmt.Fprintf(&b, "<script type=\"application/ld+json\">%s</script></head><body>\n", data.String())
	links := func() { // as menus have them, above and below
		for i := range 60 {
			fmt.Fprintf(&b, "<li class=\"nav-item nav-item--leaf\" role=\"none\"><a class=\"nav-link\" href=\"/tuote/kahvinkeitin-%d?vari=musta&amp;koko=%d\">Kahvinkeitin %d</a></li>\n", i, i, i)
		}
	}
	links()
	for i := range 20 {
		fmt.Fprintf(&b, "<article class=\"card card--wide\" data-id=\"%d\" data-track=\"view,helpful,report\" role=\"listitem\"><h3 class=\"card__title\">Otsikko %d</h3><p class=\"card__by\">Asiakas %d, %d.11.2026</p>"+
			"<div class=\"card__stars card__stars--small card__stars--gold\" aria-label=\"%d tähteä\"></div><p>%s%d</p></article>\n", i, i, i, i+1, i%5+1, strings.Repeat(words, 3), i)
	}
	links()
	b.WriteString("</body></html>")
	return []byte(b.String())
}

func BenchmarkExtract(b *testing.B) {
	page := shopPage()
	if got := Extract(page, "https://shop.example/tuote/1"); len(got.Reviews) != 20 || len(got.Links) != 60 || got.Next == "" {
		b.Fatalf("Extract = %d reviews, %d links, next %q", len(got.Reviews), len(got.Links), got.Next)
	}
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		Extract(page, "https://shop.example/tuote/1")
	}
}
