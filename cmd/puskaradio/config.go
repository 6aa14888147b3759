package main

import (
	"cmp"
	"encoding/json"
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
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/trend"
)

// A config is puskaradio.yaml.
type config struct {
	Contact  string          `json:"contact" jsonschema:"required,description=A mail address or web page; sites that are read see it and can ask us to stop"`
	Data     string          `json:"data,omitempty" jsonschema:"description=The directory where everything is kept; ./puskaradio-data unless said"`
	Zone     string          `json:"zone,omitempty" jsonschema:"description=The time zone whose days count; Europe/Helsinki unless said"`
	Language string          `json:"language,omitempty" jsonschema:"enum=fi,enum=en,description=The language of messages; fi unless said"`
	Brands   []brandConfig   `json:"brands" jsonschema:"required"`
	Sources  []sourceConfig  `json:"sources" jsonschema:"required"`
	Channels []channelConfig `json:"channels,omitempty"`
	Digest   digestConfig    `json:"digest,omitempty"`
	Alerts   alertConfig     `json:"alerts,omitempty"`
	Keep     span            `json:"keep,omitempty" jsonschema:"description=How long texts are kept; counts stay for ever; 365d unless said"`
	Backups  string          `json:"backups,omitempty" jsonschema:"description=The directory for nightly backups; none unless said"`
	Link     string          `json:"link,omitempty" jsonschema:"description=The address of the dashboard for links in messages"`
	Fetch    fetchConfig     `json:"fetch,omitempty"`
}

type brandConfig struct {
	ID      string   `json:"id" jsonschema:"required,description=A short name for commands and links"`
	Name    string   `json:"name" jsonschema:"required,description=The name as people write it; its inflections are found too"`
	Aliases []string `json:"aliases,omitempty" jsonschema:"description=Other names and spellings"`
	Require []string `json:"require,omitempty" jsonschema:"description=One of these words must stand beside the name"`
	Forbid  []string `json:"forbid,omitempty" jsonschema:"description=None of these words may"`
	Rivals  []string `json:"rivals,omitempty" jsonschema:"description=The ids of the brands to compare with"`
}

type sourceConfig struct {
	ID      string   `json:"id" jsonschema:"required"`
	Kind    string   `json:"kind" jsonschema:"required,description=puskaradio sources --kinds lists them"`
	Every   span     `json:"every,omitempty" jsonschema:"description=How often it is read: 15m or 1h or 1d"`
	About   string   `json:"about,omitempty" jsonschema:"description=The id of the brand that everything here is about"`
	Brands  []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands to look for; all unless said"`
	Options rawNode  `json:"options,omitempty" jsonschema:"description=What the kind needs"`
}

type channelConfig struct {
	ID       string   `json:"id" jsonschema:"required"`
	Kind     string   `json:"kind" jsonschema:"required"`
	Language string   `json:"language,omitempty" jsonschema:"enum=fi,enum=en"`
	Brands   []string `json:"brands,omitempty" jsonschema:"description=The ids of the brands to tell of; all unless said"`
	Alerts   *bool    `json:"alerts,omitempty" jsonschema:"description=Whether alerts go there; true unless said"`
	Digest   *bool    `json:"digest,omitempty" jsonschema:"description=Whether the digest goes there; true unless said"`
	Fallback string   `json:"fallback,omitempty" jsonschema:"description=The id of the channel that speaks up when this one is away"`
	Options  rawNode  `json:"options,omitempty" jsonschema:"description=What the kind needs"`
}

type digestConfig struct {
	At  string `json:"at,omitempty" jsonschema:"description=The local time of the daily digest; 08:00 unless said"`
	Off bool   `json:"off,omitempty"`
}

type alertConfig struct {
	Odds    float64 `json:"odds,omitempty" jsonschema:"description=The most chance that luck alone explains it; 0.0001 unless said"`
	Least   int     `json:"least,omitempty" jsonschema:"description=The fewest negative mentions; 5 unless said"`
	Times   float64 `json:"times,omitempty" jsonschema:"description=The least multiple of what is usual; 3 unless said"`
	Collect *span   `json:"collect,omitempty" jsonschema:"description=How long to gather mentions before judging; 30s unless said"`
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
	file   string
	plan   *monitor.Plan
	client *crawler.Client
	root   ast.Node
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

func (l *loaded) defaults() {
	l.Data = cmp.Or(l.Data, "puskaradio-data")
	l.Zone = cmp.Or(l.Zone, "Europe/Helsinki")
	l.Language = cmp.Or(l.Language, "fi")
	l.Digest.At = cmp.Or(l.Digest.At, "08:00")
	l.Keep = cmp.Or(l.Keep, span(365*24*time.Hour))
	if l.Alerts.Collect == nil {
		half := span(30 * time.Second)
		l.Alerts.Collect = &half
	}
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

// node finds the part of the file at a place, for messages about it. It gives
// the nearest that is there.
func (l *loaded) node(where ...any) ast.Node {
	n := l.root
	for _, w := range where {
		var next ast.Node
		switch w := w.(type) {
		case string:
			if m, ok := n.(*ast.MappingNode); ok {
				for _, kv := range m.Values {
					if strings.Trim(kv.Key.String(), `"' `) == w {
						next = kv.Value
					}
				}
			} else if kv, ok := n.(*ast.MappingValueNode); ok && strings.Trim(kv.Key.String(), `"' `) == w {
				next = kv.Value
			}
		case int:
			if s, ok := n.(*ast.SequenceNode); ok && w < len(s.Values) {
				next = s.Values[w]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// build makes the plan and the client, and adds what is wrong to d.
func (l *loaded) build(d *decoder) {
	l.plan = &monitor.Plan{
		Spike:   trend.SpikeOptions{Odds: l.Alerts.Odds, Least: l.Alerts.Least, Times: l.Alerts.Times},
		Collect: time.Duration(*l.Alerts.Collect), Keep: time.Duration(l.Keep), BackupDir: l.Backups, Link: l.Link,
		DigestAt: -1,
	}
	var err error
	if l.plan.Zone, err = time.LoadLocation(l.Zone); err != nil {
		d.fault(l.node("zone"), "zone: %q is not a time zone; write one such as Europe/Helsinki", l.Zone)
		l.plan.Zone = time.UTC
	}
	if at, err := time.Parse("15:04", l.Digest.At); err != nil {
		d.fault(l.node("digest", "at"), "digest.at: %q is not a time of day; write one such as 08:00", l.Digest.At)
	} else if !l.Digest.Off {
		l.plan.DigestAt = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	checkLanguage(d, l.node("language"), "language", l.Language)
	l.buildClient(d)
	brands := l.buildBrands(d)
	l.buildSources(d, brands)
	l.buildChannels(d, brands)
}

func checkLanguage(d *decoder, n ast.Node, where, lang string) {
	if lang != "fi" && lang != "en" {
		d.fault(n, "%s: %q is not a language of messages; write fi or en", where, lang)
	}
}

func (l *loaded) buildClient(d *decoder) {
	if l.Contact == "" {
		d.fault(l.root, "contact is missing; write a mail address or a web page where a site that we read can reach you")
	}
	l.client = &crawler.Client{
		Agent: userAgent(l.Contact), Delay: time.Duration(l.Fetch.Delay), Timeout: time.Duration(l.Fetch.Timeout), Delays: map[string]time.Duration{}, Ports: l.Fetch.Ports,
	}
	for host, s := range l.Fetch.Delays {
		delay, err := parseSpan(s)
		if err != nil {
			d.fault(l.node("fetch", "delays", host), "fetch.delays.%s: a time such as 1s wanted, %s given", host, s)
		}
		l.client.Delays[host] = delay
	}
	for i, s := range l.Fetch.Private {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			d.fault(l.node("fetch", "private", i), "fetch.private[%d]: %q is not a network; write one such as 192.168.1.0/24", i, s)
			continue
		}
		l.client.Private = append(l.client.Private, p)
	}
}

// userAgent says who we are to the sites that we read.
func userAgent(contact string) string {
	return "puskaradio/" + version + " (+" + contact + ")"
}

// checkID reports an id that cannot be one, or was given before.
func checkID(d *decoder, n ast.Node, where, id string, seen map[string]bool) {
	switch {
	case id == "":
		d.fault(n, "%s: id is missing; write a short name of a-z, 0-9, - and _", where)
	case !idForm.MatchString(id):
		d.fault(n, "%s: id %q will not do; write a-z, 0-9, - and _, 40 at the most", where, id)
	case seen[id]:
		d.fault(n, "%s: id %q was given before; each needs its own", where, id)
	}
	seen[id] = true
}

func (l *loaded) buildBrands(d *decoder) map[string]bool {
	seen := map[string]bool{}
	for i, b := range l.Brands {
		where := fmt.Sprintf("brands[%d]", i)
		checkID(d, l.node("brands", i), where, b.ID, seen)
		if b.Name == "" {
			d.fault(l.node("brands", i), "%s: name is missing; write the name as people do", where)
		}
		l.plan.Brands = append(l.plan.Brands, puskaradio.Brand(b))
	}
	if len(l.Brands) == 0 {
		d.fault(l.node("brands"), "brands: there is none; name at least one")
	}
	for i, b := range l.Brands {
		checkBrands(d, l.node("brands", i, "rivals"), fmt.Sprintf("brands[%d].rivals", i), b.Rivals, seen)
	}
	return seen
}

func checkBrands(d *decoder, n ast.Node, where string, ids []string, brands map[string]bool) {
	for _, id := range ids {
		if id != "" && !brands[id] {
			d.fault(n, "%s: there is no brand %q; the brands are: %s", where, id, strings.Join(sortedKeys(brands), ", "))
		}
	}
}

func (l *loaded) buildSources(d *decoder, brands map[string]bool) {
	seen := map[string]bool{}
	if len(l.Sources) == 0 {
		d.fault(l.node("sources"), "sources: there is none; name at least one")
	}
	for i, s := range l.Sources {
		where := fmt.Sprintf("sources[%d]", i)
		n := l.node("sources", i)
		checkID(d, n, where, s.ID, seen)
		checkBrands(d, l.node("sources", i, "about"), where+".about", []string{s.About}, brands)
		checkBrands(d, l.node("sources", i, "brands"), where+".brands", s.Brands, brands)
		kind, ok := crawler.KindOf(s.Kind)
		if !ok {
			d.fault(l.node("sources", i, "kind"), "%s.kind: %q is not known; %s", where, s.Kind, suggest(s.Kind, crawler.Kinds()))
			continue
		}
		if s.About == "" && kind.OneBrand && len(l.Brands) == 1 {
			s.About = l.Brands[0].ID // there is nobody else to speak of
		}
		if s.About == "" && kind.OneBrand {
			d.fault(n, "%s: about is missing; write the id of the brand that the texts are about", where)
		}
		options := l.options(d, s.Options, kind.New(), where+".options")
		connector, err := crawler.New(s.Kind, options, secret)
		if err != nil {
			d.fault(l.node("sources", i, "options"), "%s: %v", where, err)
			continue
		}
		l.plan.Sources = append(l.plan.Sources, monitor.Source{
			Source:    puskaradio.Source{ID: s.ID, Kind: s.Kind, Every: cmp.Or(time.Duration(s.Every), kind.Every), Brands: s.Brands, About: s.About, Options: options},
			Genre:     kind.Genre,
			Connector: connector,
		})
	}
}

// options decodes what a kind needs, for messages with their line, and gives
// it as JSON.
func (l *loaded) options(d *decoder, raw rawNode, into any, where string) json.RawMessage {
	if raw.Node == nil {
		return nil
	}
	d.decode(raw.Node, reflect.ValueOf(into).Elem(), where)
	b, err := json.Marshal(into)
	if err != nil {
		d.fault(raw.Node, "%s: %v", where, err)
	}
	return b
}

func (l *loaded) buildChannels(d *decoder, brands map[string]bool) {
	seen := map[string]bool{}
	for i, c := range l.Channels {
		where := fmt.Sprintf("channels[%d]", i)
		n := l.node("channels", i)
		checkID(d, n, where, c.ID, seen)
		checkBrands(d, l.node("channels", i, "brands"), where+".brands", c.Brands, brands)
		lang := cmp.Or(c.Language, l.Language)
		if c.Language != "" {
			checkLanguage(d, l.node("channels", i, "language"), where+".language", lang)
		}
		if !slices.Contains(notify.Kinds(), c.Kind) {
			d.fault(l.node("channels", i, "kind"), "%s.kind: %q is not known; %s", where, c.Kind, suggest(c.Kind, notify.Kinds()))
			continue
		}
		options := l.options(d, c.Options, notify.Options(c.Kind), where+".options")
		notifier, err := notify.New(c.Kind, options, secret)
		if err != nil {
			d.fault(l.node("channels", i, "options"), "%s: %v", where, err)
			continue
		}
		yes := true
		l.plan.Channels = append(l.plan.Channels, monitor.Channel{
			ID: c.ID, Lang: lang, Brands: c.Brands, Fallback: c.Fallback, Notifier: notifier,
			Alerts: *cmp.Or(c.Alerts, &yes), Digests: *cmp.Or(c.Digest, &yes),
		})
	}
	for i, c := range l.Channels {
		if c.Fallback != "" && (!seen[c.Fallback] || c.Fallback == c.ID) {
			d.fault(l.node("channels", i, "fallback"), "channels[%d].fallback: there is no other channel %q", i, c.Fallback)
		}
	}
}

func sortedKeys(m map[string]bool) []string {
	var out []string
	for k := range m {
		if k != "" {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// brandIDs completes and checks the name of a brand that a command was given:
// an id, or a name. Empty is the first brand.
func (l *loaded) brand(given string) (puskaradio.Brand, error) {
	for _, b := range l.plan.Brands {
		if given == "" || strings.EqualFold(b.ID, given) || strings.EqualFold(b.Name, given) {
			return b, nil
		}
	}
	var ids []string
	for _, b := range l.plan.Brands {
		ids = append(ids, b.ID)
	}
	return puskaradio.Brand{}, fmt.Errorf("there is no brand %q; the brands are: %s", given, strings.Join(ids, ", "))
}
