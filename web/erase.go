package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

type eraseView struct {
	*view
	Sources        []Source
	Source, Author string // what was asked for; it is not done yet
	Done           bool
	Mentions       int
}

// erasePage asks whom to forget. A link from a mention fills it in.
func (s *Server) erasePage(w http.ResponseWriter, r *http.Request, v *view) error {
	all, err := s.allSources(r.Context())
	if err != nil {
		return err
	}
	return s.show(w, r, v, "erase", &eraseView{view: v, Sources: all, Source: clipRunes(v.Query("source"), 200), Author: clipRunes(v.Query("author"), 500)})
}

// erase forgets an author at a source: once it is asked for, then once more to
// be sure.
func (s *Server) erase(w http.ResponseWriter, r *http.Request, v *view) error {
	if err := r.ParseForm(); err != nil {
		return errForm
	}
	all, err := s.allSources(r.Context())
	if err != nil {
		return err
	}
	source, author := r.PostForm.Get("source"), strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get("author"), ""))
	if author == "" || len(author) > 2000 || !slices.ContainsFunc(all, func(x Source) bool { return x.ID == source }) {
		return errForm
	}
	p := &eraseView{view: v, Sources: all, Source: source, Author: author}
	if r.PostForm.Get("sure") == "yes" {
		if p.Mentions, err = s.o.Erase(r.Context(), source, author); err != nil {
			return err
		}
		p.Done = true
		sum := sha256.Sum256([]byte(author)) // the name itself is to be forgotten
		if err := s.record(r, v.Who, "erased an author", source+" "+hex.EncodeToString(sum[:4])); err != nil {
			return err
		}
	}
	return s.show(w, r, v, "erase", p)
}
