//go:build !manual

package main

import "github.com/spf13/cobra"

// releaseCommands are those that only make a release.
func (a *app) releaseCommands() []*cobra.Command { return nil }
