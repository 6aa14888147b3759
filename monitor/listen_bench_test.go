package monitor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/internal/crowd"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// resident is how much memory of its own this process has, in MiB: without the
// pages of files, such as the store's, which the system takes back at will.
func resident() float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0 // only Linux tells
	}
	_, rest, _ := strings.Cut(string(raw), "RssAnon:")
	kb, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kb / 1024
}

// agency are 10,000 brands, each with a name of its own that nobody says by
// chance.
func agency(n int) []puskaradio.Brand {
	syllables := strings.Fields("bra cor dex fyn gro hax jor klu mox nix pra qua rof stu trix vox wex yor zan blu")
	out := make([]puskaradio.Brand, n)
	for i := range out {
		name := syllables[i%20] + syllables[i/20%20] + syllables[i/400%20] + syllables[i/8000]
		out[i] = puskaradio.Brand{ID: "brand" + strconv.Itoa(i), Name: strings.ToUpper(name[:1]) + name[1:]}
	}
	return out
}

// firehose tells posts of 380 bytes, so many a second or, if rate is zero, as
// fast as they are taken; one in every names a brand. It notes when it began.
func firehose(brands []puskaradio.Brand, every, n int, rate float64, since *atomic.Int64, done chan<- struct{}) http.HandlerFunc {
	c := crowd.New(len(brands), 1, 1_000_000)
	var texts []string
	for i, m := range c.Page(5000) {
		text := m.Text
		if i%every == 0 {
			text = brands[c.Rand.IntN(len(brands))].Name + " " + text
		}
		b, _ := json.Marshal(text)
		texts = append(texts, string(b))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "getProfiles") {
			fmt.Fprint(w, `{"profiles":[]}`)
			return
		}
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ctx := ws.CloseRead(r.Context())
		from, _ := strconv.Atoi(r.URL.Query().Get("cursor")) // none is 0
		var event []byte
		began := time.Now()
		since.Store(began.UnixNano())
		for i := from + 1; i <= n; i++ {
			if rate > 0 && i%50 == 0 {
				time.Sleep(time.Until(began.Add(time.Duration(float64(i-from) / rate * float64(time.Second)))))
			}
			now := time.Now()
			event = fmt.Appendf(event[:0], `{"did":"did:plc:%024d","time_us":%d,"cursor":%d,"kind":"commit","commit":{"rev":"3k%011d","operation":"create","collection":"app.bsky.feed.post","rkey":"3l%011d","record":{"$type":"app.bsky.feed.post","createdAt":"%s","langs":["fi"],"text":%s},"cid":"bafyreidwaivazkwu67xztlmuobx35hs2lnfh3kolmgfmucldvhd3sgzcqi"}}`,
				i%100_000, now.UnixMicro(), i, i, i, now.UTC().Format(time.RFC3339), texts[i%len(texts)])
			if ws.Write(ctx, websocket.MessageText, event) != nil {
				return
			}
		}
		close(done)
		<-ctx.Done()
	}
}

// BenchmarkStream hears posts over a WebSocket, matches them against 10,000
// brands, scores those that name one and keeps them on the disk, as fast as it
// can; who tells them is in the same process. PUSKARADIO_BENCH_N says how many
// posts, 30,000 unless said; by more it shows whether memory grows.
// PUSKARADIO_BENCH_RATE says how many come in a second, else they come as fast
// as they are taken; then it shows how far the store is behind what was due.
func BenchmarkStream(b *testing.B) {
	for _, every := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("named=1:%d", every), func(b *testing.B) {
			n := 30_000
			if s := os.Getenv("PUSKARADIO_BENCH_N"); s != "" {
				n, _ = strconv.Atoi(s)
			}
			benchmarkStream(b, every, n)
		})
	}
}

func benchmarkStream(b *testing.B, every, n int) {
	brands := agency(10_000)
	done := make(chan struct{})
	rate, _ := strconv.ParseFloat(os.Getenv("PUSKARADIO_BENCH_RATE"), 64) // none is 0
	var since atomic.Int64
	srv := httptest.NewServer(firehose(brands, every, n, rate, &since, done))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	port, _ := strconv.ParseUint(u.Port(), 10, 16)
	con, err := crawler.New("bluesky", fmt.Appendf(nil, `{"stream":true,"jetstream":[%q],"profiles":%q}`, srv.URL, srv.URL), nil)
	if err != nil {
		b.Fatal(err)
	}
	s, err := store.OpenBolt(b.TempDir(), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	scorer, err := sentiment.New()
	if err != nil {
		b.Fatal(err)
	}
	client := &crawler.Client{Agent: "puskaradio/0.1 (+https://puskaradio.example/contact)", Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{uint16(port)}}
	defer client.Close()
	m := &monitor.Monitor{Store: s, Client: client, Scorer: scorer, Log: slog.New(slog.DiscardHandler)}
	plan := &monitor.Plan{Brands: brands, Zone: time.UTC, DigestAt: -1, Collect: time.Hour, Sources: []monitor.Source{
		{Source: puskaradio.Source{ID: "sky", Kind: "bluesky", Every: time.Hour}, Genre: puskaradio.Social, Connector: con},
	}}
	ctx, cancel := context.WithCancel(b.Context())
	b.ResetTimer()
	began, used := time.Now(), crowd.CPU()
	if err := m.SetPlan(ctx, plan, time.Now()); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	var early, most float64
	var behind []float64  // seconds, ten times a second
	var minutes []float64 // the most memory in each, MiB
	heard := false
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		<-tick.C
		mb := resident()
		most = max(most, mb)
		if i := int(time.Since(began) / time.Minute); i == len(minutes) {
			minutes = append(minutes, mb)
		} else {
			minutes[i] = max(minutes[i], mb)
		}
		cursor, err := s.Cursor(ctx, "listen/sky")
		if err != nil {
			b.Fatal(err)
		}
		var at struct {
			Seq int `json:"seq"`
		}
		_ = json.Unmarshal(cursor, &at) // there is none at first
		if early == 0 && at.Seq > n/5 {
			early = most
		}
		if start := since.Load(); rate > 0 && start > 0 && !heard {
			due := min(float64(n), time.Since(time.Unix(0, start)).Seconds()*rate)
			behind = append(behind, max(0, due-float64(at.Seq))/rate)
		}
		select {
		case <-done:
			heard = true
			done = nil
		default:
		}
		if heard && at.Seq >= n-every {
			tick.Stop()
			break
		}
	}
	took := time.Since(began)
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(n)/took.Seconds(), "posts/s")
	b.ReportMetric(float64((crowd.CPU()-used).Microseconds())/float64(n), "cpu-µs/post")
	b.ReportMetric(early, "MiB-by-a-fifth")
	b.ReportMetric(most, "MiB-at-most")
	b.ReportMetric(0, "ns/op")
	b.Logf("the most memory in each minute, MiB: %.0f", minutes)
	if len(behind) > 0 {
		b.ReportMetric(behind[len(behind)-1], "s-behind-at-the-end")
		slices.Sort(behind)
		b.ReportMetric(behind[len(behind)*99/100], "s-behind-p99")
		b.ReportMetric(behind[len(behind)-1], "s-behind-at-most")
	}
	cov, err := s.Coverage(b.Context(), began.Add(-time.Hour), time.Now().Add(time.Hour))
	kept := 0
	for _, c := range cov {
		kept += c.New
	}
	if want := n / every; err != nil || kept < want-1 {
		b.Fatalf("kept %d, %v; want %d", kept, err, want)
	}
	b.ReportMetric(float64(kept)/took.Seconds(), "kept/s")
}
