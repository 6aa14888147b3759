package crawler

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// review makes a mention of a node that is a review, unless it says nothing.
func (x *extractor) review(n, parent *node, from *dataRoot) {
	if n.cut || n.onlyID() != "" {
		return
	}
	if len(x.found) >= maxReviews {
		if len(x.found) == maxReviews {
			x.fault(errors.New("more reviews than are read of one page"))
			x.found = append(x.found, &found{}) // so that it is said once; finish drops it
		}
		return
	}
	id := n.get("@id")
	if parent == nil && id != nil {
		parent = x.parents[id.text]
	}
	f := &found{notation: from.notation, block: from.block}
	m := &f.Mention
	m.Author = x.author(n)
	m.Title = x.textOf(n.get("name", "headline", "summary", "alternativeheadline"), 1000)
	for _, name := range [...]string{"reviewbody", "text", "description", "articlebody", "abstract"} {
		if m.Text = x.allText(n.get(name), maxTextBytes, " "); m.Text != "" {
			break
		}
	}
	if strings.EqualFold(m.Title, m.Text) {
		m.Title = ""
	}
	item := x.whole(n.get("itemreviewed", "item", "about"))
	if item == nil {
		item = parent
	}
	m.About = x.textOf(item, 500)
	var zero bool
	m.Rating, zero = x.rating(n)
	if m.Text == "" && m.Rating != nil && m.Rating.Value == 0 {
		m.Rating, zero = nil, true
	}
	if m.Text == "" && m.Rating == nil && (zero || m.Title == "" || m.Author == "" || m.Title == m.About) {
		return
	}
	f.clock = x.date(m, n)
	m.Lang = langCode(x.textOf(n.get("inlanguage"), 40))
	if b := n.get("reviewbody", "text"); m.Lang == "" && b != nil && b.get("@language") != nil {
		m.Lang = langCode(b.get("@language").text)
	}
	m.Owner = x.owner(n, parent)
	x.names(m, n)
	x.found = append(x.found, f)
}

// author is who wrote a review; several are joined by commas.
func (x *extractor) author(n *node) string {
	s := x.allText(n.get("author", "creator", "reviewer"), 200, ", ")
	for _, by := range [...]string{"by ", "by: ", "reviewer: ", "reviewed by ", "arvostelija: ", "kirjoittaja: ", "nimimerkki: "} {
		if len(s) > len(by) && strings.EqualFold(s[:len(by)], by) {
			s = s[len(by):]
		}
	}
	return strings.Clone(cutText(strings.Trim(s, " ,–—-"), 200))
}

// date sets when a review was published and reports whether its date has a
// time of day.
func (x *extractor) date(m *puskaradio.Mention, n *node) (clock bool) {
	dayFirst := !strings.EqualFold(x.lang, "en-us") && !strings.EqualFold(x.lang, "en")
	m.DateFrom = puskaradio.DateSeen
	for _, name := range [...]string{"datepublished", "datecreated", "dtreviewed", "published", "datemodified"} {
		d := parseDate(x.textOf(n.get(name), 100), x.now, dayFirst)
		if d.from == "" {
			continue
		}
		m.Published, m.DateFrom = d.at, d.from
		if name == "datemodified" && d.from == puskaradio.DatePublished {
			m.DateFrom = puskaradio.DateUpdated
		}
		return d.clock
	}
	return false
}

// rating reads the rating of a review. It reports whether there is one of
// zero, which says that nobody has rated.
func (x *extractor) rating(n *node) (*puskaradio.Rating, bool) {
	var best *puskaradio.Rating
	zero := false
	try := func(v *node) {
		r, isZero := x.ratingOf(v)
		zero = zero || isZero
		if r != nil && best == nil {
			best = r
		}
	}
	rating := n.get("reviewrating", "rating", "starrating")
	if rating != nil && rating.kind == listNode {
		for i := range rating.kids { // the one of the whole before those of its aspects
			if rating.kids[i].get("reviewaspect") == nil {
				try(&rating.kids[i])
			}
		}
		for i := range rating.kids {
			try(&rating.kids[i])
		}
	} else if rating != nil {
		try(rating)
	}
	if best == nil && n.get("ratingvalue") != nil {
		try(n)
	}
	if best != nil && best.Best == 0 && n.get("bestrating") != nil { // beside the rating, not within
		best.Best, _ = parseNumber(x.textOf(n.get("bestrating"), 20))
		best.Worst, _ = parseNumber(x.textOf(n.get("worstrating"), 20))
		best = sane(best)
	}
	return best, zero
}

// ratingOf reads a Rating, or a number or text that stands in its place.
func (x *extractor) ratingOf(n *node) (r *puskaradio.Rating, zero bool) {
	n = x.whole(n)
	value := n
	if n != nil && n.kind == objectNode {
		value = n.get("ratingvalue", "value", "average", "@value", "name")
	}
	v, best, ok := parseRating(x.textOf(value, 100))
	if !ok {
		return nil, false
	}
	r = &puskaradio.Rating{Value: v, Best: best}
	worst, hasWorst := parseNumber(x.textOf(n.get("worstrating", "worst"), 20))
	if b, ok := parseNumber(x.textOf(n.get("bestrating", "best"), 20)); ok {
		r.Best = b
	}
	r.Worst = worst
	if v == 0 && (!hasWorst || worst > 0) {
		return nil, true
	}
	return sane(r), false
}

// aggregate keeps a summary of ratings if anybody has rated.
func (x *extractor) aggregate(n, parent *node) {
	if n.cut || len(x.out.Aggregates) >= maxReviews {
		return
	}
	r, _ := x.ratingOf(n)
	from := n
	if rating := n.get("reviewrating", "rating"); r == nil && rating != nil {
		r, _ = x.ratingOf(rating)
		from = x.whole(rating)
	}
	if r == nil || r.Value == 0 {
		return
	}
	votes, reviews := n.get("ratingcount", "votes"), n.get("reviewcount", "count")
	a := Aggregate{Rating: *r, Count: x.count(votes), Reviews: x.count(reviews)}
	if (votes != nil || reviews != nil) && a.Count+a.Reviews == 0 {
		return // a template that waits for the first
	}
	item := x.whole(n.get("itemreviewed", "item"))
	if item == nil {
		item = parent
	}
	a.About = x.textOf(item, 500)
	best, hasBest := parseNumber(x.textOf(from.get("bestrating", "best"), 20))
	worst, hasWorst := parseNumber(x.textOf(from.get("worstrating", "worst"), 20))
	if hasBest && hasWorst && best <= worst {
		x.fault(fmt.Errorf("an aggregate rating of %.60q on a scale from %g to %g", a.About, worst, best))
		return
	}
	for i, b := range x.out.Aggregates {
		if b == a || a.About == b.About && a.Rating.Value == b.Rating.Value && a.Count == b.Count && a.Reviews == b.Reviews {
			if b.Rating.Best == 0 {
				x.out.Aggregates[i] = a
			}
			return
		}
		if i > 100 { // beyond these, the same may come twice
			break
		}
	}
	x.out.Aggregates = append(x.out.Aggregates, a)
}

// count reads a whole number such as "1 326" or "1,326 reviews".
func (x *extractor) count(n *node) int {
	var digits []byte
	s := x.textOf(n, 100)
	for i, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case len(digits) > 0 && (c == '.' || c == ',' || c == ' ' || c == '\'') && threeDigits(s[i+1:]):
		case len(digits) > 0:
			v, _ := strconv.Atoi(string(digits))
			return min(v, 1e9)
		}
	}
	v, _ := strconv.Atoi(string(digits))
	return min(v, 1e9)
}

func threeDigits(s string) bool {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n == 3
}

// owner is the answer of whoever is reviewed, if it stands with the review.
func (x *extractor) owner(n, parent *node) *puskaradio.Reply {
	var out *puskaradio.Reply
	names := map[string]bool{}
	if parent != nil {
		for _, k := range [...]string{"name", "brand", "seller", "manufacturer", "publisher", "provider"} {
			names[strings.ToLower(x.textOf(parent.get(k), 200))] = true
		}
		names[strings.ToLower(x.textOf(parent.get("offers").get("seller"), 200))] = true
	}
	publisher := strings.ToLower(x.textOf(n.get("publisher"), 200))
	names[publisher] = true
	take := func(c *node, sure bool) {
		if out != nil || c.isReview("") {
			return
		}
		text := x.textOf(c.get("text", "reviewbody", "description", "commenttext"), maxTextBytes)
		who := x.whole(c.get("author", "creator"))
		name := x.textOf(who, 200)
		if text == "" || !sure && !(who.is(firmTypes) || name == "" || names[strings.ToLower(name)]) {
			return
		}
		out = &puskaradio.Reply{Author: strings.Clone(name), Text: strings.Clone(text)}
		if d := parseDate(x.textOf(c.get("datepublished", "datecreated"), 100), x.now, true); d.from == puskaradio.DatePublished {
			out.At = d.at
		}
	}
	n.get("comment", "comments").each(func(c *node) { take(x.whole(c), false) })
	n.get("ownerreply", "ownerresponse", "reply", "response", "merchantreply").each(func(c *node) { take(x.whole(c), true) })
	return out
}

// names sets the address and the reference of a review, as far as it has them.
func (x *extractor) names(m *puskaradio.Mention, n *node) {
	m.URL = x.url
	if u := n.get("url"); u != nil {
		if to := x.resolve(x.textOf(u, 2000)); to != nil && !onlyHash(to.Fragment) {
			m.URL = to.String()
		}
	}
	id := n.get("@id")
	switch ident := x.identifier(n.get("identifier")); {
	case ident != "":
		m.Ref = strings.Clone(ident)
	case id != nil && id.text != "" && !strings.HasPrefix(id.text, "_:"):
		m.Ref = foldText(id.text, 500)
		if to := x.resolve(m.Ref); to != nil {
			m.Ref = cutText(to.String(), 500)
			if m.URL == x.url && to.Fragment != "" {
				m.URL = m.Ref
			}
		}
	case m.URL != x.url:
		m.Ref = cutText(m.URL, 500)
	}
}

func onlyHash(fragment string) bool { return fragment == "/" || fragment == "!" }

// identifier reads an identifier, or the value of a PropertyValue.
func (x *extractor) identifier(n *node) string {
	if n != nil && n.kind == objectNode && n.get("value") != nil {
		n = n.get("value")
	}
	return x.textOf(n, 200)
}
