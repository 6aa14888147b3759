package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// What sites show of brands is remembered of a source as its cursor is, in any
// engine: under boardKey what the source shows, under boardsKey the sources
// that show something of a brand. Sources write at a time, and of two that
// appear at once one may miss in the list: it is there when it is seen again.
func boardKey(source string) string { return "shown/source/" + source }
func boardsKey(brand string) string { return "shown/brand/" + brand }

// seenEvery is how exact the time is at which what has not changed was seen.
const seenEvery = time.Hour

// AddShown remembers what a source shows at a time: of each thing what was
// seen, and that what stands at the addresses still is as it was. What is
// wrong with one is an error and stops nothing else.
func AddShown(ctx context.Context, s Store, source string, seen []puskaradio.Shown, still []string, now time.Time, zone *time.Location) error {
	if len(seen)+len(still) == 0 {
		return nil
	}
	b, err := boardOf(ctx, s, source)
	if err != nil {
		return err
	}
	was, changed := b.Newest(), false
	var errs []error
	brands := map[string]bool{}
	for _, x := range seen {
		if err := x.Check(); err != nil {
			errs = append(errs, err)
			continue
		}
		if x.Seen.IsZero() || x.Seen.After(now) {
			x.Seen = now
		}
		x.Source = ""
		var one bool
		b, one = b.See(x, x.Seen.In(zone).Format(time.DateOnly))
		changed = changed || one
		brands[x.Brand] = true
	}
	for _, url := range still {
		b.Again(url, now)
	}
	n := len(b)
	if b = b.Without(now); !changed && len(b) == n && b.Newest().Sub(was) < seenEvery {
		return errors.Join(errs...)
	}
	if err := remember(ctx, s, boardKey(source), b); err != nil {
		return errors.Join(append(errs, err)...)
	}
	for brand := range brands {
		list, err := boardsOf(ctx, s, brand)
		if err == nil && !slices.Contains(list, source) {
			list = append(list, source)
			slices.Sort(list)
			err = remember(ctx, s, boardsKey(brand), list)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Shown is what sites show of a brand and its things, by source, those first
// that most have rated.
func Shown(ctx context.Context, s Store, brand string) (out []puskaradio.Shown, err error) {
	sources, err := boardsOf(ctx, s, brand)
	if err != nil {
		return nil, err
	}
	for _, source := range sources {
		b, err := boardOf(ctx, s, source)
		if err != nil {
			return nil, err
		}
		for _, x := range b.Of(brand) {
			x.Source = source
			out = append(out, x)
		}
	}
	return out, nil
}

func boardOf(ctx context.Context, s Store, source string) (b puskaradio.Board, err error) {
	return b, recall(ctx, s, boardKey(source), &b)
}

func boardsOf(ctx context.Context, s Store, brand string) (sources []string, err error) {
	return sources, recall(ctx, s, boardsKey(brand), &sources)
}

func recall(ctx context.Context, s Store, key string, v any) error {
	data, err := s.Cursor(ctx, key)
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func remember(ctx context.Context, s Store, key string, v any) error {
	data, err := json.Marshal(v)
	if err == nil {
		_, err = s.Commit(ctx, Crawl{Job: key, Cursor: data})
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
