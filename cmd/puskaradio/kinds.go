package main

import (
	"fmt"
	"reflect"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
)

func (a *app) kindsCommand() *cobra.Command {
	markdown := false
	cmd := &cobra.Command{
		Use:   "kinds [KIND]",
		Short: "What can be read",
		Long: `Lists the kinds of sources. With the name of one it shows its options and an
example for puskaradio.yaml.`,
		Example: "  puskaradio kinds\n  puskaradio kinds mastodon\n  puskaradio kinds --markdown > docs/sources.md",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case markdown:
				fmt.Fprint(a.out, kindsMarkdown())
				return nil
			case len(args) == 1:
				k, ok := crawler.KindOf(args[0])
				if !ok {
					return usage("there is no kind %q; %s", args[0], suggest(args[0], crawler.Kinds()))
				}
				fmt.Fprint(a.out, kindText(k))
				return nil
			}
			return a.printKinds()
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "all of them, with their options, as a page")
	return cmd
}

// printKinds lists what can be read.
func (a *app) printKinds() error {
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, name := range crawler.Kinds() {
		k, _ := crawler.KindOf(name)
		if a.json {
			if err := a.print(map[string]any{"kind": name, "reads": k.Reads, "genre": k.Genre, "every": k.Every.String(), "keep": k.Keep, "terms": k.Terms, "example": k.Example}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(w, "%s\t%s\n", name, k.Reads)
	}
	return w.Flush()
}

// kindsMarkdown is docs/sources.md.
func kindsMarkdown() string {
	var b strings.Builder
	b.WriteString(`# Sources

This page is made by ` + "`puskaradio kinds --markdown`" + ` from the code; a test fails when it is out of date. What a provider's terms say was read on the
date beside it and may have changed since: check them before you add a source. Texts of others are read where, and as, their publishers let programs read them;
no login, challenge or block is ever gone around.

| kind | reads | every | texts are kept | best delay |
|---|---|---|---|---|
`)
	for _, name := range crawler.Kinds() {
		k, _ := crawler.KindOf(name)
		every := monitor.Short(k.Every)
		delay := every
		if _, ok := k.New().(crawler.Stream); ok {
			delay = "seconds where it streams, else " + every
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s |\n", name, name, k.Reads, every, k.Keep, delay)
	}
	for _, name := range crawler.Kinds() {
		k, _ := crawler.KindOf(name)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n*Terms, read %s:* %s\n\n```yaml\n%s```\n\n", name, k.Reads, k.Terms.Checked, k.Terms.Note, kindExample(k))
		b.WriteString("| option | meaning |\n|---|---|\n")
		for _, o := range kindOptions(k) {
			fmt.Fprintf(&b, "| `%s` | %s |\n", o[0], strings.ReplaceAll(o[1], "|", "\\|"))
		}
	}
	return b.String()
}

// kindText is one kind for the terminal.
func kindText(k crawler.Kind) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nevery %s; texts are kept %s\nterms, read %s: %s\n\n%s\noptions:\n", k.Reads, monitor.Short(k.Every), k.Keep, k.Terms.Checked, k.Terms.Note, kindExample(k))
	w := tabwriter.NewWriter(&b, 2, 0, 2, ' ', 0)
	for _, o := range kindOptions(k) {
		fmt.Fprintf(w, "  %s\t%s\n", o[0], o[1])
	}
	_ = w.Flush()
	return b.String()
}

// kindExample is a source of a kind as it stands in puskaradio.yaml.
func kindExample(k crawler.Kind) string {
	about := ""
	if k.OneBrand {
		about = "    about: acme\n"
	}
	return fmt.Sprintf("sources:\n  - id: my-%s\n    kind: %s\n%s    options: %s\n", k.Name, k.Name, about, k.Example)
}

// kindOptions are the options of a kind with what they mean.
func kindOptions(k crawler.Kind) (out [][2]string) {
	for f := range reflect.TypeOf(k.New()).Elem().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		_, meaning, _ := strings.Cut(f.Tag.Get("jsonschema"), "description=")
		out = append(out, [2]string{name, meaning})
	}
	return out
}

// sameValues reports whether two parts of a configuration say the same.
func sameValues[T any](x, y T) bool { return fmt.Sprintf("%+v", x) == fmt.Sprintf("%+v", y) }
