package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/puskaradio/puskaradio/crawler"
)

// printKinds lists what can be read.
func (a *app) printKinds() error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, name := range crawler.Kinds() {
		k, _ := crawler.KindOf(name)
		if a.json {
			if err := a.print(map[string]any{"kind": name, "reads": k.Reads, "genre": k.Genre, "every": k.Every.String(), "terms": k.Terms}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", name, k.Reads)
	}
	return w.Flush()
}

// sameValues reports whether two parts of a configuration say the same.
func sameValues[T any](x, y T) bool { return fmt.Sprintf("%+v", x) == fmt.Sprintf("%+v", y) }
