package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
	"github.com/puskaradio/puskaradio/web"
)

func (a *app) askCommand() *cobra.Command {
	var names []string
	for _, t := range tools() {
		names = append(names, t.name)
	}
	return &cobra.Command{
		Use:   "ask TOOL [JSON]",
		Short: "Ask one question as an assistant would, and print the answer",
		Long: `Prints what puskaradio mcp tells an assistant that asks a tool with these arguments,
before texts are cut and cleaned. The tools are ` + strings.Join(names, ", ") + ".",
		Example:     "  puskaradio mcp ask brands\n  puskaradio mcp ask search '{\"words\": \"toimitus\"}'",
		Args:        cobra.RangeArgs(1, 2),
		Annotations: served,
		RunE: func(cmd *cobra.Command, args []string) error {
			t, ok := toolOf(args[0])
			if !ok {
				return usage("there is no tool %q; the tools are: %s", args[0], strings.Join(names, ", "))
			}
			var raw json.RawMessage
			if len(args) > 1 {
				raw = json.RawMessage(args[1])
			}
			given, err := t.check(raw)
			if err != nil {
				return err
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			if given["brand"] != "" {
				b, err := l.brand(given["brand"])
				if err != nil {
					return err
				}
				given["brand"] = b.ID
			}
			answer, err := a.tell(cmd.Context(), s, l, &t, given)
			if errors.Is(err, puskaradio.ErrNotFound) {
				return fmt.Errorf("%s: there is no such thing", t.name)
			}
			if err != nil {
				return t.blamed(err)
			}
			return a.print(answer)
		},
	}
}

// tell answers a question that was checked.
func (a *app) tell(ctx context.Context, s store.Store, l *loaded, t *tool, given map[string]string) (any, error) {
	plan := *l.plan // which the monitor of another completes at the same time
	m := &monitor.Monitor{Store: s, Client: l.client, Log: a.logger()}
	m.UsePlan(&plan)
	srv := web.New(web.Options{
		Store: s, Log: a.logger(), Digest: m.Digest, Week: m.WeekDigest,
		Plan: func() web.Plan {
			return web.Plan{Brands: plan.Brands, Zone: plan.Zone, Lang: l.Language, Link: l.Link, Reply: plan.Reply}
		},
		Sources: func(ctx context.Context, now time.Time) (out []web.Source, err error) {
			lines, err := m.Sources(ctx, now)
			for _, x := range lines {
				out = append(out, webSource(x, nil))
			}
			return out, err
		},
	})
	switch t.name {
	case "trends":
		return tellTrends(ctx, srv, given, plan.Zone)
	case "inbox":
		if given["statuses"] == "" {
			given["statuses"] = "new,claimed,snoozed"
		}
	}
	return srv.Read(ctx, t.route, t.asked(given))
}

// A trendRow is what was said on a date, or in the part of a week that was
// asked for. What cannot be known where nothing was said is left out.
type trendRow struct {
	Date     string   `json:"date"`
	Week     string   `json:"week,omitempty"`
	Mentions int      `json:"mentions"`
	Negative int      `json:"negative"`
	Neutral  int      `json:"neutral"`
	Positive int      `json:"positive"`
	Net      *float64 `json:"net_sentiment,omitempty"`
	Rated    int      `json:"rated"`
	Stars    *float64 `json:"stars,omitempty"`
	rating   float64
}

func (r *trendRow) add(d trend.Day) {
	r.Negative, r.Neutral, r.Positive = r.Negative+d.Negative, r.Neutral+d.Neutral, r.Positive+d.Positive
	r.Rated, r.rating = r.Rated+d.Rated, r.rating+d.Rating
	if r.Mentions = r.Negative + r.Neutral + r.Positive; r.Mentions > 0 {
		net := trend.NetSentiment(r.Negative, r.Neutral, r.Positive)
		r.Net = &net
	}
	if r.Rated > 0 {
		stars := 1 + 4*r.rating/float64(r.Rated)
		r.Stars = &stars
	}
}

// tellTrends lines counts up, with zeros where nothing was said.
func tellTrends(ctx context.Context, srv *web.Server, given map[string]string, zone *time.Location) (any, error) {
	weekly := given["per"] == "week"
	delete(given, "per")
	counts, err := srv.Read(ctx, "series", given)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(counts)
	if err != nil {
		return nil, err
	}
	out := struct {
		Brand string             `json:"brand"`
		Zone  string             `json:"zone"`
		From  time.Time          `json:"from"`
		To    time.Time          `json:"to"`
		Steps []puskaradio.Count `json:"steps,omitempty"`
		All   trendRow           `json:"all"`
		Rows  []trendRow         `json:"rows"`
	}{Rows: []trendRow{}}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, err
	}
	out.All.Date = out.From.In(zone).Format(time.DateOnly)
	for _, d := range trend.Days(out.Steps, out.From, out.To.Add(-time.Nanosecond), zone) {
		out.All.add(d)
		week := puskaradio.WeekID(d.At.Add(12 * time.Hour).In(zone))
		if n := len(out.Rows); !weekly || n == 0 || out.Rows[n-1].Week != week {
			out.Rows = append(out.Rows, trendRow{Date: d.At.In(zone).Format(time.DateOnly)})
		}
		row := &out.Rows[len(out.Rows)-1]
		if weekly {
			row.Week = week
		}
		row.add(d)
	}
	out.Steps = nil
	return out, nil
}

// A capped keeps the beginning of what is written to it.
type capped struct {
	bytes.Buffer
	most int
	over bool
}

// Write implements [io.Writer]. It takes everything, and keeps what fits.
func (c *capped) Write(p []byte) (int, error) {
	keep := p[:min(len(p), c.most-c.Len())]
	c.over = c.over || len(keep) < len(p)
	_, _ = c.Buffer.Write(keep) // never fails
	return len(p), nil
}

// longestAnswer is how many bytes of an answer are taken before its texts are
// cut.
const longestAnswer = 64 << 20

// askByItself answers a question by a command line of its own, so that it is
// done where the data directory is open, and it is not held open in between.
func (a *app) askByItself(ctx context.Context, tool string, arguments json.RawMessage) ([]byte, error) {
	args := []string{"--config=" + a.file, "mcp", "ask", tool}
	if len(arguments) > 0 {
		args = append(args, string(arguments)) // it begins with a brace, and is no flag
	}
	out, talk := &capped{most: longestAnswer}, &capped{most: 64 << 10}
	one := &app{in: strings.NewReader(""), out: out, err: talk, dir: a.dir}
	code := one.run(ctx, args)
	switch {
	case out.over:
		return nil, errors.New("the answer is too long: ask for less, with a smaller limit or a shorter time")
	case code == exitDone && ctx.Err() == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	for line := range strings.Lines(talk.String()) {
		if why, ok := strings.CutPrefix(line, "puskaradio: "); ok {
			return nil, errors.New(strings.TrimSpace(why))
		}
	}
	return nil, fmt.Errorf("it failed with code %d", code)
}

// tidyText takes out of a text what a reader does not see, for it could hold
// what a person would not let pass: control signs, signs of direction, letters
// of private use, piles of marks. What is longer than most letters is cut.
func tidyText(s string, most int) string {
	var b strings.Builder
	marks, n := 0, 0
	for i, r := range s {
		switch {
		case r == utf8.RuneError || r == '\r' || unicode.IsControl(r) && r != '\n' && r != '\t',
			unicode.Is(unicode.Cf, r) && r != 0x200c && r != 0x200d, // which letters and emoji are joined by
			unicode.Is(unicode.Co, r), unicode.Is(unicode.Cs, r), r >= 0xe0000 && r <= 0xe0fff:
			continue
		case r >= 0xfe00 && r <= 0xfe0f:
			marks += 4 // one or two are enough
		case unicode.In(r, unicode.Mn, unicode.Me), r == 0x200c, r == 0x200d:
			marks++
		default:
			marks = 0
		}
		if marks > 8 {
			continue
		}
		if n++; n > most {
			fmt.Fprintf(&b, " … (cut; %d letters more)", utf8.RuneCountInString(s[i:]))
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
