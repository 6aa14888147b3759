package notify

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/puskaradio/puskaradio"
)

// hubspot makes a ticket of a case and moves it on as the case does, by
// HubSpot's interface of CRM objects (developers.hubspot.com/docs, version 3 of
// /crm/v3/objects/tickets) with the token of a private app that may read and
// write tickets.
type hubspot struct {
	TokenEnv string `json:"token_env,omitempty" jsonschema:"description=The environment variable that holds the token of the private app; PUSKARADIO_HUBSPOT_TOKEN unless said"`
	At       string `json:"at,omitempty" jsonschema:"enum=opened,enum=claimed,description=The step of a case that makes a ticket of it; opened unless said"`
	Pipeline string `json:"pipeline,omitempty" jsonschema:"description=The id of the pipeline; 0 unless said which is the first of an account"`
	New      string `json:"new,omitempty" jsonschema:"description=The id of the stage of a ticket whose case is open; 1 unless said"`
	Closed   string `json:"closed,omitempty" jsonschema:"description=The id of the stage of a ticket whose case is closed; 4 unless said"`
	Server   string `json:"server,omitempty" jsonschema:"description=Where the interface is; https://api.hubapi.com unless said"`

	token string
}

// Check implements the check of [New].
func (h *hubspot) Check(secret Secret) error {
	h.At, h.Pipeline, h.New, h.Closed = cmp.Or(h.At, "opened"), cmp.Or(h.Pipeline, "0"), cmp.Or(h.New, "1"), cmp.Or(h.Closed, "4")
	h.Server = strings.TrimRight(cmp.Or(h.Server, "https://api.hubapi.com"), "/")
	if h.At != "opened" && h.At != "claimed" {
		return fmt.Errorf("at is %q: write opened or claimed", h.At)
	}
	if err := checkPost("server", h.Server); err != nil {
		return err
	}
	var err error
	h.token, err = secret(cmp.Or(h.TokenEnv, "PUSKARADIO_HUBSPOT_TOKEN"))
	return err
}

// TakesCases implements [CaseTaker].
func (h *hubspot) TakesCases() {}

// CasesAlone implements [CaseKeeper].
func (h *hubspot) CasesAlone() {}

// Notify implements [Notifier].
func (h *hubspot) Notify(ctx context.Context, hc *http.Client, m Message) (string, error) {
	x := m.Case
	if x == nil {
		return "", &puskaradio.PermanentError{Err: errors.New("hubspot: it is told of cases alone: write alerts: false and digest: false")}
	}
	ref := m.Ref
	if ref == "" && x.Step != h.At {
		return "", nil
	}
	if ref == "" && m.Again {
		found, err := h.find(ctx, hc, x.ID)
		if err != nil {
			return "", err
		}
		ref = found
	}
	if ref == "" {
		return h.create(ctx, hc, m)
	}
	stage := ""
	switch x.Step {
	case "closed":
		stage = h.Closed
	case "reopened":
		stage = h.New
	case "undone": // to what it was before
		if stage = h.New; x.Status == puskaradio.Done || x.Status == puskaradio.FalseAlarm {
			stage = h.Closed
		}
	}
	if stage == "" {
		return ref, nil
	}
	err := h.ask(ctx, hc, http.MethodPatch, "/crm/v3/objects/tickets/"+url.PathEscape(ref), map[string]any{"properties": map[string]string{"hs_pipeline_stage": stage}}, nil)
	return ref, err
}

// create makes a ticket, and gives its id.
func (h *hubspot) create(ctx context.Context, hc *http.Client, m Message) (string, error) {
	x := m.Case
	var text []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" {
			text = append(text, s)
		}
	}
	add(clip(plain(x.Quote.Title), 300))
	add(clip(plain(x.Quote.Text), 8000))
	add(strings.Join(slices.DeleteFunc([]string{clip(plain(x.Quote.Author), 200), x.Source, x.Quote.URL}, func(s string) bool { return s == "" }), " · "))
	if x.Customer != "" {
		add("Customer: " + x.Customer)
	}
	if m.Link != "" {
		add(strings.TrimRight(m.Link, "/") + "/m/" + string(x.ID))
	}
	add(string(x.ID)) // find looks for it
	priority := "MEDIUM"
	if x.Quote.Label == puskaradio.Negative {
		priority = "HIGH"
	}
	var made struct {
		ID string `json:"id"`
	}
	err := h.ask(ctx, hc, http.MethodPost, "/crm/v3/objects/tickets", map[string]any{"properties": map[string]string{
		"hs_pipeline": h.Pipeline, "hs_pipeline_stage": h.New, "hs_ticket_priority": priority,
		"subject": clip(plain(x.Brand+", "+x.Source+": "+cmp.Or(x.Quote.Title, x.Quote.Text)), 150),
		"content": strings.Join(text, "\n\n"),
	}}, &made)
	if err == nil && made.ID == "" {
		err = errors.New("hubspot: it says that it has made a ticket, and not which")
	}
	return made.ID, err
}

// find looks for the ticket of a case, whose id stands in its text. HubSpot
// finds a new one after some seconds: that is what a try that comes again waits.
func (h *hubspot) find(ctx context.Context, hc *http.Client, id puskaradio.ID) (string, error) {
	var found struct {
		Results []struct {
			ID string `json:"id"`
		} `json:"results"`
	}
	err := h.ask(ctx, hc, http.MethodPost, "/crm/v3/objects/tickets/search", map[string]any{
		"filterGroups": []any{map[string]any{"filters": []any{map[string]string{"propertyName": "content", "operator": "CONTAINS_TOKEN", "value": string(id)}}}},
		"properties":   []string{"subject"}, "limit": 1,
	}, &found)
	if err != nil || len(found.Results) == 0 {
		return "", err
	}
	return found.Results[0].ID, nil
}

// Probe implements [Prober].
func (h *hubspot) Probe(ctx context.Context, hc *http.Client) (string, error) {
	var said struct {
		Results []struct {
			ID    string `json:"id"`
			Label string `json:"label"`
		} `json:"results"`
	}
	if err := h.ask(ctx, hc, http.MethodGet, "/crm/v3/pipelines/tickets/"+url.PathEscape(h.Pipeline)+"/stages", nil, &said); err != nil {
		return "", err
	}
	labels := map[string]string{}
	var ids []string
	for _, r := range said.Results {
		labels[r.ID] = plain(r.Label)
		ids = append(ids, r.ID+" ("+clip(plain(r.Label), 40)+")")
	}
	for _, stage := range []string{h.New, h.Closed} {
		if _, ok := labels[stage]; !ok {
			return "", fmt.Errorf("hubspot: pipeline %s has no stage %s; it has %s", h.Pipeline, stage, strings.Join(ids, ", "))
		}
	}
	return fmt.Sprintf("tickets begin as %q and end as %q", labels[h.New], labels[h.Closed]), nil
}

// hubspotAnswer is how much of an answer is read.
const hubspotAnswer = 1 << 20

// ask sends a request, and reads what it gives.
func (h *hubspot) ask(ctx context.Context, hc *http.Client, method, path string, body, into any) error {
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, h.Server+path, in)
	if err != nil {
		return errors.New("hubspot: the request could not be made")
	}
	req.Header.Set("Authorization", "Bearer "+h.token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "puskaradio")
	resp, err := send(hc, req)
	if err != nil {
		return fmt.Errorf("hubspot: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, hubspotAnswer))
	if resp.StatusCode/100 == 2 {
		if err != nil {
			return errors.New("hubspot: its answer broke off")
		}
		if into == nil {
			return nil
		}
		if err := json.Unmarshal(b, into); err != nil {
			return errors.New("hubspot: its answer is not understood")
		}
		return nil
	}
	return h.refused(resp, b)
}

func (h *hubspot) refused(resp *http.Response, b []byte) error {
	var fault struct {
		Message  string `json:"message"`
		Category string `json:"category"`
		Policy   string `json:"policyName"`
	}
	_ = json.Unmarshal(b, &fault) // some answers are pages
	why := ""
	if utf8.ValidString(fault.Message) && fault.Message != "" {
		why = ": " + clip(plain(strings.ReplaceAll(fault.Message, h.token, "…")), 300)
	}
	said := fmt.Errorf("hubspot: it answered %d%s", resp.StatusCode, why)
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests && fault.Policy == "DAILY":
		return &puskaradio.RetryError{After: max(time.Hour, retrySeconds(resp.Header, time.Now())), Err: said}
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable:
		return &puskaradio.RetryError{After: retrySeconds(resp.Header, time.Now()), Err: said}
	case s >= 500, s == http.StatusRequestTimeout:
		return said
	case s == http.StatusUnauthorized:
		return &puskaradio.PermanentError{Err: fmt.Errorf("%w: make a new token of the private app", said)}
	case s == http.StatusForbidden:
		return &puskaradio.PermanentError{Err: fmt.Errorf("%w: give the private app the scope tickets", said)}
	}
	return &puskaradio.PermanentError{Err: fmt.Errorf("%w: see pipeline, new and closed; puskaradio doctor lists the stages", said)}
}
