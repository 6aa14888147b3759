package notify

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func newShout(t *testing.T, address string) Notifier {
	t.Helper()
	n, err := New("shoutrrr", json.RawMessage(`{}`), func(string) (string, error) { return address, nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestShoutrrr says each golden message to a server that speaks as ntfy does.
func TestShoutrrr(t *testing.T) {
	var body, title, path string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, title, path = string(b), r.Header.Get("Title"), r.URL.Path
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, `{"code":0,"error":"no"}`)
	}))
	defer server.Close()
	n := newShout(t, "ntfy://"+strings.TrimPrefix(server.URL, "http://")+"/canarytopic?scheme=http")
	for name, m := range messages(t) {
		t.Run(name, func(t *testing.T) {
			ref, err := n.Notify(t.Context(), nil, m)
			if err != nil || ref != m.Key || path != "/canarytopic" {
				t.Fatalf("Notify = %q, %v, at %s", ref, err, path)
			}
			for _, call := range []string{"@everyone", "<@U", "<!channel>", "](http"} {
				if i := strings.Index(body, call); i >= 0 {
					t.Errorf("%q calls or links", body[i:])
				}
			}
			golden(t, "../testdata/notify/shoutrrr/"+name+".txt", []byte(title+"\n\n"+body+"\n"))
			if m.Ref, body = ref, ""; m.Alert == nil || m.Alert.State != "over" {
				if again, err := n.Notify(t.Context(), nil, m); err != nil || again != ref || body != "" {
					t.Errorf("an update: %q, %v, said %q", again, err, body)
				}
			}
		})
	}
	status = http.StatusForbidden
	_, err := n.Notify(t.Context(), nil, Message{Key: "k", Text: "x"})
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("refused: %v", err)
	}
	server.Close()
	if _, err := n.Notify(t.Context(), nil, Message{Key: "k", Text: "x"}); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("nobody there: %v", err)
	}
}

func TestShoutrrrOptions(t *testing.T) {
	for address, want := range map[string]string{
		"": "does not hold the URL", "canarysecret": "does not hold the URL", "nosuch://canarysecret@x": "does not understand its nosuch://", "logger://": "does not hold the URL",
	} {
		_, err := New("shoutrrr", nil, func(string) (string, error) { return address, nil })
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("New with %q = %v, want %q", address, err, want)
		}
	}
	if _, err := New("shoutrrr", nil, func(string) (string, error) { return "", errors.New("SHOUTRRR_URL is not set") }); err == nil {
		t.Error("a channel without its secret")
	}
}
