package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

var hookKeys = [][]byte{[]byte("the-old-key-of-thirty-two-bytes!"), []byte("the-new-key-of-thirty-two-bytes!")}

// signed are the heads of a message that is signed as the standard says.
func signed(key []byte, id string, at time.Time, body string) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "." + body))
	return http.Header{
		"Content-Type": {"application/json"}, "Webhook-Id": {id}, "Webhook-Timestamp": {stamp},
		"Webhook-Signature": {"v1,AAAA v1a,x v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
}

// send posts a message with heads.
func (p *place) send(h http.Header, body string) *httptest.ResponseRecorder {
	return p.askWith("POST", hookPath, body, func(r *http.Request) {
		r.Header.Del("Authorization")
		maps.Copy(r.Header, h)
	})
}

// hooked is a dashboard that has a hook for some brands.
func hooked(t *testing.T, brands ...string) *place {
	p := newPlace(t)
	p.plan.Hook = &Hook{Name: "crm (hook)", Keys: hookKeys, Brands: brands}
	return p
}

func TestHook(t *testing.T) {
	p := hooked(t)
	other := sample()
	other.Ref, other.Published, other.Flag = "r2", testNow.Add(-time.Hour), ""
	ids := p.add(sample(), other)
	n := 0
	for _, x := range []struct {
		body string
		code int
		want []string
	}{
		{`{"case":"%s","customer":"A-17","note":"Gold customer"}`, 200, []string{`"customer":"A-17"`, `"status":"new"`}},
		{`{"case":"%s","note":"called","close":true}`, 200, []string{`"status":"done"`}},
		{`{"case":"%s","close":true}`, 200, []string{`"status":"done"`}},
		{`{"case":"%s","customer":""}`, 200, []string{`"customer":""`}},
		{`{"case":"%s","customer":"a\nb"}`, 400, []string{`"field":"customer"`}},
		{`{"case":"%s","note":"` + strings.Repeat("x", longestNote+1) + `"}`, 400, []string{`"field":"note"`}},
		{`{"case":"%s"}`, 400, []string{"nothing is said"}},
		{`{"case":"%s","text":"x"}`, 400, []string{`"field":"text"`}},
		{`{"case":"x","close":true}%.0s`, 404, nil},
		{`{"case":"` + string(ids[1]) + `","close":true}%.0s`, 400, []string{"has no case"}},
		{`{"case":"` + string(ids[1]) + `","customer":"B-2"}%.0s`, 200, []string{`"customer":"B-2"`}},
		{strings.Repeat("x", maxBody+1) + "%.0s", 413, nil},
	} {
		n++
		body := fmt.Sprintf(x.body, ids[0])
		w := p.send(signed(hookKeys[n%2], fmt.Sprint("msg_", n), testNow, body), body)
		if w.Code != x.code {
			t.Errorf("%.100s: %d, want %d: %s", body, w.Code, x.code, w.Body)
		}
		for _, part := range x.want {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("%.100s: the answer lacks %s: %s", body, part, w.Body)
			}
		}
	}
	c := p.caseOf(ids[0])
	if len(c.Changes) != 2 || c.Changes[0].Who != "crm (hook)" || !c.Changes[0].Aside || c.Changes[0].Note != "Gold customer" || c.Changes[1].To != puskaradio.Done {
		t.Errorf("the changes: %+v", c.Changes)
	}
	deeds, err := p.store.Deeds(t.Context(), testNow.Add(time.Hour), 9)
	if err != nil || len(deeds) != 3 || deeds[2].What != "set a customer key" || deeds[2].Who != "crm (hook)" {
		t.Errorf("the log: %+v, %v", deeds, err)
	}
}

// TestHookRefuses: what is not signed, not of now, not new or not of a brand
// that the program sees changes nothing.
func TestHookRefuses(t *testing.T) {
	p := hooked(t, "acme")
	foreign := sample()
	foreign.Brand, foreign.Ref = "bolt", "b1"
	ids := p.add(sample(), foreign)
	body := `{"case":"` + string(ids[0]) + `","close":true}`
	good := func() http.Header { return signed(hookKeys[0], "msg_1", testNow, body) }
	for name, change := range map[string]func(h http.Header){
		"another key": func(h http.Header) {
			h["Webhook-Signature"] = signed([]byte("x"), "msg_1", testNow, body)["Webhook-Signature"]
		},
		"another id":       func(h http.Header) { h.Set("Webhook-Id", "msg_2") },
		"no id":            func(h http.Header) { h.Del("Webhook-Id") },
		"two ids":          func(h http.Header) { h.Add("Webhook-Id", "msg_1") },
		"an id with a dot": func(h http.Header) { h.Set("Webhook-Id", "msg.1") },
		"no signature":     func(h http.Header) { h.Del("Webhook-Signature") },
		"version 2": func(h http.Header) {
			h.Set("Webhook-Signature", strings.ReplaceAll(h.Get("Webhook-Signature"), "v1,", "v2,"))
		},
		"another time":  func(h http.Header) { h.Set("Webhook-Timestamp", strconv.FormatInt(testNow.Unix()+1, 10)) },
		"no time":       func(h http.Header) { h.Set("Webhook-Timestamp", "now") },
		"a time with +": func(h http.Header) { h.Set("Webhook-Timestamp", "+"+h.Get("Webhook-Timestamp")) },
	} {
		h := good()
		change(h)
		p.server.brake = brake{}
		if w := p.send(h, body); w.Code != 401 {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	p.server.brake = brake{}
	for _, at := range []time.Time{testNow.Add(-hookDrift - time.Second), testNow.Add(hookDrift + time.Second), time.Unix(-1<<62, 0)} {
		if w := p.send(signed(hookKeys[0], "msg_1", at, body), body); w.Code != 401 {
			t.Errorf("sent at %v: %d", at, w.Code)
		}
	}
	if w := p.send(good(), strings.Replace(body, "true", "false", 1)); w.Code != 401 {
		t.Errorf("another body: %d", w.Code)
	}
	other := `{"case":"` + string(ids[1]) + `","close":true}`
	if w := p.send(signed(hookKeys[0], "msg_3", testNow, other), other); w.Code != 404 {
		t.Errorf("of another brand: %d", w.Code)
	}
	p.unchanged(ids[0])

	// Of many at once with one id one is done, and none later: who did not hear the
	// answer is given it again.
	codes := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			w := p.send(good(), body)
			mu.Lock()
			defer mu.Unlock()
			codes[w.Code]++
		})
	}
	wg.Wait()
	p.late = hookDrift
	if w := p.send(good(), body); w.Code != 200 || codes[200] != 8 {
		t.Errorf("replayed: %v, then %d", codes, w.Code)
	}
	if c := p.caseOf(ids[0]); len(c.Changes) != 1 {
		t.Errorf("done %d times, want once: %+v", len(c.Changes), c.Changes)
	}
	p.plan.Hook = nil
	if w := p.send(signed(hookKeys[0], "msg_9", testNow, body), body); w.Code != 404 {
		t.Errorf("without a hook: %d", w.Code)
	}
}

// A deaf store does not know of a message yet that another process is doing.
type deaf struct{ store.Store }

func (deaf) Jobs(context.Context, string) ([]store.Job, error) { return nil, nil }

// TestHookTwoProcesses: a message that comes to two processes at the same
// instant is done by one, and both say so.
func TestHookTwoProcesses(t *testing.T) {
	p := hooked(t)
	id := string(p.add(sample())[0])
	p.server.o.Store = deaf{p.store}
	for i, body := range []string{`{"case":"` + id + `","note":"called"}`, `{"case":"` + id + `","note":"all is well","close":true}`} {
		h := signed(hookKeys[0], fmt.Sprint("msg_", i), testNow, body)
		for range 2 {
			if w := p.send(h, body); w.Code != 200 {
				t.Errorf("%s: %d %s", body, w.Code, w.Body)
			}
		}
		if c := p.caseOf(puskaradio.ID(id)); len(c.Changes) != i+1 {
			t.Errorf("%s: %d changes, want %d: %+v", body, len(c.Changes), i+1, c.Changes)
		}
	}
	if n := p.moves.Load(); n != 1 {
		t.Errorf("%d were told of, want one", n)
	}
}

// FuzzHookVerify: nothing is taken but what one of the keys has signed.
func FuzzHookVerify(f *testing.F) {
	for _, s := range []string{"v1,", "v1,AAAA", "v1,=", "v2,x v1,y", "", " "} {
		f.Add("msg_1", "1795000000", s, "{}")
	}
	f.Add("a.b", "+1", "v1,AAAA", "\x00")
	f.Fuzz(func(t *testing.T, id, stamp, signature, body string) {
		k := &Hook{Keys: hookKeys}
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		if _, _, ok := k.verify(h, []byte(body)); ok {
			t.Fatalf("taken: %q", h)
		}
		sec, err := strconv.ParseInt(stamp, 10, 64)
		if err != nil {
			return
		}
		h = signed(hookKeys[1], id, time.Unix(sec, 0), body)
		_, at, ok := k.verify(h, []byte(body))
		if want := id != "" && len(id) <= 256 && !strings.Contains(id, "."); ok != want || ok && at.Unix() != sec {
			t.Fatalf("%q: taken %v at %v, want %v", h, ok, at, want)
		}
	})
}
