package main

import (
	"context"
	"fmt"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
)

// An importer takes in files.
type importer struct {
	app           *app
	store         store.Store
	cfg           *loaded
	brand, source string
	genre         puskaradio.Genre
	survey        string // nps, csat, ces, or empty

	monitor                        *monitor.Monitor
	rows, added, changed, same, no int // no: rows about no brand
	wrong                          int
}

// importBatch is how many rows are kept in one transaction.
const importBatch = 500

func (im *importer) run(ctx context.Context, files []string) (err error) {
	if im.monitor, err = im.app.monitorOnly(im.store, im.cfg); err != nil {
		return err
	}
	p := im.app.progress(-1, "rows")
	defer p.done()
	for _, file := range files {
		p.at(file)
		if err := im.file(ctx, file, p); err != nil {
			return err
		}
	}
	p.done()
	fmt.Fprintf(im.app.err, "%d rows: %d new, %d changed, %d known before, %d about no brand, %d wrong\n", im.rows, im.added, im.changed, im.same, im.no, im.wrong)
	if im.wrong > 0 {
		return fmt.Errorf("%d rows could not be read; the others are kept, and the file may be taken in again when they are mended", im.wrong)
	}
	return nil
}

func (im *importer) file(ctx context.Context, file string, p *progress) error {
	in, err := im.app.open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	var batch []puskaradio.Mention
	keep := func() error {
		if len(batch) == 0 {
			return nil
		}
		st, unmatched, err := im.monitor.Import(ctx, im.source, im.brand, batch)
		if err != nil {
			return err
		}
		im.added, im.changed, im.same, im.no = im.added+len(st.New), im.changed+len(st.Changed), im.same+st.Same, im.no+unmatched
		p.add(len(batch))
		batch = batch[:0]
		return ctx.Err()
	}
	o := &crawler.ImportOptions{Source: im.source, Genre: im.genre, Survey: im.survey, Zone: im.cfg.plan.Zone, Now: time.Now()}
	for row, err := range crawler.ReadMentions(in, file, o) {
		if err != nil {
			im.wrong++
			fmt.Fprintln(im.app.err, err)
			continue
		}
		if b := row.Mention.Brand; b != "" && im.brand == "" {
			known, err := im.cfg.brand(b)
			if err != nil {
				im.wrong++
				fmt.Fprintf(im.app.err, "import %s: line %d: column brand: %v\n", file, row.N, err)
				continue
			}
			row.Mention.Brand = known.ID
		}
		im.rows++
		if batch = append(batch, row.Mention); len(batch) == importBatch {
			if err := keep(); err != nil {
				return err
			}
		}
	}
	return keep()
}
