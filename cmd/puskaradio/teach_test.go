package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/sentiment"
	"github.com/puskaradio/puskaradio/store"
)

// TestTeachFromStore: what people corrected among the stored mentions teaches,
// a running process takes it up, and lessons for another model are refused by
// who can wait and passed over by who cannot.
func TestTeachFromStore(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "puskaradio.yaml")
	if err := os.WriteFile(file, []byte(reloadConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	run := func(args ...string) int {
		out.Reset()
		log.Reset()
		a := &app{in: strings.NewReader("To me this chair is so blorpy\n"), out: &out, err: &log}
		return a.run(t.Context(), append([]string{"--config", file}, args...))
	}
	data := filepath.Join(dir, defaultData)
	s, err := store.OpenBolt(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour)
	says := map[puskaradio.Label][]string{
		puskaradio.Negative: {"The kettle is blorpy", "My phone turned blorpy", "What a blorpy delivery", "The shop is so blorpy", "This lamp is blorpy", "Blorpy, like the last one"},
		puskaradio.Positive: {"The kettle is zindig", "My phone turned zindig", "What a zindig delivery", "The shop is so zindig", "This lamp is zindig", "Zindig, like the last one"},
	}
	for label, texts := range says {
		for _, text := range texts {
			m := puskaradio.Mention{Brand: "acme", Source: "shop", Text: text, Lang: "en", Genre: puskaradio.Review, Published: at, FirstSeen: at}
			st, err := s.Commit(t.Context(), store.Crawl{Source: "shop", Mentions: []puskaradio.Mention{m}})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Correct(t.Context(), "acme", st.New[0], &puskaradio.Score{Label: label}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if code := run("train", "--corrections"); code != exitDone || !strings.Contains(out.String(), "12 corrections") {
		t.Fatalf("train: %d\n%s%s", code, &out, &log)
	}
	if run("score"); !strings.Contains(out.String(), `"label":"negative"`) || !strings.Contains(out.String(), "+n12") {
		t.Errorf("score: %s%s", &out, &log)
	}

	// Lessons for another model.
	path := lessonsPath(data)
	l, err := readLessons(path)
	if err != nil {
		t.Fatal(err)
	}
	ours := l.Base
	r := &runner{log: (&app{err: &log}).logger()}
	r.current.Store(&loaded{config: config{Data: data}})
	a := &app{err: &log, cfg: r.current.Load()}
	if r.monitor, err = a.monitorOnly(nil, &loaded{config: config{Data: data}, plan: new(monitor.Plan)}); err != nil {
		t.Fatal(err)
	}
	model := func() string { return r.monitor.Scorer.Score([]sentiment.Text{{Text: "x"}})[0].Model }
	if got := model(); got != ours+"+n12" {
		t.Errorf("model %s", got)
	}
	l.Base = "puskaradio-other"
	if err := installLessons(path, l); err != nil {
		t.Fatal(err)
	}
	if code := run("score"); code != exitFailed || !strings.Contains(log.String(), path+": the lessons were taught to puskaradio-other, and this is "+ours) {
		t.Errorf("score with lessons for another model: %d\n%s", code, &log)
	}
	log.Reset()
	if r.relearn(); model() != ours || !strings.Contains(log.String(), "is not used") {
		t.Errorf("model %s\n%s", model(), &log)
	}
	if code := run("train", "--undo"); code != exitDone {
		t.Errorf("undo: %d %s", code, &log)
	}
	if r.relearn(); model() != ours+"+n12" {
		t.Errorf("model %s after undo", model())
	}
	if err := os.WriteFile(path, []byte("?"), 0o600); err != nil {
		t.Fatal(err)
	}
	log.Reset()
	if r.relearn(); model() != ours+"+n12" || !strings.Contains(log.String(), "stays in force") {
		t.Errorf("model %s after damage\n%s", model(), &log)
	}
}
