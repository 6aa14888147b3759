package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

var webhookKey = []byte("canary-key-of-thirty-two-bytes!!")

func newWebhook(t *testing.T, address string) Notifier {
	t.Helper()
	n, err := New("webhook", json.RawMessage(fmt.Sprintf(`{"url":%q}`, address)), func(string) (string, error) {
		return "whsec_" + base64.StdEncoding.EncodeToString(webhookKey), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestWebhook posts each golden message to a receiver that checks the signature
// as the standard says.
func TestWebhook(t *testing.T) {
	var body []byte
	var head http.Header
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		head = r.Header
	}))
	defer server.Close()
	n := newWebhook(t, server.URL+"/hook")
	for name, m := range messages(t) {
		t.Run(name, func(t *testing.T) {
			ref, err := n.Notify(t.Context(), server.Client(), m)
			if err != nil || ref == "" || ref != head.Get("Webhook-Id") {
				t.Fatalf("Notify = %q, %v", ref, err)
			}
			mac := hmac.New(sha256.New, webhookKey)
			mac.Write([]byte(head.Get("Webhook-Id") + "." + head.Get("Webhook-Timestamp") + "." + string(body)))
			if got, want := head.Get("Webhook-Signature"), "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)); got != want {
				t.Errorf("signature %s, want %s", got, want)
			}
			if again, _ := n.Notify(t.Context(), server.Client(), m); again != ref {
				t.Errorf("the same message has the ids %q and %q", ref, again)
			}
			var pretty map[string]any
			if err := json.Unmarshal(body, &pretty); err != nil {
				t.Fatal(err)
			}
			out, err := json.MarshalIndent(pretty, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "../testdata/notify/webhook/"+name+".json", append(out, '\n'))
		})
	}
}

func TestWebhookRefused(t *testing.T) {
	for _, tt := range []struct {
		status    int
		header    string
		permanent bool
		after     time.Duration
	}{
		{500, "", false, 0},
		{503, "7", false, 7 * time.Second},
		{429, "", false, 30 * time.Second},
		{302, "", true, 0},
		{401, "", true, 0},
		{410, "", true, 0},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://169.254.169.254/")
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.WriteHeader(tt.status)
		}))
		_, err := newWebhook(t, server.URL).Notify(t.Context(), server.Client(), Message{Key: "k", Text: "x"})
		_, permanent := errors.AsType[*puskaradio.PermanentError](err)
		after := time.Duration(0)
		if re, ok := errors.AsType[*puskaradio.RetryError](err); ok {
			after = re.After
		}
		if err == nil || permanent != tt.permanent || after != tt.after || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d: %v, for good %v, after %v", tt.status, err, permanent, after)
		}
		server.Close()
	}
	_, err := newWebhook(t, "http://127.0.0.1:1/x").Notify(t.Context(), http.DefaultClient, Message{Key: "k", Text: "x"})
	if err == nil || !strings.Contains(err.Error(), "no answer from 127.0.0.1:1") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestWebhookOptions(t *testing.T) {
	for options, want := range map[string]string{
		`{}`: "url is missing", `{"url":"http://example.com/x"}`: "must begin with https", `{"url":"https://me:pw@example.com/"}`: "name or a password",
		`{"url":"ftp://example.com/"}`: "must begin with https", `{"url":"https://example.com/","x":1}`: "unknown field", `{"url":"https://example.com/"}`: "make one with",
	} {
		_, err := New("webhook", json.RawMessage(options), func(string) (string, error) { return "short", nil })
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%s) = %v, want %q", options, err, want)
		}
	}
}
