package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// TestAlertsCommand lists what is open, and lets one person have it.
func TestAlertsCommand(t *testing.T) {
	dir, now := t.TempDir(), time.Now().UTC()
	yaml := "contact: it@acme.example\nlanguage: en\nbrands: [{id: acme, name: Acme}]\nsources: [{id: blog, kind: feed, options: {url: \"https://blog.example/feed\"}}]\n"
	if err := os.WriteFile(filepath.Join(dir, "puskaradio.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := loadConfig(filepath.Join(dir, "puskaradio.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenBolt(l.Data, &store.BoltOptions{Zone: l.plan.Zone})
	if err != nil {
		t.Fatal(err)
	}
	for id, x := range map[string]puskaradio.Alert{
		"OPEN":   {Rule: puskaradio.RuleSpike, State: "updated", Negative: 14, Rev: 3},
		"ENDED":  {Rule: puskaradio.RuleSpike, State: "over"},
		"URGENT": {Rule: puskaradio.RuleUrgent, State: "over", Topic: "safety"},
	} {
		x.ID, x.Brand, x.Name, x.From, x.To, x.Decided = id, "acme", "Acme", now.Add(-3*time.Hour), now, now.Add(-time.Hour)
		if _, err := s.AddAlert(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		args      string
		code      int
		out, talk string // words that stand there
		not       string
	}{
		{"alerts", exitDone, "OPEN updated, nobody has it 14 negative URGENT", "", "ENDED"},
		{"alerts --days 2 --brand Acme", exitDone, "OPEN URGENT ENDED", "", ""},
		{"alerts claim OPEN --as Maija", exitDone, "Maija has it", "", ""},
		{"alerts claim OPEN --as Maija", exitDone, "Maija has it", "", ""},
		{"alerts claim OPEN --as Ville", exitFailed, "", "Maija, already taken", ""},
		{"alerts snooze OPEN --as Ville --for 1h", exitFailed, "", "already taken", ""},
		{"alerts snooze URGENT --for soon", exitUsage, "", "write a time such as", ""},
		{"alerts snooze URGENT --for 30d", exitFailed, "", "at the most", ""},
		{"alerts snooze URGENT --for 1h", exitDone, "URGENT nobody has it", "", ""},
		{"alerts calm URGENT --as Ville", exitDone, "a false alarm, says Ville", "", ""},
		{"alerts", exitDone, "OPEN Maija has it", "", "URGENT"},
		{"alerts claim NONE", exitFailed, "", "not found", ""},
		{"alerts --brand other", exitFailed, "", "there is no brand", ""},
	} {
		var out, talk bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &talk, dir: dir}
		code := a.run(t.Context(), strings.Fields(step.args))
		ok := code == step.code && (step.not == "" || !strings.Contains(out.String(), step.not))
		for text, words := range map[string]string{out.String(): step.out, talk.String(): step.talk} {
			for w := range strings.FieldsSeq(words) {
				ok = ok && strings.Contains(text, w)
			}
		}
		if !ok {
			t.Errorf("%s: %d\n%s%s", step.args, code, out.String(), talk.String())
		}
	}
}
