package crawler

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

// repliers are the kinds that can answer: a mention of each, what is asked for
// to send an answer, and what the host says to it.
var repliers = []struct {
	kind, options string
	mention       puskaradio.Mention
	text, drafted string
	long          string            // one letter too many
	before        map[string]string // requests that may come before, with their answers
	sent          string            // the request that sends
	body          []string          // what it must hold
	auth          string            // how its Authorization begins
	answer, ref   string
}{
	{
		kind: "mastodon", options: `{"server":"social.example","tags":["acme"],"reply_token_env":"REPLY"}`,
		mention: puskaradio.Mention{Ref: "https://other.example/users/maija/statuses/7", Author: "maija@other.example", URL: "https://other.example/@maija/7"},
		text:    "Pahoittelut!", drafted: "@maija@other.example Pahoittelut!", long: strings.Repeat("ä", 494),
		before: map[string]string{"GET /api/v2/search": `{"statuses":[{"id":"111","uri":"https://other.example/users/maija/statuses/7"}]}`},
		sent:   "POST /api/v1/statuses", body: []string{`"in_reply_to_id":"111"`, `"status":"@maija@other.example Pahoittelut!"`, `"visibility":"public"`},
		auth: "Bearer secret-of-REPLY", answer: `{"id":"112","uri":"https://social.example/users/acme/statuses/112"}`, ref: "https://social.example/users/acme/statuses/112",
	},
	{
		kind: "bluesky", options: `{"handle":"acme.example","password_env":"PASSWORD"}`,
		mention: puskaradio.Mention{Ref: "at://did:plc:maija/app.bsky.feed.post/3k", Author: "maija.example", URL: "https://bsky.app/profile/maija.example/post/3k"},
		text:    "Pahoittelut!", drafted: "Pahoittelut!", long: strings.Repeat("👩‍👩‍👧", 301),
		before: map[string]string{
			"POST /xrpc/com.atproto.server.createSession": `{"accessJwt":"a1","refreshJwt":"r1"}`,
			"GET /xrpc/app.bsky.feed.getPosts":            `{"posts":[{"uri":"at://did:plc:maija/app.bsky.feed.post/3k","cid":"bafyparent","record":{"reply":{"root":{"uri":"at://did:plc:x/app.bsky.feed.post/3a","cid":"bafyroot"}}}}]}`,
		},
		sent: "POST /xrpc/com.atproto.repo.createRecord",
		body: []string{`"repo":"acme.example"`, `"collection":"app.bsky.feed.post"`, `"parent":{"uri":"at://did:plc:maija/app.bsky.feed.post/3k","cid":"bafyparent"}`, `"root":{"uri":"at://did:plc:x/app.bsky.feed.post/3a","cid":"bafyroot"}`, `"text":"Pahoittelut!"`},
		auth: "Bearer a1", answer: `{"uri":"at://did:plc:acme/app.bsky.feed.post/3z","cid":"bafynew"}`, ref: "at://did:plc:acme/app.bsky.feed.post/3z",
	},
	{
		kind: "x", options: `{"token_env":"X_BEARER_TOKEN","reply_token_env":"REPLY"}`,
		mention: puskaradio.Mention{Ref: "1876543210987654321", URL: "https://x.com/i/status/1876543210987654321"},
		text:    "Pahoittelut!", drafted: "Pahoittelut!", long: strings.Repeat("日", 141),
		sent: "POST /2/tweets", body: []string{`"in_reply_to_tweet_id":"1876543210987654321"`, `"text":"Pahoittelut!"`},
		auth: "Bearer secret-of-REPLY", answer: `{"data":{"id":"1876543210987654399","text":"Pahoittelut!"}}`, ref: "1876543210987654399",
	},
	{
		kind: "googlebusiness", options: kinds["googlebusiness"].Example,
		mention: puskaradio.Mention{Ref: "accounts/1/locations/2/reviews/AbC"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("ä", 2049),
		before: map[string]string{"POST /token": `{"access_token":"ya29","expires_in":3599}`},
		sent:   "PUT /v4/accounts/1/locations/2/reviews/AbC/reply", body: []string{`{"comment":"Kiitos!"}`},
		auth: "Bearer ya29", answer: `{"comment":"Kiitos!","updateTime":"2026-11-22T07:00:00Z"}`, ref: "accounts/1/locations/2/reviews/AbC/reply",
	},
	{
		kind: "googleplay", options: kinds["googleplay"].Example,
		mention: puskaradio.Mention{Ref: "gp:AOq"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("ä", 351),
		before: map[string]string{"POST /token": `{"access_token":"ya29","expires_in":3599}`},
		sent:   "POST /androidpublisher/v3/applications/com.example.app/reviews/gp:AOq:reply", body: []string{`{"replyText":"Kiitos!"}`},
		auth: "Bearer ya29", answer: `{"result":{"replyText":"Kiitos!"}}`, ref: "gp:AOq",
	},
	{
		kind: "appstoreconnect", options: kinds["appstoreconnect"].Example,
		mention: puskaradio.Mention{Ref: "00000026-7ad1"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("a", 5971),
		sent: "POST /v1/customerReviewResponses", body: []string{`"responseBody":"Kiitos!"`, `"review":{"data":{"id":"00000026-7ad1","type":"customerReviews"}}`},
		auth: "Bearer eyJ", answer: `{"data":{"type":"customerReviewResponses","id":"r-1"}}`, ref: "r-1",
	},
	{
		kind: "woocommerce", options: `{"site":"https://shop.example/fi","reply_user":"tuki","reply_password_env":"REPLY"}`,
		mention: puskaradio.Mention{Ref: "42", URL: "https://shop.example/tuote/pannu#comment-42"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("a", 65526),
		before: map[string]string{"GET /fi/wp-json/wp/v2/comments/42": `{"id":42,"post":7}`},
		sent:   "POST /fi/wp-json/wp/v2/comments", body: []string{`"content":"Kiitos!"`, `"parent":42`, `"post":7`},
		auth: "Basic dHVraTpzZWNyZXQtb2YtUkVQTFk=", answer: `{"id":43,"post":7}`, ref: "43",
	},
	{
		kind: "wordpress", options: `{"site":"https://cafe.example/fi","reply_user":"tuki","reply_password_env":"REPLY"}`,
		mention: puskaradio.Mention{Ref: "42", URL: "https://cafe.example/fi/hello#comment-42"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("a", 65526),
		before: map[string]string{"GET /fi/wp-json/wp/v2/comments/42": `{"id":42,"post":7}`},
		sent:   "POST /fi/wp-json/wp/v2/comments", body: []string{`"content":"Kiitos!"`, `"parent":42`, `"post":7`},
		auth: "Basic dHVraTpzZWNyZXQtb2YtUkVQTFk=", answer: `{"id":43,"post":7}`, ref: "43",
	},
	{
		kind: "trustpilot", options: `{"domain":"acme.example","key_env":"KEY","reply_secret_env":"REPLY","reply_user":"507f191e810c19729de860ea"}`,
		mention: puskaradio.Mention{Ref: "5e3de1b45fb06f0001790b51"}, text: "Kiitos!", drafted: "Kiitos!", long: strings.Repeat("ä", 4097),
		before: map[string]string{"POST /v1/oauth/oauth-business-users-for-applications/accesstoken": `{"access_token":"ya29","expires_in":"359999"}`},
		sent:   "POST /v1/private/reviews/5e3de1b45fb06f0001790b51/reply", body: []string{`"authorBusinessUserId":"507f191e810c19729de860ea"`, `"message":"Kiitos!"`},
		auth: "Bearer ya29", answer: "", ref: "5e3de1b45fb06f0001790b51/reply",
	},
}

// TestReplyToPseudonym: who goes by a pseudonym is named as the address of the
// status has it, and never by the pseudonym.
func TestReplyToPseudonym(t *testing.T) {
	con, err := New("mastodon", json.RawMessage(`{"server":"social.example","tags":["acme"],"reply_token_env":"REPLY"}`), anySecret)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ url, text, want string }{
		{"https://social.example/@maija/1", "Kiitos!", "@maija@social.example Kiitos!"},
		{"https://social.example/@maija@far.example/1", "Kiitos!", "@maija@far.example Kiitos!"},
		{"https://far.example/users/maija/statuses/1", "Kiitos!", "@maija@far.example Kiitos!"},
		{"https://far.example/@maija/1", "@maija@far.example Kiitos!", "@maija@far.example Kiitos!"},
		{"https://far.example/notice/1", "@maija@far.example Kiitos!", "@maija@far.example Kiitos!"},
		{"https://far.example/notice/1", "Kiitos!", ""},
		{"https://far.example/notice/2", "Kiitos!", "@maija@far.example Kiitos!"}, // as its reference has it
	} {
		m := puskaradio.Mention{Ref: strings.Replace(tt.url, "notice/2", "users/maija/statuses/2", 1), URL: tt.url, Author: puskaradio.Pseudonym(7)}
		d, err := DraftReply(con, &m, tt.text)
		if (err == nil) != (tt.want != "") || err == nil && d.Text != tt.want || errors.Is(err, ErrNoReply) {
			t.Errorf("to %s: %q, %v, want %q", tt.url, d.Text, err, tt.want)
		}
	}
}

func TestReply(t *testing.T) {
	for _, tc := range repliers {
		for _, end := range []struct {
			name   string
			status int
			body   string
			lost   bool
			maybe  bool
			fails  bool
		}{
			{name: "taken", status: 200, body: tc.answer},
			{name: "refused", status: http.StatusForbidden, body: `{"error":"no"}`, fails: true},
			{name: "too many", status: http.StatusTooManyRequests, fails: true},
			{name: "in trouble", status: http.StatusBadGateway, fails: true, maybe: true},
			{name: "lost", lost: true, fails: true, maybe: true},
			{name: "garbage", status: 200, body: `<p>hello`, fails: true, maybe: true},
		} {
			t.Run(tc.kind+"/"+end.name, func(t *testing.T) {
				con, err := New(tc.kind, json.RawMessage(tc.options), anySecret)
				if err != nil {
					t.Fatal(err)
				}
				d, err := DraftReply(con, &tc.mention, tc.text)
				if err != nil || d.Text != tc.drafted || d.As == "" {
					t.Fatalf("DraftReply = %+v, %v, want %q", d, err, tc.drafted)
				}
				sent := 0
				c := local(t)
				c.wire = wire(func(r *http.Request) (*http.Response, error) {
					rec := httptest.NewRecorder()
					asked := r.Method + " " + r.URL.Path
					if asked != tc.sent {
						if tc.before[asked] == "" {
							t.Errorf("asked for %s", asked)
						}
						io.WriteString(rec, tc.before[asked])
						return rec.Result(), nil
					}
					sent++
					b, _ := io.ReadAll(r.Body)
					for _, want := range tc.body {
						if !strings.Contains(string(b), want) {
							t.Errorf("sent %s, want %s in it", b, want)
						}
					}
					if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, tc.auth) {
						t.Errorf("Authorization %q, want %q", got, tc.auth)
					}
					if end.lost {
						return nil, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
					}
					rec.WriteHeader(end.status)
					io.WriteString(rec, end.body)
					return rec.Result(), nil
				})
				ref, err := con.(Replier).Reply(t.Context(), c, &tc.mention, d.Text)
				// Google says nothing but that it was done.
				if (err != nil) != end.fails || errors.Is(err, ErrMaybeSent) != end.maybe || !end.fails && ref != tc.ref || end.fails && ref != "" {
					t.Errorf("Reply = %q, %v", ref, err)
				}
				if sent != 1 {
					t.Errorf("sent %d times", sent)
				}
				if err != nil && (strings.Contains(err.Error(), "secret-of-") || strings.Contains(err.Error(), "ya29")) {
					t.Errorf("a secret is in %q", err)
				}
			})
		}
	}
}

// TestReplyNotSent tries answers that must not leave.
func TestReplyNotSent(t *testing.T) {
	for _, tc := range repliers {
		con, err := New(tc.kind, json.RawMessage(tc.options), anySecret)
		if err != nil {
			t.Fatal(err)
		}
		c := local(t)
		c.wire = wire(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s: asked for %s", tc.kind, r.URL)
			return nil, errors.New("no")
		})
		for _, text := range []string{"", " \n", tc.long, "a\xff"} {
			if _, err := con.(Replier).Reply(t.Context(), c, &tc.mention, text); err == nil || errors.Is(err, ErrMaybeSent) {
				t.Errorf("%s: an answer of %d bytes: %v", tc.kind, len(text), err)
			}
		}
		short := tc.long[:strings.LastIndexFunc(tc.long, func(r rune) bool { return r != '\u200d' })]
		if tc.kind == "bluesky" {
			short = strings.Repeat("ä", 300)
		}
		if _, err := DraftReply(con, &tc.mention, short); err != nil && tc.kind != "mastodon" {
			t.Errorf("%s: an answer of the greatest length: %v", tc.kind, err)
		}
		if _, err := DraftReply(con, &puskaradio.Mention{}, "Kiitos!"); !errors.Is(err, ErrNoReply) {
			t.Errorf("%s: to nothing: %v", tc.kind, err)
		}
	}
	for _, kind := range []string{"mastodon", "x", "woocommerce", "wordpress", "trustpilot", "feed"} { // their least options allow no answer
		con, err := New(kind, minimal(kind), anySecret)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DraftReply(con, &puskaradio.Mention{Ref: "1"}, "Kiitos!"); !errors.Is(err, ErrNoReply) {
			t.Errorf("%s: %v, want that it cannot", kind, err)
		}
	}
}

// TestReplyNoConnection cannot have been sent.
func TestReplyNoConnection(t *testing.T) {
	con, err := New("x", json.RawMessage(`{"token_env":"T","reply_token_env":"R","server":"http://127.0.0.1:1"}`), anySecret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = con.(Replier).Reply(t.Context(), local(t, "http://127.0.0.1:1"), &puskaradio.Mention{Ref: "12"}, "Kiitos!")
	if StateOf(err) != StateUnreachable || errors.Is(err, ErrMaybeSent) {
		t.Errorf("Reply = %v, want unreachable and not sent", err)
	}
}
