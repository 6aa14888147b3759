package monitor

import (
	"cmp"
	"context"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/store"
)

// shown remembers how a source itself says that brands are rated. A thing that
// is rated is of the brand that the source is about, else of those whose names
// it has. Where the terms let texts be kept for a while only, nothing of this is
// kept.
func (m *Monitor) shown(ctx context.Context, p *Plan, src *Source, page *crawler.Page, now time.Time) error {
	if len(page.Shown)+len(page.Still) == 0 || src.Keep == puskaradio.Nothing || src.Keep.For() > 0 {
		return nil
	}
	brands := p.brandsOf(src)
	var seen []puskaradio.Shown
	for _, x := range page.Shown {
		switch {
		case src.About != "":
			x.Brand = src.About
			seen = append(seen, x)
		case x.Brand != "":
			seen = append(seen, x)
		default:
			for _, i := range p.matchers[src.ID].AppendMatch(nil, x.About, "") {
				x.Brand = brands[i].ID
				seen = append(seen, x)
			}
		}
	}
	return store.AddShown(ctx, m.Store, src.ID, seen, page.Still, now, cmp.Or(p.Zone, time.UTC))
}
