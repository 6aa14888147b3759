package crawler

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"github.com/mmcdole/gofeed"
)

// parseFeed reads a feed. Where its form is broken, each item is read by
// itself, and those that cannot be are faults.
func parseFeed(body []byte) (doc *gofeed.Feed, faults []error, err error) {
	if err := checkNesting(body); err != nil {
		return nil, nil, err
	}
	doc, err = gofeedParse(body)
	head, items, tail := cutFeed(body)
	if err == nil && len(doc.Items) >= len(items) {
		return doc, nil, nil
	}
	if err == nil { // gofeed forgives what is broken, with all that follows
		err = fmt.Errorf("broken behind item %d of %d", len(doc.Items), len(items))
	}
	if len(items) == 0 {
		return nil, nil, err
	}
	doc = nil
	faults = []error{fmt.Errorf("feed: %w", err)}
	for i, item := range items {
		one, err := gofeedParse(bytes.Join([][]byte{head, item, tail}, nil))
		if err == nil && len(one.Items) != 1 {
			err = errors.New("nothing in it")
		}
		if err != nil {
			if len(faults) < maxFaults {
				faults = append(faults, fmt.Errorf("item %d: %w", i+1, err))
			}
			continue
		}
		if doc == nil {
			doc = one
		} else {
			doc.Items = append(doc.Items, one.Items...)
		}
	}
	if doc == nil {
		return nil, nil, err
	}
	return doc, faults, nil
}

// gofeedParse is gofeed, whose panics are errors.
func gofeedParse(body []byte) (doc *gofeed.Feed, err error) {
	defer func() {
		if v := recover(); v != nil {
			doc, err = nil, fmt.Errorf("the parser gave up: %.200v", v)
		}
	}()
	p := gofeed.NewParser()
	p.KeepOriginalFeed = true
	return p.Parse(bytes.NewReader(body))
}

var (
	feedItem = regexp.MustCompile(`<(item|entry)[\s>]`)
	feedEnds = map[string]string{"item": "</channel></rss>", "entry": "</feed>"}
)

const (
	maxBroken = 300      // items of a broken feed that are read by themselves
	maxHead   = 32 << 10 // bytes before the first of them
)

// cutFeed cuts an XML feed into what stands before its items, the items, and
// an end that fits.
func cutFeed(body []byte) (head []byte, items [][]byte, tail []byte) {
	text := maskCDATA(body)
	first := feedItem.FindSubmatchIndex(text)
	if first == nil || first[0] > maxHead {
		return nil, nil, nil
	}
	name := string(text[first[2]:first[3]])
	head, tail = body[:first[0]], []byte(feedEnds[name])
	if bytes.Contains(head, []byte("<rdf:RDF")) {
		tail = []byte("</rdf:RDF>") // RSS 1.0 has its items behind the channel
	}
	end := []byte("</" + name + ">")
	for at := first[0]; len(items) < maxBroken; {
		to := bytes.Index(text[at:], end)
		if to < 0 {
			break
		}
		to += at + len(end)
		items = append(items, body[at:to])
		next := feedItem.FindIndex(text[to:])
		if next == nil {
			break
		}
		at = to + next[0]
	}
	return head, items, tail
}

// maskCDATA blanks out what stands in CDATA, so that only markup is left.
func maskCDATA(body []byte) []byte {
	begin := []byte("<![CDATA[")
	if !bytes.Contains(body, begin) {
		return body
	}
	out := bytes.Clone(body)
	for rest := out; ; {
		at := bytes.Index(rest, begin)
		if at < 0 {
			return out
		}
		rest = rest[at+len(begin):]
		end := bytes.Index(rest, []byte("]]>"))
		if end < 0 {
			end = len(rest)
		}
		for i := range rest[:end] {
			rest[i] = ' '
		}
		rest = rest[end:]
	}
}
