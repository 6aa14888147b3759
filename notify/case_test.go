package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestWebhookCase posts each kind of step of a case, and compares it with what
// is recorded.
func TestWebhookCase(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)
	c := &puskaradio.Case{ID: "71ppj0533yxgavh0j5ng", Status: puskaradio.Done, Customer: "A-1029", Mention: puskaradio.Mention{
		Brand: "acme", Source: "shop", Author: "Maija M.", Title: "Never again", Text: "I waited <b>forty</b> minutes.", URL: "https://shop.example/r1",
		Rating: &puskaradio.Rating{Value: 1, Best: 5}, Published: at.Add(-time.Hour), FirstSeen: at.Add(-time.Minute), Score: &puskaradio.Score{Label: puskaradio.Negative, Value: -0.9},
	}}
	for i, ch := range []puskaradio.Change{
		{To: puskaradio.Claimed},
		{To: puskaradio.Claimed, Aside: true, Note: "called her"},
		{To: puskaradio.Snoozed},
		{To: puskaradio.New},
		{To: puskaradio.Answered, Note: "Sorry!"},
		{To: puskaradio.New, Undoes: at},
		{To: puskaradio.FalseAlarm},
		{To: puskaradio.Done},
	} {
		ch.At, ch.Who = at.Add(time.Duration(i)*time.Minute), "Liisa"
		c.Changes = append(c.Changes, ch)
	}
	var got bytes.Buffer
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			fmt.Fprintf(&got, "%s ", r.Header.Get("Webhook-Id"))
			err = json.Indent(&got, append(b, '\n'), "", "\t")
		}
		if err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	n := newWebhook(t, server.URL)
	if _, ok := n.(CaseTaker); !ok {
		t.Fatal("a webhook takes no cases")
	}
	for i := range CaseSteps(c) {
		lang := []string{"en", "fi"}[i%2]
		if _, err := n.Notify(t.Context(), http.DefaultClient, Message{Key: fmt.Sprint("c/acme/", c.ID, "/", i), Case: CaseStepOf(c, i), Lang: lang, Zone: time.UTC, Link: "https://rep.example.fi/"}); err != nil {
			t.Fatal(err)
		}
	}
	const file = "../testdata/notify/webhook-cases.txt"
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%v; got\n%s\nwant\n%s", err, &got, want)
	}
	if CaseSteps(&puskaradio.Case{}) != 0 {
		t.Error("a mention without a case has steps")
	}
}
