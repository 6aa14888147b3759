package puskaradio

import (
	"encoding/base32"
	"errors"
	"fmt"
	"hash/fnv"
	"time"
)

// The errors that callers branch on.
var (
	ErrNotFound = errors.New("not found")
	ErrTaken    = errors.New("already taken") // somebody else was first, see [Case]
	// Of an answer that waits for a second person:
	ErrOwn     = errors.New("another person than who wrote it must approve it, where both are known by their own account")
	ErrChanged = errors.New("the post has changed since the answer was written")
)

// A RetryError says: not before After has passed. Zero leaves it to the caller.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }
func (e *RetryError) Unwrap() error { return e.Err }

// A Turn is what processes that ask the same host tell each other of it.
type Turn struct {
	Last  time.Time     // when somebody last asked, or was last answered; zero is never
	Held  time.Time     // the host wants to be left alone until then
	Delay time.Duration // adapted to how fast the host answers; zero is not yet known
}

// A PermanentError says: never again, until a person has changed something.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// A TakenError says who was faster, and in what. It is an [ErrTaken].
type TakenError struct {
	By string
	At time.Time
	As Status // Claimed, or FalseAlarm
}

func (e *TakenError) Error() string { return fmt.Sprintf("%s by %s: %v", e.As, e.By, ErrTaken) }
func (e *TakenError) Unwrap() error { return ErrTaken }

// The rules that raise alerts.
const (
	RuleSpike  = "negative spike"
	RuleUrgent = "urgent post" // one post that must not wait
	RuleLive   = "live review" // a text that may be read only where it stands
	// Beside them: one topic among what is said, stars that have fallen, a
	// source that says nothing any more.
	RuleTopic   = "topic spike"
	RuleRating  = "rating drop"
	RuleSilence = "gone quiet"
)

// A Severity says how large the trouble of an alert is.
type Severity string

// The severities, by the usual practice that only what is large wakes people.
const (
	Notice  Severity = "notice" // there is evidence
	Serious Severity = "alert"  // at least ten posts and five times the usual
	Crisis  Severity = "crisis" // at least thirty posts and ten times, or three sources at once
)

// An Alert is a decision to speak up, with its evidence. Its ID is made of
// brand, rule and window, so that deciding twice is deciding once.
type Alert struct {
	ID       string    `json:"id"`
	Brand    string    `json:"brand"`
	Name     string    `json:"name"` // the brand's name
	Rule     string    `json:"rule"`
	From     time.Time `json:"from"` // the window that was judged
	To       time.Time `json:"to"`
	Negative int       `json:"negative"` // negative mentions in it
	Total    int       `json:"total"`
	Usual    float64   `json:"usual"`       // negative mentions that such a window usually has
	UsualAll float64   `json:"usual_total"` // mentions that it usually has
	// UsualHigh is what nineteen of twenty such windows stay under, in negative
	// mentions.
	UsualHigh float64   `json:"usual_high,omitempty"`
	Odds      float64   `json:"odds"`                    // the chance of it in any one hour by luck alone, 0 … 1
	Severity  Severity  `json:"severity,omitempty"`      // notice, alert, crisis
	MoreNeg   float64   `json:"more_negative,omitempty"` // the chance that the share of negative talk has risen, 0 … 1
	Words     []string  `json:"words,omitempty"`         // that the negative mentions share, and others before did not
	Topic     string    `json:"topic,omitempty"`
	TopicN    int       `json:"topic_n,omitempty"` // negative mentions about the topic
	Quotes    []Quote   `json:"quotes,omitempty"`  // the worst first
	Hours     []Point   `json:"hours,omitempty"`   // negative mentions by the hour, for the chart
	Coverage  string    `json:"coverage"`          // what was heard and what was not, at the time
	Decided   time.Time `json:"decided"`
	State     string    `json:"state"`           // open, updated, over
	Rev       int       `json:"rev"`             // counts the updates
	Muted     bool      `json:"muted,omitempty"` // nobody was told, as the brand is muted
	Until     time.Time `json:"until"`           // while open, the end of its cool-down
	First     int       `json:"first,omitempty"` // negative mentions when it was decided
	Fresh     ID        `json:"fresh,omitempty"` // the worst mention that came since the Rev before
	// Claimed says who looks after it, Calmed who called it a false alarm; nil
	// is nobody. Until Snoozed nobody is reminded of it.
	Claimed *Hand     `json:"claimed,omitempty"`
	Calmed  *Hand     `json:"false_alarm,omitempty"`
	Snoozed time.Time `json:"snoozed,omitzero"`
	// Source is the one that has gone quiet, and Reads how often it was read
	// well since From.
	Source string `json:"source,omitempty"`
	Reads  int    `json:"reads,omitempty"`
	Stars  *Stars `json:"stars,omitempty"` // that have fallen
}

// Stars are the ratings of a window beside those of the year before it, from 1
// to 5.
type Stars struct {
	Now   float64 `json:"now"`
	Usual float64 `json:"usual"` // what its sources would give together
	N     int     `json:"n"`
	Year  int     `json:"year"` // ratings in that year
}

// A Hand is who did something, and when.
type Hand struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Waits reports whether an alert wants somebody to look after it: it goes on,
// or is one post that somebody must answer, and nobody has said anything to it.
func (a *Alert) Waits() bool {
	switch {
	case a.Claimed != nil, a.Calmed != nil, a.Muted:
		return false
	case a.Rule == RuleUrgent:
		return true
	}
	return a.State != "over" && (a.Rule == RuleSpike || a.Rule == RuleTopic)
}

// A Point is one step of a chart.
type Point struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// A Quote is a mention as an alert or a digest shows it.
type Quote struct {
	ID        ID        `json:"id"`
	Source    string    `json:"source"`
	Author    string    `json:"author,omitempty"`
	Title     string    `json:"title,omitempty"`
	Text      string    `json:"text"`
	Lang      string    `json:"lang,omitempty"`
	Rating    *Rating   `json:"rating,omitempty"`
	URL       string    `json:"url,omitempty"`
	Label     Label     `json:"label"`
	Value     float64   `json:"value"`
	Published time.Time `json:"published"`
	Copies    int       `json:"copies,omitempty"` // how often others have repeated it
}

// QuoteOf is the quote of a stored mention.
func QuoteOf(id ID, m *Mention) Quote {
	v := m.Verdict()
	return Quote{
		ID: id, Source: m.Source, Author: m.Author, Title: m.Title, Text: m.Text, Lang: m.Lang,
		Rating: m.Rating, URL: m.URL, Label: v.Label, Value: v.Value, Published: m.Published,
	}
}

// AlertID is the id of an alert: eight characters, the same for the same
// brand, rule and window.
func AlertID(brand, rule string, window time.Time) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%d", brand, rule, window.Unix())
	b := h.Sum(nil)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:5])
}

// A Digest is what was said about a brand on a local date, or in a week of
// them. It is kept as sent.
type Digest struct {
	Brand    string  `json:"brand"`
	Name     string  `json:"name"`
	Date     string  `json:"date"` // 2026-11-20, in the time zone of the brand; of a week 2026-W47
	Zone     string  `json:"zone"`
	Total    int     `json:"total"`
	Negative int     `json:"negative"`
	Neutral  int     `json:"neutral"`
	Positive int     `json:"positive"`
	Usual    float64 `json:"usual"`          // mentions on such a weekday, by the last eight
	UsualNeg float64 `json:"usual_negative"` // negative ones
	Waiting  int     `json:"waiting"`        // cases that nobody has answered
	// Oldest is when the longest waiting author wrote; zero if none waits.
	Oldest time.Time `json:"oldest,omitzero"`
	Need   []Quote   `json:"need,omitempty"`   // what needs an answer, at most five
	Topics []Topic   `json:"topics,omitempty"` // what people talked about, at most five
	Good   []Quote   `json:"good,omitempty"`   // good ones to share, at most three
	Days   []Point   `json:"days,omitempty"`   // negative mentions by day, for the chart
	// Reputation is the score at the end of the day, Before that of a week before.
	Reputation *Reputation `json:"reputation,omitempty"`
	Before     *Reputation `json:"reputation_before,omitempty"`
	Share      []Voice     `json:"share_of_voice,omitempty"`
	Sources    int         `json:"sources"`            // sources that should have answered
	Failed     []string    `json:"failed,omitempty"`   // those that did not, in words
	Late       bool        `json:"late,omitempty"`     // sent past its hour
	Decided    time.Time   `json:"decided"`            // when it was put together
	Language   string      `json:"language,omitempty"` // fi or en
	// Week is what the digest of a week holds besides; nil in that of a date. The
	// figures are then of the week, and what is usual of the weeks before it.
	Week *Week `json:"week,omitempty"`
}

// A Reputation is how people speak of a brand, on a date.
type Reputation struct {
	Method   int     `json:"method"` // the version of the formula, see docs/reputation.md
	Value    float64 `json:"value"`  // 0 … 100; 50 where nothing is known
	Low      float64 `json:"low"`    // that and High hold it in nineteen of twenty cases
	High     float64 `json:"high"`
	Mentions int     `json:"mentions"` // that were counted
}

// A Topic is an aspect with how often it came up and one quote.
type Topic struct {
	Name     string `json:"name"`
	Total    int    `json:"total"`
	Negative int    `json:"negative"`
	Quote    string `json:"quote,omitempty"`
	// ID and Source are of the mention that is quoted.
	ID     ID     `json:"id,omitempty"`
	Source string `json:"source,omitempty"`
}

// A Voice is a brand's part of all mentions of it and its rivals.
type Voice struct {
	Brand string  `json:"brand"`
	Total int     `json:"total"`
	Share float64 `json:"share"` // 0 … 1
}

// Coverage is one line of the ledger: what became of one source in one hour.
// Silence must never look like calm.
type Coverage struct {
	Source  string    `json:"source"`
	Hour    time.Time `json:"hour"`    // UTC, on the hour
	Fetches int       `json:"fetches"` // pages asked for
	Failed  int       `json:"failed"`  // of these, how many gave no answer that could be read
	Items   int       `json:"items"`   // texts read
	New     int       `json:"new"`     // of these, mentions not seen before
	Faults  int       `json:"faults"`  // items that could not be read
	State   string    `json:"state"`   // ok, or a word for what is wrong: blocked, limited, login, refused, unreadable, unreachable
	Problem string    `json:"problem,omitempty"`
	At      time.Time `json:"at"` // the last fetch
}

// A Count is a step of a series: what was said about a brand in an hour or on a
// local date, at one source or, where Source is empty, at all.
type Count struct {
	At       time.Time `json:"at"` // the start of the step
	Source   string    `json:"source,omitempty"`
	Negative int       `json:"negative"`
	Neutral  int       `json:"neutral"`
	Positive int       `json:"positive"`
	Value    float64   `json:"value"`  // the sum of the scores
	Rated    int       `json:"rated"`  // how many had stars
	Rating   float64   `json:"rating"` // the sum of their shares, 0 … 1 each
}

// Total is the number of mentions in the step.
func (c Count) Total() int { return c.Negative + c.Neutral + c.Positive }
