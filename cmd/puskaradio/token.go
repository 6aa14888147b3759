package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/web"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "What programs may ask the dashboard, and with what",
		Long: `Lists the tokens with which programs ask for what the dashboard knows, as JSON under
/api/v1 of it; /api/openapi.json says how. A token is sent in a header,

  Authorization: Bearer pr_…

and may what a person of its role may: a reader asks, an agent claims and corrects too.`,
		Example:     "  puskaradio token add grafana\n  puskaradio token add crm --role agent --brand acme --expires 90d\n  puskaradio token remove crm",
		Annotations: served, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listTokens(cmd) },
	}
	cmd.AddCommand(a.tokenAddCommand(), a.tokenRemoveCommand(), &cobra.Command{
		Use: "list", Short: "List the tokens", Args: cobra.NoArgs, Annotations: served,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listTokens(cmd) },
	})
	return cmd
}

func (a *app) listTokens(cmd *cobra.Command) error {
	s, l, err := a.store(cmd)
	if err != nil {
		return err
	}
	all, err := s.Tokens(cmd.Context())
	if err != nil {
		return err
	}
	if a.json {
		for i := range all {
			all[i].Hash = ""
			if err := a.print(all[i]); err != nil {
				return err
			}
		}
		return nil
	}
	day := func(t time.Time, none string) string {
		if t.IsZero() {
			return none
		}
		return t.In(l.plan.Zone).Format(time.DateOnly)
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	for _, t := range all {
		until := "until " + day(t.Expires, "taken away")
		if t.Over(time.Now()) {
			until = "ended " + day(t.Expires, "")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\tused %s\n", t.Name, t.Role, brandsText(t.Brands), until, day(t.Used, "never"))
	}
	return w.Flush()
}

func (a *app) tokenAddCommand() *cobra.Command {
	var role, expires string
	var brands []string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Make a token and print it, once", Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			t := puskaradio.Token{Name: args[0], Role: puskaradio.Role(role), Since: time.Now().UTC().Truncate(time.Second)}
			if !slices.Contains(web.TokenRoles(), t.Role) {
				return usage("--role %q: write reader or agent", role)
			}
			if err := checkName(t.Name); err != nil {
				return err
			}
			if expires != "" {
				long, err := parseSpan(expires)
				if err != nil || long <= 0 {
					return usage("--expires %q: write how long it lasts, such as 90d or 12h", expires)
				}
				t.Expires = t.Since.Add(long)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if t.Brands, err = l.brandIDs(brands); err != nil {
				return err
			}
			if known, err := isToken(ctx, s, t.Name); err != nil || known {
				return errors.Join(err, fmt.Errorf("there is a token %s; take it away first with: puskaradio token remove %s", t.Name, t.Name))
			}
			secret, hash := web.NewToken()
			t.Hash = hash
			if err := s.SetToken(ctx, t); err != nil {
				return err
			}
			if err := a.recordDeed(ctx, s, "made a token "+role, strings.TrimSpace(t.Name+" "+strings.Join(t.Brands, " "))); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "The token %s. It is shown this once; copy it now:\n", t.Name)
			fmt.Fprintln(a.out, secret)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", string(puskaradio.Reader), "reader or agent")
	cmd.Flags().StringSliceVar(&brands, "brand", nil, "the only brands that it sees; all unless said")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it lasts, such as 90d; until it is taken away unless said")
	return cmd
}

func (a *app) tokenRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Let a token in no more, from now on", Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			if known, err := isToken(cmd.Context(), s, args[0]); err != nil || !known {
				return errors.Join(err, fmt.Errorf("there is no token %s; see: puskaradio token", args[0]))
			}
			if err := s.SetToken(cmd.Context(), puskaradio.Token{Name: args[0]}); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s lets nobody in any more\n", args[0])
			return a.recordDeed(cmd.Context(), s, "took away a token", args[0])
		},
	}
}

func isToken(ctx context.Context, s store.Store, name string) (bool, error) {
	all, err := s.Tokens(ctx)
	return slices.ContainsFunc(all, func(t puskaradio.Token) bool { return t.Name == name }), err
}
