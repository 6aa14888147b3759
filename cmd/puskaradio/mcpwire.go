package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// The codes of errors of JSON-RPC.
const (
	notJSON     = -32700
	notRequest  = -32600
	noMethod    = -32601
	wrongParams = -32602
)

// A mcpLine is a line of the input, without its end.
type mcpLine struct {
	text []byte
	long bool // it was longer than it may be, and is not here
	err  error
}

func readMCP(r *bufio.Reader) (l mcpLine) {
	for {
		part, err := r.ReadSlice('\n')
		if l.long = l.long || len(l.text)+len(part) > longestLine+1; l.long {
			l.text = nil
		} else {
			l.text = append(l.text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			l.text, l.err = bytes.TrimSpace(l.text), err
			return l
		}
	}
}

// encodeMCP gives a message on a line.
func encodeMCP(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// A mcpReply is the answer to one request.
type mcpReply struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *mcpError       `json:"error,omitempty"`
}

// A mcpError says what is wrong with a request.
type mcpError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *mcpError) Error() string { return e.Message }

func mcpFault(code int, message string, args ...any) *mcpError {
	return &mcpError{code, fmt.Sprintf(message, args...)}
}

func refusal(id json.RawMessage, e *mcpError) *mcpReply {
	if id == nil {
		id = json.RawMessage("null")
	}
	return &mcpReply{Version: "2.0", ID: id, Error: e}
}

// objectOf reads an object, whose names are taken as they are written; what is
// not there, or null, is an empty one.
func objectOf(raw json.RawMessage) (map[string]json.RawMessage, bool) {
	if raw == nil || string(raw) == "null" {
		return map[string]json.RawMessage{}, true
	}
	var m map[string]json.RawMessage
	err := json.Unmarshal(raw, &m)
	return m, err == nil
}

// textOf reads a string that is there.
func stringOf(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return s, json.Unmarshal(raw, &s) == nil
}

// isID reports whether a request may be named so: by a string or a whole
// number, and not by null.
func isID(raw json.RawMessage) bool {
	if _, ok := stringOf(raw); ok {
		return true
	}
	var n int64
	return string(raw) != "null" && json.Unmarshal(raw, &n) == nil
}
