package puskaradio

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// LongestCustomer is how many letters a customer key may have.
const LongestCustomer = 100

// A Customer says who an author at one source is in the books of the house. A
// person says so, or a program of the house; it is never guessed, and of the
// same name at another source it says nothing.
type Customer struct {
	Source string    `json:"source"`
	Author string    `json:"author"` // as it stands there; letters' case and spaces do not tell authors apart
	Key    string    `json:"key"`    // what the customer is called there: a number of a CRM, say
	Who    string    `json:"who"`    // who has said so
	At     time.Time `json:"at"`
}

// Check says what is wrong with a customer. An empty key is fine: it takes
// away what there was.
func (c *Customer) Check() error {
	switch {
	case c.Source == "":
		return errors.New("no source")
	case strings.TrimSpace(c.Author) == "":
		return errors.New("no author")
	case len(c.Source) > 1000 || len(c.Author) > 10_000:
		return errors.New("a source or an author of a length that none has")
	}
	return CheckCustomerKey(c.Key)
}

// CheckCustomerKey says what is wrong with a customer key: it is plain text on
// one line, of at most [LongestCustomer] letters, without spaces around it.
func CheckCustomerKey(key string) error {
	switch {
	case !utf8.ValidString(key):
		return errors.New("a customer key that is no UTF-8")
	case utf8.RuneCountInString(key) > LongestCustomer:
		return fmt.Errorf("a customer key has at most %d letters", LongestCustomer)
	case strings.TrimSpace(key) != key:
		return errors.New("a customer key with spaces around it")
	case strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("a customer key with signs that cannot be seen")
	}
	return nil
}
