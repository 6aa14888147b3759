//go:build manual

package main

import (
	"debug/buildinfo"
	"fmt"
	"slices"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// releaseCommands are those that only make a release.
func (a *app) releaseCommands() []*cobra.Command {
	return []*cobra.Command{a.manualCommand(), a.partsCommand()}
}

// manualCommand writes the manual pages.
func (a *app) manualCommand() *cobra.Command {
	var date int64
	var version string
	c := &cobra.Command{
		Use:    "manual DIR",
		Short:  "Write the manual pages",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := time.Unix(date, 0).UTC()
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Title: "PUSKARADIO", Section: "1", Date: &at, Source: "puskaradio " + version}, args[0])
		},
	}
	c.Flags().Int64Var(&date, "date", 0, "the date of the pages, in seconds since 1970")
	c.Flags().StringVar(&version, "version-of", "", "the version that they are of")
	return c
}

// partsCommand lists what a program is made of, as it says itself.
func (a *app) partsCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "parts PROGRAM VERSION",
		Short:  "Print the modules of a program as CycloneDX",
		Hidden: true,
		Args:   cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			info, err := buildinfo.ReadFile(args[0])
			if err != nil {
				return err
			}
			module := func(path, version, sum string) cyclonedx.Component {
				purl := fmt.Sprintf("pkg:golang/%s@%s", path, version)
				c := cyclonedx.Component{BOMRef: purl, Type: cyclonedx.ComponentTypeLibrary, Name: path, Version: version, PackageURL: purl}
				if sum != "" {
					c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: sum}}
				}
				return c
			}
			main := module(info.Main.Path, "v"+args[1], "")
			main.Type = cyclonedx.ComponentTypeApplication
			parts := []cyclonedx.Component{module("stdlib", info.GoVersion, "")}
			for _, d := range info.Deps {
				if d.Replace != nil {
					d = d.Replace
				}
				parts = append(parts, module(d.Path, d.Version, d.Sum))
			}
			refs := make([]string, len(parts))
			for i := range parts {
				refs[i] = parts[i].BOMRef
			}
			slices.Sort(refs)
			bom := cyclonedx.NewBOM()
			bom.Metadata = &cyclonedx.Metadata{Component: &main}
			bom.Components = &parts
			bom.Dependencies = &[]cyclonedx.Dependency{{Ref: main.BOMRef, Dependencies: &refs}}
			return cyclonedx.NewBOMEncoder(a.out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
		},
	}
}
