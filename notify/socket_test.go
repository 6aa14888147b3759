package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

// TestSocketClaims: a press is acknowledged and done once, however often Slack
// sends it, and whoever is too late is told by whom.
func TestSocketClaims(t *testing.T) {
	var mu sync.Mutex
	by := ""
	h := hear(t, "", func(_ context.Context, w Wish) (Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		if by != "" {
			return Outcome{}, fmt.Errorf("%s has it: %w", by, puskaradio.ErrTaken)
		}
		by = w.Who
		return Outcome{}, nil
	})
	for range 3 {
		h.send(t, press("E1", "alert_claim", "7F3KQ2AA:0:fi"))
		if got := h.acked(t)["envelope_id"]; got != "E1" {
			t.Fatalf("acknowledged %v, want E1", got)
		}
	}
	if w := h.asked(t, 1); len(w) != 1 || w[0] != (Wish{Do: DoClaim, Alert: "7F3KQ2AA", Who: "maija", Lang: "fi"}) {
		t.Fatalf("asked for %+v, want one claim by maija", w)
	}
	h.send(t, strings.Replace(press("E2", "alert_claim", "7F3KQ2AA:0:fi"), "maija", "liisa", 1)) // a late click on an old version
	h.acked(t)
	said := h.calledFor(t, "chat.postEphemeral", 1)[0]
	if text := said["text"].(string); !strings.Contains(text, "Joku ehti ensin.") || !strings.Contains(text, "maija has it") || said["user"] != "U1" {
		t.Errorf("the second was told %q, want who was first", text)
	}
	if n := len(h.asked(t, 2)); n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

// TestSocketOfStrangers: what is not ours, or comes from those who may not, is
// acknowledged and not done.
func TestSocketOfStrangers(t *testing.T) {
	h := hear(t, `,"agents":["U9"]`, func(context.Context, Wish) (Outcome, error) { return Outcome{}, nil })
	for i, frame := range []string{
		press("E1", "alert_claim", "7F3K:0:en"),
		press("E2", "alert_explode", "7F3K:0:en"),
		press("E3", "alert_claim", "no value of ours"),
		press("E4", "someone_elses", "7F3K:0:en"),
		`{"type":"interactive","envelope_id":"E5","payload":{"type":"view_submission","view":{"callback_id":"not ours"},"user":{"id":"U9"}}}`,
		`{"type":"interactive","envelope_id":"E6","payload":{"type":"view_submission","view":{"callback_id":"answer","private_metadata":"{"},"user":{"id":"U9"}}}`,
		`{"type":"slash_commands","envelope_id":"E7","payload":{"command":"/puskaradio","text":"mute 4h","user_id":"U1","user_name":"maija","channel_id":"C1"}}`,
	} {
		h.send(t, frame)
		if got, want := h.acked(t)["envelope_id"], fmt.Sprint("E", i+1); got != want {
			t.Fatalf("acknowledged %v, want %s", got, want)
		}
	}
	h.send(t, `no JSON`)
	h.send(t, `{"type":"interactive","envelope_id":"E8","payload":"a string"}`)
	h.send(t, `{"type":"unheard_of"}`)
	h.send(t, press("E9", "alert_claim", "7F3K:0:en"))
	h.acked(t)
	for _, c := range h.calledFor(t, "chat.postEphemeral", 3) { // E1, E7, E9
		if !strings.Contains(c["text"].(string), "You may not do this.") {
			t.Errorf("told %v", c["text"])
		}
	}
	if h.wishes != nil {
		t.Errorf("asked for %+v, want nothing", h.wishes)
	}
}

// TestSocketEnds: each way in which Slack ends a connection ends the hearing,
// so that the next is opened with a pause after it.
func TestSocketEnds(t *testing.T) {
	for _, c := range []struct{ name, frame string }{
		{"refresh", `{"type":"disconnect","reason":"refresh_requested","debug_info":{"host":"h"}}`},
		{"warning", `{"type":"disconnect","reason":"warning"}`},
		{"too many", `{"type":"disconnect","reason":"too_many_websockets"}`},
		{"dropped", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := hear(t, "", func(context.Context, Wish) (Outcome, error) { return Outcome{}, nil })
			if c.frame == "" {
				h.conn.CloseNow()
			} else {
				h.send(t, c.frame)
			}
			select {
			case err := <-h.ended:
				if _, never := errors.AsType[*puskaradio.PermanentError](err); err == nil || never {
					t.Errorf("Hear = %v, want an error that passes", err)
				}
				h.ended <- err
			case <-time.After(40 * time.Second):
				t.Fatal("it goes on")
			}
			if n := len(h.calledFor(t, "apps.connections.open", 1)); n != 1 {
				t.Errorf("opened %d connections, want 1", n)
			}
		})
	}
}

// TestSocketProbe: whether buttons would work is said before anybody presses one.
func TestSocketProbe(t *testing.T) {
	s := newSocket(t)
	for app, want := range map[string]string{canaryApp: "and hears buttons", "xapp-other": "buttons do not work"} {
		n, err := New("slack", fmt.Appendf(nil, `{"channel":"C1","api":%q,"app_token_env":"APP"}`, s.URL+"/api"),
			secrets(map[string]string{"SLACK_BOT_TOKEN": canaryToken, "APP": app}))
		if err != nil {
			t.Fatal(err)
		}
		found, err := n.(Prober).Probe(t.Context(), client())
		if got := fmt.Sprint(found, err); !strings.Contains(got, want) || strings.Contains(got, "canary") {
			t.Errorf("%s: Probe = %q, %v, want %q", app, found, err, want)
		}
	}
}

// TestSocketRefused: an app token that Slack does not know is said to be so.
func TestSocketRefused(t *testing.T) {
	s := newSocket(t)
	for _, c := range []struct {
		name, answer, want string
		status             int
		never              bool
	}{
		{"wrong token", `{"ok":false,"error":"invalid_auth"}`, "the token is wrong", 200, true},
		{"revoked", `{"ok":false,"error":"token_revoked"}`, "the token was revoked", 200, true},
		{"limited", ``, "too many", 429, false},
		{"down", ``, "HTTP 503", 503, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.answer = func(w http.ResponseWriter, _ map[string]any) bool {
				if c.status == 429 {
					w.Header().Set("Retry-After", "7")
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.answer)
				return true
			}
			n, err := New("slack", fmt.Appendf(nil, `{"channel":"C1","api":%q,"app_token_env":"APP"}`, s.URL+"/api"),
				secrets(map[string]string{"SLACK_BOT_TOKEN": canaryToken, "APP": canaryApp}))
			if err != nil {
				t.Fatal(err)
			}
			err = n.(Hearer).Hear(t.Context(), Hearing{HTTP: client(), Log: slog.New(slog.DiscardHandler), Lang: "en"})
			_, never := errors.AsType[*puskaradio.PermanentError](err)
			if err == nil || never != c.never || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("Hear = %v, want %q, permanent %v", err, c.want, c.never)
			}
			if retry, ok := errors.AsType[*puskaradio.RetryError](err); c.status == 429 && (!ok || retry.After != 7*time.Second) {
				t.Errorf("Hear = %v, want it to wait 7 s", err)
			}
		})
	}
}

func submit(envelope string, view map[string]any, text string) string {
	block := ""
	for _, b := range view["blocks"].([]any) {
		if b := b.(map[string]any); b["type"] == "input" && strings.HasPrefix(b["block_id"].(string), "text-") {
			block = b["block_id"].(string)
		}
	}
	b, _ := json.Marshal(map[string]any{"type": "interactive", "envelope_id": envelope, "accepts_response_payload": true, "payload": map[string]any{
		"type": "view_submission", "user": map[string]any{"id": "U1", "name": "maija"},
		"view": map[string]any{
			"id": "V1", "callback_id": view["callback_id"], "private_metadata": view["private_metadata"],
			"state": map[string]any{"values": map[string]any{block: map[string]any{"text": map[string]any{"type": "plain_text_input", "value": text}}}},
		},
	}})
	return string(b)
}

// TestSocketAnswers: a draft opens as a form, and what the person sends off is
// checked while the form is open and sent once.
func TestSocketAnswers(t *testing.T) {
	posts := anAlert().Quotes
	h := hear(t, "", func(_ context.Context, w Wish) (Outcome, error) {
		switch w.Do {
		case DoDraft:
			d := &Draft{Posts: posts, Post: posts[0], Text: "Pahoittelut!", Send: true, As: "@acme@m.example", To: "https://m.example/1"}
			for _, q := range posts {
				if q.ID == w.Post {
					d.Post = q
				}
			}
			return Outcome{Draft: d}, nil
		case DoCheck:
			if len(w.Text) > 20 {
				return Outcome{}, errors.New("the answer has 21 letters; 20 are the most there")
			}
			return Outcome{}, nil
		}
		return Outcome{Text: "Sent as 99."}, nil
	})
	h.send(t, press("E1", "alert_draft", "7F3KQ2AA:0:en"))
	h.acked(t)
	call := h.calledFor(t, "views.open", 1)[0]
	view := call["view"].(map[string]any)
	if call["trigger_id"] != "T1" || view["type"] != "modal" || !strings.Contains(fmt.Sprint(view), "@acme@m.example") {
		t.Fatalf("opened %v", call)
	}
	if len(posts) < 2 {
		t.Fatal("the alert shows one post only")
	}
	h.send(t, fmt.Sprintf(`{"type":"interactive","envelope_id":"E2","payload":{"type":"block_actions","user":{"id":"U1","name":"maija"},
"view":{"id":"V1","hash":"h1","callback_id":"answer","private_metadata":%q},"actions":[{"type":"static_select","block_id":"choose","action_id":"choose_post","selected_option":{"value":%q}}]}}`,
		view["private_metadata"], posts[1].ID))
	h.acked(t)
	call = h.calledFor(t, "views.update", 1)[0]
	view = call["view"].(map[string]any)
	if call["view_id"] != "V1" || call["hash"] != "h1" || !strings.Contains(view["private_metadata"].(string), string(posts[1].ID)) {
		t.Fatalf("updated %v", call)
	}
	h.send(t, submit("E3", view, "far too long for that source"))
	if ack := h.acked(t); !strings.Contains(fmt.Sprint(ack), "20 are the most there") || !strings.Contains(fmt.Sprint(ack), "errors") {
		t.Fatalf("acknowledged %v, want what is wrong", ack)
	}
	h.send(t, submit("E4", view, "  "))
	if ack := h.acked(t); !strings.Contains(fmt.Sprint(ack), "Write an answer.") {
		t.Fatalf("acknowledged %v, want what is wrong", ack)
	}
	h.send(t, submit("E5", view, "Anteeksi!"))
	if ack := h.acked(t); ack["payload"] != nil {
		t.Fatalf("acknowledged %v, want that it closes", ack)
	}
	if said := h.calledFor(t, "chat.postEphemeral", 1)[0]; said["text"] != "Sent as 99." || said["channel"] != "C1" {
		t.Errorf("told %v", said)
	}
	var sent []Wish
	for _, w := range h.asked(t, 5) {
		if w.Do == DoSend {
			sent = append(sent, w)
		}
	}
	if len(sent) != 1 || sent[0] != (Wish{Do: DoSend, Alert: "7F3KQ2AA", Post: posts[1].ID, Text: "Anteeksi!", Who: "maija", Account: "U1", Lang: "en"}) {
		t.Errorf("sent %+v", sent)
	}
}

// TestSocketCommands: /puskaradio in both languages, and the home tab.
func TestSocketCommands(t *testing.T) {
	for _, c := range []struct {
		text string
		want Wish
		bad  bool
	}{
		{"", Wish{Do: DoStatus}, false},
		{"tila", Wish{Do: DoStatus}, false},
		{"digest Acme", Wish{Do: DoDigest, Brand: "acme"}, false},
		{"kooste", Wish{Do: DoDigest}, false},
		{"mute 4h", Wish{Do: DoMute, For: 4 * time.Hour}, false},
		{"vaienna 30m acme", Wish{Do: DoMute, For: 30 * time.Minute, Brand: "acme"}, false},
		{"mute", Wish{}, true},
		{"mute 1s", Wish{}, true},
		{"mute 10000h", Wish{}, true},
		{"dance", Wish{}, true},
		{"digest a b", Wish{}, true},
	} {
		if w, ok := wishOf(c.text); ok == c.bad || ok && w != c.want {
			t.Errorf("wishOf(%q) = %+v, %v, want %+v, %v", c.text, w, ok, c.want, !c.bad)
		}
	}
	q := anAlert().Quotes[0]
	h := hear(t, "", func(_ context.Context, w Wish) (Outcome, error) {
		switch w.Do {
		case DoDigest:
			return Outcome{Digest: aDigest()}, nil
		case DoHome:
			return Outcome{Mine: []puskaradio.Case{{ID: q.ID, Mention: puskaradio.Mention{Text: "<!channel> surkeaa"}}}}, nil
		}
		return Outcome{Text: "All is well."}, nil
	})
	for i, text := range []string{"status", "digest", "nonsense"} {
		h.send(t, fmt.Sprintf(`{"type":"slash_commands","envelope_id":"E%d","payload":{"command":"/puskaradio","text":%q,"user_id":"U1","user_name":"maija","channel_id":"C1"}}`, i, text))
		h.acked(t)
		said := h.calledFor(t, "chat.postEphemeral", i+1)[i]
		if want := []string{"All is well.", "Kooste|Digest", "Write status"}[i]; !slices.ContainsFunc(strings.Split(want, "|"), func(s string) bool { return strings.Contains(said["text"].(string), s) }) {
			t.Errorf("%s: told %v", text, said["text"])
		}
	}
	h.send(t, `{"type":"events_api","envelope_id":"E8","payload":{"type":"event_callback","event":{"type":"app_home_opened","user":"U1","tab":"home"}}}`)
	h.acked(t)
	home := h.calledFor(t, "views.publish", 1)[0]
	if text := fmt.Sprint(home["view"]); home["user_id"] != "U1" || !strings.Contains(text, "surkeaa") || !strings.Contains(text, "Mine (1)") {
		t.Errorf("published %v", home)
	}
}

// TestSecondForm: the form of an answer that waits knows which it is, says who
// wrote it, and gives it back with a note instead of sending it.
func TestSecondForm(t *testing.T) {
	posts := anAlert().Quotes[:1]
	over := time.Date(2026, 11, 20, 12, 0, 0, 123456789, time.UTC)
	h := hear(t, "", func(_ context.Context, w Wish) (Outcome, error) {
		if w.Do == DoDraft {
			return Outcome{Draft: &Draft{Posts: posts, Post: posts[0], Text: "Sorry!", Send: true, Second: true, Waits: &puskaradio.Waiting{Who: "pekka", At: over}}}, nil
		}
		if w.Do == DoCheck && w.Text == "Sorry!" {
			return Outcome{}, puskaradio.ErrOwn
		}
		return Outcome{Text: "Done."}, nil
	})
	h.send(t, press("E1", "alert_draft", "7F3KQ2AA:0:en"))
	h.acked(t)
	view := h.calledFor(t, "views.open", 1)[0]["view"].(map[string]any)
	if said := fmt.Sprint(view); !strings.Contains(said, "Written by pekka") || !strings.Contains(said, "Or give it back") {
		t.Fatalf("the form: %s", said)
	}
	h.send(t, submit("E2", view, "Sorry!"))
	if ack := h.acked(t); !strings.Contains(fmt.Sprint(ack), "Another person than who wrote it") {
		t.Fatalf("acknowledged %v, want that another person must", ack)
	}
	back := strings.Replace(submit("E3", view, "Sorry!"), `"values":{`, fmt.Sprintf(`"values":{"back-%s":{"back":{"type":"plain_text_input","value":"Say when."}},`, posts[0].ID), 1)
	h.send(t, back)
	if ack := h.acked(t); ack["payload"] != nil {
		t.Fatalf("acknowledged %v, want that it closes", ack)
	}
	if said := fmt.Sprint(h.calledFor(t, "chat.postEphemeral", 1)[0]["text"]); !strings.HasSuffix(said, "\n\nSay when.\n\nSorry!") {
		t.Errorf("told %q; want what was written in the form with it", said)
	}
	asked := h.asked(t, 3)
	want := Wish{Do: DoBack, Alert: "7F3KQ2AA", Post: posts[0].ID, Text: "Say when.", Who: "maija", Account: "U1", Lang: "en", Over: over}
	if got := asked[len(asked)-1]; got != want || !asked[1].Over.Equal(over) {
		t.Errorf("asked %+v, want %+v", got, want)
	}
}
