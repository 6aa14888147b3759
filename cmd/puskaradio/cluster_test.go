package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/puskaradio/puskaradio/store"
)

var (
	clusterFor     = flag.Duration("cluster.for", 35*time.Second, "how long workers are killed")
	clusterSources = flag.Int("cluster.sources", 200, "how many sources the workers read")
)

const (
	clusterHosts   = 20
	clusterBrands  = 20
	clusterDelay   = 50 * time.Millisecond // between two requests to a host
	clusterWorkers = 3
	clusterKill    = 10 * time.Second // between two kills
)

// A cluster is what is around several workers: the sites that they read, each
// of many feeds, which grow while they are read, and a Slack that keeps what it
// was sent. A site notes when it was asked.
type cluster struct {
	*httptest.Server
	t    *testing.T
	dir  string
	bin  string
	url  string // of the database
	port string

	mu    sync.Mutex
	feeds [][]worldPost
	reads []int                  // of each feed
	asked map[string][]time.Time // by host
	grow  bool
	slackLedger
	used time.Duration // CPU time of the workers that have ended
}

func newCluster(t *testing.T, url string) *cluster {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		t: t, dir: t.TempDir(), bin: bin, url: url,
		feeds: make([][]worldPost, *clusterSources), reads: make([]int, *clusterSources), asked: map[string][]time.Time{}, slackLedger: slackLedger{told: map[string]int{}},
	}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.Listener, err = net.Listen("tcp", "0.0.0.0:0") // all of 127.0.0.0/8 leads here
	if err != nil {
		t.Fatal(err)
	}
	c.Start()
	t.Cleanup(c.Close)
	_, c.port, _ = net.SplitHostPort(c.Listener.Addr().String())
	for i := range c.feeds {
		c.add(i, "%s toimi hyvin, kiitos palvelusta", time.Now().Add(-30*time.Hour))
	}
	var brands, sources strings.Builder
	for i := range clusterBrands {
		fmt.Fprintf(&brands, "  - {id: b%d, name: %q}\n", i, brandName(i))
	}
	for i := range c.feeds {
		fmt.Fprintf(&sources, "  - {id: f%d, kind: feed, every: 15s, about: b%d, options: {url: %q}}\n",
			i, i%clusterBrands, fmt.Sprintf("http://127.0.1.%d:%s/%d.json", 1+i%clusterHosts, c.port, i))
	}
	config := fmt.Sprintf(`contact: test@puskaradio.example
store: {url: %q}
data: data
zone: UTC
language: fi
brands:
%ssources:
%schannels:
  - {id: team, kind: slack, options: {channel: C1, api: "http://127.0.0.1:%s/api/"}}
alerts: {collect: 0s}
digest: {off: true}
fetch: {delay: %v, private: [127.0.0.0/8], ports: [%s]}
`, url, brands.String(), sources.String(), c.port, clusterDelay, c.port)
	if err := os.WriteFile(filepath.Join(c.dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// add puts a post into a feed; text has a place for the name of its brand.
func (c *cluster) add(feed int, text string, at time.Time) {
	id := fmt.Sprintf("%d-%d", feed, len(c.feeds[feed]))
	c.feeds[feed] = append(c.feeds[feed], worldPost{id, at, fmt.Sprintf(text, brandName(feed%clusterBrands)) + " " + id})
}

// burst is a wave of bad news about a brand, over some of its feeds: each post
// is somebody's own, for a story that is repeated counts once.
func (c *cluster) burst(brand int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, text := range []string{
		"Paketti tuli rikki, surkea toimitus. %s saa hävetä",
		"%s ei vastaa puhelimeen eikä viesteihin, huonoa palvelua",
		"Täysi pettymys oli %s, en suosittele kenellekään",
		"Kolme viikkoa odotusta ja väärä tuote, kamala %s",
		"%s hävitti tilaukseni, rahoja ei kuulu takaisin",
		"Myyjä oli tyly ja jono kauhea, hyi %s",
		"Laatu on kehnoa ja hinta törkeä, sellainen on %s",
		"Laite hajosi heti. %s ei korvaa, surkeaa",
		"%s laskutti kahdesti, tämä on huijausta",
		"Likaista, meluisaa ja ikävää, ei enää koskaan %s",
		"%s valehteli takuusta, todella epäluotettava",
		"Palautus kesti ikuisuuden ja oli vaikea, huono %s",
	} {
		feed := brand + clusterBrands*(i%(len(c.feeds)/clusterBrands))
		c.add(feed, text, time.Now().Add(-time.Duration(i)*time.Minute))
	}
}

func (c *cluster) serve(w http.ResponseWriter, r *http.Request) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	host, _, _ := net.SplitHostPort(r.Host)
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		c.slackAnswers(w, r)
		return
	}
	c.asked[host] = append(c.asked[host], now)
	var i int
	if _, err := fmt.Sscanf(r.URL.Path, "/%d.json", &i); err != nil || i >= len(c.feeds) {
		http.NotFound(w, r)
		return
	}
	c.reads[i]++
	if c.grow && rand.IntN(4) == 0 {
		c.add(i, "%s toimi ihan hyvin", now)
	}
	type item struct {
		ID   string    `json:"id"`
		Text string    `json:"content_text"`
		At   time.Time `json:"date_published"`
	}
	feed := struct {
		Version string `json:"version"`
		Title   string `json:"title"`
		Items   []item `json:"items"`
	}{Version: "https://jsonfeed.org/version/1.1", Title: "feed"}
	for _, p := range slices.Backward(c.feeds[i]) {
		feed.Items = append(feed.Items, item{p.id, p.text, p.at})
	}
	_ = json.NewEncoder(w).Encode(feed) // the reader may have been killed
}

// worker starts a worker.
func (c *cluster) worker() *exec.Cmd {
	c.t.Helper()
	cmd := exec.Command(c.bin, "work")
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	return cmd
}

// end waits for a worker that was told to end, and counts its CPU time.
func (c *cluster) end(cmd *exec.Cmd) error {
	err := cmd.Wait()
	c.used += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return err
}

// leader is the worker that leads, by what River has noted of it.
func (c *cluster) leader(db *pgx.Conn, workers []*exec.Cmd) int {
	var id string
	if err := db.QueryRow(c.t.Context(), `SELECT leader_id FROM river_leader`).Scan(&id); err != nil {
		return rand.IntN(len(workers)) // there is none just now
	}
	for i, w := range workers {
		if strings.Contains(id, fmt.Sprintf("-%d-", w.Process.Pid)) {
			return i
		}
	}
	return rand.IntN(len(workers)) // it is dead, and none has followed yet
}

func (c *cluster) log() string {
	b, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return string(b[max(0, len(b)-6000):])
}

func (c *cluster) wait(what string, within time.Duration, holds func() bool) {
	c.t.Helper()
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		c.mu.Lock()
		ok := holds()
		c.mu.Unlock()
		if ok {
			return
		}
	}
	c.t.Fatalf("waited in vain: %s\n%s", what, c.log())
}

// requests counts what the sites were asked.
func (c *cluster) requests() (n int) {
	for _, at := range c.asked {
		n += len(at)
	}
	return n
}

// TestWorkersKilled: three workers share the sources of one database while one
// of them, or the one that leads, is killed every ten seconds.
func TestWorkersKilled(t *testing.T) {
	url := startPostgres(t)
	c := newCluster(t, url)
	db, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(context.Background())
	var workers []*exec.Cmd
	for range clusterWorkers {
		workers = append(workers, c.worker())
	}
	began := time.Now()
	// The second read begins when the first is kept: what comes then is no history.
	c.wait("all feeds are read twice", 3*time.Minute, func() bool { return slices.Min(c.reads) >= 2 })
	c.mu.Lock()
	c.grow = true
	c.mu.Unlock()
	kills := 0
	for end := time.Now().Add(*clusterFor); time.Now().Before(end); kills++ {
		c.burst(kills % clusterBrands)
		time.Sleep(clusterKill)
		i := rand.IntN(len(workers))
		if kills%2 == 0 {
			i = c.leader(db, workers)
		}
		_ = workers[i].Process.Kill()
		_ = c.end(workers[i]) // it was killed
		workers[i] = c.worker()
	}
	c.mu.Lock()
	c.grow = false
	c.mu.Unlock()
	c.settle(db)
	took := time.Since(began)
	for _, w := range workers {
		_ = w.Process.Signal(syscall.SIGTERM)
		if err := c.end(w); err != nil {
			t.Errorf("a worker that was asked to end: %v\n%s", err, c.log())
		}
	}
	c.account(kills, took)
}

// settle waits until the workers have read every feed to its end, which the
// death of one may put off, and nothing is left to tell.
func (c *cluster) settle(db *pgx.Conn) {
	c.t.Helper()
	want := 0
	for _, f := range c.feeds {
		want += len(f)
	}
	last := ""
	c.wait("everything is kept and told", 3*time.Minute, func() bool {
		var kept, due int
		if err := db.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM mentions), (SELECT count(*) FROM jobs WHERE key LIKE 'deliver/%/a/%' OR key LIKE 'd%' AND due <= now())`).Scan(&kept, &due); err != nil {
			c.t.Fatal(err)
		}
		last = fmt.Sprintf("%d of %d kept, %d to do", kept, want, due)
		return kept >= want && due == 0
	})
	c.t.Log(last)
}

// account checks that every post is there once, every alert was told, and no
// site was asked too fast.
func (c *cluster) account(kills int, took time.Duration) {
	c.t.Helper()
	s, err := store.OpenPostgres(c.t.Context(), c.url, store.PostgresOptions{Zone: time.UTC})
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	alerts, refs := ledgerOf(c.t, s, clusterBrands)
	c.mu.Lock()
	defer c.mu.Unlock()
	posts := 0
	for _, f := range c.feeds {
		for _, p := range f {
			if posts++; refs[p.id] != 1 {
				c.t.Errorf("post %s is there %d times", p.id, refs[p.id])
			}
		}
	}
	twice := 0
	for _, key := range alerts {
		if c.told[key] == 0 {
			c.t.Errorf("alert %s was decided and not told", key)
		}
		twice += max(0, c.told[key]-1)
	}
	if len(alerts) < min(kills, clusterBrands) || twice > kills { // a wave came before each kill
		c.t.Errorf("%d alerts, %d messages too many after %d kills", len(alerts), twice, kills)
	}
	least := time.Hour
	for host, at := range c.asked {
		slices.SortFunc(at, time.Time.Compare)
		for i := 1; i < len(at); i++ {
			gap := at[i].Sub(at[i-1])
			if least = min(least, gap); gap < clusterDelay {
				c.t.Errorf("%s was asked twice within %v", host, gap)
			}
		}
	}
	n := c.requests()
	c.t.Logf("%d kills in %v: %d posts each kept once, %d alerts, %d messages too many, the least gap %v; %d fetches, %.0f a second, %.1f ms of CPU each in the workers",
		kills, took.Round(time.Second), posts, len(alerts), twice, least, n, float64(n)/took.Seconds(), float64(c.used.Microseconds())/1000/float64(n))
}
