// Package web is the dashboard: the digest, the inbox, the trends, the alerts
// and the sources, as pages that need no script. The only one there is, of our
// own, moves through the inbox by keys and says what is new.
//
// It writes what strangers have said as text and as nothing else, asks nobody
// but its own server, and lets nobody in without a session.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// A Plan is what is configured at the moment.
type Plan struct {
	Brands []puskaradio.Brand
	Zone   *time.Location // nil is UTC
	Lang   string         // fi or en: for those who have not chosen
	Link   string         // the address that others reach the dashboard at; empty if none
	Reply  puskaradio.ReplyClock
	// Proxies are the addresses of those before us that say truly where a
	// request comes from, and in Header, where it is named, who sends it. Who is
	// not among the people of the store has HeaderRole then; empty is none.
	Proxies    []netip.Prefix
	Header     string
	HeaderRole puskaradio.Role
	OIDC       *OIDC // that signs people in; nil if none does
	// Second are the brands whose answers a second person approves too.
	Second map[string]bool
	Hook   *Hook // that a program of the house comes in by; nil if none does
}

// Brand is the brand of an id, if it is configured.
func (p *Plan) Brand(id string) (puskaradio.Brand, bool) {
	for _, b := range p.Brands {
		if b.ID == id {
			return b, true
		}
	}
	return puskaradio.Brand{ID: id, Name: id}, false
}

// A Source is how a source is.
type Source struct {
	ID, Kind string
	Brands   []string // ids of those that it is read for; empty is all
	State    string   // ok, silent, never read, or what is wrong with it in a word
	Problem  string
	Last     time.Time // when it was last read with success; zero if never
	Next     time.Time
	New      int     // mentions of the last 24 hours
	Usual    float64 // and of a usual day
	Fetches  int     // of the last 24 hours
	Failed   int
	Delay    string // how soon a post is heard at best
	Keep     puskaradio.Keeping
	Terms    string
}

// OK reports whether a source is read as it should be.
func (s Source) OK() bool { return s.State == "ok" }

// Options are what a [Server] works with. All but Log and Now are needed.
type Options struct {
	Store store.Store
	// Plan is asked on every request, for a configuration may be read anew.
	Plan func() Plan
	// Sources are how the sources are at a time.
	Sources func(ctx context.Context, now time.Time) ([]Source, error)
	// Digest makes the digest of a day of which none was sent.
	Digest func(ctx context.Context, b puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error)
	// Week makes that of a week of which none was sent.
	Week func(ctx context.Context, b puskaradio.Brand, on, now time.Time) (puskaradio.Digest, error)
	// Rehearse replays the rule of spikes over a stretch of a brand's history.
	Rehearse func(ctx context.Context, brand string, from, now time.Time) (Rehearsal, error)
	Alerts   Alerter
	Answers  Answerer
	// Erase forgets an author at a source, and gives how many mentions went.
	Erase func(ctx context.Context, source, author string) (int, error)
	// CaseJobs are kept with a step of a case, and tell others of it; nil is none.
	CaseJobs func(brand string, id puskaradio.ID, at time.Time) []store.Job
	// Moved is told of each case that has moved.
	Moved func(ctx context.Context, c *puskaradio.Case) error
	// Mute says nothing of a brand's alerts until a time; zero takes that back.
	Mute func(ctx context.Context, brand string, until time.Time, who string) error
	// Muted is until when nothing is said; zero if nothing is muted.
	Muted func(ctx context.Context, brand string, now time.Time) (time.Time, error)
	// Correction is a person's verdict on a mention: a label, with what else
	// the scorer found. It reports false for what is no label.
	Correction func(m *puskaradio.Mention, label string) (puskaradio.Score, bool)
	// Settings shows the configuration and tries it.
	Settings Settings
	// SurveyOf is the kind of survey that a rating is an answer to: nps, csat, ces,
	// or nothing.
	SurveyOf func(r *puskaradio.Rating) string
	Log      *slog.Logger     // nil is [slog.Default]
	Now      func() time.Time // nil is [time.Now]
}

// A Server answers the requests of browsers.
type Server struct {
	o        Options
	log      *slog.Logger
	now      func() time.Time
	handler  http.Handler
	sessions sessions
	signIns  signIns
	issuers  issuers
	exports  exports
	brake    brake
	requests requests
	deeds    deeds
	looks    looks
	drafting busy
	ledger   ledger
	every    time.Duration // after which an open page asks what is new

	annotating sync.Mutex // held while annotations change
	hooking    sync.Mutex // held while a hook is followed
	trying     sync.Mutex // held while something of the configuration is tested

	mu       sync.Mutex // guards what follows
	sources  []Source
	sourceAt time.Time
}

// New makes a server. Nobody can enter before [Server.Ticket] was called.
func New(o Options) *Server {
	s := &Server{o: o, log: o.Log, now: o.Now, every: newsEvery, ledger: ledger{most: heardMost}}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.issuers.client = issuerClient(issuerPatience)
	s.handler = s.requests.counted(s.guard(s.routes()))
	return s
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// HTTP is an [http.Server] for s whose limits let nobody hold it up.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// A page answers a request of somebody who may see it. An error becomes a page
// that says so.
type page func(w http.ResponseWriter, r *http.Request, v *view) error

// A guarded is a page and the role that it needs.
type guarded struct {
	need puskaradio.Role
	page page
}

// pages are what those can ask for who are signed in.
func (s *Server) pages() map[string]guarded {
	const reader, agent, owner = puskaradio.Reader, puskaradio.Agent, puskaradio.Owner
	return map[string]guarded{
		"GET /{$}":              {reader, s.home},
		"GET /digest":           {reader, s.digestPage},
		"GET /digest/{date}":    {reader, s.digestPage},
		"GET /inbox":            {reader, s.inboxPage},
		"POST /inbox/do":        {agent, s.moveMany},
		"GET /inbox/new":        {reader, s.newsOf},
		"GET /mentions":         {reader, s.mentionsPage},
		"GET /m/{id}":           {reader, s.mentionPage},
		"POST /m/{id}/move":     {agent, s.move},
		"POST /m/{id}/correct":  {agent, s.correct},
		"POST /m/{id}/answer":   {agent, s.answer},
		"POST /m/{id}/customer": {agent, s.setCustomer},
		"POST /undo":            {agent, s.undo},
		"GET /a/{id}":           {reader, s.alertPage},
		"POST /a/{id}/do":       {agent, s.handle},
		"GET /s/{id}":           {reader, s.storyPage},
		"GET /rehearse":         {reader, s.rehearsePage},
		"GET /trends":           {reader, s.trendsPage},
		"POST /trends/notes":    {agent, s.annotate},
		"GET /trends/compare":   {reader, s.comparePage},
		"GET /trends/journey":   {reader, s.journeyPage},
		"GET /trends/ratings":   {reader, s.ratingsPage},
		"GET /sources":          {reader, s.sourcesPage},
		"GET /me":               {reader, s.mePage},
		"POST /me":              {reader, s.changePassword},
		"POST /me/keys":         {reader, s.setKeys},
		"GET /people":           {owner, s.peoplePage},
		"POST /people":          {owner, s.setPeople},
		"GET /tokens":           {owner, s.tokensPage},
		"POST /tokens":          {owner, s.setTokens},
		"GET /log":              {owner, s.logPage},
		"GET /settings":         {owner, s.settingsPage},
		"POST /settings/try":    {owner, s.try},
		"GET /erase":            {owner, s.erasePage},
		"POST /erase":           {owner, s.erase},
		"POST /out":             {reader, s.signOut},
		"GET /{path...}":        {reader, s.nowhere},
	}
}

// routes are all that can be asked for. The others are open to strangers.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, x := range s.pages() {
		mux.Handle(pattern, s.signedIn(x.need, x.page))
	}
	mux.HandleFunc("GET /in", s.door)
	mux.HandleFunc("POST /in", s.enter)
	mux.HandleFunc("GET "+oidcBegin, s.beginOIDC)
	mux.HandleFunc("GET "+oidcBack, s.endOIDC)
	mux.HandleFunc("GET /api/health", s.health)
	mux.HandleFunc("GET /api/openapi.json", serveOpenAPI)
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	mux.HandleFunc("POST "+hookPath, s.hook)
	api := s.api()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isAPI(r) {
			api.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (s *Server) home(w http.ResponseWriter, r *http.Request, _ *view) error {
	http.Redirect(w, r, "/digest", http.StatusSeeOther)
	return nil
}

func (s *Server) nowhere(http.ResponseWriter, *http.Request, *view) error {
	return puskaradio.ErrNotFound
}

// health says whether the store answers, for those who keep programs running.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	w.Header().Set("Content-Type", "application/json")
	if _, err := s.o.Store.Sent(ctx, "health"); err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
		s.log.Error("health", "err", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"status":"store"}` + "\n")) // it may have hung up
		return
	}
	_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
}

// sourcesFor is how long what is known of the sources is shown: it is on every
// page, and takes a read of the ledger.
const sourcesFor = 5 * time.Second

// allSources are how the sources are, as they were a few seconds ago at most.
func (s *Server) allSources(ctx context.Context) ([]Source, error) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := now.Sub(s.sourceAt); d >= 0 && d < sourcesFor {
		return s.sources, nil
	}
	all, err := s.o.Sources(ctx, now)
	if err != nil {
		return nil, err
	}
	s.sources, s.sourceAt = all, now
	return all, nil
}

// hostOf is the host and port of a link; empty if it has none.
func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Host
}

// isLoopback reports whether a host, with or without its port, is a name of
// this machine to itself.
func isLoopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
