package crawler

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/puskaradio/puskaradio"
)

// The bounds on one page. A page that breaks one of them gives what was read
// up to there, and a fault.
const (
	maxReviews   = 5000
	maxLinks     = 10000
	maxFaults    = 20
	maxJSONDepth = 64
	maxJSONNodes = 400_000
	maxBlocks    = 2000    // of JSON-LD
	maxTags      = 200_000 // a page with more is not made into a tree
	maxAttrs     = 150_000
	maxTextBytes = 200_000 // of one review
)

// An Extraction is what a page says by itself: the reviews it marks up and
// where it leads.
type Extraction struct {
	// Reviews are in the order of the page, each once, however many notations
	// tell of it. They have no Brand and no Source. One without a date that can
	// be believed has DateSeen and a zero Published.
	Reviews    []puskaradio.Mention
	Aggregates []Aggregate
	Next       string   // the next page of a paged list, absolute; empty if there is none
	Links      []string // absolute http and https addresses without fragments, each once
	Title      string
	Lang       string // ISO 639, as the page says it
	NoIndex    bool   // the page asks not to be indexed, or reserves the right of text mining
	Faults     []error
}

// An Aggregate is a summary of ratings, as the page claims it.
type Aggregate struct {
	About   string
	Rating  puskaradio.Rating
	Count   int // ratings
	Reviews int // ratings with a text
}

// Extract is [ExtractAt] without a clock: relative dates stay unknown, and
// dates that are to come are believed.
func Extract(page []byte, url string) Extraction { return ExtractAt(page, url, time.Time{}) }

// ExtractAt finds the reviews of an HTML page that was read from url at now:
// schema.org in JSON-LD, microdata and RDFa, and the microformats h-review and
// hReview. What cannot be read is a fault and stops nothing else. A page that
// is not UTF-8 is taken by what it declares.
func ExtractAt(page []byte, url string, now time.Time) Extraction {
	if len(page) > largePage {
		largePages <- struct{}{}
		defer func() { <-largePages }()
	}
	x := &extractor{now: now, page: utf8Page(page), url: strings.TrimSpace(url)}
	x.scan()
	x.out.Lang = langCode(x.lang)
	for i, block := range x.blocks {
		nodes, err := readJSON(x.page[block.from:block.to], &x.budget)
		if err != nil && len(x.out.Faults) < maxFaults {
			line := 1 + strings.Count(x.page[:block.from], "\n")
			x.fault(fmt.Errorf("json-ld block %d at line %d: %w", i+1, line, err))
		}
		x.roots = append(x.roots, dataRoot{"json", i, nodes})
	}
	if x.marked {
		x.readTree()
	}
	x.collect()
	x.finish()
	return x.out
}

// Large pages are read one after another: the tree of one takes many times its
// bytes, and a crawl of many sites must not hold as many such trees.
const largePage = 1 << 20

var largePages = make(chan struct{}, 1)

// An extractor holds the work on one page.
type extractor struct {
	now  time.Time
	page string
	url  string
	base *url.URL
	lang string // as the page writes it: fi-FI

	blocks  []byteSpan // of JSON-LD
	marked  bool       // there is markup for reviews in the elements
	tags    int
	attrs   int
	budget  int
	rawSeen map[string]bool // href values that were seen
	linked  map[string]bool // addresses that were seen
	nextBy  int             // how sure Next is: 0 no, 1 by its words, 2 by its class, 3 by rel

	roots   []dataRoot
	ids     map[string]*node // what an @id stands for
	parents map[string]*node // what the review of an @id is about
	found   []*found
	out     Extraction
}

type byteSpan struct{ from, to int }

// A dataRoot holds the nodes that a notation gave.
type dataRoot struct {
	notation string
	block    int
	nodes    []node
}

// A found is a review with what is needed to tell it from the others.
type found struct {
	puskaradio.Mention
	notation string
	block    int  // of the notation; two blocks tell as two notations do
	clock    bool // its date has a time of day
}

func (x *extractor) fault(err error) {
	if len(x.out.Faults) < maxFaults {
		x.out.Faults = append(x.out.Faults, err)
	}
}

// utf8Page is the page in UTF-8. One bad byte in a hundred does not make a
// page Latin-1: it is decoded by its declaration only if most of what is not
// ASCII is no UTF-8.
func utf8Page(page []byte) string {
	wide := bytes.HasPrefix(page, []byte("\xff\xfe")) || bytes.HasPrefix(page, []byte("\xfe\xff"))
	if !wide && utf8.Valid(page) {
		return strings.TrimPrefix(string(page), "\ufeff")
	}
	if !wide {
		bad, good := 0, 0
		for rest := page; len(rest) > 0; {
			r, n := utf8.DecodeRune(rest)
			switch {
			case r == utf8.RuneError && n == 1:
				bad++
			case n > 1:
				good++
			}
			rest = rest[n:]
		}
		if bad <= good/4 {
			return strings.ToValidUTF8(string(page), "\ufffd")
		}
	}
	enc, name, _ := charset.DetermineEncoding(page, "")
	if name == "utf-8" { // declared, but it is not
		enc, _ = charset.Lookup("windows-1252")
	}
	out, err := enc.NewDecoder().Bytes(page)
	if err != nil {
		out = page
	}
	return strings.TrimPrefix(strings.ToValidUTF8(string(out), "\ufffd"), "\ufeff")
}

// langCode is the language of a tag such as fi-FI or en_US.
func langCode(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	s, _, _ = strings.Cut(s, "-")
	s, _, _ = strings.Cut(s, "_")
	if n := len(s); n < 2 || n > 3 {
		return languages[s]
	}
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return ""
		}
	}
	return strings.Clone(s) // s may be a part of the page
}

// languages are names that stand where a code should.
var languages = map[string]string{
	"finnish": "fi", "suomi": "fi", "english": "en", "swedish": "sv", "svenska": "sv",
	"german": "de", "deutsch": "de", "french": "fr", "spanish": "es", "estonian": "et",
}
