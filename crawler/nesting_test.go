package crawler

import (
	"strings"
	"testing"
	"time"
)

func TestCheckNesting(t *testing.T) {
	for name, tt := range map[string]struct {
		in, err string
	}{
		"deep":             {strings.Repeat("<a>", 1_000_000), "nests deeper than 64"},
		"deep as can":      {strings.Repeat("<a>", 64) + strings.Repeat("</a>", 64), ""},
		"long":             {strings.Repeat("<a/>", 1_000_001), "more than 1000000 elements"},
		"cdata":            {"<a><![CDATA[" + strings.Repeat("<b>", 1000) + "]]></a>", ""},
		"comment":          {"<a><!--" + strings.Repeat("<b>", 1000) + "--></a>", ""},
		"behind cdata":     {"<a><![CDATA[x]]>" + strings.Repeat("<b>", 100), "nests deeper"},
		"in attributes":    {`<a x="` + strings.Repeat("<b>", 100), "nests deeper"}, // no XML, but parsers differ
		"json":             {"{" + strings.Repeat(`"a":{`, 100), "nests deeper"},
		"json text":        {`{"a":"` + strings.Repeat(`[{\"`, 1000) + `"}`, ""},
		"a billion laughs": {`<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><rss version="2.0"><channel><item><title>&b;</title></item></channel></rss>`, ""},
	} {
		began := time.Now()
		if err := checkNesting([]byte(tt.in)); (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, want %q", name, err, tt.err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	doc, _, err := parseFeed([]byte(`<!DOCTYPE l [<!ENTITY a "` + strings.Repeat("lol", 1000) + `">]><rss version="2.0"><channel><item><title>&a;&a;</title><guid>1</guid></item></channel></rss>`))
	if err == nil && len(doc.Items) > 0 && strings.Contains(doc.Items[0].Title, "lol") {
		t.Errorf("an entity of the document was read: %.40q", doc.Items[0].Title)
	}
}
