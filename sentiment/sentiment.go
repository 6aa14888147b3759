// Package sentiment says how a text feels, how sure that is, what the feeling
// is about and where on a customer's journey it arose.
package sentiment

import "github.com/puskaradio/puskaradio"

// A Text is what is to be scored.
type Text struct {
	Text   string
	Title  string
	Lang   string // ISO 639-1, as the source says it; empty if it does not
	Genre  puskaradio.Genre
	Rating *puskaradio.Rating
}

// A Scorer scores texts. It gives one score for each text, in their order,
// and the same score for the same text; it may be used by many at a time.
type Scorer interface {
	Score(texts []Text) []puskaradio.Score
}
