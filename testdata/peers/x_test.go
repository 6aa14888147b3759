package peers

import (
	ahocorasick "github.com/petar-dambovaliev/aho-corasick"
	"github.com/puskaradio/puskaradio/crawler"
)

var _ = ahocorasick.NewAhoCorasickBuilder
var _ = crawler.NewMatcher
