package crawler

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// serveBlueskyBoard searches a board as Bluesky does, with a cursor that
// counts from the newest and so moves with what is written and deleted.
func serveBlueskyBoard(b *board, u *url.URL) (string, error) {
	from, _ := strconv.Atoi(u.Query().Get("cursor")) // none is 0
	since, until := u.Query().Get("since"), cmp.Or(u.Query().Get("until"), "9999")
	var in []int
	for _, n := range b.texts {
		if at := boardTime(n) + ".000Z"; at >= since && at < until {
			in = append(in, n)
		}
	}
	from = min(from, len(in))
	page := in[from:min(from+5, len(in))]
	var items []string
	for _, n := range page {
		items = append(items, fmt.Sprintf(`{"uri":"at://did:plc:a/app.bsky.feed.post/%d","cid":"c%d","author":{"did":"did:plc:a","handle":"a.example"},"record":{"text":"text %d","createdAt":"%sZ"},"indexedAt":"%sZ"}`,
			n, n, n, boardTime(n), boardTime(n)))
	}
	next := ""
	if from+5 < len(in) {
		next = fmt.Sprintf(`,"cursor":"%d"`, from+5)
	}
	return fmt.Sprintf(`{"posts":[%s]%s}`, strings.Join(items, ","), next), nil
}
