package peers

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/crowd"
)

// shopPage is page n of a review site: about 47 KB, twenty reviews in JSON-LD
// and again in plain HTML, sixty links that each stand twice.
func shopPage(n int) string {
	const words = "Toimitus oli nopea ja paketti tuli ehjänä perille, mutta laite piti kovaa ääntä jo toisella viikolla eikä asiakaspalvelu vastannut. "
	var b, data strings.Builder
	fmt.Fprintf(&b, "<!doctype html><html lang=\"fi\"><head><meta charset=\"utf-8\"><title>Tuote %d – Kauppa</title>\n", n)
	fmt.Fprintf(&data, `{"@context":"https://schema.org","@type":"Product","name":"Tuote %d","aggregateRating":`+
		`{"@type":"AggregateRating","ratingValue":"3,4","reviewCount":20},"review":[`, n)
	for i := range 20 {
		if i > 0 {
			data.WriteByte(',')
		}
		fmt.Fprintf(&data, `{"@type":"Review","author":{"@type":"Person","name":"Asiakas %d-%d"},"datePublished":"2026-11-%02dT10:00:00+02:00",`+
			`"name":"Otsikko %d","reviewBody":"%s%d","reviewRating":{"@type":"Rating","ratingValue":%d,"bestRating":5}}`, n, i, i+1, i, strings.Repeat(words, 3), i, i%5+1)
	}
	data.WriteString("]}")
	fmt.Fprintf(&b, "<script type=\"application/ld+json\">%s</script></head><body>\n", data.String())
	links := func() {
		for i := range 60 {
			fmt.Fprintf(&b, "<li class=\"nav-item nav-item--leaf\" role=\"none\"><a class=\"nav-link\" href=\"/tuote/%d?vari=musta&amp;koko=%d\">Kahvinkeitin %d</a></li>\n", (n+i)%5000, i, i)
		}
	}
	links()
	for i := range 20 {
		fmt.Fprintf(&b, "<article class=\"card card--wide\" data-id=\"%d\" data-track=\"view,helpful,report\" role=\"listitem\"><h3 class=\"card__title\">Otsikko %d</h3><p class=\"card__by\">Asiakas %d, %d.11.2026</p>"+
			"<div class=\"card__stars card__stars--small card__stars--gold\" aria-label=\"%d tähteä\"></div><p>%s%d</p></article>\n", i, i, i, i+1, i%5+1, strings.Repeat(words, 3), i)
	}
	links()
	b.WriteString("</body></html>")
	return b.String()
}

// The site has 5,000 pages in one sitemap.
const (
	sitePages = 5000
	siteMaps  = 1
)

// TestMain is the site when it is told so: in a process of its own, so that
// its work is not counted as a crawler's.
func TestMain(m *testing.M) {
	if os.Getenv("PEERS_SITE") == "" {
		os.Exit(m.Run())
	}
	pages := make([]string, sitePages)
	for i := range pages {
		pages[i] = shopPage(i)
	}
	http.HandleFunc("/tuote/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n >= len(pages) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, pages[n])
	})
	http.HandleFunc("/{map}", func(w http.ResponseWriter, r *http.Request) {
		var k int
		if _, err := fmt.Sscanf(r.PathValue("map"), "sitemap-%d.xml", &k); err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprint(w, `<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
		for i := k * sitePages / siteMaps; i < (k+1)*sitePages/siteMaps; i++ {
			fmt.Fprintf(w, "<url><loc>http://%s/tuote/%d</loc></url>", r.Host, i)
		}
		fmt.Fprint(w, "</urlset>")
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Getenv("PEERS_SITE"), nil))
	os.Exit(1)
}

// site starts the site and gives its address.
func site(b *testing.B) string {
	b.Helper()
	const addr = "127.0.0.1:18473"
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PEERS_SITE="+addr)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	for range 200 {
		if resp, err := http.Get("http://" + addr + "/tuote/0"); err == nil {
			_ = resp.Body.Close()
			return "http://" + addr
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatal("the site does not answer")
	return ""
}

// crawlOurs reads the whole site with the product's own connector and client:
// robots.txt, one lane, address checks, colly, extraction of all reviews.
func crawlOurs(b *testing.B, base string) (pages, reviews int) {
	u, _ := url.Parse(base)
	port, _ := strconv.Atoi(u.Port())
	c := &crawler.Client{
		Agent: "puskaradio/0.1 (+bench@puskaradio.example)", Delay: -1, Ports: []uint16{uint16(port)},
		Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
	defer c.Close()
	for k := range siteMaps {
		options, _ := json.Marshal(map[string]any{"sitemap": fmt.Sprintf("%s/sitemap-%d.xml", base, k), "max_pages": sitePages / siteMaps})
		p, r := crawlSource(b, c, options)
		pages, reviews = pages+p, reviews+r
	}
	return pages, reviews
}

func crawlSource(b *testing.B, c *crawler.Client, options json.RawMessage) (pages, reviews int) {
	r, err := crawler.New("reviews", options, nil)
	if err != nil {
		b.Fatal(err)
	}
	q := crawler.Query{Source: puskaradio.Source{ID: "bench"}, Now: time.Now().UTC()}
	for {
		page, err := r.Fetch(b.Context(), c, q)
		if err != nil {
			b.Fatal(err)
		}
		for _, f := range page.Faults {
			b.Fatal(f)
		}
		if len(page.Mentions) > 0 {
			pages++
			reviews += len(page.Mentions)
		}
		if q.Cursor = page.Cursor; !page.More {
			return pages, reviews
		}
	}
}

const spider = `
import json, scrapy
class Shop(scrapy.spiders.SitemapSpider):
    name = "shop"
    sitemap_urls = ["%s/sitemap-%%d.xml" %% k for k in range(%d)]
    custom_settings = {"LOG_LEVEL": "ERROR", "CONCURRENT_REQUESTS": 16, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False}
    pages = reviews = 0
    def parse(self, response):
        self.pages += 1
        links = {response.urljoin(h) for h in response.css("a::attr(href)").getall()}
        for block in response.css('script[type="application/ld+json"]::text').getall():
            data = json.loads(block)
            for r in data.get("review", []):
                self.reviews += 1
                yield {"author": r["author"]["name"], "date": r["datePublished"], "title": r["name"], "text": r["reviewBody"],
                       "rating": r["reviewRating"]["ratingValue"], "about": data["name"], "links": len(links)}
    def closed(self, reason):
        print(json.dumps({"pages": self.pages, "reviews": self.reviews}))
`

func crawlScrapy(b *testing.B, base string) (pages, reviews int, used, took time.Duration, rss int64) {
	file := filepath.Join(b.TempDir(), "shop.py")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(spider, base, siteMaps)), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command("scrapy", "runspider", file)
	cmd.Stderr = os.Stderr
	t0 := time.Now()
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("scrapy: %v (Debian: apt-get install python3-scrapy)", err)
	}
	var got struct{ Pages, Reviews int }
	if err := json.Unmarshal(out, &got); err != nil {
		b.Fatalf("scrapy printed %q", out)
	}
	ru := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return got.Pages, got.Reviews, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(t0), ru.Maxrss >> 10
}

// BenchmarkCrawl reads a local review site of 5,000 pages with all its 100,000
// reviews, with ours and with Scrapy.
func BenchmarkCrawl(b *testing.B) {
	base := site(b)
	c0, t0 := crowd.CPU(), time.Now()
	pages, reviews := crawlOurs(b, base)
	used, took := crowd.CPU()-c0, time.Since(t0)
	if pages != sitePages || reviews != 20*sitePages {
		b.Fatalf("ours read %d pages with %d reviews", pages, reviews)
	}
	b.ReportMetric(float64(pages)/used.Seconds(), "ours-pages/cpu-s")
	b.ReportMetric(float64(pages)/took.Seconds(), "ours-pages/s")
	sp, sr, sUsed, sTook, rss := crawlScrapy(b, base)
	if sp != sitePages || sr != 20*sitePages {
		b.Fatalf("scrapy read %d pages with %d reviews", sp, sr)
	}
	b.ReportMetric(float64(sp)/sUsed.Seconds(), "scrapy-pages/cpu-s")
	b.ReportMetric(float64(sp)/sTook.Seconds(), "scrapy-pages/s")
	b.ReportMetric(float64(rss), "scrapy-MB")
	b.ReportMetric(sUsed.Seconds()/used.Seconds(), "times-less-cpu")
	b.ReportMetric(0, "ns/op")
}
