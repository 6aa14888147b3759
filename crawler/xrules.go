package crawler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// An xRule is a rule of the stream. All sources that use one app share its
// rules; ours carry the tag of the source.
type xRule struct {
	ID    string `json:"id"`
	Value string `json:"value"`
	Tag   string `json:"tag"`
}

// An xRules is what X answers about rules.
type xRules struct {
	Data   []xRule `json:"data"`
	Errors []struct {
		Title   string   `json:"title"`
		Value   string   `json:"value"`
		ID      string   `json:"id"`
		Detail  string   `json:"detail"`
		Details []string `json:"details"`
	} `json:"errors"`
	Meta *struct {
		Sent string `json:"sent"`
	} `json:"meta"`
}

// sync brings the rules in step with the names of the brands: it adds what is
// missing, and deletes what is ours and not wanted any more. It touches no rule
// without our tag; one that asks for the same serves us too.
func (l *xListener) sync(ctx context.Context, c *Client) error {
	wanted := l.o.queries(l.q)
	if len(wanted) == 0 {
		return &puskaradio.PermanentError{Err: errors.New("x: no brand whose names could be listened for")}
	}
	tag := "puskaradio/" + cutText(l.q.Source.ID, 100)
	there, err := l.askRules(ctx, c, nil)
	if err != nil {
		return err
	}
	l.rules = map[string]string{}
	missing := map[string]bool{}
	for _, query := range wanted {
		missing[query] = true
	}
	var old []string
	for _, r := range there.Data {
		switch {
		case missing[r.Value]:
			l.rules[r.ID] = r.Value
			delete(missing, r.Value)
		case r.Tag == tag:
			old = append(old, r.ID)
		}
	}
	if len(old) > 0 { // first, as there may be room for so many only
		if _, err := l.askRules(ctx, c, map[string]any{"delete": map[string]any{"ids": old}}); err != nil {
			return err
		}
	}
	var add []map[string]string
	for _, query := range wanted {
		if missing[query] {
			add = append(add, map[string]string{"value": query, "tag": tag})
		}
	}
	if len(add) == 0 {
		return nil
	}
	made, err := l.askRules(ctx, c, map[string]any{"add": add})
	if err != nil {
		return err
	}
	for _, r := range made.Data {
		if missing[r.Value] {
			l.rules[r.ID] = r.Value
			delete(missing, r.Value)
		}
	}
	for _, e := range made.Errors {
		if strings.EqualFold(e.Title, "DuplicateRule") && missing[e.Value] && e.ID != "" {
			l.rules[e.ID] = e.Value
			delete(missing, e.Value)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	why := "it does not say why"
	if len(made.Errors) > 0 {
		e := made.Errors[0]
		why = foldText(e.Title+" "+e.Detail+" "+strings.Join(e.Details[:min(len(e.Details), 3)], " "), 300)
	}
	return &puskaradio.PermanentError{Err: fmt.Errorf("x: X does not take %d of %d rules of the stream: fewer names of brands, or a shorter query, or rules of other programs to be deleted (X says: %s)", len(missing), len(wanted), why)}
}

// askRules asks for the rules, or changes them.
func (l *xListener) askRules(ctx context.Context, c *Client, change map[string]any) (*xRules, error) {
	r := Request{URL: strings.TrimRight(l.o.Server, "/") + "/2/tweets/search/stream/rules", Header: bearer(l.o.token)}
	if change != nil {
		b, err := json.Marshal(change)
		if err != nil {
			return nil, err
		}
		r.Method, r.Body = http.MethodPost, b
		r.Header.Set("Content-Type", "application/json")
	}
	var doc xRules
	got, err := getJSON(ctx, c, r, &doc)
	if err != nil {
		if fe, ok := errors.AsType[*FetchError](err); ok && fe.Status == http.StatusBadRequest && change["add"] != nil && json.Unmarshal(fe.Body, &doc) == nil && len(doc.Errors) > 0 {
			return &doc, nil // none was taken; the errors say why
		}
		return nil, (&xWire{x: l.o}).explain(err)
	}
	if doc.Meta == nil && len(doc.Errors) == 0 {
		return nil, fmt.Errorf("x: %w", unreadable(got, "the answer about the rules of the stream is not as documented"))
	}
	return &doc, nil
}
