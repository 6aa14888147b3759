package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"
)

// TestMCPTools: what assistants are told of the tools is as it was reviewed;
// each reads, and its arguments are those of a route of the API that is read.
func TestMCPTools(t *testing.T) {
	const golden = "../../testdata/cmd/assistant-tools.json"
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(map[string]any{"instructions": mcpManners, "versions": mcpVersions, "tools": assistantTools()}); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the tools are not those of %s; write it anew with -update, and read what has changed", golden)
	}
	var api struct {
		Paths map[string]map[string]struct {
			Role       string `json:"x-role"`
			Parameters []struct{ Name string }
		}
	}
	raw, err := os.ReadFile("../../web/openapi.json")
	if err != nil || json.Unmarshal(raw, &api) != nil {
		t.Fatal(err)
	}
	for _, x := range tools() {
		route, ok := api.Paths["/api/v1/"+x.route]["get"]
		if !ok || route.Role != "reader" {
			t.Errorf("%s asks %s, which is not read by readers", x.name, x.route)
		}
		known := map[string]bool{"per": x.name == "trends"} // which the tool has beside the route
		for _, p := range route.Parameters {
			known[p.Name] = true
		}
		for _, p := range x.params {
			if name := p.name; !known[name] && !known[p.as] {
				t.Errorf("%s: %s does not take %s", x.name, x.route, name)
			}
		}
	}
	for _, x := range assistantTools() {
		if x.Annotations["readOnlyHint"] != true || x.Annotations["destructiveHint"] != false {
			t.Errorf("%s: %v", x.Name, x.Annotations)
		}
	}
}

// echo is an assistant whose tools tell what they were asked.
func echo(out io.Writer) *assistant {
	return &assistant{out: out, log: slog.New(slog.DiscardHandler), patience: time.Minute, ask: func(_ context.Context, tool string, arguments json.RawMessage) ([]byte, error) {
		return json.Marshal(map[string]any{"tool": tool, "arguments": arguments})
	}}
}

// TestMCPHostile says to a server what nobody should: each line gets the answer
// that the protocol has for it, or none, and the next one is heard.
func TestMCPHostile(t *testing.T) {
	deep := strings.Repeat("[", 20_000)
	for name, tt := range map[string]struct {
		line string
		want string // in the answer; empty is no answer
	}{
		"no JSON":               {"hello", `-32700`},
		"half":                  {`{"jsonrpc":"2.0","id":1,`, `-32700`},
		"no UTF-8":              {"{\"jsonrpc\":\"2.0\",\"id\":\"\xff\",\"method\":\"ping\"}", `-32700`},
		"deep":                  {deep, `-32700`},
		"deep and whole":        {deep[:5000] + strings.Repeat("]", 5000), `-32600`},
		"a number":              {"7", `-32600`},
		"a text":                {`"ping"`, `-32600`},
		"nothing":               {"", ""},
		"spaces":                {" \t \r", ""},
		"null":                  {"null", `-32600`},
		"an empty object":       {"{}", `-32600`},
		"an empty batch":        {"[]", `-32600`},
		"a batch":               {`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, `"id":null,"error":{"code":-32600`},
		"another version":       {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, `"id":1,"error":{"code":-32600`},
		"no version":            {`{"id":1,"method":"ping"}`, `-32600`},
		"a method of no text":   {`{"jsonrpc":"2.0","id":1,"method":["ping"]}`, `-32600`},
		"other letters":         {`{"jsonrpc":"2.0","id":1,"METHOD":"ping"}`, `-32600`},
		"an id that is null":    {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `"id":null,"error":{"code":-32600`},
		"an id that is a list":  {`{"jsonrpc":"2.0","id":[1],"method":"ping"}`, `"id":null,"error":{"code":-32600`},
		"an id with a fraction": {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, `-32600`},
		"a notification":        {`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, ""},
		"an order without id":   {`{"jsonrpc":"2.0","method":"tools/call","params":{"name":"brands"}}`, ""},
		"an answer":             {`{"jsonrpc":"2.0","id":5,"result":{}}`, ""},
		"an error":              {`{"jsonrpc":"2.0","id":5,"error":{"code":1,"message":"x"}}`, ""},
		"no such method":        {`{"jsonrpc":"2.0","id":1,"method":"resources/list"}`, `-32601`},
		"a long method":         {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", 100_000) + `"}`, `-32601`},
		"params of a list":      {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[1]}`, `-32602`},
		"a cursor":              {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}`, `-32602`},
		"no tool":               {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}`, `-32602`},
		"an unknown tool":       {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"erase"}}`, `-32602`},
		"arguments of a list":   {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"brands","arguments":["-c"]}}`, `-32602`},
		"no version wanted":     {`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, `-32602`},
		"too long":              {`{"jsonrpc":"2.0","id":1,"method":"` + strings.Repeat("x", longestLine) + `"}`, `"id":null,"error":{"code":-32600`},
		"very long":             {strings.Repeat("x", 20<<20), `-32600`},
		"a large id":            {`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 900_000) + `","method":"ping"}`, `"result":{}`},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			in := mcpHello + "\n" + tt.line + "\n" + `{"jsonrpc":"2.0","id":"last","method":"ping"}`
			if err := echo(&out).serve(t.Context(), strings.NewReader(in)); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if last := lines[len(lines)-1]; last != `{"jsonrpc":"2.0","id":"last","result":{}}` {
				t.Errorf("then it hears nothing: %.200q", last)
			}
			got := strings.Join(lines[1:len(lines)-1], "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("it says %.300q, want %q", got, tt.want)
			}
			if strings.Contains(tt.want, "-32") && len(got) > 300 {
				t.Errorf("an error of %d bytes", len(got))
			}
		})
	}
}

// TestMCPBegins: the version is the assistant's where it is known, nothing is
// told before, and batches are of the one version that has them.
func TestMCPBegins(t *testing.T) {
	hello := func(version string) string { return strings.Replace(mcpHello, "2025-06-18", version, 1) + "\n" }
	const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	for name, tt := range map[string]struct{ in, want string }{
		"before":    {`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, `-32600`},
		"a ping":    {ping, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		"now":       {hello("2025-11-25"), `"protocolVersion":"2025-11-25"`},
		"the first": {hello("2024-11-05"), `"protocolVersion":"2024-11-05"`},
		"of later":  {hello("2031-01-01"), `"protocolVersion":"2025-11-25"`},
		"a batch":   {hello("2025-03-26") + `[` + ping + `,{"jsonrpc":"2.0","method":"x"},7]`, `[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":null,"error":{"code":-32600`},
		"a silent batch": {hello("2025-03-26") + `[{"jsonrpc":"2.0","method":"x"}]` + "\n" + ping, `
{"jsonrpc":"2.0","id":1,"result":{}}`},
		"a large batch": {hello("2025-03-26") + `[` + strings.Repeat(ping+",", mostBatched) + ping + `]`, `-32600`},
		"CRLF":          {ping + "\r\n", `"result":{}`},
	} {
		var out bytes.Buffer
		if err := echo(&out).serve(t.Context(), strings.NewReader(tt.in)); err != nil || !strings.Contains(out.String(), tt.want) {
			t.Errorf("%s: %q, %v, want %q", name, out.String(), err, tt.want)
		}
	}
}

// TestMCPAnswers: an answer that is too long, none, or late is an error that
// the assistant can read, and a reader that has gone ends the program.
func TestMCPAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		ask  func(ctx context.Context, tool string, arguments json.RawMessage) ([]byte, error)
		want string
	}{
		"long": {func(context.Context, string, json.RawMessage) ([]byte, error) {
			return json.Marshal(map[string][]string{"x": strings.Split(strings.Repeat("y", longestTell), "")})
		}, "ask for less"},
		"none": {func(context.Context, string, json.RawMessage) ([]byte, error) { return nil, nil }, "no answer"},
		"null": {func(context.Context, string, json.RawMessage) ([]byte, error) { return []byte("null"), nil }, "no answer"},
		"failed": {func(context.Context, string, json.RawMessage) ([]byte, error) {
			return nil, errors.New("it\u202e failed")
		}, "it failed"},
		"late": {func(ctx context.Context, _ string, _ json.RawMessage) ([]byte, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}, "more than 1m0s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			x := echo(&out)
			x.ask = tt.ask
			err := x.serve(t.Context(), strings.NewReader(mcpHello+"\n"+mcpCall("1", "brands", "{}")))
			if err != nil || !strings.Contains(out.String(), tt.want) || !strings.Contains(out.String(), `"isError":true`) {
				t.Errorf("%s: %s, %v", name, out.String(), err)
			}
		})
	}
	if err := echo(closedPipe{}).serve(t.Context(), strings.NewReader(mcpHello+"\n"+mcpHello)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("to nobody: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, w := io.Pipe()
	defer w.Close()
	if err := echo(io.Discard).serve(ctx, in); err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestTidyText: what is not seen does not come through, and what is stays.
func TestTidyText(t *testing.T) {
	for _, tt := range []struct{ s, want string }{
		{"", ""},
		{"rivi\r\n\ttoinen", "rivi\n\ttoinen"},
		{"a\u202eb\u2066c\u200b\ufeffd\u00ade\U000E0041f\x00\x1b[31m\u009b", "abcdef[31m"},
		{"👩‍👩‍👧 ❤️‍🔥 1️⃣ ä\u0308", "👩‍👩‍👧 ❤️‍🔥 1️⃣ ä\u0308"},
		{"x\ufe00\ufe01\ufe02\ufe03y\U000E0101z", "x\ufe00\ufe01yz"},
		{"z" + strings.Repeat("\u0301", 300), "z" + strings.Repeat("\u0301", 8)},
		{"\ue000\xffa", "a"},
		{strings.Repeat("ö", 31), strings.Repeat("ö", 30) + " … (cut; 1 letters more)"},
	} {
		if got := tidyText(tt.s, 30); got != tt.want {
			t.Errorf("%+q is told as %+q, want %+q", tt.s, got, tt.want)
		}
	}
}

// FuzzMCP: whatever an assistant writes, each answer is one of JSON-RPC on a
// line of its own, there are no more answers than lines, and the next line is
// heard.
func FuzzMCP(f *testing.F) {
	for _, s := range []string{
		mcpHello, "", "{}", "[]", "null", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`,
		mcpCall("1", "mentions", `{"brand":"acme","limit":5,"cursor":"x"}`), mcpCall("2", "search", `{"words":"\u202e"}`), mcpCall("3", "erase", `[]`),
		`[{"jsonrpc":"2.0","id":1,"method":"ping"},7]`, "{\"id\":\"\xff\"}", `{"jsonrpc":"2.0","id":1e3,"method":"ping"}`, `{"jsonrpc":"2.0","id":5,"result":{}}`,
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, in string, batches bool) {
		hello := mcpHello
		if batches {
			hello = strings.Replace(hello, "2025-06-18", batched, 1)
		}
		var out bytes.Buffer
		x := echo(&out)
		x.ask = func(_ context.Context, name string, arguments json.RawMessage) ([]byte, error) {
			tool, ok := toolOf(name)
			if !ok {
				t.Errorf("there is no tool %q", name)
			}
			given, err := tool.check(arguments)
			if err != nil {
				return nil, err
			}
			return json.Marshal(map[string]any{"asked": tool.asked(given), "raw": arguments})
		}
		if err := x.serve(t.Context(), strings.NewReader(hello+"\n"+in+"\n"+`{"jsonrpc":"2.0","id":"last","method":"ping"}`)); err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(out.String(), "\n")
		if most := strings.Count(in, "\n") + 4; len(lines) > most {
			t.Errorf("%d lines, want %d at most", len(lines), most)
		}
		if lines[len(lines)-1] != "" || lines[len(lines)-2] != `{"jsonrpc":"2.0","id":"last","result":{}}`+"\n" {
			t.Errorf("the last line is %q", lines[len(lines)-2:])
		}
		for _, line := range lines[:len(lines)-1] {
			one := []json.RawMessage{json.RawMessage(line)}
			if line[0] == '[' {
				if err := json.Unmarshal([]byte(line), &one); err != nil || !batches {
					t.Fatalf("%q: %v", line, err)
				}
			}
			for _, raw := range one {
				var m map[string]json.RawMessage
				if err := json.Unmarshal(raw, &m); err != nil || string(m["jsonrpc"]) != `"2.0"` || m["id"] == nil || (m["result"] == nil) == (m["error"] == nil) || len(m) != 3 || !utf8.Valid(raw) {
					t.Fatalf("%q: %v", raw, err)
				}
			}
		}
	})
}
