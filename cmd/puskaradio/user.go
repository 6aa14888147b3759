package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/web"
)

func (a *app) userCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Who may enter the dashboard, and as what",
		Long: `Lists who may enter the dashboard. A reader sees everything, an agent claims, answers
and corrects, an owner says who may enter. Who runs this program enters by a link of
puskaradio link, and is an owner.

The dashboard is open to this machine only until somebody has a password; then
web.listen may be open to others, behind a proxy that speaks HTTPS.`,
		Example:     "  puskaradio user add Maija --role owner\n  puskaradio user add Ville --role agent --brand acme\n  puskaradio user invite Ville\n  puskaradio user remove Ville",
		Annotations: served, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			people, err := s.People(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				for i := range people {
					people[i].Hash = ""
					if err := a.print(people[i]); err != nil {
						return err
					}
				}
				return nil
			}
			w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
			for _, p := range people {
				how := "signs in with a password"
				if p.Hash == "" {
					how = "has no password yet"
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Name, p.Role, brandsText(p.Brands), how)
			}
			return w.Flush()
		},
	}
	cmd.AddCommand(a.userAddCommand(), a.userInviteCommand(), a.userRemoveCommand())
	return cmd
}

func (a *app) userAddCommand() *cobra.Command {
	var role string
	var brands []string
	var fromStdin bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Let somebody enter, or change as what", Args: cobra.ExactArgs(1), Annotations: map[string]string{"served": "yes", "stdin": "yes"},
		Long: `Adds a person, or changes the role and the brands of one. A new one chooses a password
by a link that is printed; with --password-stdin it is the first line of the input.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, ctx := args[0], cmd.Context()
			if !slices.Contains(puskaradio.Roles(), puskaradio.Role(role)) {
				return usage("--role %q: write reader, agent or owner", role)
			}
			if err := checkName(name); err != nil {
				return err
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			p, known, err := personOf(ctx, s, name)
			if err != nil {
				return err
			}
			p.Role = puskaradio.Role(role)
			if p.Brands, err = l.brandIDs(brands); err != nil {
				return err
			}
			if fromStdin {
				line, err := bufio.NewReader(a.in).ReadString('\n')
				if err != nil && !errors.Is(err, io.EOF) {
					return err
				}
				password := strings.TrimRight(line, "\r\n")
				if err := web.CheckPassword(password, name, nil); err != nil {
					return fmt.Errorf("password: %w", err)
				}
				p.Hash = web.HashPassword(password)
			}
			if err := s.SetPerson(ctx, p); err != nil {
				return err
			}
			if err := a.recordDeed(ctx, s, "made a person "+role, name); err != nil {
				return err
			}
			if known || p.Hash != "" {
				fmt.Fprintf(a.out, "%s is %s\n", name, role)
				return nil
			}
			return a.invite(name)
		},
	}
	cmd.Flags().StringVar(&role, "role", string(puskaradio.Reader), "reader, agent or owner")
	cmd.Flags().StringSliceVar(&brands, "brand", nil, "the only brands that they see; all unless said")
	cmd.Flags().BoolVar(&fromStdin, "password-stdin", false, "read the password from the input")
	return cmd
}

// checkName refuses what is no name of a person or a token.
func checkName(name string) error {
	if name == "" || web.NameOf(name) != name {
		return usage("%q is no name: write one of at most 40 letters, without signs that cannot be seen", name)
	}
	return nil
}

// brandIDs are the ids of brands that were named; nil of none, which is all.
func (l *loaded) brandIDs(given []string) (ids []string, err error) {
	for _, name := range given {
		if name == "" { // which would be the first
			return nil, usage("--brand: write the id of a brand")
		}
		b, err := l.brand(name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, b.ID)
	}
	return ids, nil
}

// brandsText says which brands somebody sees.
func brandsText(ids []string) string {
	if len(ids) == 0 {
		return "all brands"
	}
	return strings.Join(ids, ", ")
}

func (a *app) userInviteCommand() *cobra.Command {
	return &cobra.Command{
		Use: "invite NAME", Short: "Print a link by which somebody chooses a password", Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			if _, known, err := personOf(cmd.Context(), s, args[0]); err != nil || !known {
				return errors.Join(err, fmt.Errorf("there is no %s; add them with: puskaradio user add %s", args[0], args[0]))
			}
			if err := a.recordDeed(cmd.Context(), s, "invited", args[0]); err != nil {
				return err
			}
			return a.invite(args[0])
		},
	}
}

func (a *app) userRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Let somebody enter no more, from now on", Args: cobra.ExactArgs(1), Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			if _, known, err := personOf(cmd.Context(), s, args[0]); err != nil || !known {
				return errors.Join(err, fmt.Errorf("there is no %s; see: puskaradio user", args[0]))
			}
			if err := s.SetPerson(cmd.Context(), puskaradio.Person{Name: args[0]}); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "%s may not enter any more\n", args[0])
			return a.recordDeed(cmd.Context(), s, "took away a person", args[0])
		},
	}
}

// invite prints a link by which somebody chooses a password: the running
// dashboard knows those that it gave.
func (a *app) invite(name string) error {
	if a.served == nil || a.web == nil {
		fmt.Fprintf(a.err, "%s needs a password. While puskaradio run is at work: puskaradio user invite %q\n", name, name)
		return nil
	}
	link, err := a.web.invite(name)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.err, "Give this link to %s, who chooses a password with it, once, within two days:\n", name)
	fmt.Fprintln(a.out, link)
	return nil
}

func personOf(ctx context.Context, s store.Store, name string) (p puskaradio.Person, known bool, err error) {
	people, err := s.People(ctx)
	if err != nil {
		return p, false, err
	}
	for _, x := range people {
		if x.Name == name {
			return x, true, nil
		}
	}
	return puskaradio.Person{Name: name, Since: time.Now().UTC().Truncate(time.Second)}, false, nil
}

func (a *app) recordDeed(ctx context.Context, s store.Store, what, on string) error {
	return s.Record(ctx, puskaradio.Deed{At: time.Now().UTC(), Who: userName(), What: what, On: on, From: "command line"})
}
