package web

import (
	"bytes"
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A view is what every page shows.
type view struct {
	tongue
	Now     time.Time
	Who     string // empty for a stranger
	Role    puskaradio.Role
	account bool     // they are known by an account of their own
	scoped  []string // the only brands that the person sees; empty is all
	Here    string   // the path, for the mark in the navigation
	Plan    Plan
	Brand   puskaradio.Brand // that the page is about
	Message string           // what has just been done, or why not
	Undo    string           // the token by which it can be taken back; empty if it cannot
	Open    int              // cases that wait, of all brands
	Last    time.Time        // when a source was last read
	OK, All int              // sources
	Keys    bool             // the person wants keys for the inbox
	Every   float64          // seconds after which an open page asks what is new
	waiting map[string]map[puskaradio.Status]int
	query   url.Values
	chosen  string // a language that this request chose
}

// stranger is the view of somebody who is not known.
func (s *Server) stranger(r *http.Request) *view {
	p := s.o.Plan()
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	v := &view{Now: s.now(), Here: r.URL.Path, Plan: p, query: r.URL.Query()}
	v.zone, v.Lang = p.Zone, p.Lang
	if c, err := r.Cookie("lang"); err == nil && isLang(c.Value) {
		v.Lang = c.Value
	}
	off, err := r.Cookie("keys")
	v.Keys, v.Every = err != nil || off.Value != "off", s.every.Seconds()
	if lang := v.query.Get("lang"); isLang(lang) {
		v.Lang, v.chosen = lang, lang
	}
	if !isLang(v.Lang) {
		v.Lang = "en"
	}
	if len(p.Brands) > 0 {
		v.Brand = p.Brands[0]
	}
	if b, ok := p.Brand(v.query.Get("brand")); ok {
		v.Brand = b
	}
	return v
}

func isLang(s string) bool { return s == "fi" || s == "en" }

// as is the view of a person: of the brands that they see.
func (v *view) as(p puskaradio.Person) {
	v.Who, v.Role, v.scoped = p.Name, p.Role, p.Brands
	v.Keys = v.Keys && !p.NoKeys
	if len(p.Brands) == 0 {
		return
	}
	v.Plan.Brands = slices.DeleteFunc(slices.Clone(v.Plan.Brands), func(b puskaradio.Brand) bool { return !p.Sees(b.ID) })
	if !p.Sees(v.Brand.ID) {
		v.Brand = puskaradio.Brand{ID: p.Brands[0]}
		if len(v.Plan.Brands) > 0 {
			v.Brand = v.Plan.Brands[0]
		}
	}
}

// sees is an error about what belongs to a brand that the person does not see:
// it is not there.
func (v *view) sees(brand string) error {
	if p := (puskaradio.Person{Brands: v.scoped}); !p.Sees(brand) {
		return puskaradio.ErrNotFound
	}
	return nil
}

// May reports whether the person may do what needs a role. An owner of some
// brands only is none of all.
func (v *view) May(role string) bool {
	return v.Role.May(puskaradio.Role(role)) && (puskaradio.Role(role) != puskaradio.Owner || len(v.scoped) == 0)
}

// furnish adds what only those see who are signed in.
func (s *Server) furnish(r *http.Request, v *view) error {
	all, err := s.allSources(r.Context())
	if err != nil {
		return err
	}
	v.All = len(all)
	for _, x := range all {
		if x.OK() {
			v.OK++
		}
		if x.Last.After(v.Last) {
			v.Last = x.Last
		}
	}
	for _, b := range v.Plan.Brands {
		by, err := s.o.Store.Waiting(r.Context(), b.ID)
		if err != nil {
			return err
		}
		v.waits(b.ID, by)
	}
	v.Message = v.said()
	if x, ok := s.deeds.of(v.query.Get("undo"), v.Who, v.Now); ok {
		v.Message = cmp.Or(x.text, v.Message)
		if len(x.items) > 0 && v.Now.Sub(x.at) <= undoShown {
			v.Undo = v.query.Get("undo")
		}
	}
	return nil
}

// said tells what the page before this one did.
func (v *view) said() string {
	switch v.query.Get("said") {
	case "claimed":
		return v.T("You have taken this.")
	case "answered":
		return v.T("Marked as answered.")
	case "done":
		return v.T("Closed.")
	case "snoozed":
		return v.T("Put off.")
	case "false_alarm":
		return v.T("Marked as a false alarm.")
	case "new":
		return v.T("Put back for anybody to take.")
	case "corrected":
		return v.T("Your verdict counts from now on.")
	case "noted on a date":
		return v.T("Noted.")
	case "took a note away":
		return v.T("The note is gone.")
	case "noted":
		return v.T("Noted.")
	case "set a customer key":
		return v.T("The customer key is kept.")
	case "took a customer key away":
		return v.T("The customer key is gone.")
	case "not_us":
		return v.T("Marked as a false alarm: it is not about the brand.")
	case "waits":
		return v.T("It waits for a second person now. Nothing has been sent.")
	case "back":
		return v.T("The answer was given back. Nothing was sent.")
	case "sent":
		return v.T("The answer was sent.")
	case "claim":
		return v.T("You have taken this.")
	case "calm":
		return v.T("Marked as a false alarm.")
	case "snooze":
		return v.T("Put off.")
	case "mute":
		return v.T("Nobody is told of this brand's alerts for a while. They are kept all the same.")
	case "unmute":
		return v.T("Alerts of this brand are told again.")
	case "restored":
		return v.T("The scorer's verdict counts again.")
	}
	return ""
}

// With is the address of this page with another value of a parameter.
func (v *view) With(name, value string) string { return v.with(v.Here, name, value) }

// Path is a path with the brand that is looked at.
func (v *view) Path(path string) string {
	if len(v.Plan.Brands) > 1 && v.query.Get("brand") != "" {
		return path + "?" + url.Values{"brand": {v.Brand.ID}}.Encode()
	}
	return path
}

func (v *view) with(path, name, value string) string {
	q := url.Values{}
	for k, vs := range v.query {
		if k != "said" && k != "undo" && k != "lang" && (k != "ticket" || path == "/in") { // at the door it is still to be used
			q[k] = vs
		}
	}
	q.Set(name, value)
	return path + "?" + q.Encode()
}

// ViewPath is the address of a saved view, with what else is chosen.
func (v *view) ViewPath(id string) string {
	return "/inbox?" + v.choose("view", id, narrowing...)
}

// MentionsOf is the address of the mentions of a day.
func (v *view) MentionsOf(day time.Time) string {
	return "/mentions?" + url.Values{"brand": {v.Brand.ID}, "date": {v.Day(day)}}.Encode()
}

// LangOf is a language as a page may say it.
func (v *view) LangOf(lang string) string { return langOf(lang) }

// choose is a query of one new value and those parameters that are to be kept.
func (v *view) choose(name, value string, keep ...string) string {
	q := url.Values{name: {value}}
	for _, k := range keep {
		if x := v.query.Get(k); x != "" {
			q.Set(k, x)
		}
	}
	return q.Encode()
}

// Query is a parameter of the address.
func (v *view) Query(name string) string { return v.query.Get(name) }

// Self is the address of this page.
func (v *view) Self() string { return ours(v.Here + "?" + v.query.Encode()) }

// In reports whether the page belongs to a part of the navigation.
func (v *view) In(part string) bool { return v.Here == part || strings.HasPrefix(v.Here, part+"/") }

// Asset is where a file of ours is.
func (v *view) Asset(name string) (string, error) { return assetPath(name) }

// pages are the templates of all pages, each with what is common to all.
var pages = sync.OnceValues(func() (map[string]*template.Template, error) {
	base, err := template.New("").ParseFS(files, "templates/base.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	entries, err := files.ReadDir("templates")
	if err != nil {
		return nil, err
	}
	out := map[string]*template.Template{}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".html")
		if slices.Contains([]string{"base", "parts"}, name) {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if out[name], err = t.ParseFS(files, "templates/"+e.Name()); err != nil {
			return nil, err
		}
	}
	return out, nil
})

// render writes a page whole, or one that says that it cannot.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, v *view, name string, data any) {
	var b bytes.Buffer
	all, err := pages()
	if err == nil {
		err = all[name].ExecuteTemplate(&b, "base", data)
	}
	if err != nil {
		s.log.Error("page", "path", r.URL.Path, "err", err)
		http.Error(w, v.T("Something went wrong here. It was written to the log."), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // it may have hung up
}

// show is render of a page that is there.
func (s *Server) show(w http.ResponseWriter, r *http.Request, v *view, name string, data any) error {
	s.render(w, r, http.StatusOK, v, name, data)
	return nil
}

type failView struct {
	*view
	Status int
	Reason string
}

// fail writes a page that says what is wrong, in one of the texts of finnish.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, v *view, status int, reason string) {
	s.render(w, r, status, v, "fail", &failView{v, status, v.T(reason)})
}
