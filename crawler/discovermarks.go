package crawler

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

const (
	maxFinds       = 60      // of a site
	maxFindsOfKind = 8       // so that a page of links to apps is not a list of sources
	maxMarkBytes   = 4 << 20 // of a page that marks are looked for in
)

// A hint is a mark by which a page shows that a source exists. Its pattern
// finds what the options need; a text that does not match it is no hint.
type hint struct {
	kind, found string // found has the match as %s
	form        *regexp.Regexp
	options     func(m []string) map[string]any
}

// linkHints are looked for in the addresses that a page links to.
var linkHints = []hint{
	{"appstore", "an app in the App Store, %s", regexp.MustCompile(`^https?://(?:apps|itunes)\.apple\.com/(?:([a-z]{2})/)?app/(?:[^/?#]+/)?id([0-9]{5,15})(?:[/?#]|$)`), func(m []string) map[string]any {
		if m[1] == "" {
			return map[string]any{"app": m[2]}
		}
		return map[string]any{"app": m[2], "countries": []string{m[1]}}
	}},
	{"googleplay", "an app in the Play Store, %s", regexp.MustCompile(`^https?://play\.google\.com/store/apps/details\?(?:[^#]*&)?id=([A-Za-z][A-Za-z0-9_]{0,60}(?:\.[A-Za-z][A-Za-z0-9_]{0,60}){1,6})(?:[&#]|$)`), func(m []string) map[string]any {
		return map[string]any{"package": m[1], "service_account_env": "PLAY_SERVICE_ACCOUNT"}
	}},
	{"steam", "a game or program at Steam, %s", regexp.MustCompile(`^https?://store\.steampowered\.com/app/([1-9][0-9]{0,9})(?:[/?#]|$)`), func(m []string) map[string]any {
		return map[string]any{"app": m[1]}
	}},
	{"bluesky", "an account of Bluesky, %s", regexp.MustCompile(`^https?://bsky\.app/profile/([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5})(?:[/?#]|$)`), func(m []string) map[string]any {
		return map[string]any{"handle": m[1], "password_env": "BLUESKY_PASSWORD", "stream": true}
	}},
	{"x", "an account of X, %s", regexp.MustCompile(`^https?://(?:www\.|mobile\.)?(?:x|twitter)\.com/(?:#!/)?@?([A-Za-z0-9_]{1,15})(?:[/?]|$)`), func(m []string) map[string]any {
		switch strings.ToLower(m[1]) {
		case "intent", "share", "home", "search", "hashtag", "i":
			return nil
		}
		return map[string]any{"token_env": "X_BEARER_TOKEN", "query": "-from:" + m[1]}
	}},
	{"youtube", "a channel of YouTube, %s", regexp.MustCompile(`^https?://(?:www\.|m\.)?youtube\.com/channel/(UC[A-Za-z0-9_-]{22})(?:[/?#]|$)`), func(m []string) map[string]any {
		return map[string]any{"key_env": "YOUTUBE_KEY", "channels": []string{m[1]}}
	}},
	{"youtube", "a channel of YouTube, %s; its id (UC…) can be added as channels", regexp.MustCompile(`^https?://(?:www\.|m\.)?youtube\.com/(?:@|c/|user/)([\pL\pN_.-]{1,60})(?:[/?#]|$)`), func([]string) map[string]any {
		return map[string]any{"key_env": "YOUTUBE_KEY", "search": true}
	}},
	{"threads", "an account of Threads, %s", regexp.MustCompile(`^https?://(?:www\.)?threads\.(?:net|com)/@([A-Za-z0-9_.]{1,30})(?:[/?#]|$)`), func([]string) map[string]any {
		return map[string]any{"token_env": "THREADS_TOKEN"}
	}},
	{"trustpilot", "a page at Trustpilot, %s", regexp.MustCompile(`^https?://(?:[a-z]{2}\.|www\.)?trustpilot\.(?:com|fi)/(?:review|evaluate)/([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5})(?:[/?#]|$)`), func(m []string) map[string]any {
		return map[string]any{"domain": strings.TrimPrefix(m[1], "www."), "key_env": "TRUSTPILOT_KEY"}
	}},
	{"tripadvisor", "a place at Tripadvisor, %s", regexp.MustCompile(`^https?://(?:www\.)?tripadvisor\.[a-z.]{2,6}/[A-Za-z]+_Review-g[0-9]+-d([0-9]{3,12})-`), func(m []string) map[string]any {
		return map[string]any{"locations": []string{m[1]}, "key_env": "TRIPADVISOR_KEY"}
	}},
	{"googleplaces", "a place of Google, %s; of one's own place the kind googlebusiness tells more", regexp.MustCompile(`^https?://search\.google\.com/local/writereview\?(?:[^#]*&)?placeid=([A-Za-z0-9_-]{10,300})(?:[&#]|$)`), func(m []string) map[string]any {
		return map[string]any{"places": []string{m[1]}, "key_env": "PLACES_KEY"}
	}},
}

// textHints are looked for in the addresses of scripts and in scripts.
var textHints = []hint{
	{"lipscore", "the widget of Lipscore (%s)", regexp.MustCompile(`(?:static|wapi)\.lipscore\.com|\blipscore\.init\b`), func([]string) map[string]any {
		return map[string]any{"key_env": "LIPSCORE_KEY", "secret_env": "LIPSCORE_SECRET"}
	}},
	{"testfreaks", "the widget of TestFreaks, %s", regexp.MustCompile(`\bjs\.testfreaks\.com/(?:onpage|badge)/([A-Za-z0-9._-]{1,80})/`), func(m []string) map[string]any {
		return map[string]any{"client": m[1], "token_env": "TESTFREAKS_TOKEN"}
	}},
	{"judgeme", "the widget of Judge.me, %s", regexp.MustCompile(`\bjdgm\.SHOP_DOMAIN\s*=\s*['"]([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5})['"]`), judgeMeShop},
	{"judgeme", "the widget of Judge.me, %s", regexp.MustCompile(`\bjudge\.me/[^\s'"<>]{0,300}[?&](?:amp;)?shop(?:_domain)?=([a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60}){1,5})`), judgeMeShop},
	{"yotpo", "the widget of Yotpo, %s", regexp.MustCompile(`\b(?:staticw2\.yotpo\.com|cdn-widgetsrepository\.yotpo\.com/v1/loader)/([A-Za-z0-9_-]{10,80})(?:[/?'"\s]|$)`), func(m []string) map[string]any {
		return map[string]any{"app_key": m[1]}
	}},
	{"bazaarvoice", "the widget of Bazaarvoice (%s)", regexp.MustCompile(`\b(?:apps|display|api)\.bazaarvoice\.com/`), func([]string) map[string]any {
		return map[string]any{"passkey_env": "BAZAARVOICE_PASSKEY"}
	}},
}

func judgeMeShop(m []string) map[string]any {
	return map[string]any{"shop": m[1], "token_env": "JUDGEME_TOKEN"}
}

// A marksReader looks for marks in one page.
type marksReader struct {
	at, home *url.URL // the page, and the front page of the site
	base     *url.URL
	give     func(kind, found string, options map[string]any)

	links     []siteLink // to pages of the same site
	wordPress bool
	woo       bool
	discourse bool
	script    bool // the text that comes is that of a script
	anchor    int  // of links, whose words come; -1 is none
}

// A siteLink is a link within the site, with its words.
type siteLink struct{ url, words string }

// read goes through the page once.
func (r *marksReader) read(page []byte) {
	r.base, r.anchor = r.at, -1
	z := html.NewTokenizer(strings.NewReader(utf8Page(page[:min(len(page), maxMarkBytes)])))
	z.SetMaxBuf(1 << 20)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			tag := string(name)
			attrs := map[string]string{}
			for range 60 {
				k, v, more := z.TagAttr()
				if len(k) > 0 && len(v) < 8<<10 {
					attrs[string(k)] = strings.TrimSpace(string(v))
				}
				if !more {
					break
				}
			}
			r.tag(tag, attrs)
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				r.anchor = -1
			}
			r.script = false
		case html.TextToken:
			switch {
			case r.script:
				r.text(string(z.Text()))
			case r.anchor >= 0 && len(r.links[r.anchor].words) < 100:
				r.links[r.anchor].words += " " + foldText(string(z.Text()), 100)
			}
		}
	}
}

func (r *marksReader) tag(tag string, a map[string]string) {
	r.script = tag == "script"
	switch tag {
	case "base":
		if u := r.address(a["href"]); u != nil {
			r.base = u
		}
	case "meta":
		r.meta(strings.ToLower(a["name"]), a["content"])
	case "link":
		r.link(strings.ToLower(a["rel"]), strings.ToLower(a["type"]), a["href"])
	case "a", "area":
		r.anchored(strings.ToLower(a["rel"]), a["href"])
	case "body":
		r.woo = r.woo || hasWord(a["class"], "woocommerce-no-js") || hasWord(a["class"], "woocommerce-js")
	case "script", "img", "iframe":
		if src := a["src"]; src != "" {
			r.text(src)
			r.woo = r.woo || strings.Contains(src, "/wp-content/plugins/woocommerce/")
		}
	}
	if unit := a["data-businessunit-id"]; unit != "" && len(unit) == 24 && strings.Trim(unit, "0123456789abcdef") == "" {
		r.give("trustpilot", "the widget of Trustpilot, "+unit, map[string]any{"business_unit": unit, "key_env": "TRUSTPILOT_KEY"})
	}
	for k := range a {
		switch {
		case strings.HasPrefix(k, "data-ls-product"):
			r.text("lipscore.init")
		case k == "data-bv-show" || k == "data-bv-product-id":
			r.text("apps.bazaarvoice.com/")
		}
	}
}

func (r *marksReader) meta(name, content string) {
	low := strings.ToLower(content)
	switch {
	case name == "generator":
		r.wordPress = r.wordPress || strings.HasPrefix(low, "wordpress")
		r.woo = r.woo || strings.HasPrefix(low, "woocommerce")
		r.discourse = r.discourse || strings.HasPrefix(low, "discourse ")
	case name == "apple-itunes-app":
		for part := range strings.SplitSeq(content, ",") {
			if id, ok := strings.CutPrefix(strings.TrimSpace(part), "app-id="); ok && appNumber.MatchString(id) {
				r.give("appstore", "an app in the App Store, "+id, map[string]any{"app": id})
			}
		}
	}
}

func (r *marksReader) link(rel, kind, href string) {
	u := r.address(href)
	if u == nil {
		return
	}
	switch {
	case hasWord(rel, "alternate") && (strings.HasSuffix(kind, "rss+xml") || strings.HasSuffix(kind, "atom+xml") || kind == "application/feed+json"):
		r.give("feed", "a feed", map[string]any{"url": u.String()})
	case hasWord(rel, "https://api.w.org/"):
		r.wordPress = true
	case hasWord(rel, "me"):
		r.mastodon(u)
	}
}

func (r *marksReader) anchored(rel, href string) {
	u := r.address(href)
	if u == nil {
		return
	}
	if near(u.String(), r.home.String()) {
		if len(r.links) < 500 {
			r.links = append(r.links, siteLink{url: u.String()})
			r.anchor = len(r.links) - 1
		}
		return
	}
	if hasWord(rel, "me") {
		r.mastodon(u)
	}
	r.match(linkHints, u.String())
}

var mastodonName = regexp.MustCompile(`^/@([A-Za-z0-9_]{1,30})/?$`)

// mastodon takes an address that the site calls its own for an account, if it
// looks like one. Its name is the hashtag that people are likeliest to use.
func (r *marksReader) mastodon(u *url.URL) {
	m := mastodonName.FindStringSubmatch(u.Path)
	host := strings.ToLower(u.Host)
	switch bare := strings.TrimPrefix(host, "www."); {
	case m == nil || u.RawQuery != "", bare == "threads.net", bare == "threads.com", bare == "youtube.com", bare == "tiktok.com", bare == "medium.com":
		return
	}
	r.give("mastodon", fmt.Sprintf("an account of Mastodon, @%s@%s", m[1], host), map[string]any{"server": u.Scheme + "://" + host, "tags": []string{m[1]}})
}

// address is where a link leads, nil if not into the web.
func (r *marksReader) address(href string) *url.URL {
	if href == "" || len(href) > 2048 {
		return nil
	}
	u, err := url.Parse(href)
	if err != nil {
		return nil
	}
	if u, err = checkURL(r.base.ResolveReference(u).String()); err != nil {
		return nil
	}
	return u
}

func (r *marksReader) text(s string) { r.match(textHints, s) }

func (r *marksReader) match(hints []hint, s string) {
	for _, h := range hints {
		m := h.form.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		if o := h.options(m); o != nil {
			r.give(h.kind, fmt.Sprintf(h.found, m[len(m)-1]), o)
		}
	}
}

// optionsJSON writes options as a person would, without escapes for HTML.
func optionsJSON(o map[string]any) json.RawMessage {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(o); err != nil {
		return nil // of strings and lists of them, never
	}
	return json.RawMessage(strings.TrimSpace(b.String()))
}
