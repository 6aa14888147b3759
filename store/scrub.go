package store

import "github.com/puskaradio/puskaradio"

// scrub empties what an alert or a digest quotes of mentions of limited sources
// that are no longer there, and reports whether there was any.
func scrub(x any, limits []Limit, there func(id puskaradio.ID) (bool, error)) (changed bool, err error) {
	for _, quotes := range quotesOf(x) {
		gone, err := blank(quotes, limits, there)
		if err != nil {
			return changed, err
		}
		changed = changed || gone
	}
	d, ok := x.(*puskaradio.Digest)
	if !ok {
		return changed, nil
	}
	for i := range d.Topics {
		t := &d.Topics[i]
		q := []puskaradio.Quote{{ID: t.ID, Source: t.Source, Text: t.Quote}}
		gone, err := blank(q, limits, there)
		if err != nil {
			return changed, err
		}
		t.Quote, changed = q[0].Text, changed || gone
	}
	return changed, nil
}

// blank empties quotes of limited sources whose mentions are no longer there,
// and reports whether there were any.
func blank(quotes []puskaradio.Quote, limits []Limit, there func(id puskaradio.ID) (bool, error)) (changed bool, err error) {
	for i := range quotes {
		q := &quotes[i]
		limited := false
		for _, l := range limits {
			limited = limited || l.Source == q.Source
		}
		if !limited || q.Text == "" && q.Title == "" && q.Author == "" {
			continue
		}
		if ok, err := there(q.ID); ok || err != nil {
			if err != nil {
				return changed, err
			}
			continue
		}
		q.Author, q.Title, q.Text, q.URL = "", "", "", ""
		changed = true
	}
	return changed, nil
}

// quotesOf are the quotes that an alert or a digest holds.
func quotesOf(x any) [][]puskaradio.Quote {
	switch x := x.(type) {
	case *puskaradio.Alert:
		return [][]puskaradio.Quote{x.Quotes}
	case *puskaradio.Digest:
		quotes := [][]puskaradio.Quote{x.Need, x.Good}
		if x.Week != nil {
			quotes = append(quotes, x.Week.Stories)
		}
		return quotes
	}
	return nil
}
