package notify

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

func alertMessage(t testing.TB) Message {
	return Message{Key: "a/7F3KQ2AA", Alert: anAlert(), Lang: "fi", Zone: helsinki(t)}
}

func TestSlackPostsThenEdits(t *testing.T) {
	s := newSlack(t)
	n, m := s.bot(t), alertMessage(t)
	ref, err := n.Notify(t.Context(), client(), m)
	if err != nil {
		t.Fatal(err)
	}
	m.Ref, m.Alert.Rev, m.Alert.State = ref, 1, "over"
	again, err := n.Notify(t.Context(), client(), m)
	if err != nil || again != ref {
		t.Errorf("edit = %q, %v, want %q", again, err, ref)
	}
	if got, want := s.methods(), "chat.postMessage chat.update"; got != want {
		t.Fatalf("called %s, want %s", got, want)
	}
	edit := s.calls[1]
	if edit["channel"] != "C1" || "C1/"+edit["ts"].(string) != ref || !strings.HasPrefix(edit["text"].(string), "Ohi: ") {
		t.Errorf("edited %v/%v: %v", edit["channel"], edit["ts"], edit["text"])
	}
	for i, call := range s.calls {
		meta := call["metadata"].(map[string]any)
		payload := meta["event_payload"].(map[string]any)
		if meta["event_type"] != "puskaradio_message" || payload["key"] != m.Key || payload["alert_id"] != m.Alert.ID || payload["rev"] != float64(i) {
			t.Errorf("metadata %d = %v", i, meta)
		}
	}
	if a, b := blockIDs(s.calls[0]), blockIDs(s.calls[1]); a == b {
		t.Errorf("an edit keeps the block ids %s: Slack wants new ones", a)
	}
}

func blockIDs(call map[string]any) string {
	var ids []string
	for _, b := range call["blocks"].([]any) {
		ids = append(ids, b.(map[string]any)["block_id"].(string))
	}
	return strings.Join(ids, " ")
}

// TestSlackEditOfWhatIsGone: a message that somebody has deleted must not
// hold up the ones after it.
func TestSlackEditOfWhatIsGone(t *testing.T) {
	for _, answer := range uneditable {
		s := newSlack(t)
		s.answer = func(w http.ResponseWriter, call map[string]any) bool {
			if call["method"] == "chat.update" {
				fmt.Fprintf(w, `{"ok":false,"error":%q}`, answer)
				return true
			}
			return false
		}
		m := alertMessage(t)
		m.Ref = "C9/1600000000.000001"
		ref, err := s.bot(t).Notify(t.Context(), client(), m)
		if err != nil || ref != "C1/1700000000.000000" {
			t.Errorf("%s: Notify = %q, %v, want a new message", answer, ref, err)
		}
	}
}

func TestSlackLookup(t *testing.T) {
	for _, c := range []struct {
		name      string
		before    func(*testing.T, Notifier) // what arrived, but was not known to
		rev       int
		key       string
		want      string // the methods called by the try after that
		wantRef   string
		noHistory bool
	}{
		{name: "the same version arrived", rev: 0, want: "conversations.history", wantRef: "C1/1700000000.000000"},
		{name: "an older version arrived", rev: 2, want: "conversations.history chat.update", wantRef: "C1/1700000000.000000"},
		{name: "another message", key: "a/OTHER", want: "conversations.history chat.postMessage", wantRef: "C1/1700000000.000001"},
		{name: "no history to read", noHistory: true, want: "conversations.history chat.postMessage", wantRef: "C1/1700000000.000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSlack(t)
			n, m := s.bot(t), alertMessage(t)
			if _, err := n.Notify(t.Context(), client(), m); err != nil {
				t.Fatal(err)
			}
			s.calls = nil
			if c.noHistory {
				s.answer = func(w http.ResponseWriter, call map[string]any) bool {
					if call["method"] == "conversations.history" {
						fmt.Fprint(w, `{"ok":false,"error":"missing_scope"}`)
						return true
					}
					return false
				}
			}
			m.Again, m.Alert.Rev = true, c.rev
			if c.key != "" {
				m.Key = c.key
			}
			ref, err := n.Notify(t.Context(), client(), m)
			if got := s.methods(); err != nil || ref != c.wantRef || got != c.want {
				t.Errorf("Notify = %q, %v by %s, want %q by %s", ref, err, got, c.wantRef, c.want)
			}
		})
	}
}

// TestSlackFallsBack: what Slack does not take is said with less.
func TestSlackFallsBack(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse func(blocks string) bool
		want   []string // what each try held
		fails  bool
	}{
		{"no charts", func(b string) bool { return strings.Contains(b, "data_visualization") }, []string{"chart", "blocks"}, false},
		{"no blocks", func(b string) bool { return b != "" }, []string{"chart", "blocks", "text"}, false},
		{"nothing", func(string) bool { return true }, []string{"chart", "blocks", "text"}, true},
	} {
		for _, hook := range []bool{false, true} {
			t.Run(fmt.Sprint(c.name, " webhook ", hook), func(t *testing.T) {
				s := newSlack(t)
				var got []string
				s.answer = func(w http.ResponseWriter, call map[string]any) bool {
					blocks, what := "", "text"
					if call["blocks"] != nil {
						blocks, what = fmt.Sprint(call["blocks"]), "blocks"
					}
					if strings.Contains(blocks, "data_visualization") {
						what = "chart"
					}
					got = append(got, what)
					if call["text"] == "" {
						t.Error("no text")
					}
					switch refused := c.refuse(blocks); {
					case refused && hook:
						http.Error(w, "invalid_blocks", http.StatusBadRequest)
					case refused:
						fmt.Fprint(w, `{"ok":false,"error":"invalid_blocks"}`)
					default:
						return false
					}
					return true
				}
				n := s.bot(t)
				if hook {
					n = s.webhook(t)
				}
				_, err := n.Notify(t.Context(), client(), alertMessage(t))
				if fmt.Sprint(got) != fmt.Sprint(c.want) || (err != nil) != c.fails {
					t.Errorf("tried %v, %v, want %v", got, err, c.want)
				}
				if _, permanent := errors.AsType[*puskaradio.PermanentError](err); c.fails && !permanent {
					t.Errorf("error %v is not permanent", err)
				}
			})
		}
	}
}

func TestSlackWebhook(t *testing.T) {
	s := newSlack(t)
	n, m := s.webhook(t), alertMessage(t)
	ref, err := n.Notify(t.Context(), client(), m)
	if err != nil || ref == "" {
		t.Fatalf("Notify = %q, %v", ref, err)
	}
	if sent := s.calls[0]; sent["unfurl_links"] != false || sent["unfurl_media"] != false || strings.Contains(sent["text"].(string), "<") || sent["blocks"] == nil {
		t.Errorf("sent %v", sent)
	}
	m.Ref, m.Alert.Rev, m.Alert.State = ref, 1, "updated"
	if _, err := n.Notify(t.Context(), client(), m); err != nil || len(s.calls) != 1 {
		t.Errorf("an update was posted anew: %d calls, %v", len(s.calls), err)
	}
	m.Alert.Rev, m.Alert.State = 2, "over"
	if _, err := n.Notify(t.Context(), client(), m); err != nil || len(s.calls) != 2 {
		t.Errorf("the end was not said: %d calls, %v", len(s.calls), err)
	}
}

func TestSlackProbe(t *testing.T) {
	s := newSlack(t)
	found, err := s.bot(t).(Prober).Probe(t.Context(), client())
	if want := "puskaradio in Acme reads and writes C1; without app_token_env alerts have no buttons"; err != nil || found != want {
		t.Errorf("Probe = %q, %v, want %q", found, err, want)
	}
	s.answer = func(w http.ResponseWriter, _ map[string]any) bool { notOK("token_revoked")(w); return true }
	if _, err = s.bot(t).(Prober).Probe(t.Context(), client()); err == nil || !strings.Contains(err.Error(), "install the app anew") {
		t.Errorf("Probe = %v", err)
	}
	leaks(t, s, err)
}

func TestNew(t *testing.T) {
	for _, c := range []struct {
		kind, options string
		secrets       map[string]string
		want          string // a part of the error; empty is none
	}{
		{"slack", `{"channel":"C1"}`, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, ""},
		{"slack", `{"channel":"C1","token_env":"T"}`, map[string]string{"T": "xoxb-1"}, ""},
		{"slack", `{"channel":"C1","app_token_env":"A"}`, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "A": "xapp-1"}, ""},
		{"slack", `{"channel":"C1","app_token_env":"A"}`, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1", "A": "xoxb-1"}, "it begins with xapp-"},
		{"slack", `{"channel":"C1","app_token_env":"A"}`, map[string]string{"SLACK_BOT_TOKEN": "xoxb-1"}, "the secret A is missing"},
		{"slack", `{"webhook_env":"H","app_token_env":"A"}`, map[string]string{"H": "https://hooks.slack.com/services/x", "A": "xapp-1"}, "a webhook has no buttons"},
		{"slack", `{"webhook_env":"H"}`, map[string]string{"H": "https://hooks.slack.com/services/x"}, ""},
		{"slack", `{"channel":"C1"}`, nil, "the secret SLACK_BOT_TOKEN is missing"},
		{"slack", `{"channel":"C1"}`, map[string]string{"SLACK_BOT_TOKEN": "xoxp-canary"}, "SLACK_BOT_TOKEN does not hold a bot token"},
		{"slack", `{"webhook_env":"H"}`, map[string]string{"H": "http://canary.example"}, "H does not hold the URL of a webhook"},
		{"slack", `{}`, nil, `"channel" is missing`},
		{"slack", `{"chanel":"C1"}`, nil, `unknown field "chanel"`},
		{"smoke", `{}`, nil, "write one of: hubspot, mail, shoutrrr, slack, webhook"},
	} {
		_, err := New(c.kind, []byte(c.options), secrets(c.secrets))
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("New(%s, %s) = %v, want %q", c.kind, c.options, err, c.want)
		}
	}
}
