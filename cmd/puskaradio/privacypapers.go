package main

import (
	"embed"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
)

//go:embed papers
var papers embed.FS

// A paper is what the templates of papers are filled with.
type paper struct {
	Date       string
	Contact    string
	Names      string // of the brands that are one's own
	Rivals     string
	Sources    []paperSource
	Official   int    // sources that are read through an interface or a feed
	Pages      string // the names of the others
	Own        bool   // answers of one's own customers are among them
	Keep       string
	Backups    string
	Recipients []recipient
	Named      bool // authors of some sources are kept by name
}

type paperSource struct {
	Name, Access, Kept string
	Named              bool // authors are kept by name
}

func (a *app) noticeCommand() *cobra.Command {
	return a.paperCommand("notice", &cobra.Command{
		Short: "Print a notice for your site: what you read of others, why, and their rights",
		Long: `Prints the notice that tells authors that they are read (articles 13 and 14 of the EU's
General Data Protection Regulation), as Markdown: from where, for how long, who gets it,
and how to object, as the configuration has it. Fill in what stands in [brackets], and
print it anew when a source or a recipient is added.`,
		Example: "  puskaradio privacy notice --lang fi > kuuntelemme.md",
	})
}

func (a *app) assessmentCommand() *cobra.Command {
	return a.paperCommand("assessment", &cobra.Command{
		Short: "Print the assessment to fill in: your interest, weighed, and the risks",
		Long: `Prints an assessment as Markdown: the legitimate interest weighed against those of the
authors (article 6(1)(f) of the EU's General Data Protection Regulation), and the risks to
them (article 35), with what the configuration tells filled in. What stands in [brackets]
only you know.`,
		Example: "  puskaradio privacy assessment --lang en > assessment.md",
	})
}

func (a *app) paperCommand(name string, cmd *cobra.Command) *cobra.Command {
	var lang string
	cmd.Use, cmd.Args = name, cobra.NoArgs
	cmd.RunE = func(*cobra.Command, []string) error {
		l, err := a.config()
		if err != nil {
			return err
		}
		if lang == "" {
			lang = l.Language
		}
		if lang != "fi" && lang != "en" {
			return usage("--lang %s: it is fi or en", lang)
		}
		t, err := template.ParseFS(papers, "papers/"+name+"."+lang+".md")
		if err != nil {
			return err
		}
		return t.Execute(a.out, l.paper(lang, time.Now()))
	}
	cmd.Flags().StringVar(&lang, "lang", "", "fi or en; that of the configuration unless said")
	return cmd
}

// paper gathers what a configuration tells of what is read.
func (l *loaded) paper(lang string, now time.Time) paper {
	p := paper{Date: now.In(l.plan.Zone).Format(time.DateOnly), Contact: l.Contact, Keep: days(lang, time.Duration(l.Keep)), Recipients: l.recipients()}
	var rivals, names []string
	for _, b := range l.Brands {
		rivals = append(rivals, b.Rivals...)
	}
	var against []string
	for _, b := range l.Brands {
		if slices.Contains(rivals, b.ID) && len(b.Rivals) == 0 {
			against = append(against, b.Name)
		} else {
			names = append(names, b.Name)
		}
	}
	p.Names, p.Rivals = strings.Join(names, ", "), strings.Join(against, ", ")
	var pages []string
	for i := range l.plan.Sources {
		s := &l.plan.Sources[i]
		src := paperSource{Name: s.ID + " (" + s.Kind + ")", Access: "interface or feed", Kept: s.Keep.String(), Named: !s.Pseudonyms && s.Keep != puskaradio.Nothing}
		if s.Keep == puskaradio.Free {
			src.Kept = p.Keep
		}
		if host := hostOf(s.Connector); host != "" {
			src.Name = host + " (" + s.Kind + ")"
		}
		if s.Kind == "reviews" {
			src.Access = "pages"
			pages = append(pages, src.Name)
		} else {
			p.Official++
		}
		p.Named = p.Named || src.Named
		p.Own = p.Own || s.Kind == "imap"
		p.Sources = append(p.Sources, src)
	}
	p.Pages, p.Backups = strings.Join(pages, ", "), "none"
	if l.Backups != "" {
		p.Backups = days(lang, 7*24*time.Hour)
	}
	if lang == "fi" {
		p.finnish()
	}
	return p
}

// paperWords are the Finnish of what other commands say in English.
var paperWords = map[string]string{
	"interface or feed": "rajapinta tai syöte", "pages": "sivut", "none": "ei ole",
	"until deleted at the source": "kunnes se poistetaan lähteestä", "30 days, or until deleted at the source": "30 päivää, tai kunnes se poistetaan lähteestä",
	"24 hours": "24 tuntia", "not at all: counted and told, never stored": "ei lainkaan: lasketaan ja kerrotaan, ei tallenneta",
	"alerts with quotes, digests with quotes": "hälytykset ja koosteet lainauksineen", "alerts with quotes": "hälytykset lainauksineen", "digests with quotes": "koosteet lainauksineen",
	"word of other channels that are away": "tieto siitä, että muut kanavat ovat poissa",
	"external scorer":                      "ulkopuolinen arvioija", "every text, with its stars": "jokainen teksti tähtineen",
	"language model": "kielimalli", "a post with its title and stars, when a person wants a draft": "viesti otsikkoineen ja tähtineen, kun joku pyytää luonnosta", "database": "tietokanta", "everything": "kaikki",
}

// finnish puts Finnish words in the place of English ones.
func (p *paper) finnish() {
	put := func(s *string) {
		if fi, ok := paperWords[*s]; ok {
			*s = fi
		}
	}
	put(&p.Backups)
	for i := range p.Sources {
		put(&p.Sources[i].Access)
		put(&p.Sources[i].Kept)
	}
	for i := range p.Recipients {
		put(&p.Recipients[i].Kind)
		put(&p.Recipients[i].Gets)
	}
}

// days says a length of time in days.
func days(lang string, d time.Duration) string {
	n := int((d + 24*time.Hour - 1) / (24 * time.Hour))
	words := map[string][2]string{"en": {" day", " days"}, "fi": {" päivä", " päivää"}}[lang]
	if n == 1 {
		return "1" + words[0]
	}
	return strconv.Itoa(n) + words[1]
}

// hostOf is the host of the address that a source reads, "" where its options
// name none.
func hostOf(c crawler.Connector) string {
	var o struct {
		URL    string `json:"url"`
		Server string `json:"server"`
	}
	if b, err := json.Marshal(c); err != nil || json.Unmarshal(b, &o) != nil {
		return "" // its options are of another shape
	}
	for _, address := range []string{o.URL, o.Server} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			return u.Hostname()
		}
	}
	return ""
}
