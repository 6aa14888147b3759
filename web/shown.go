package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// shownMost is how many things of a site stand on the page.
const shownMost = 3

// A shownRow is what a site itself shows of a brand, beside who it is.
type shownRow struct {
	*view
	Name string // of the brand
	puskaradio.Shown
}

// shownOf is what sites show of a brand, as far as it may still be so.
func (s *Server) shownOf(ctx context.Context, v *view, brand string) (out []shownRow, err error) {
	all, err := store.Shown(ctx, s.o.Store, brand)
	plan := s.o.Plan() // a rival may be none that the person sees
	named, _ := plan.Brand(brand)
	for _, x := range all {
		if v.Now.Sub(x.Seen) < puskaradio.ShownFor {
			out = append(out, shownRow{v, named.Name, x})
		}
	}
	return out, err
}

// Figure is the rating on the scale of the site, and of how many.
func (x shownRow) Figure() string { return x.figure(x.Rating.Value, x.Rating.Best, x.Count, x.Reviews) }

func (x shownRow) figure(value, best float64, count, reviews int) string {
	out := []string{x.T("%s of %s", x.Exact(value), x.Exact(best))}
	if count > 0 {
		out = append(out, x.T("%s ratings", x.Num(count)))
	}
	if reviews > 0 {
		out = append(out, x.T("%s reviews", x.Num(reviews)))
	}
	return strings.Join(out, ", ")
}

// Exact writes a number with two digits behind the comma at most.
func (t tongue) Exact(v float64) string {
	s := t.Float(v, 2)
	if !strings.ContainsAny(s[max(0, len(s)-3):], ".,") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".,")
}

// Old reports whether it was last seen some days ago.
func (x shownRow) Old() bool { return x.Stale(x.Now) }

// Page is where it stands, if that leads to the web.
func (x shownRow) Page() string {
	link, _ := webLink(x.URL)
	return link
}

// Before says what it was a month ago, or when it was first seen if that is a
// week ago at least; empty if it was the same.
func (x shownRow) Before() string {
	if len(x.Days) == 0 {
		return ""
	}
	was, month := x.Days[0], x.Now.In(x.zone).AddDate(0, 0, -30).Format(time.DateOnly)
	for _, d := range x.Days {
		if d.Date <= month {
			was = d
		}
	}
	date := max(was.Date, min(month, x.Day(x.Now)))
	if was.Date > month {
		date = was.Date
	}
	at, err := time.ParseInLocation(time.DateOnly, date, x.zone)
	if err != nil || x.Now.Sub(at) < 7*24*time.Hour || was.Value == x.Rating.Value && was.Best == x.Rating.Best {
		return ""
	}
	return x.T("On %s it was %s.", x.Date(at), x.figure(was.Value, was.Best, was.Count, was.Reviews))
}

// addShown puts what the sites show beside what was read there, and what they
// show of the rivals below.
func (s *Server) addShown(ctx context.Context, p *ratingsView) error {
	own, err := s.shownOf(ctx, p.view, p.Brand.ID)
	if err != nil {
		return err
	}
	for _, x := range own {
		i := slices.IndexFunc(p.Sites, func(y site) bool { return y.Source == x.Source })
		if i < 0 {
			i, p.Sites = len(p.Sites), append(p.Sites, site{Source: x.Source})
		}
		p.Sites[i].Shown = append(p.Sites[i].Shown, x)
	}
	for _, id := range p.Brand.Rivals {
		theirs, err := s.shownOf(ctx, p.view, id)
		if err != nil {
			return err
		}
		p.Rivals = append(p.Rivals, theirs...)
	}
	if len(p.Rivals) > 0 { // beside them
		p.Rivals = append(own, p.Rivals...)
	}
	return nil
}

// Listed are the things of a site that stand on the page, More how many others
// there are.
func (x site) Listed() []shownRow { return x.Shown[:min(len(x.Shown), shownMost)] }
func (x site) More() int          { return len(x.Shown) - len(x.Listed()) }

// shownCells are what a site shows, as cells of a table.
func shownCells(x *puskaradio.Shown) []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return []string{x.About, number(x.Rating.Value), number(x.Rating.Best), count(x.Count), count(x.Reviews), csvTime(x.Seen)}
}

// apiRatings is how a brand is rated, by source.
type apiRatings struct {
	Brand string    `json:"brand"`
	Sites []apiSite `json:"sites"`
}

// An apiSite is how a brand is rated at a source: by the newest ratings that
// were read there, and as the site itself shows it.
type apiSite struct {
	Source string          `json:"source"`
	Read   *apiReadRatings `json:"read,omitempty"` // of the newest ratings that were read, 100 at most; without it none was
	Shown  []apiSiteShown  `json:"shown"`          // as the site itself shows it, of each thing that is rated there
}

// An apiReadRatings is the mean of ratings, as stars from 1 to 5.
type apiReadRatings struct {
	N      int       `json:"n"`
	Mean   float64   `json:"mean"`
	Low    float64   `json:"low"` // that and High hold it in nineteen of twenty cases
	High   float64   `json:"high"`
	Oldest time.Time `json:"oldest"`
	Newest time.Time `json:"newest"`
}

// An apiSiteShown is what a site itself shows.
type apiSiteShown struct {
	puskaradio.Shown
	Stale bool `json:"stale"` // it was last seen so long ago that it may be otherwise by now
}

func (s *Server) apiRatings(r *http.Request, v *view, a *asked) (any, error) {
	b, err := v.oneBrand(a)
	if err != nil {
		return nil, err
	}
	v.Brand = b
	p := &ratingsView{view: v}
	if p.Sites, err = s.sites(r.Context(), v); err == nil {
		err = s.addShown(r.Context(), p)
	}
	out := apiRatings{b.ID, []apiSite{}}
	for _, x := range p.Sites {
		y := apiSite{Source: x.Source, Shown: []apiSiteShown{}}
		if x.Is.N > 0 {
			y.Read = &apiReadRatings{x.Is.N, x.Is.Mean, x.Is.Low, x.Is.High, x.Is.Oldest.UTC(), x.Is.Newest.UTC()}
		}
		for _, row := range x.Shown {
			row.URL = row.Page()
			y.Shown = append(y.Shown, apiSiteShown{row.Shown, row.Old()})
		}
		out.Sites = append(out.Sites, y)
	}
	slices.SortStableFunc(out.Sites, func(x, y apiSite) int { return cmp.Compare(x.Source, y.Source) })
	return out, err
}
