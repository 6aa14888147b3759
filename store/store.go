// Package store remembers: mentions and their versions, what was counted,
// who answered, what was told, and what is to be done when.
//
// It decides nothing. [Store] and [Queue] are the contracts; [Bolt] is the
// engine for one process, in one directory, and [Postgres] the one for several,
// in a database. Both pass one conformance suite, see testStore, and ask one set
// of rules, see filing. [Migrate] moves all from one into the other.
package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// A Job is something to be done by the clock: a crawl of a source, a
// detection for a brand, a delivery. Its key makes it unique.
type Job struct {
	Key   string        `json:"key"`
	Kind  string        `json:"kind"`
	Lane  string        `json:"lane,omitempty"` // jobs of one lane run one after another
	Due   time.Time     `json:"due"`            // zero, as the outcome of a run: done, forget it
	Every time.Duration `json:"every,omitempty"`
	Fails int           `json:"fails,omitempty"` // failed runs in a row
	Since time.Time     `json:"since,omitzero"`  // when it was first scheduled, or last succeeded
	Asked int           `json:"asked,omitempty"` // how often it was scheduled while it was there
	Again time.Time     `json:"again,omitzero"`  // for when, the last time
}

// rounded is a job with its times as every engine keeps them: UTC, to the
// millisecond.
func (j Job) rounded() Job {
	for _, at := range []*time.Time{&j.Due, &j.Since, &j.Again} {
		*at = at.UTC().Truncate(time.Millisecond)
	}
	return j
}

// A Queue runs jobs when they are due, each by one holder at a time, at
// least once.
type Queue interface {
	// Schedule adds jobs. A job whose key is already there is left as it is,
	// but for its Every, its Lane and, where the new Due is earlier, its Due. A job that
	// is scheduled while it runs will run again.
	Schedule(ctx context.Context, jobs ...Job) error
	// Unschedule forgets jobs.
	Unschedule(ctx context.Context, keys ...string) error
	// Jobs lists the jobs whose key begins with a prefix, by key.
	Jobs(ctx context.Context, prefix string) ([]Job, error)
	// Run calls handle with each job that is due and puts back what it
	// returns: to run again when that is due, or to forget when its Due is
	// zero. After an error the job comes back with one more in Fails, after a
	// pause that doubles from a second to a quarter of an hour, and no sooner
	// than a puskaradio.RetryError asks for; a puskaradio.PermanentError ends it,
	// unless it recurs: then it comes back after Every. A job that was running
	// when the process died runs again. Run blocks until ctx is done and what
	// it started has returned.
	Run(ctx context.Context, handle func(context.Context, Job) (Job, error)) error
}

// A Crawl is what one page of a source brought. It is kept whole, with the
// cursor, or not at all.
type Crawl struct {
	Source   string
	Brands   []string             // those that the source is read for; Gone is looked up under each
	Job      string               // the key that the cursor is kept under
	Cursor   []byte               // nil leaves it as it was
	Mentions []puskaradio.Mention // scored, with their brand; Published is where they are filed
	Gone     []string             // keys of mentions that are deleted at the source
	Ledger   puskaradio.Coverage  // added to the line of its source and hour, unless its Source is empty
	Jobs     []Job                // scheduled in the same transaction if anything is new or has changed
}

// A Stored says what became of a [Crawl].
type Stored struct {
	New     []puskaradio.ID // in the order of Mentions
	Changed []puskaradio.ID // edited, or back after a deletion
	Gone    []puskaradio.ID
	Same    int
}

// An Entry is a mention as it is stored.
type Entry struct {
	ID      puskaradio.ID      `json:"id"`
	Mention puskaradio.Mention `json:"mention"`
	Status  puskaradio.Status  `json:"status,omitempty"` // of its case; empty if it has none
}

// A Stamp is a mention as those see it who count.
type Stamp struct {
	ID    puskaradio.ID
	At    time.Time        // UTC, to the second
	Label puskaradio.Label // negative is what is so by any scorer
	Gone  bool             // deleted at the source
	Copy  bool             // it repeats another, see [puskaradio.Mention]
}

// A Filter chooses mentions. The zero value of a field chooses all.
type Filter struct {
	Brand    string
	From, To time.Time          // published in [From, To)
	Labels   []puskaradio.Label // negative is what is so by any scorer, see [puskaradio.Score.Alarming]
	Sources  []string
	Statuses []puskaradio.Status // for the inbox
	// Corrected chooses those that a person has judged.
	Corrected bool
	Limit     int    // the most to give; zero is 50
	After     string // the token that the last page ended with
}

// A Limit says which mentions of a source must go.
type Limit struct {
	Source string
	Before time.Time // what was published before it
	Gone   bool      // what was deleted at the source
}

// A Step is the width of a series.
type Step int

// The steps. Hours are kept for sixty days, days for ever.
const (
	Hour Step = iota
	Day       // a date in the zone of the store
)

// A Store keeps what was heard and done.
type Store interface {
	Queue

	// Commit keeps a crawl. Doing it twice is doing it once.
	Commit(ctx context.Context, c Crawl) (Stored, error)
	// Cursor is what the last [Crawl] of a job left; nil if there was none.
	Cursor(ctx context.Context, job string) ([]byte, error)

	// Mention looks one up. An empty brand looks under all of them.
	Mention(ctx context.Context, brand string, id puskaradio.ID) (Entry, error)
	// Mentions are those that a filter chooses, the newest first, and the
	// token of the next page; it is empty on the last.
	Mentions(ctx context.Context, f Filter) ([]Entry, string, error)
	// Stamps are the mentions of a brand that were published in [from, to), by
	// time. It never reads a text.
	Stamps(ctx context.Context, brand string, from, to time.Time) ([]Stamp, error)
	// Search finds mentions by words: all of them, in any order and inflection;
	// "in quotes" as a phrase; ending in * as a prefix. The newest come first.
	Search(ctx context.Context, query string, f Filter) ([]Entry, string, error)
	// Series are the counts of a brand from one time to another, of all sources
	// together, by time; steps without mentions are left out. SeriesBySource has
	// them by time and source. Neither ever reads a mention.
	Series(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error)
	SeriesBySource(ctx context.Context, brand string, from, to time.Time, step Step) ([]puskaradio.Count, error)

	// Inbox are the cases that a filter chooses, the newest first.
	Inbox(ctx context.Context, f Filter) ([]puskaradio.Case, string, error)
	// Case looks one up.
	Case(ctx context.Context, brand string, id puskaradio.ID) (puskaradio.Case, error)
	// Past is what an author has said about a brand at a source, in any case of
	// the letters: at most so many cases, the newest first. It looks at the newest
	// thousand of the author's mentions there and no further, and never across
	// sources. Without an author, or of an erased one, it is empty.
	Past(ctx context.Context, brand, source, author string, most int) (Past, error)
	// SetCustomer says who an author at a source is, in place of what was said
	// before; an empty key takes it away. Of an erased author it answers
	// puskaradio.ErrNotFound. The cases of the author have the key from then on.
	SetCustomer(ctx context.Context, c puskaradio.Customer) error
	// Customers are all that were said, by source and author.
	Customers(ctx context.Context) ([]puskaradio.Customer, error)
	// Pseudonyms are what authors are called instead of their names. Whatever asks
	// for an author by name finds what is kept under either.
	Pseudonyms() Pseudonyms
	// Waiting counts the open cases of a brand by status.
	Waiting(ctx context.Context, brand string) (map[puskaradio.Status]int, error)
	// Move takes a case from one status to the next. It answers
	// puskaradio.ErrTaken, with the case as it is, if its status is not was.
	// A mention that had no case gets one when was is empty. From a status to
	// the same it is a note: who has the case stays, and so does the end of a
	// snooze, unless until gives another; Aside is set. A change that undoes the
	// one before it is taken only while that is the last, and of the same
	// person: else it is puskaradio.ErrTaken, too. For has the case then. So is one
	// that settles a proposal which waits no more, and one whose Once a change of
	// the case has already. Its jobs are scheduled if it is taken, or neither.
	Move(ctx context.Context, brand string, id puskaradio.ID, was puskaradio.Status, c puskaradio.Change, until time.Time, jobs ...Job) (puskaradio.Case, error)
	// Correct puts a person's verdict beside the scorer's; nil takes it back.
	// The counts follow.
	Correct(ctx context.Context, brand string, id puskaradio.ID, s *puskaradio.Score) error

	// AddAlert keeps an alert and schedules its jobs, or neither. An alert
	// that is already there with the same or a later Rev is left alone.
	AddAlert(ctx context.Context, a puskaradio.Alert, jobs ...Job) (added bool, err error)
	Alert(ctx context.Context, id string) (puskaradio.Alert, error)
	// Alerts are those of a brand that were decided in [from, to), by time. An
	// empty brand means all.
	Alerts(ctx context.Context, brand string, from, to time.Time) ([]puskaradio.Alert, error)
	// AddDigest keeps a digest and schedules its jobs, or neither, unless
	// there is one of that brand and date.
	AddDigest(ctx context.Context, d puskaradio.Digest, jobs ...Job) (added bool, err error)
	Digest(ctx context.Context, brand, date string) (puskaradio.Digest, error)

	// SetSent remembers where a message went. It is called after it was sent.
	SetSent(ctx context.Context, key string, s Sent) error
	// Sent is what [Store.SetSent] was told; puskaradio.ErrNotFound before.
	Sent(ctx context.Context, key string) (Sent, error)

	// People are those who may sign in, by name.
	People(ctx context.Context) ([]puskaradio.Person, error)
	// SetPerson keeps a person, in place of who has had that name. One without a
	// role may not enter any more.
	SetPerson(ctx context.Context, p puskaradio.Person) error
	// Tokens are those that programs ask with, by name.
	Tokens(ctx context.Context) ([]puskaradio.Token, error)
	// SetToken keeps a token, in place of the one that has had that name. One
	// without a role lets nobody in any more.
	SetToken(ctx context.Context, t puskaradio.Token) error
	// UseToken notes when a token was used, unless it has another hash by now or
	// was used later.
	UseToken(ctx context.Context, name, hash string, at time.Time) error
	// Record adds a line to the audit log, which nothing changes afterwards.
	Record(ctx context.Context, d puskaradio.Deed) error
	// Deeds are the lines of the audit log before a time, the newest first, at
	// most so many.
	Deeds(ctx context.Context, before time.Time, most int) ([]puskaradio.Deed, error)

	// Coverage is the ledger from one time to another, by hour and source.
	Coverage(ctx context.Context, from, to time.Time) ([]puskaradio.Coverage, error)
	// Note adds a line to the ledger, as [Store.Commit] does.
	Note(ctx context.Context, c puskaradio.Coverage) error

	// Retain forgets mentions published before texts, and counts by the hour of
	// before hours; a zero time keeps all. Counts by date stay. It gives how many
	// mentions went.
	Retain(ctx context.Context, texts, hours time.Time) (int, error)
	// Forget forgets the mentions that a limit takes, and what alerts and
	// digests quote of them. All that was counted stays. It gives how many
	// mentions went.
	Forget(ctx context.Context, limits ...Limit) (int, error)
	// Erase forgets everything that an author said at a source, with what people
	// wrote about it and what alerts and digests quote of it, and takes nothing
	// of that author from then on: of the name a digest is kept, to know it by.
	// The customer key of the author goes, too.
	// All that was counted stays.
	Erase(ctx context.Context, source, author string) (Erased, error)
	Close() error
}

// A Past is what [Store.Past] gives.
type Past struct {
	Cases    []puskaradio.Case // a mention that never was a case has no status
	Total    int               // mentions that were looked at
	Negative int               // of them, by any scorer
	More     bool              // there are older ones, which were not looked at
}

// An Erased is what [Store.Erase] did.
type Erased struct {
	Mentions int
	Alerts   []string // the ids of those that quoted some
}

// A Sent is a message that a channel took.
type Sent struct {
	Ref string    `json:"ref"` // the channel's own name for it
	Rev int       `json:"rev"`
	At  time.Time `json:"at"`
}

// A RefusedError says that the data directory, or the database, cannot be used
// as it is, and what to do about it.
type RefusedError struct {
	Dir    string // of a database its address, without user and password
	Reason string
	Advice string
}

func (e *RefusedError) Error() string {
	if strings.HasPrefix(e.Dir, "postgres://") {
		return e.Dir + ": " + e.Reason + "; " + e.Advice
	}
	return "data directory " + e.Dir + ": " + e.Reason + "; " + e.Advice
}

var errClosed = errors.New("store: closed")
