package main

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/puskaradio/puskaradio/monitor"
)

// What authors are kept and told by.
const (
	byPseudonym = "pseudonym"
	byName      = "name"
)

// pseudonyms reports whether authors go by pseudonyms. It is better to say too
// little of people than too much: what cannot be read is no leave to name them.
func pseudonyms(d *decoder, n ast.Node, where, said string) bool {
	if said != byPseudonym && said != byName {
		d.fault(n, "%s: %q is not what authors can be kept by; write %s or %s", where, said, byPseudonym, byName)
	}
	return said != byName
}

// named reports whether authors of some source are kept and told by name.
func (l *loaded) named() bool {
	return !l.plan.Pseudonyms || slices.ContainsFunc(l.plan.Sources, func(s monitor.Source) bool { return !s.Pseudonyms })
}

// authorsBy says what authors are kept and told by.
func (l *loaded) authorsBy() string {
	var by []string
	for i := range l.plan.Sources {
		if s := &l.plan.Sources[i]; !s.Pseudonyms {
			by = append(by, s.ID)
		}
	}
	if !l.plan.Pseudonyms {
		by = append(by, "what is taken in from files")
	}
	if len(by) == 0 {
		return "kept and told by pseudonyms"
	}
	return "kept and told by name: " + strings.Join(by, ", ")
}
