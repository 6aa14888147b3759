package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Settings shows what is configured, and tries it. It never changes it: that
// is done in the file.
type Settings interface {
	Configured(ctx context.Context) (Configured, error)
	// TestChannel sends a marked test message, and gives the channel's name for it.
	TestChannel(ctx context.Context, id string) (ref string, err error)
	// TestSource reads a source now, and keeps what it says.
	TestSource(ctx context.Context, id string) (Crawled, error)
}

// Configured is what stands in the configuration.
type Configured struct {
	File     string
	Text     string
	Fault    string // why the file, as it is, could not be put in force; empty if it is
	Keep     time.Duration
	Channels []Channel
}

// A Channel is where messages go.
type Channel struct {
	ID, Kind, Lang           string
	Alerts, Digests, Weeklys bool
}

// Crawled is what one reading of a source brought.
type Crawled struct {
	Pages, Items, New, Changed, Gone int
	Faults                           []string
	More                             bool // it was not read to its end
}

type settingsView struct {
	*view
	Configured
	Lines   []string // of the file, with what looks like a secret masked
	Masked  int      // of these
	Cut     bool     // there are more
	Sources []Source
	Tried   string // the id of what was tested
	Failed  string // why that did not work
	Crawled *Crawled
}

// settingsLines is how many lines of the configuration are shown.
const settingsLines = 3000

// tryFor is how long a test may take: less than an answer may.
const tryFor = 45 * time.Second

func (s *Server) settingsPage(w http.ResponseWriter, r *http.Request, v *view) error {
	p, err := s.settingsView(r.Context(), v)
	if err != nil {
		return err
	}
	return s.show(w, r, v, "settings", p)
}

func (s *Server) settingsView(ctx context.Context, v *view) (*settingsView, error) {
	v.Here = "/settings"
	p := &settingsView{view: v}
	var err error
	if p.Configured, err = s.o.Settings.Configured(ctx); err != nil {
		return nil, err
	}
	if p.Sources, err = s.allSources(ctx); err != nil {
		return nil, err
	}
	p.Lines, p.Masked = maskLines(strings.Split(strings.TrimRight(strings.ToValidUTF8(p.Text, "�"), "\n"), "\n"))
	if len(p.Lines) > settingsLines {
		p.Lines, p.Cut = p.Lines[:settingsLines], true
	}
	p.Text, p.Fault = "", maskText(p.Fault)
	return p, nil
}

// try tests a channel or a source, and shows what came of it.
func (s *Server) try(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	p, err := s.settingsView(r.Context(), v)
	if err != nil {
		return err
	}
	do, id := r.PostForm.Get("do"), r.PostForm.Get("id")
	switch {
	case do == "channel" && slices.ContainsFunc(p.Channels, func(c Channel) bool { return c.ID == id }):
	case do == "source" && slices.ContainsFunc(p.Sources, func(x Source) bool { return x.ID == id }):
	case do == "channel" || do == "source":
		return puskaradio.ErrNotFound
	default:
		return errForm
	}
	if !s.trying.TryLock() {
		v.Message = v.T("Another test is going on. Try again in a moment.")
		s.render(w, r, http.StatusConflict, v, "settings", p)
		return nil
	}
	defer s.trying.Unlock()
	ctx, cancel := context.WithTimeout(r.Context(), tryFor)
	defer cancel()
	p.Tried = id
	if err := s.record(r, v.Who, "tested a "+do, id); err != nil {
		return err
	}
	if do == "channel" {
		var ref string
		if ref, err = s.o.Settings.TestChannel(ctx, id); err == nil {
			v.Message = v.T("A test message went to %s (%s).", id, ref)
		}
	} else {
		var got Crawled
		if got, err = s.o.Settings.TestSource(ctx, id); err == nil {
			p.Crawled, v.Message = &got, v.T("%s was read: %s pages, %s texts, %s new, %s changed, %s deleted.", id, v.Num(got.Pages), v.Num(got.Items), v.Num(got.New), v.Num(got.Changed), v.Num(got.Gone))
		}
	}
	status := http.StatusOK
	if err != nil {
		p.Failed, status = maskText(err.Error()), http.StatusBadGateway
	}
	s.render(w, r, status, v, "settings", p)
	return nil
}

// Days is a time in whole days.
func (p *settingsView) Days(d time.Duration) string { return p.Num(int(d / (24 * time.Hour))) }
