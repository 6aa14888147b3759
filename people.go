package puskaradio

import (
	"slices"
	"time"
)

// A Role says what a person may do in the dashboard; each may do what those
// before it may.
type Role string

// The roles.
const (
	Reader Role = "reader" // sees everything of their brands
	Agent  Role = "agent"  // works on cases and alerts: claims, answers, corrects
	Owner  Role = "owner"  // of all brands: says who may enter, and erases authors
)

// Roles are all of them, the least first.
func Roles() []Role { return []Role{Reader, Agent, Owner} }

// May reports whether a role allows what needs another.
func (r Role) May(need Role) bool {
	have := slices.Index(Roles(), r)
	return have >= 0 && have >= slices.Index(Roles(), need)
}

// A Person is somebody who may sign in.
type Person struct {
	Name   string    `json:"name"` // that they sign in with, and that stands beside what they do
	Role   Role      `json:"role"`
	Brands []string  `json:"brands,omitempty"` // the only ones that they see; empty is all
	Hash   string    `json:"hash,omitempty"`   // of the password; empty: they cannot sign in with one
	Since  time.Time `json:"since,omitzero"`
	NoKeys bool      `json:"no_keys,omitempty"` // single keys do nothing in the dashboard
}

// Sees reports whether a person may see a brand.
func (p *Person) Sees(brand string) bool {
	return len(p.Brands) == 0 || slices.Contains(p.Brands, brand)
}

// A Deed is a line of the audit log: who did what, and to what.
type Deed struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`
	What string    `json:"what"` // a word such as signed in, erased an author
	On   string    `json:"on,omitempty"`
	From string    `json:"from,omitempty"` // the address that it was done from
}

// A Token lets a program ask as a person with a role does.
type Token struct {
	Name    string    `json:"name"` // that stands beside what is done with it
	Role    Role      `json:"role"` // a reader or an agent
	Brands  []string  `json:"brands,omitempty"`
	Hash    string    `json:"hash,omitempty"` // SHA-256 of the secret, in hexadecimal: the secret is kept nowhere
	Since   time.Time `json:"since,omitzero"`
	Expires time.Time `json:"expires,omitzero"` // zero is never
	Used    time.Time `json:"used,omitzero"`    // last, to a minute or so; zero is never
}

// Over reports whether a token lets nobody in any more.
func (t *Token) Over(now time.Time) bool { return !t.Expires.IsZero() && !now.Before(t.Expires) }
