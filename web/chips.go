package web

import (
	"net/url"
	"slices"

	"github.com/puskaradio/puskaradio"
)

// More than so many are chosen from a list instead.
const (
	mostBrandChips  = 8
	mostSourceChips = 12
)

// A chip is a link that chooses something, or all again.
type chip struct {
	Name, Path string
	On         bool
}

// narrowing are the parameters of an address that [view.filter] reads, but for
// the place in the list.
var narrowing = []string{"brand", "source", "label", "date", "from", "to"}

// narrowings are those of them that an address has.
func (v *view) narrowings() (out []string) {
	for _, k := range narrowing {
		if v.Query(k) != "" {
			out = append(out, k)
		}
	}
	return out
}

// narrowed is the address of the inbox with another choice; with none, as it is.
func (v *view) narrowed(name, value string) string {
	q := url.Values{"view": {v.savedView().ID}}
	for _, k := range v.narrowings() {
		q.Set(k, v.Query(k))
	}
	switch {
	case name == "":
	case q.Get(name) == value:
		q.Del(name)
	default:
		q.Set(name, value)
	}
	return "/inbox?" + q.Encode()
}

// Chips are what the list can be narrowed to.
func (p *inboxView) Chips() (out []chip) {
	add := func(param, value, name string) {
		out = append(out, chip{name, p.narrowed(param, value), p.Query(param) == value})
	}
	for _, l := range labels {
		add("label", string(l), p.Word(string(l)))
	}
	if n := len(p.Plan.Brands); n > 1 && n <= mostBrandChips {
		for _, b := range p.Plan.Brands {
			add("brand", b.ID, b.Name)
		}
	}
	if n := len(p.Sources); n > 1 && n <= mostSourceChips {
		for _, s := range p.Sources {
			add("source", s.ID, s.ID)
		}
	}
	if day := p.Query("date"); day != "" {
		add("date", day, day)
	}
	if day := p.Query("from"); day != "" {
		add("from", day, p.T("from %s", day))
	}
	if day := p.Query("to"); day != "" {
		add("to", day, p.T("to %s", day))
	}
	return out
}

// Narrowed reports whether something was chosen.
func (p *inboxView) Narrowed() bool { return len(p.narrowings()) > 0 }

// Kept are the choices that the form of brands and sources has no field of.
func (p *inboxView) Kept() []string {
	return slices.DeleteFunc(p.narrowings(), func(k string) bool { return k == "brand" || k == "source" })
}

// Long reports whether there is more to choose from than chips have room for.
func (p *inboxView) Long() bool {
	return len(p.Plan.Brands) > mostBrandChips || len(p.Sources) > mostSourceChips
}

// CountOf is how many cases a view has, where that is known: of the brands that
// are looked at, and if nothing else narrows it.
func (p *inboxView) CountOf(x savedView) string {
	if x.Mine || x.Second || slices.ContainsFunc(p.narrowings(), func(k string) bool { return k != "brand" }) {
		return ""
	}
	only := p.filter().Brand
	n := 0
	for brand, by := range p.waiting {
		if only == "" || brand == only {
			for _, s := range x.Statuses {
				n += by[s]
			}
		}
	}
	return p.Num(n)
}

// savedView is the view of the inbox that the address names; the first if none.
func (v *view) savedView() savedView {
	for _, x := range savedViews {
		if x.ID == v.Query("view") {
			return x
		}
	}
	return savedViews[0]
}

// waits notes how many cases of a brand wait.
func (v *view) waits(brand string, by map[puskaradio.Status]int) {
	if v.waiting == nil {
		v.waiting = map[string]map[puskaradio.Status]int{}
	}
	v.waiting[brand] = by
	v.Open += by[puskaradio.New] + by[puskaradio.Claimed]
}
