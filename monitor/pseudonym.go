package monitor

import (
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// pseudonyms reports whether the authors at a source go by pseudonyms.
func (p *Plan) pseudonyms(source string) bool {
	i := slices.IndexFunc(p.Sources, func(s Source) bool { return s.ID == source })
	if i < 0 {
		return p.Pseudonyms
	}
	return p.Sources[i].Pseudonyms
}

// AuthorOf is what an author at a source goes by here: the name, or the
// pseudonym.
func (m *Monitor) AuthorOf(source, name string) string {
	if m.Plan().pseudonyms(source) {
		return m.Store.Pseudonyms().Author(source, name)
	}
	return name
}

// veil takes the name of its author out of what was read by a source, if it is
// to go by a pseudonym. From here on nothing knows the name: the store, alerts,
// channels and models. What the author wrote stays as it is, and so do its
// address and its reference, which may hold a handle: by them it is found and
// answered.
func (m *Monitor) veil(p *Plan, src *Source, x *puskaradio.Mention) {
	hide := src.Pseudonyms
	if x.Source != src.ID { // a row of an import may name another
		hide = p.pseudonyms(x.Source)
	}
	if !hide {
		return
	}
	who := m.Store.Pseudonyms()
	x.Ref = who.Key(x.Source, x.Key())
	x.Author = who.Author(x.Source, x.Author)
}

// isBy reports whether an author at a source, by name or by pseudonym, is one of
// those who are listed, with an @ before the name or not.
func isBy(who store.Pseudonyms, source, author string, listed []string) bool {
	bare := strings.TrimPrefix(author, "@")
	return bare != "" && slices.ContainsFunc(listed, func(a string) bool {
		a = strings.TrimPrefix(a, "@")
		return strings.EqualFold(a, bare) || puskaradio.IsPseudonym(author) && (who.Same(source, a, author) || who.Same(source, "@"+a, author))
	})
}
