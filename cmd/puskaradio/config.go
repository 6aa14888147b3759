package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for machines that have none

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/web"
)

// A config is puskaradio.yaml.
type config struct {
	Contact  string          `json:"contact" jsonschema:"required,description=A mail address or web page; sites that are read see it and can ask us to stop"`
	Data     string          `json:"data,omitempty" jsonschema:"description=The directory where everything is kept; ./puskaradio-data unless said"`
	Store    storeConfig     `json:"store,omitzero"`
	Zone     string          `json:"zone,omitempty" jsonschema:"description=The time zone whose days count; Europe/Helsinki unless said"`
	Language string          `json:"language,omitempty" jsonschema:"enum=fi,enum=en,description=The language of messages; fi unless said"`
	Brands   []brandConfig   `json:"brands" jsonschema:"required"`
	Sources  []sourceConfig  `json:"sources" jsonschema:"required"`
	Channels []channelConfig `json:"channels,omitempty"`
	Digest   digestConfig    `json:"digest,omitzero"`
	Alerts   alertConfig     `json:"alerts,omitzero"`
	Authors  string          `json:"authors,omitempty" jsonschema:"enum=pseudonym,enum=name,description=What authors are kept and told by: a pseudonym of their name at that source or the name itself; for sources that do not say and for files that are taken in; pseudonym unless said"`
	Keep     span            `json:"keep,omitempty" jsonschema:"description=How long texts are kept; counts stay for ever; 365d unless said"`
	Backups  string          `json:"backups,omitempty" jsonschema:"description=The directory for nightly backups; none unless said"`
	Link     string          `json:"link,omitempty" jsonschema:"description=The address of the dashboard for links in messages"`
	Web      webConfig       `json:"web,omitzero"`
	Fetch    fetchConfig     `json:"fetch,omitzero"`
	Answers  answersConfig   `json:"answers,omitzero"`
	// Sentiment says who else is asked how texts feel.
	Sentiment sentimentConfig `json:"sentiment,omitzero"`
}

type sentimentConfig struct {
	External *externalConfig `json:"external,omitempty" jsonschema:"description=A scorer of your own that is asked over HTTP; see docs/external-scorer.md; none unless said"`
}

type answersConfig struct {
	SecondApprover bool `json:"second_approver,omitempty" jsonschema:"description=Whether an answer waits until another person than who wrote it has approved it too; each needs an account of their own; false unless said; a brand may say otherwise"`

	Model *modelConfig `json:"model,omitempty" jsonschema:"description=A language model that drafts an answer when a person asks for one; it gets the title and text and stars of that post and its language and the name of the brand and the style below but not who wrote it; none unless said"`
}

type modelConfig struct {
	URL      string `json:"url" jsonschema:"required,description=Where it speaks the protocol of OpenAI's chat completions such as http://127.0.0.1:11434/v1; best on a machine of yours"`
	Model    string `json:"model" jsonschema:"required,description=Its name there"`
	TokenEnv string `json:"token_env,omitempty" jsonschema:"description=The environment variable that holds a token; none is sent unless said"`
	Timeout  span   `json:"timeout,omitempty" jsonschema:"description=The longest that a draft may take; 5m at most and 30s unless said"`
	Style    string `json:"style,omitempty" jsonschema:"description=How the house answers in a few sentences"`
}

type externalConfig struct {
	URL      string `json:"url" jsonschema:"required,description=The address that texts are sent to"`
	Timeout  span   `json:"timeout,omitempty" jsonschema:"description=The longest that an answer may take; 10s unless said"`
	Batch    int    `json:"batch,omitempty" jsonschema:"description=How many texts are sent at a time; 32 unless said"`
	TokenEnv string `json:"token_env,omitempty" jsonschema:"description=The environment variable that holds a token; none is sent unless said"`
}

type brandConfig struct {
	ID      string   `json:"id" jsonschema:"required,description=A short name for commands and links"`
	Name    string   `json:"name" jsonschema:"required,description=The name as people write it; its inflections are found too"`
	Aliases []string `json:"aliases,omitempty" jsonschema:"description=Other names and spellings"`
	Require []string `json:"require,omitempty" jsonschema:"description=One of these words must stand beside the name"`
	Forbid  []string `json:"forbid,omitempty" jsonschema:"description=None of these words may"`
	Rivals  []string `json:"rivals,omitempty" jsonschema:"description=The ids of the brands to compare with"`
	Hours   []string `json:"hours,omitempty" jsonschema:"description=Business hours that the reply clock counts its target in such as mon-fri 08:00-16:00; round the clock unless said"`
	Zone    string   `json:"zone,omitempty" jsonschema:"description=The time zone of these hours; that of the file unless said"`
	// SecondApprover says it for the answers of this brand.
	SecondApprover *bool `json:"second_approver,omitempty" jsonschema:"description=Whether answers of this brand need a second person; as answers.second_approver unless said"`
}

type sourceConfig struct {
	ID      string   `json:"id" jsonschema:"required"`
	Kind    string   `json:"kind" jsonschema:"required,description=puskaradio kinds lists them"`
	Every   span     `json:"every,omitempty" jsonschema:"description=How often it is read: 15m or 1h or 1d"`
	About   string   `json:"about,omitempty" jsonschema:"description=The id of the brand that everything here is about"`
	Brands  []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands to look for; all unless said"`
	Authors string   `json:"authors,omitempty" jsonschema:"enum=pseudonym,enum=name,description=What authors here are kept and told by; as authors above unless said"`
	Options rawNode  `json:"options,omitzero" jsonschema:"description=What the kind needs"`
}

type channelConfig struct {
	ID       string   `json:"id" jsonschema:"required"`
	Kind     string   `json:"kind" jsonschema:"required"`
	Language string   `json:"language,omitempty" jsonschema:"enum=fi,enum=en"`
	Brands   []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands to tell of; all unless said"`
	Alerts   *bool    `json:"alerts,omitempty" jsonschema:"description=Whether alerts go there; true unless said"`
	Quiet    string   `json:"quiet,omitempty" jsonschema:"description=Hours in which only a crisis is told such as 22:00-07:00; none unless said"`
	Digest   *bool    `json:"digest,omitempty" jsonschema:"description=Whether the digest goes there; true unless said"`
	Weekly   *bool    `json:"weekly,omitempty" jsonschema:"description=Whether the digest of the week goes there; as digest unless said"`
	Cases    bool     `json:"cases,omitempty" jsonschema:"description=Whether every step of a case goes there with its customer key: opened; claimed; answered; closed and others; for webhooks; hubspot is told of nothing else"`
	Fallback string   `json:"fallback,omitempty" jsonschema:"description=The id of the channel that speaks up when this one is away"`
	Options  rawNode  `json:"options,omitzero" jsonschema:"description=What the kind needs"`
}

type digestConfig struct {
	At  string `json:"at,omitempty" jsonschema:"description=The local time of the daily digest; 08:00 unless said"`
	Off bool   `json:"off,omitempty"`
	// Weekly works with the daily one off too.
	Weekly string `json:"weekly,omitempty" jsonschema:"enum=monday,enum=tuesday,enum=wednesday,enum=thursday,enum=friday,enum=saturday,enum=sunday,description=The day on which the digest of the last whole week is sent too at the same time; none unless said"`
}

type webConfig struct {
	Listen string `json:"listen,omitempty" jsonschema:"description=Where the dashboard is served; 127.0.0.1:8080 unless said. One that is open to others needs a link with https and an owner with a password"`
	Off    bool   `json:"off,omitempty" jsonschema:"description=No dashboard"`
	// Metrics must be an address of this machine: nobody is asked who they are.
	Metrics string         `json:"metrics,omitempty" jsonschema:"description=Where metrics for Prometheus are served such as 127.0.0.1:9090; must be an address of this machine; nowhere unless said"`
	Target  span           `json:"target,omitempty" jsonschema:"description=How soon after its publication a mention should be answered; 3m unless said"`
	Warn    *float64       `json:"warn,omitempty" jsonschema:"description=The share of the target after which it is said that an answer is due soon; two thirds unless said; 0 is never"`
	Targets []targetConfig `json:"targets,omitempty" jsonschema:"description=Other targets for some brands or sources; the last that fits holds"`
	// Proxies are believed about where requests come from.
	Proxies       []string       `json:"proxies,omitempty" jsonschema:"description=Networks of the proxies before the dashboard such as 127.0.0.1/32"`
	TrustedHeader *trustedHeader `json:"trusted_header,omitempty" jsonschema:"description=Lets a proxy that signs people in say who they are; nobody may unless said"`
	Hook          *hookConfig    `json:"hook,omitempty" jsonschema:"description=Lets a program of yours such as a CRM set customer keys and add notes and close cases by signed messages to /hooks/crm; off unless said"`
	OIDC          *oidcConfig    `json:"oidc,omitempty" jsonschema:"description=Lets people sign in at an issuer of OpenID Connect; nobody may unless said"`
}

type hookConfig struct {
	Name      string   `json:"name,omitempty" jsonschema:"description=What stands beside what it does; crm unless said"`
	SecretEnv string   `json:"secret_env,omitempty" jsonschema:"description=The environment variable that holds the secret that messages are signed with (whsec_ and base64; several with spaces between while they change); PUSKARADIO_HOOK_SECRET unless said"`
	Brands    []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands that it sees; all unless said"`
}

type targetConfig struct {
	Brand  string `json:"brand,omitempty" jsonschema:"description=The id of a brand; all unless said"`
	Source string `json:"source,omitempty" jsonschema:"description=The id of a source; all unless said"`
	Within span   `json:"within" jsonschema:"required,description=How soon after its publication a mention should be answered"`
}

type trustedHeader struct {
	Name string          `json:"name" jsonschema:"required,description=The header that names the person such as X-Forwarded-User"`
	Role puskaradio.Role `json:"role,omitempty" jsonschema:"enum=reader,enum=agent,enum=owner,description=What those may who are not listed by puskaradio user; nothing unless said"`
}

type fetchConfig struct {
	Delay   span              `json:"delay,omitempty" jsonschema:"description=The pause between two requests to a host; 5s unless said"`
	Timeout span              `json:"timeout,omitempty" jsonschema:"description=The longest that one fetch may take; 1m unless said"`
	Delays  map[string]string `json:"delays,omitempty" jsonschema:"description=Other pauses for some hosts: your own shop may be read faster"`
	Private []string          `json:"private,omitempty" jsonschema:"description=Networks of your own that may be read, such as 192.168.1.0/24; private addresses are else refused"`
	Ports   []uint16          `json:"ports,omitempty" jsonschema:"description=Ports besides 80 and 443 that may be read"`
}

// A span is a time such as 90s, 15m, 6h or 30d.
type span time.Duration

func (s *span) UnmarshalText(b []byte) error {
	d, err := parseSpan(string(b))
	*s = span(d)
	return err
}

func (s *span) wanted() string { return "a time such as 30s, 15m, 6h or 30d" }

func parseSpan(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a time", s)
		}
		return time.Duration(n * 24 * float64(time.Hour)), nil
	}
	d, err := time.ParseDuration(s)
	if err == nil && d < 0 {
		err = fmt.Errorf("%q is before now", s)
	}
	return d, err
}

// A loaded configuration is ready for use.
type loaded struct {
	config
	file    string
	plan    *monitor.Plan
	client  *crawler.Client
	root    ast.Node
	proxies []netip.Prefix
	oidc    *web.OIDC // nil if nobody signs in by it
	hook    *web.Hook // nil if no program comes in by it
}

// parseConfig reads the text of a configuration. The error holds every fault.
func parseConfig(file string, text []byte) (*loaded, error) {
	l := &loaded{file: file}
	d := &decoder{file: file}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		if syntax, ok := errors.AsType[yaml.Error](err); ok {
			p := syntax.GetToken().Position
			return nil, &configFault{file, p.Line, p.Column, "this is not YAML: " + syntax.GetMessage()}
		}
		return nil, fmt.Errorf("%s: this is not YAML: %w", file, err)
	}
	if len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return nil, &configFault{file, 1, 1, "the file is empty; puskaradio init writes one"}
	}
	l.root = tree.Docs[0].Body
	d.decode(l.root, reflect.ValueOf(&l.config).Elem(), top)
	l.defaults()
	l.build(d)
	if len(d.faults) > 0 {
		slices.SortStableFunc(d.faults, func(a, b *configFault) int {
			return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col))
		})
		var errs []error
		for _, f := range d.faults {
			errs = append(errs, f)
		}
		return nil, errors.Join(errs...)
	}
	return l, nil
}

const defaultData = "puskaradio-data"

func (l *loaded) defaults() {
	l.Data = cmp.Or(l.Data, defaultData)
	l.Zone = cmp.Or(l.Zone, "Europe/Helsinki")
	l.Language = cmp.Or(l.Language, "fi")
	l.Authors = cmp.Or(l.Authors, byPseudonym)
	l.Digest.At = cmp.Or(l.Digest.At, "08:00")
	l.Keep = cmp.Or(l.Keep, span(365*24*time.Hour))
	l.Alerts.Collect = cmp.Or(l.Alerts.Collect, after(time.Second))
	l.Alerts.Remind = cmp.Or(l.Alerts.Remind, after(15*time.Minute))
}

// loadConfig reads a file and checks it, without secrets if secret is nil.
func loadConfig(file string) (*loaded, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s; make one with: puskaradio init (or see how it works with: puskaradio demo)", file)
	}
	if err != nil {
		return nil, err
	}
	l, err := parseConfig(file, text)
	if err == nil && !filepath.IsAbs(l.Data) { // beside the file, wherever it is called from
		l.Data = filepath.Join(filepath.Dir(file), l.Data)
	}
	return l, err
}

// dataDir is where a configuration keeps its data, whatever else is in it.
func dataDir(file string) string {
	var c struct {
		Data string `json:"data"`
	}
	if text, err := os.ReadFile(file); err != nil || yaml.Unmarshal(text, &c) != nil {
		c.Data = "" // the default; what is wrong is said when the file is loaded
	}
	c.Data = cmp.Or(c.Data, defaultData)
	if filepath.IsAbs(c.Data) {
		return c.Data
	}
	return filepath.Join(filepath.Dir(file), c.Data)
}

// secret gives the value of NAME, or what is in the file that NAME_FILE names.
func secret(name string) (string, error) {
	if v := os.Getenv(name); v != "" {
		return strings.TrimSpace(v), nil
	}
	file := os.Getenv(name + "_FILE")
	if file == "" {
		return "", fmt.Errorf("the secret %s is missing; set the environment variable %s, or %s_FILE to the path of a file that holds it", name, name, name)
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if info.Mode().Perm()&0o077 != 0 && info.Mode().IsRegular() && !strings.HasPrefix(file, "/run/secrets/") {
		return "", fmt.Errorf("%s_FILE: others may read %s; write: chmod 600 %s", name, file, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	if s := strings.TrimSpace(string(b)); s != "" {
		return s, nil
	}
	return "", fmt.Errorf("%s_FILE: %s is empty", name, file)
}

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)
