package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/notify"
	"github.com/puskaradio/puskaradio/sentiment"
)

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
	l.plan = &monitor.Plan{Keep: time.Duration(l.Keep), BackupDir: l.Backups, Link: l.Link, DigestAt: -1}
	var err error
	if l.plan.Zone, err = time.LoadLocation(l.Zone); err != nil {
		d.fault(l.node("zone"), "zone: %q is not a time zone; write one such as Europe/Helsinki", l.Zone)
		l.plan.Zone = time.UTC
	}
	if at, err := time.Parse("15:04", l.Digest.At); err != nil {
		d.fault(l.node("digest", "at"), "digest.at: %q is not a time of day; write one such as 08:00", l.Digest.At)
	} else {
		past := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
		if !l.Digest.Off {
			l.plan.DigestAt = past
		}
		l.buildWeekly(d, past)
	}
	checkLanguage(d, l.node("language"), "language", l.Language)
	l.buildClient(d)
	brands := l.buildBrands(d)
	l.plan.Pseudonyms = pseudonyms(d, l.node("authors"), "authors", l.Authors)
	l.buildSources(d, brands)
	l.buildChannels(d, brands)
	l.buildAlerts(d, brands)
	l.buildExternal(d)
	l.buildDrafter(d)
	l.buildSecond(d)
	l.checkWeb(d)
	l.checkOIDC(d)
	l.checkHook(d)
	l.checkStore(d)
}

func (l *loaded) buildWeekly(d *decoder, at time.Duration) {
	if l.Digest.Weekly == "" {
		return
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), l.Digest.Weekly) {
			l.plan.Weekly = &monitor.Weekly{On: day, At: at}
			return
		}
	}
	d.fault(l.node("digest", "weekly"), "digest.weekly: %q is no day of the week; write one such as monday", l.Digest.Weekly)
}

func (l *loaded) buildExternal(d *decoder) {
	c := l.Sentiment.External
	if c == nil {
		return
	}
	e := &sentiment.External{URL: c.URL, Timeout: time.Duration(c.Timeout), Batch: c.Batch, Client: modelClient()}
	if err := e.Check(); err != nil {
		d.fault(l.node("sentiment", "external"), "sentiment.external: %v", err)
		return
	}
	if c.TokenEnv != "" {
		var err error
		if e.Token, err = secret(c.TokenEnv); err != nil {
			d.fault(l.node("sentiment", "external", "token_env"), "sentiment.external.token_env: %v", err)
			return
		}
	}
	l.plan.External = e
}

func (l *loaded) buildDrafter(d *decoder) {
	c := l.Answers.Model
	if c == nil {
		return
	}
	m := &sentiment.Drafter{URL: c.URL, Model: c.Model, Timeout: time.Duration(c.Timeout), Style: c.Style, Client: modelClient()}
	if err := m.Check(); err != nil {
		d.fault(l.node("answers", "model"), "answers.model: %v", err)
		return
	}
	if c.TokenEnv != "" {
		var err error
		if m.Token, err = secret(c.TokenEnv); err != nil {
			d.fault(l.node("answers", "model", "token_env"), "answers.model.token_env: %v", err)
			return
		}
	}
	l.plan.Drafter = m
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
		l.plan.Brands = append(l.plan.Brands, puskaradio.Brand{ID: b.ID, Name: b.Name, Aliases: b.Aliases, Require: b.Require, Forbid: b.Forbid, Rivals: b.Rivals})
		l.buildHours(d, i)
	}
	if len(l.Brands) == 0 {
		d.fault(l.node("brands"), "brands: there is none; name at least one")
	}
	for i, b := range l.Brands {
		checkBrands(d, l.node("brands", i, "rivals"), fmt.Sprintf("brands[%d].rivals", i), b.Rivals, seen)
	}
	return seen
}

// buildHours puts the business hours of a brand into the plan.
func (l *loaded) buildHours(d *decoder, i int) {
	b, where := l.Brands[i], fmt.Sprintf("brands[%d]", i)
	zone := l.plan.Zone
	if b.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(b.Zone); err != nil {
			d.fault(l.node("brands", i, "zone"), "%s.zone: %q is not a time zone; write one such as Europe/Helsinki", where, b.Zone)
			return
		}
		if len(b.Hours) == 0 {
			d.fault(l.node("brands", i, "zone"), "%s.zone: hours are missing, and nothing else goes by it; write one such as mon-fri 08:00-16:00", where)
		}
	}
	h, err := puskaradio.ParseHours(zone, b.Hours...)
	switch {
	case err != nil:
		d.fault(l.node("brands", i, "hours"), "%s.hours: %v", where, err)
	case !h.Always():
		if l.plan.Reply.Hours == nil {
			l.plan.Reply.Hours = map[string]puskaradio.OpenHours{}
		}
		l.plan.Reply.Hours[b.ID] = h
	}
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
			Keep:      kind.Keep,
			Connector: connector,

			Pseudonyms: pseudonyms(d, l.node("sources", i, "authors"), where+".authors", cmp.Or(s.Authors, l.Authors)),
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
		quiet, err := quietHours(c.Quiet)
		if err != nil {
			d.fault(l.node("channels", i, "quiet"), "%s.quiet: %v", where, err)
		}
		options := l.options(d, c.Options, notify.Options(c.Kind), where+".options")
		notifier, err := notify.New(c.Kind, options, secret)
		if err != nil {
			d.fault(l.node("channels", i, "options"), "%s: %v", where, err)
			continue
		}
		if _, ok := notifier.(notify.CaseTaker); c.Cases && !ok {
			d.fault(l.node("channels", i, "cases"), "%s.cases: a channel of kind %s cannot be told of cases; a webhook can", where, c.Kind)
		}
		yes := true
		if _, ok := notifier.(notify.CaseKeeper); ok {
			for key, said := range map[string]*bool{"alerts": c.Alerts, "digest": c.Digest, "weekly": c.Weekly} {
				if said != nil && *said {
					d.fault(l.node("channels", i, key), "%s.%s: a channel of kind %s is told of cases alone; leave it out", where, key, c.Kind)
				}
			}
			c.Alerts, c.Digest, c.Weekly, c.Cases = new(bool), new(bool), new(bool), true
			l.Channels[i] = c
		}
		l.plan.Channels = append(l.plan.Channels, monitor.Channel{
			ID: c.ID, Lang: lang, Brands: c.Brands, Fallback: c.Fallback, Quiet: quiet, Notifier: notifier,
			Alerts: *cmp.Or(c.Alerts, &yes), Digests: *cmp.Or(c.Digest, &yes), Weekly: *cmp.Or(c.Weekly, c.Digest, &yes), Cases: c.Cases,
		})
	}
	for i, c := range l.Channels {
		if c.Fallback != "" && (!seen[c.Fallback] || c.Fallback == c.ID) {
			d.fault(l.node("channels", i, "fallback"), "channels[%d].fallback: there is no other channel %q", i, c.Fallback)
		}
	}
}

// given is what was said, or the default.
func given(v *int, def int) int {
	if v == nil {
		return def
	}
	return *v
}

// quietHours reads 22:00-07:00.
func quietHours(s string) (q monitor.Quiet, err error) {
	if s == "" {
		return q, nil
	}
	from, to, ok := strings.Cut(s, "-")
	f, err1 := time.Parse("15:04", strings.TrimSpace(from))
	t, err2 := time.Parse("15:04", strings.TrimSpace(to))
	if !ok || err1 != nil || err2 != nil || f.Equal(t) {
		return q, fmt.Errorf("%q is no span of the day; write one such as 22:00-07:00", s)
	}
	after := func(x time.Time) time.Duration {
		return time.Duration(x.Hour())*time.Hour + time.Duration(x.Minute())*time.Minute
	}
	return monitor.Quiet{From: after(f), To: after(t)}, nil
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
