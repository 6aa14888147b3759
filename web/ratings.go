package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

const (
	starsSeen = 100  // the newest ratings of a site, as many as a buyer may look through
	starsRead = 2000 // mentions of a site that are read for them, at most
)

type ratingsView struct {
	*view
	Sites  []site
	Rivals []shownRow // what sites show of the brand and its rivals; empty if nothing of these
}

// Sections are the pages of the trends.
func (p *ratingsView) Sections() []section { return p.spanOf().Sections() }

// A site is how a brand is rated at a source.
type site struct {
	Source    string
	Is, Was   trend.Stars // the newest ratings, and as many before them
	Newest    puskaradio.Rating
	NewestID  puskaradio.ID
	Exhausted bool // there are no more of them
	Shown     []shownRow
}

// A starBar is one of the bars of a distribution.
type starBar struct{ Stars, N, Width int }

// Bars are the distribution, five stars first, in widths of 100.
func (x site) Bars() (out []starBar) {
	for i, n := range slices.Backward(x.Is.Bars[:]) {
		out = append(out, starBar{i + 1, n, n * 100 / max(1, x.Is.N)})
	}
	return out
}

// NewestRating is the newest as its author gave it.
func (x site) NewestRating() *puskaradio.Rating { return &x.Newest }

// Differs reports whether the newest ratings are surely others than those
// before: neither mean lies in the interval of the other.
func (x site) Differs() bool {
	return x.Was.N > 0 && (x.Is.Mean < x.Was.Low || x.Is.Mean > x.Was.High) && (x.Was.Mean < x.Is.Low || x.Was.Mean > x.Is.High)
}

// sites are how the brand is rated, the site with the most ratings first.
func (s *Server) sites(ctx context.Context, v *view) (out []site, err error) {
	counts, err := s.o.Store.SeriesBySource(ctx, v.Brand.ID, v.dateStart(-scoreDays), v.Now, store.Day)
	if err != nil {
		return nil, err
	}
	rated := map[string]bool{}
	for _, c := range counts {
		rated[c.Source] = rated[c.Source] || c.Rated > 0
	}
	for source, ok := range rated {
		if !ok {
			continue
		}
		x, err := s.siteOf(ctx, v.Brand.ID, source)
		if err != nil {
			return nil, err
		}
		if x.Is.N > 0 {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b site) int { return cmp.Or(cmp.Compare(b.Is.N, a.Is.N), cmp.Compare(a.Source, b.Source)) })
	return out, nil
}

// siteOf reads the newest ratings of a source. Answers to surveys are none that
// a buyer sees, nor is what was deleted.
func (s *Server) siteOf(ctx context.Context, brand, source string) (site, error) {
	x := site{Source: source}
	f := store.Filter{Brand: brand, Sources: []string{source}, Limit: csvPage}
	var rated []trend.Rated
	for read := 0; read < starsRead && len(rated) < 2*starsSeen; {
		found, next, err := s.o.Store.Mentions(ctx, f)
		if err != nil {
			return x, err
		}
		read += len(found)
		for _, e := range found {
			m := &e.Mention
			if m.Rating == nil || m.Genre == puskaradio.Survey || m.State != puskaradio.Live {
				continue
			}
			if len(rated) == 0 {
				x.Newest, x.NewestID = *m.Rating, e.ID
			}
			rated = append(rated, trend.Rated{At: m.Published, Share: m.Rating.Share()})
		}
		if f.After = next; next == "" {
			x.Exhausted = true
			break
		}
	}
	split, end := min(starsSeen, len(rated)), min(2*starsSeen, len(rated))
	x.Exhausted = x.Exhausted && len(rated) <= starsSeen
	x.Is, x.Was = trend.StarsOf(rated[:split]), trend.StarsOf(rated[split:end])
	return x, nil
}

// ratingsPage shows what somebody sees who looks a brand up before buying.
func (s *Server) ratingsPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p := &ratingsView{view: v}
	var err error
	if p.Sites, err = s.sites(r.Context(), v); err == nil {
		err = s.addShown(r.Context(), p)
	}
	if err != nil {
		return err
	}
	if !v.wantsCSV() {
		return s.show(w, r, v, "ratings", p)
	}
	rows := [][]string{{"source", "n", "mean", "low", "high", "1", "2", "3", "4", "5", "oldest", "newest", "n before", "mean before", "site shows of", "site rating", "site best", "site ratings", "site reviews", "site seen"}}
	for _, x := range p.Sites {
		shown := [][]string{make([]string, 6)}
		for i := range x.Shown {
			shown = append(shown[:i], shownCells(&x.Shown[i].Shown))
		}
		row := []string{x.Source, strconv.Itoa(x.Is.N), csvMean(x.Is.N, x.Is.Mean), csvMean(x.Is.N, x.Is.Low), csvMean(x.Is.N, x.Is.High)}
		for _, n := range x.Is.Bars {
			row = append(row, strconv.Itoa(n))
		}
		row = append(row, csvTime(x.Is.Oldest), csvTime(x.Is.Newest), strconv.Itoa(x.Was.N), csvMean(x.Was.N, x.Was.Mean))
		rows = append(rows, append(row, shown[0]...))
		for _, cells := range shown[1:] { // other things there
			row := make([]string, len(row))
			row[0] = x.Source
			rows = append(rows, append(row, cells...))
		}
	}
	return s.exportCSV(w, r, v, "ratings", rows)
}
