package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// build builds the program with a tag, once for all tests.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "puskaradio-crash-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "puskaradio")
	cmd := exec.Command("go", "build", "-tags", "fault", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as in a release
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// A world is what is around the program: a feed that grows, and a Slack that
// keeps what it was sent.
type world struct {
	*httptest.Server
	t   *testing.T
	dir string
	bin string

	mu    sync.Mutex
	posts []worldPost
	load  bool // each fetch finds new posts
	shown int  // how many of the newest posts the feed has; 0 is all
	reads int  // of the feed
	slackLedger
}

// A slackLedger is a Slack that keeps what it was sent. It belongs to one caller
// at a time.
type slackLedger struct {
	told     map[string]int // messages by their key
	edits    int
	messages int
}

func (s *slackLedger) slackAnswers(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/api/chat.postMessage":
		var meta struct {
			Payload struct {
				Key string `json:"key"`
			} `json:"event_payload"`
		}
		_ = json.Unmarshal([]byte(r.FormValue("metadata")), &meta)
		s.told[meta.Payload.Key]++
		s.messages++
		fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":"1.%06d"}`, s.messages)
	case "/api/chat.update":
		s.edits++
		fmt.Fprintf(w, `{"ok":true,"channel":"C1","ts":%q}`, r.FormValue("ts"))
	case "/api/conversations.history":
		// Not there: a crash between the post and its note repeats the message.
		fmt.Fprint(w, `{"ok":false,"error":"missing_scope"}`)
	default:
		http.NotFound(w, r)
	}
}

type worldPost struct {
	id   string
	at   time.Time
	text string
}

// brand is the name of the i-th brand: words that are no forms of each other.
func brandName(i int) string {
	a := []string{"Kuura", "Halla", "Routa", "Nuoska", "Viima", "Pyry", "Tuisku", "Kide", "Sarastus", "Kajo"}
	b := []string{"torppa", "niemi", "koski", "puisto", "saari", "ranta", "kallio", "metsä"}
	return a[i%len(a)] + b[i/len(a)%len(b)]
}

const worldBrands = 60

func newWorld(t *testing.T) *world {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), bin: bin, slackLedger: slackLedger{told: map[string]int{}}}
	w.Server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.Close)
	now := time.Now()
	for i := range worldBrands { // ten days of little
		for d := range 10 {
			w.add(fmt.Sprintf("%s toimi hyvin, kiitos palvelusta", brandName(i)), now.Add(-time.Duration(d*24+3)*time.Hour))
		}
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		t.Fatal(err)
	}
	var brands strings.Builder
	for i := range worldBrands {
		fmt.Fprintf(&brands, "  - {id: b%d, name: %q}\n", i, brandName(i))
	}
	// It is nine in the morning where the digest is made, whenever this runs.
	west := now.UTC().Hour() - 9
	if west > 12 {
		west -= 24
	}
	zone := fmt.Sprintf("Etc/GMT%+d", west)
	config := fmt.Sprintf(`contact: test@puskaradio.example
data: data
zone: %s
language: fi
brands:
%ssources:
  - {id: feed, kind: feed, every: 300ms, options: {url: %q}}
channels:
  - {id: team, kind: slack, options: {channel: C1, api: %q}}
alerts: {collect: 0s}
digest: {at: "08:45"}
fetch: {delay: 1ms, private: [127.0.0.0/8], ports: [%s]}
`, zone, brands.String(), w.URL+"/feed.json", w.URL+"/api/", u.Port())
	if err := os.WriteFile(filepath.Join(w.dir, "puskaradio.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) add(text string, at time.Time) {
	w.posts = append(w.posts, worldPost{fmt.Sprint(len(w.posts)), at, text})
}

// burst is a wave of bad news about a brand.
func (w *world) burst(brand int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range 9 {
		w.add(fmt.Sprintf("%s: surkea toimitus, rikki, numero %d", brandName(brand), i), time.Now().Add(-time.Duration(i)*time.Minute))
	}
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	rw.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/feed.json":
		w.reads++
		if w.load {
			for range 5 {
				w.add(fmt.Sprintf("%s: surkea palvelu, numero %d", brandName(rand.IntN(worldBrands)), len(w.posts)), time.Now())
			}
		}
		type item struct {
			ID   string    `json:"id"`
			URL  string    `json:"url"`
			Text string    `json:"content_text"`
			At   time.Time `json:"date_published"`
		}
		feed := struct {
			Version string `json:"version"`
			Title   string `json:"title"`
			Items   []item `json:"items"`
		}{Version: "https://jsonfeed.org/version/1.1", Title: "world"}
		for i := len(w.posts) - 1; i >= 0 && (w.shown == 0 || len(w.posts)-i <= w.shown); i-- {
			p := w.posts[i]
			feed.Items = append(feed.Items, item{p.id, w.URL + "/" + p.id, p.text, p.at})
		}
		_ = json.NewEncoder(rw).Encode(feed) // the reader may have been killed
	default:
		w.slackAnswers(rw, r)
	}
}

// start runs the program until it dies or is stopped.
func (w *world) start(fault string, args ...string) *exec.Cmd {
	w.t.Helper()
	return w.begin(exec.Command(w.bin, args...), fault)
}

// begin starts a command that runs the program, with its log.
func (w *world) begin(cmd *exec.Cmd, fault string) *exec.Cmd {
	w.t.Helper()
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test", "PUSKARADIO_FAULT="+fault)
	log, err := os.OpenFile(filepath.Join(w.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		w.t.Fatal(err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd
}

func (w *world) log() string {
	b, _ := os.ReadFile(filepath.Join(w.dir, "log"))
	if len(b) > 4000 {
		b = b[len(b)-4000:]
	}
	return string(b)
}

// wait waits until something holds.
func (w *world) wait(what string, holds func() bool) {
	w.t.Helper()
	for range 12_000 {
		w.mu.Lock()
		ok := holds()
		w.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("waited in vain: %s\n%s", what, w.log())
}

// settle waits until a program that was started in an empty directory has told
// the digests, and has read the feed to its end: what comes before that is
// history and raises no alarm. The second read begins when the first is kept.
func (w *world) settle() {
	w.t.Helper()
	w.wait("the digests of all brands, and the history", func() bool { return len(w.told) >= worldBrands && w.reads >= 2 })
}

// died waits for the program to be killed, and stops it if it is not.
func (w *world) died(cmd *exec.Cmd, within time.Duration) bool {
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it was killed
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(within):
		_ = cmd.Process.Kill()
		<-done
		return false
	}
}

// stop asks the program to end, as a service manager does.
func (w *world) stop(cmd *exec.Cmd) {
	w.t.Helper()
	w.wait("the program to be up", func() bool {
		conn, err := net.Dial("unix", controlPath(filepath.Join(w.dir, "data")))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	began := time.Now()
	_ = cmd.Process.Signal(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		w.t.Errorf("interrupted: %v\n%s", err, w.log())
	}
	if took := time.Since(began); took > 40*time.Second {
		w.t.Errorf("took %v to end", took)
	}
}
