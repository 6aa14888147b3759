package crawler

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A shop with all that a site can show; HOST is where it runs.
var discoverSite = map[string]string{
	"/": `<!doctype html><html lang="fi"><head><meta name="generator" content="WordPress 6.9"><meta name="generator" content="WooCommerce 10.1">
<meta name="apple-itunes-app" content="app-id=1234567, affiliate-data=x">
<link rel="alternate" type="application/rss+xml" href="/feed/"><link rel="alternate" type="application/rss+xml" href="/comments/feed/">
<link rel=me href="https://mastodon.example/@acme"><script src="//static.lipscore.com/assets/fi/lipscore-v1.js"></script>
<script src="https://js.testfreaks.com/onpage/acme.example/head.js"></script>
<script src="https://staticw2.yotpo.com/AbCdEfGhIjKlMnOpQrSt/widget.js"></script>
<script>jdgm = {}; jdgm.SHOP_DOMAIN = 'acme.myshopify.com';</script>
<script src="https://apps.bazaarvoice.com/deployments/acme/main_site/production/fi_FI/bv.js"></script></head>
<body><div class="trustpilot-widget" data-businessunit-id="0123456789abcdef01234567"></div>
<a href="/asiakkaat">Kokemuksia meist&auml;</a> <a href="/secret/arvostelut">Arvostelut</a> <a href="/broken-blog">Blogi</a>
<a href="https://apps.apple.com/fi/app/acme/id7654321?mt=8">App</a> <a href="https://play.google.com/store/apps/details?hl=fi&amp;id=com.acme.app">App</a>
<a href="https://bsky.app/profile/acme.example">Bluesky</a> <a href="https://twitter.com/acme_fi">X</a> <a href="https://x.com/intent/tweet?text=1">share</a>
<a href="https://www.youtube.com/channel/UCaaaaaaaaaaaaaaaaaaaaaa">Y</a> <a href="https://fi.trustpilot.com/review/acme.example">T</a></body></html>`,
	"/robots.txt":         "User-agent: *\nDisallow: /secret\nCrawl-delay: 0.01\nSitemap: HOST/sitemap.xml\nsitemap: https://elsewhere.example/sitemap.xml\n",
	"/sitemap.xml":        `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>HOST/posts.xml</loc></sitemap><sitemap><loc>HOST/products.xml</loc></sitemap></sitemapindex>`,
	"/products.xml":       `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>HOST/about</loc></url><url><loc>HOST/tuote/pannu</loc></url></urlset>`,
	"/tuote/pannu":        `<script type="application/ld+json">{"@type":"Product","name":"Pannu","review":{"@type":"Review","author":"Maija","reviewBody":"Hyvä pannu","reviewRating":{"ratingValue":5}}}</script>`,
	"/asiakkaat":          `<div itemscope itemtype="https://schema.org/Review"><span itemprop="author">Åke</span><p itemprop="reviewBody">Nopea toimitus</p></div>`,
	"/secret/arvostelut":  "must not be asked",
	"/kauppa/not-in-here": "must not be asked",
}

func discoverServer(t *testing.T, site map[string]string) (srv *httptest.Server, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	srv = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		body, ok := site[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, ".txt"):
			w.Header().Set("Content-Type", "text/plain")
		case strings.HasSuffix(r.URL.Path, ".xml"):
			w.Header().Set("Content-Type", "application/xml")
		default:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
		}
		fmt.Fprint(w, strings.ReplaceAll(body, "HOST", "http://"+r.Host))
	}))
	t.Cleanup(srv.Close)
	return srv, func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(paths) }
}

func TestDiscover(t *testing.T) {
	srv, asked := discoverServer(t, discoverSite)
	finds, err := Discover(t.Context(), local(t, srv.URL), srv.URL)
	if StateOf(err) != StateBlocked && StateOf(err) != StateGone {
		t.Errorf("error = %v, want one about the pages that could not be read", err)
	}
	var got []string
	for _, f := range finds {
		state := "ready"
		switch {
		case len(f.Needs) > 0:
			state = "needs " + strings.Join(f.Needs, " ")
		case f.Doubt != "":
			state = "doubt"
		}
		got = append(got, fmt.Sprintf("%s %s %s", f.Kind, strings.ReplaceAll(string(f.Options), srv.URL, "HOST"), state))
		if _, err := New(f.Kind, f.Options, anySecret); err != nil {
			t.Errorf("New(%s, %s): %v", f.Kind, f.Options, err)
		}
		if f.Kind == "feed" && f.Robots.Reason == "" {
			t.Errorf("%s has no verdict of robots.txt", f.Options)
		}
	}
	slices.Sort(got)
	want := []string{
		`appstore {"app":"1234567"} ready`,
		`appstore {"app":"7654321","countries":["fi"]} ready`,
		`bazaarvoice {"passkey_env":"BAZAARVOICE_PASSKEY"} needs BAZAARVOICE_PASSKEY`,
		`bluesky {"handle":"acme.example","password_env":"BLUESKY_PASSWORD","stream":true} needs BLUESKY_PASSWORD`,
		`feed {"url":"HOST/comments/feed/"} doubt`,
		`feed {"url":"HOST/feed/"} ready`,
		`googleplay {"package":"com.acme.app","service_account_env":"PLAY_SERVICE_ACCOUNT"} needs PLAY_SERVICE_ACCOUNT`,
		`judgeme {"shop":"acme.myshopify.com","token_env":"JUDGEME_TOKEN"} needs JUDGEME_TOKEN`,
		`lipscore {"key_env":"LIPSCORE_KEY","secret_env":"LIPSCORE_SECRET"} needs LIPSCORE_KEY LIPSCORE_SECRET`,
		`mastodon {"server":"https://mastodon.example","tags":["acme"]} ready`,
		`reviews {"sitemap":"HOST/sitemap.xml"} ready`,
		`reviews {"url":"HOST/asiakkaat"} ready`,
		`reviews {"url":"HOST/tuote/pannu"} ready`,
		`testfreaks {"client":"acme.example","token_env":"TESTFREAKS_TOKEN"} needs TESTFREAKS_TOKEN`,
		`trustpilot {"business_unit":"0123456789abcdef01234567","key_env":"TRUSTPILOT_KEY"} needs TRUSTPILOT_KEY`,
		`trustpilot {"domain":"acme.example","key_env":"TRUSTPILOT_KEY"} needs TRUSTPILOT_KEY`,
		`woocommerce {"site":"HOST/"} ready`,
		`wordpress {"site":"HOST/"} ready`,
		`x {"query":"-from:acme_fi","token_env":"X_BEARER_TOKEN"} needs X_BEARER_TOKEN`,
		`yotpo {"app_key":"AbCdEfGhIjKlMnOpQrSt"} ready`,
		`youtube {"channels":["UCaaaaaaaaaaaaaaaaaaaaaa"],"key_env":"YOUTUBE_KEY"} needs YOUTUBE_KEY`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("finds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, p := range asked() {
		if strings.HasPrefix(p, "/secret") {
			t.Errorf("%s was asked against robots.txt", p)
		}
	}
	if n := len(asked()); n > 2+maxSitePages+maxSiteMaps+1 {
		t.Errorf("%d requests: %q", n, asked())
	}
}

// TestDiscoverHostile reads sites that mean no good.
func TestDiscoverHostile(t *testing.T) {
	many := strings.Repeat(`<link rel=alternate type="application/rss+xml" href="/feed/%d">`, 2000)
	var n []any
	for i := range 2000 {
		n = append(n, i)
	}
	for _, tc := range []struct {
		name, page string
		most       int
	}{
		{"thousands of feeds", fmt.Sprintf(many, n...), maxFindsOfKind},
		{"addresses of inner networks and of no web", `<base href="file:///"><link rel=alternate type="application/rss+xml" href="/etc/passwd"><link rel=me href="javascript:alert(1)">
			<link rel=alternate type="application/rss+xml" href="https://user:hush@feeds.example/">`, 1},
		{"a line break in a name", "<link rel=me href=\"https://m.example/@acme&#10;evil: yes\"><a href=\"https://twitter.com/a\nb\">", 1},
		{"a tag without end", "<a href=" + strings.Repeat("x", 3<<20), 0},
		{"a sea of attributes", "<a " + strings.Repeat("data-ls-product=1 ", 50_000) + ">", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv, _ := discoverServer(t, map[string]string{"/": tc.page, "/robots.txt": strings.Repeat("Sitemap: HOST/loop.xml?\n", 5000), "/loop.xml": `<sitemapindex><sitemap><loc>HOST/loop.xml</loc></sitemap></sitemapindex>`})
			finds, err := Discover(t.Context(), local(t, srv.URL), srv.URL)
			got := 0
			for _, f := range finds {
				if strings.ContainsAny(f.Found+f.Doubt+string(f.Options), "\n\r") || strings.Contains(string(f.Options), "hush") {
					t.Errorf("%+v", f)
				}
				if f.Found != "a sitemap" {
					got++
				}
			}
			if got > tc.most {
				t.Errorf("%d finds, at most %d wanted: %v, %v", got, tc.most, finds, err)
			}
		})
	}
	srv, asked := discoverServer(t, map[string]string{"/robots.txt": "User-agent: *\nDisallow: /", "/": "<p>"})
	if finds, err := Discover(t.Context(), local(t, srv.URL), srv.URL); len(finds) != 0 || StateOf(err) != StateBlocked || len(asked()) != 1 {
		t.Errorf("a site that forbids it: %v, %v, asked %q", finds, err, asked())
	}
	if _, err := Discover(t.Context(), local(t), "ftp://user:hush@acme.example"); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("not of the web: %v", err)
	}
}

func FuzzDiscover(f *testing.F) {
	for _, page := range discoverSite {
		f.Add([]byte(page))
	}
	f.Add([]byte(`<link rel=me href="//[::1/@a"><a href=http://xn--/@b rel=me><base href="?"><link rel=alternate type=application/atom+xml href=//x/%zz>`))
	f.Fuzz(func(t *testing.T, page []byte) {
		at := &url.URL{Scheme: "https", Host: "acme.example", Path: "/"}
		d := &discovery{home: at, seen: map[string]bool{}, counts: map[string]int{}}
		d.marks(page, at)
		d.site()
		for _, find := range d.finds {
			if _, err := New(find.Kind, find.Options, anySecret); err != nil {
				t.Errorf("New(%s, %s): %v", find.Kind, find.Options, err)
			}
			if strings.ContainsAny(find.Found, "\n\r\x00") || find.Found == "" {
				t.Errorf("found %q", find.Found)
			}
		}
	})
}
