// Package puskaradio holds the nouns of a reputation monitor: what is said
// about a brand, where, how it feels, and what we did about it.
//
// It does no I/O, reads no clock and imports nothing of ours. Every other
// package speaks in these types; none of those imports another of its stage.
package puskaradio

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"
)

// A Brand is what people talk about: ours, or a rival's.
type Brand struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Aliases []string `json:"aliases,omitempty"`
	// Require, where it is not empty, lists words of which one must stand in
	// a text that names the brand; Forbid lists words of which none may. They
	// tell the brand from its namesakes.
	Require []string `json:"require,omitempty"`
	Forbid  []string `json:"forbid,omitempty"`
	Rivals  []string `json:"rivals,omitempty"` // ids of the brands to compare with
}

// Names are all the names that the brand goes by.
func (b Brand) Names() []string { return append([]string{b.Name}, b.Aliases...) }

// A Source is a place that is read: an entry in the configuration. The code
// that reads a kind of source is its connector.
type Source struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Every   time.Duration   `json:"every"`
	Brands  []string        `json:"brands,omitempty"` // ids of the brands to look for; empty is all
	About   string          `json:"about,omitempty"`  // id of the brand that everything here is about, which ends matching
	Options json.RawMessage `json:"options,omitempty"`
}

// A Genre says what kind of talk a source carries. How strongly words count
// depends on it: a neutral review is rare, a neutral news item is the rule.
type Genre string

// The genres.
const (
	Social Genre = "social"
	Review Genre = "review"
	News   Genre = "news"
	Survey Genre = "survey"
	Other  Genre = "other"
)

// A Keeping is a retention class: what the terms of a source allow to be kept of
// what it says. The texts of a class go when its time is over, whatever else is
// configured; what was counted stays, for it is nobody's text.
type Keeping string

// The retention classes, the freest first.
const (
	Free      Keeping = ""           // as long as the configuration says
	UntilGone Keeping = "until gone" // until it is deleted at the source
	Month     Keeping = "30 days"    // and then it must be read anew
	Hours     Keeping = "24 hours"   //
	Nothing   Keeping = "nothing"    // it may be shown and counted while it is read
)

// For is how long texts of a class may be kept; zero is without end.
func (k Keeping) For() time.Duration {
	switch k {
	case Month:
		return 30 * 24 * time.Hour
	case Hours:
		return 24 * time.Hour
	}
	return 0
}

// String says a retention class in English, behind "texts are kept".
func (k Keeping) String() string {
	switch k {
	case UntilGone:
		return "until deleted at the source"
	case Month:
		return "30 days, or until deleted at the source"
	case Hours:
		return "24 hours"
	case Nothing:
		return "not at all: counted and told, never stored"
	}
	return "as configured (keep)"
}

// A Rating is a number of stars, or points, on the scale from Worst to Best.
type Rating struct {
	Value float64 `json:"value"`
	Best  float64 `json:"best"`
	Worst float64 `json:"worst,omitempty"`
}

// Share is where the rating stands on its scale, from 0 (worst) to 1 (best).
// A scale of which nothing is known runs from 1 to 5, or to 10 or to 100 if
// the value does not fit.
func (r Rating) Share() float64 {
	best, worst := r.Best, r.Worst
	if best == 0 {
		switch {
		case r.Value <= 5:
			best = 5
		case r.Value <= 10:
			best = 10
		default:
			best = 100
		}
	}
	if worst == 0 && best == 5 {
		worst = 1
	}
	if best <= worst {
		return 0.5
	}
	return min(1, max(0, (r.Value-worst)/(best-worst)))
}

// A DateFrom says where the date of a mention came from.
type DateFrom string

// The origins of a date, the surest first. Only a DatePublished stays the
// same for as long as the mention lives.
const (
	DatePublished DateFrom = "published" // the source's own time of publication
	DateUpdated   DateFrom = "updated"   // the source gives only the last change
	DateRelative  DateFrom = "relative"  // reckoned from "2 days ago"
	DateSeen      DateFrom = "seen"      // the source gives none: when we first saw it
)

// A State says whether a mention still stands at its source.
type State string

// The states of a mention.
const (
	Live    State = ""
	Deleted State = "deleted"
)

// A Mention is one public text about one brand. A text about two brands is
// two mentions. It counts once, however often it is fetched; an edit is a
// version of it, a deletion is a state.
type Mention struct {
	Brand     string    `json:"brand,omitempty"`
	Source    string    `json:"source"`
	Genre     Genre     `json:"genre,omitempty"`
	Ref       string    `json:"ref"` // the source's own name for it, see [Mention.Key]
	URL       string    `json:"url,omitempty"`
	Author    string    `json:"author,omitempty"`
	Title     string    `json:"title,omitempty"`
	Text      string    `json:"text"`
	Lang      string    `json:"lang,omitempty"` // ISO 639-1, as the source says it or the scorer finds it
	Rating    *Rating   `json:"rating,omitempty"`
	About     string    `json:"about,omitempty"` // the thing that was reviewed: a product, a branch
	Reach     int       `json:"reach,omitempty"` // how many follow the author, or voted for the text
	Published time.Time `json:"published"`       // UTC
	DateFrom  DateFrom  `json:"date_from"`
	FirstSeen time.Time `json:"first_seen"` // UTC; when we fetched it first
	State     State     `json:"state,omitempty"`
	Gone      time.Time `json:"gone,omitzero"` // when we saw that it was deleted
	Versions  []Version `json:"versions,omitempty"`
	Owner     *Reply    `json:"owner_reply,omitempty"` // the brand's answer at the source
	Score     *Score    `json:"score,omitempty"`
	Corrected *Score    `json:"corrected,omitempty"` // a person's verdict, which wins
	Flag      string    `json:"flag,omitempty"`      // why it wants an answer; empty if it wants none
	// Story is the ID of the mention that this one repeats, nearly word for word:
	// a repost, a syndicated copy. Empty if it is the first.
	Story ID `json:"story,omitempty"`
}

// A Version is what a mention said before it was edited, the oldest first.
type Version struct {
	Title  string    `json:"title,omitempty"`
	Text   string    `json:"text"`
	Rating *Rating   `json:"rating,omitempty"`
	Until  time.Time `json:"until"` // when we saw that it had changed
}

// Key is what a mention is counted once by, within its brand and source: the
// source's own reference, else a digest of what it says.
func (m *Mention) Key() string {
	if m.Ref != "" {
		return m.Ref
	}
	h := fnv.New128a()
	for _, s := range []string{m.Author, m.Title, m.Text} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	if m.DateFrom == DatePublished {
		fmt.Fprint(h, m.Published.Unix())
	}
	return fmt.Sprintf("~%x", h.Sum(nil))
}

// Verdict is the score that counts: a person's correction, else the
// scorer's, else a neutral one of no confidence.
func (m *Mention) Verdict() Score {
	switch {
	case m.Corrected != nil:
		return *m.Corrected
	case m.Score != nil:
		return *m.Score
	}
	return Score{Label: Neutral}
}

// Hash names a mention for ever: a digest of its brand, source and key.
func (m *Mention) Hash() uint64 {
	h := fnv.New64a()
	for _, s := range []string{m.Brand, m.Source, m.Key()} {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64()
}

// An ID names a stored mention: the second it was filed under and its
// [Mention.Hash]. It is the same in every engine.
type ID string

var idText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID makes the ID of a mention that is filed under a second of Unix time.
func NewID(sec int64, hash uint64) ID {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], uint32(sec))
	binary.BigEndian.PutUint64(b[4:], hash)
	return ID(idText.EncodeToString(b[:]))
}

// Parts is what [NewID] was given.
func (id ID) Parts() (sec int64, hash uint64, err error) {
	b, err := idText.DecodeString(string(id))
	if err != nil || len(b) != 12 {
		return 0, 0, fmt.Errorf("mention %q: %w", string(id), ErrNotFound)
	}
	return int64(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint64(b[4:]), nil
}

// A Label is the feeling of a text in one word.
type Label string

// The labels.
const (
	Negative Label = "negative"
	Neutral  Label = "neutral"
	Positive Label = "positive"
)

// A Score is how a text feels.
type Score struct {
	Label      Label    `json:"label"`
	Value      float64  `json:"value"`      // −1 (negative) … 1 (positive)
	Confidence float64  `json:"confidence"` // 0 … 1: how often such a verdict is right
	Unsure     bool     `json:"unsure"`
	Why        string   `json:"why,omitempty"` // why it is not sure: sarcasm, stars against text, mixed, short, language
	Words      []string `json:"words,omitempty"`
	Aspects    []Aspect `json:"aspects,omitempty"`
	Stage      string   `json:"stage,omitempty"`      // expectation, before, during, after
	Touchpoint string   `json:"touchpoint,omitempty"` // delivery, payment, support, …
	// JourneyWords are the words that told the stage and the touchpoint.
	JourneyWords []string `json:"journey_words,omitempty"`
	Lang         string   `json:"lang,omitempty"`
	Model        string   `json:"model,omitempty"`
	// Embedded is, beside the verdict of an external scorer, that of our own:
	// its label, value, confidence and model.
	Embedded *Score `json:"embedded,omitempty"`
}

// Alarming reports whether a score is negative by any scorer: an external one
// does not silence our own. Whatever counts, flags or raises an alarm asks
// this and not for the label.
func (s *Score) Alarming() bool {
	return s.Label == Negative || s.Embedded != nil && s.Embedded.Label == Negative
}

// An Aspect is what the feeling is about, how that feels, and the words that
// told: the one that names it, then the one that feels, where they are two.
type Aspect struct {
	Name string `json:"name"` // staff, price, delivery, honesty, respect, …
	// Component is the part of the customer's experience that the aspect
	// belongs to: service, product, channels, brand values, personal treatment.
	Component string   `json:"component"`
	Label     Label    `json:"label"`
	Words     []string `json:"words,omitempty"`
}

// A Reply is an answer to a mention: read at the source, or ours to send.
type Reply struct {
	Author string    `json:"author,omitempty"`
	Text   string    `json:"text"`
	At     time.Time `json:"at,omitzero"`
}
