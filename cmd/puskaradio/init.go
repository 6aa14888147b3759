package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/text/unicode/norm"

	"github.com/puskaradio/puskaradio/crawler"
)

//go:embed init.yaml.tmpl
var initTemplate string

//go:embed slack-manifest.yaml
var slackManifest string

// An answers is what init asks for.
type answers struct {
	Brand    string
	ID       string
	Aliases  []string
	Forbid   []string
	Pages    []page
	Found    []found // on the site
	Language string
	Slack    string // the id of the channel
	Data     string
	Contact  string
}

// A page is an address to read, and what was found there.
type page struct {
	ID, URL, Kind, Found string
}

func (a *app) initCommand() *cobra.Command {
	var in answers
	var pages []string
	var site string
	var yes bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Ask five things and write puskaradio.yaml",
		Long: `Asks for the brand, its web site and other pages or feeds to read, the language,
the Slack channel and where to keep things; looks at each address while you
wait; writes puskaradio.yaml and prints the manifest of the Slack app to paste.
On the site it looks for feeds, sitemaps, reviews, review widgets, apps and
accounts: what can be read at once is written as a source, what needs a key as a
comment that says which. It never writes over a file. With --yes it takes the
flags and their defaults.`,
		Example: "  puskaradio init\n  puskaradio init --yes --brand Acme --contact it@acme.example --site https://acme.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.init(cmd.Context(), in, site, pages, yes)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Brand, "brand", "", "the name of the brand")
	f.StringSliceVar(&in.Aliases, "alias", nil, "other names of it")
	f.StringSliceVar(&in.Forbid, "forbid", nil, "words that mean it is a namesake")
	f.StringVar(&site, "site", "", "the brand's web site, where sources are looked for")
	f.StringSliceVar(&pages, "page", nil, "an address to read: a page with reviews, or a feed")
	f.StringVar(&in.Language, "language", "", "fi or en")
	f.StringVar(&in.Slack, "slack-channel", "", "the id of the Slack channel (C…); none unless said")
	f.StringVar(&in.Data, "data", "", "where to keep things")
	f.StringVar(&in.Contact, "contact", "", "a mail address or web page for the sites that are read")
	f.BoolVar(&yes, "yes", false, "ask nothing")
	return cmd
}

func (a *app) init(ctx context.Context, in answers, site string, pages []string, yes bool) error {
	q := &questions{app: a, in: bufio.NewScanner(a.in), yes: yes}
	in.Brand = q.ask("1. The name of the brand, as people write it", in.Brand, "", notEmpty)
	if len(in.Aliases) == 0 {
		in.Aliases = list(q.ask("   Other names or spellings, with commas between", "", "", nil))
	}
	if len(in.Forbid) == 0 {
		in.Forbid = list(q.ask("   Words that mean a namesake, with commas between", "", "", nil))
	}
	site = q.ask("2. The web site of the brand, or nothing", site, "", checkSite)
	if len(pages) == 0 {
		pages = list(q.ask("   Other pages with reviews and feeds to read, with commas between", "", "", nil))
	}
	in.Language = q.ask("3. The language of messages: fi or en", in.Language, "fi", func(s string) error {
		if s != "fi" && s != "en" {
			return errors.New("write fi or en")
		}
		return nil
	})
	in.Slack = q.ask("4. The id of the Slack channel (C…), or nothing", in.Slack, "", nil)
	in.Data = q.ask("5. Where to keep things", in.Data, "puskaradio-data", notEmpty)
	in.Contact = q.ask("   A mail address or web page of yours, which the sites that are read will see", in.Contact, "", notEmpty)
	if q.err != nil {
		return q.err
	}
	in.ID = slug(in.Brand)
	client := &crawler.Client{Agent: userAgent(in.Contact), Delay: -1}
	defer client.Close()
	if err := client.Check(); err != nil {
		return err
	}
	for i, p := range pages {
		got := look(ctx, client, p, i)
		got.Found = clip(got.Found, 80) // it stands in a comment of one line
		fmt.Fprintf(a.err, "   %s: %s\n", p, got.Found)
		in.Pages = append(in.Pages, got)
	}
	if site != "" {
		// It is asked many times on end, so with a pause.
		slow := &crawler.Client{Agent: client.Agent, Delay: time.Second, Private: a.private, Ports: a.ports}
		defer slow.Close()
		in.Found = a.discover(ctx, slow, site, in.Pages)
	}
	var b bytes.Buffer
	if err := template.Must(template.New("").Funcs(template.FuncMap{"q": quoteYAML}).Parse(initTemplate)).Execute(&b, in); err != nil {
		return err
	}
	path, err := writeNew(a.path(a.file), b.Bytes(), 0o644)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, path)
	if in.Slack != "" {
		env, err := writeNew(a.path(".env"), []byte("# The bot token of the Slack app (xoxb-…); puskaradio reads it from the environment.\nSLACK_BOT_TOKEN=\n"), 0o600)
		if err != nil {
			return err
		}
		fmt.Fprintln(a.out, env)
		fmt.Fprintf(a.err, "\nMake the Slack app: https://api.slack.com/apps → Create New App → From a manifest → paste:\n\n%s\nInstall it, copy the bot token into %s, and /invite it to the channel.\nFor buttons under alerts: make an app-level token with connections:write under Basic Information,\nput it into SLACK_APP_TOKEN, and add app_token_env: SLACK_APP_TOKEN to the channel's options.\n", slackManifest, env)
	}
	fmt.Fprintf(a.err, "\nNext: puskaradio doctor, then puskaradio run%s\n", map[bool]string{true: " (before them: set -a; . ./.env; set +a)"}[in.Slack != ""])
	return nil
}

// questions asks on the terminal.
type questions struct {
	app *app
	in  *bufio.Scanner
	yes bool
	err error
}

func notEmpty(s string) error {
	if s == "" {
		return errors.New("something must stand here")
	}
	return nil
}

// ask gives what a flag has given, else what is answered, else the default.
func (q *questions) ask(question, given, def string, check func(string) error) string {
	if q.err != nil {
		return ""
	}
	if q.yes || given != "" {
		v := cmp.Or(given, def)
		if check != nil {
			if err := check(v); err != nil {
				q.err = usage("%s: %v", strings.TrimSpace(question), err)
			}
		}
		return v
	}
	for {
		fmt.Fprint(q.app.err, question)
		if def != "" {
			fmt.Fprintf(q.app.err, " [%s]", def)
		}
		fmt.Fprint(q.app.err, ": ")
		if !q.in.Scan() {
			q.err = errors.Join(q.in.Err(), errors.New("no answer; with --yes and flags nothing is asked"))
			return ""
		}
		v := cmp.Or(strings.TrimSpace(q.in.Text()), def)
		if check == nil {
			return v
		}
		err := check(v)
		if err == nil {
			return v
		}
		fmt.Fprintln(q.app.err, "   "+err.Error())
	}
}

func list(s string) []string {
	var out []string
	for p := range strings.SplitSeq(s, ",") {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id of a name: Hyvä Kahvi is hyva-kahvi.
func slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		if r < 0x300 || r > 0x36f {
			b.WriteRune(r)
		}
	}
	s := strings.Trim(notSlug.ReplaceAllString(b.String(), "-"), "-")
	return cmp.Or(s[:min(len(s), 40)], "brand")
}

// quoteYAML writes a text so that YAML takes it for one.
func quoteYAML(s string) string { return fmt.Sprintf("%q", s) }

// look reads an address to see what it is.
func look(ctx context.Context, c *crawler.Client, address string, i int) page {
	p := page{ID: fmt.Sprintf("source-%d", i+1), URL: address, Kind: "reviews"}
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		p.ID = slug(u.Hostname())
		if i > 0 {
			p.ID = slug(fmt.Sprintf("%s-%d", p.ID, i+1))
		}
	}
	v, err := c.Robots(ctx, address)
	if err != nil {
		p.Found = fmt.Sprintf("%s: %v", crawler.StateOf(err), err)
		return p
	}
	if !v.Allowed {
		p.Found = "its robots.txt forbids it: " + v.Reason
		return p
	}
	resp, err := c.Fetch(ctx, crawler.Request{URL: address})
	if err != nil {
		p.Found = fmt.Sprintf("%s: %v", crawler.StateOf(err), err)
		return p
	}
	head := bytes.ToLower(bytes.TrimSpace(resp.Body[:min(len(resp.Body), 1000)]))
	for _, mark := range []string{"<rss", "<feed", "<rdf:rdf", "jsonfeed.org"} {
		if bytes.Contains(head, []byte(mark)) {
			p.Kind, p.Found = "feed", "a feed"
			return p
		}
	}
	x := crawler.Extract(resp.Body, resp.URL)
	p.Found = fmt.Sprintf("a page with %d reviews marked up", len(x.Reviews))
	return p
}
