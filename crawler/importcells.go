package crawler

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// importColumns are what the columns of a file may be called, ours first.
var importColumns = [][]string{
	{"text", "teksti", "palaute", "kommentti", "viesti", "arvostelu", "comment", "feedback", "review", "body", "message", "content", "avoin palaute", "vastaus"},
	{"title", "otsikko", "aihe", "subject", "headline"},
	{"rating", "arvosana", "tähdet", "pisteet", "arvio", "stars", "score"},
	{"best", "asteikko", "maksimi", "scale", "max"},
	{"nps", "suositteluhalukkuus", "nps-arvo"},
	{"csat", "tyytyväisyys", "asiakastyytyväisyys"},
	{"ces", "vaivattomuus"},
	{"date", "päivä", "pvm", "päivämäärä", "päiväys", "aika", "aikaleima", "published", "created", "created at", "timestamp", "julkaistu"},
	{"author", "nimimerkki", "kirjoittaja", "nimi", "asiakas", "name", "user", "reviewer", "käyttäjä"},
	{"url", "osoite", "linkki", "link"},
	{"source", "lähde", "kanava", "channel"},
	{"brand", "brändi", "merkki", "tuotemerkki"},
	{"about", "tuote", "kohde", "toimipiste", "product", "item"},
	{"lang", "kieli", "language"},
	{"genre", "laji", "tyyppi"},
	{"ref", "id", "tunniste", "numero", "nro"},
}

// ImportColumns are the names that the columns of an imported file may have,
// one list for each column, its own name first. Case does not matter.
func ImportColumns() [][]string {
	out := make([][]string, len(importColumns))
	for i, names := range importColumns {
		out[i] = slices.Clone(names)
	}
	return out
}

func knownColumns() string {
	var all []string
	for _, names := range importColumns {
		all = append(all, strings.Join(names[:min(2, len(names))], "/"))
	}
	return strings.Join(all, ", ")
}

// setColumns finds out what each column is, and gives the names of those that
// are left out.
func (im *importer) setColumns(names []string) (unknown []string, err error) {
	im.columns = make([]string, len(names))
	for i, name := range names {
		plain := strings.ToLower(foldText(strings.ReplaceAll(name, "_", " "), 100))
		for _, known := range importColumns {
			if slices.Contains(known, plain) && !slices.Contains(im.columns, known[0]) {
				im.columns[i] = known[0]
			}
		}
		if im.columns[i] == "" && plain != "" && len(unknown) < 20 {
			unknown = append(unknown, strconv.Quote(cutText(plain, 60)))
		}
	}
	for _, c := range []string{"text", "rating", "nps", "csat", "ces"} {
		if slices.Contains(im.columns, c) {
			return unknown, nil
		}
	}
	return nil, fmt.Errorf("no column for a text or a rating: the first row must name the columns, of which these are known: %s", knownColumns())
}

// cells reads a record of CSV.
func (im *importer) cells(record []byte) (puskaradio.Mention, error) {
	var m puskaradio.Mention
	cells, err := im.split(record)
	if err != nil {
		return m, err
	}
	if len(cells) > len(im.columns) && strings.Join(cells[len(im.columns):], "") != "" {
		return m, fmt.Errorf("%d cells where there are %d columns: a text with a %q wants quotes", len(cells), len(im.columns), im.comma)
	}
	row := map[string]string{}
	for i, name := range im.columns {
		if i < len(cells) && name != "" {
			row[name] = strings.TrimSpace(cells[i])
		}
	}
	m = puskaradio.Mention{
		Text: foldText(row["text"], maxTextBytes), Title: foldText(row["title"], 1000), Author: foldText(row["author"], 200),
		About: foldText(row["about"], 500), URL: row["url"], Source: foldText(row["source"], 100), Brand: foldText(row["brand"], 100),
		Lang: langCode(row["lang"]), Genre: puskaradio.Genre(strings.ToLower(row["genre"])), Ref: foldText(row["ref"], 500),
	}
	for _, c := range []string{"rating", "nps", "csat", "ces"} {
		if err := im.rate(&m, c, row[c]); err != nil {
			return m, err
		}
	}
	if row["best"] != "" && m.Rating != nil && row["rating"] != "" {
		best, ok := parseNumber(row["best"])
		if !ok || best < m.Rating.Value || best > 1000 {
			return m, fmt.Errorf("column best: %q is no upper end for a rating of %g", cutText(row["best"], 40), m.Rating.Value)
		}
		m.Rating.Best = best
	}
	if err := im.date(&m, "date", row["date"]); err != nil {
		return m, err
	}
	return m, im.finish(&m)
}

// surveys are the scales of answers.
var surveys = map[string]puskaradio.Rating{"nps": {Best: 10}, "csat": {Best: 5, Worst: 1}, "ces": {Best: 7, Worst: 1}}

// SurveyOf is the kind of survey that a rating is an answer to, told by its
// scale: nps (0 to 10), csat (1 to 5) or ces (1 to 7); empty if none has it.
func SurveyOf(r *puskaradio.Rating) string {
	if r != nil {
		for kind, scale := range surveys {
			if r.Best == scale.Best && r.Worst == scale.Worst {
				return kind
			}
		}
	}
	return ""
}

// rate reads a rating: 4, 4,5 or 4/5; an empty one is none.
func (im *importer) rate(m *puskaradio.Mention, column, s string) error {
	if s == "" || m.Rating != nil {
		return nil
	}
	v, best, ok := parseRating(s)
	if column == "rating" && im.Survey != "" {
		column = im.Survey
	}
	scale, survey := surveys[column]
	if survey {
		if !ok || best != 0 && best != scale.Best || v != math.Trunc(v) || v < scale.Worst || v > scale.Best {
			return fmt.Errorf("column %s: %q is no whole number from %g to %g", column, cutText(s, 40), scale.Worst, scale.Best)
		}
		best = scale.Best
		if m.Genre == "" && im.Genre == "" {
			m.Genre = puskaradio.Survey
		}
	}
	r := &puskaradio.Rating{Value: v, Best: best, Worst: scale.Worst}
	if !ok || v < r.Worst || best > 0 && v > best || v > 1000 {
		return fmt.Errorf("column %s: %q is no rating", column, cutText(s, 40))
	}
	m.Rating = r
	return nil
}

// date reads a date; an empty one is none. Where it has no zone, it is of the
// zone of the options.
func (im *importer) date(m *puskaradio.Mention, column, s string) error {
	if s = strings.TrimSpace(s); s == "" || strings.HasPrefix(s, "0001-01-01") {
		return nil
	}
	d := parseDate(s, im.Now, im.json || im.comma != ',')
	if d.from == "" {
		return fmt.Errorf("column %s: %q is no date such as 21.11.2026 klo 9.30 or 2026-11-21T09:30:00Z, or one to come", column, cutText(s, 40))
	}
	if im.Zone != nil && d.from == puskaradio.DatePublished {
		_, zoned, ok := isoDate(s)
		if !ok {
			_, zoned, _ = wordDate(strings.ToLower(s), im.Now, true)
		}
		if !zoned {
			t := d.at
			d.at = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), im.Zone).UTC()
		}
	}
	m.Published, m.DateFrom = d.at, d.from
	return nil
}
