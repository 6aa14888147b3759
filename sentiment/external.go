package sentiment

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/puskaradio/puskaradio"
)

// An External is a scorer elsewhere that is asked over HTTP for its verdicts,
// such as a large model. What it is sent and has to answer is in
// docs/external-scorer.md. Only its URL is ever asked: redirects are not
// followed. It may be used by many at a time.
type External struct {
	URL     string
	Token   string        // sent as a bearer, if it is not empty
	Timeout time.Duration // of a batch; zero is 10 seconds
	Batch   int           // texts at a time; zero is 32
	// Client is what it is asked with; nil is one of its own. Redirects are
	// refused with any.
	Client *http.Client
}

const (
	externalTimeout = 10 * time.Second
	externalBatch   = 32
	maxExternal     = 1 << 20 // bytes of an answer
	maxSent         = 20_000  // bytes of a text that are sent
)

// Check reports what is wrong with the options.
func (e *External) Check() error {
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("url is no address; write one such as http://127.0.0.1:8080/score")
	case u.User != nil:
		return errors.New("url holds a password; put a token into the environment and name it with token_env")
	case e.Batch < 0 || e.Batch > 1000:
		return fmt.Errorf("batch %d will not do; write 1 to 1000", e.Batch)
	case e.Timeout < 0 || e.Timeout > 5*time.Minute:
		return fmt.Errorf("timeout %v will not do; write 1s to 5m", e.Timeout)
	}
	return nil
}

// Name is what its verdicts are signed with.
func (e *External) Name() string {
	if u, err := url.Parse(e.URL); err == nil {
		return "external " + u.Host
	}
	return "external"
}

type externalText struct {
	Text   string             `json:"text"`
	Title  string             `json:"title,omitempty"`
	Lang   string             `json:"lang,omitempty"`
	Kind   puskaradio.Genre   `json:"kind,omitempty"`
	Rating *puskaradio.Rating `json:"rating,omitempty"`
}

type externalScore struct {
	Label      puskaradio.Label `json:"label"`
	Value      *float64         `json:"value"`
	Confidence *float64         `json:"confidence"`
	Lang       string           `json:"lang"`
}

// Weigh asks about texts that were scored, and puts the verdicts into their
// scores. The embedded ones stay beside them. Of a batch that is not answered
// as it should be the scores stand as they are; the error says what was
// wrong, and how many were left. After a batch that went unanswered no other
// is tried.
func (e *External) Weigh(ctx context.Context, texts []Text, scores []puskaradio.Score) error {
	size := cmp.Or(e.Batch, externalBatch)
	var errs []error
	for at := 0; at < len(texts); at += size {
		end := min(at+size, len(texts))
		got, err := e.ask(ctx, texts[at:end])
		if err != nil {
			errs = append(errs, fmt.Errorf("external scorer: %d texts keep the embedded verdict: %w", end-at, err))
			if _, late := errors.AsType[*unansweredError](err); late {
				if left := len(texts) - end; left > 0 {
					errs = append(errs, fmt.Errorf("external scorer: %d more were not asked about", left))
				}
				break
			}
			continue
		}
		for i, g := range got {
			e.put(&scores[at+i], g)
		}
	}
	return errors.Join(errs...)
}

// ask sends one batch.
func (e *External) ask(ctx context.Context, texts []Text) ([]externalScore, error) {
	var body struct {
		Texts []externalText `json:"texts"`
	}
	for _, t := range texts {
		body.Texts = append(body.Texts, externalText{cut(t.Text, maxSent), cut(t.Title, maxSent), t.Lang, t.Genre, t.Rating})
	}
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	answer, err := post(ctx, e.Client, e.URL, e.Token, b, cmp.Or(e.Timeout, externalTimeout), maxExternal)
	if err != nil {
		return nil, err
	}
	return readExternal(answer, len(texts))
}

var langForm = regexp.MustCompile(`^([a-z]{2,3})?$`)

// readExternal reads an answer about n texts.
func readExternal(b []byte, n int) ([]externalScore, error) {
	var a struct {
		Scores []externalScore `json:"scores"`
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return nil, errors.New("the answer is not the JSON that is documented")
	}
	if len(a.Scores) != n {
		return nil, fmt.Errorf("%d scores of %d texts", len(a.Scores), n)
	}
	for i, s := range a.Scores {
		switch {
		case !slices.Contains(labels, s.Label):
			return nil, fmt.Errorf("score %d: label %.20q is none of negative, neutral, positive", i, s.Label)
		case s.Value == nil || !(*s.Value >= -1 && *s.Value <= 1):
			return nil, fmt.Errorf("score %d: value is not between -1 and 1", i)
		case s.Confidence == nil || !(*s.Confidence >= 0 && *s.Confidence <= 1):
			return nil, fmt.Errorf("score %d: confidence is not between 0 and 1", i)
		case s.Label == puskaradio.Negative && *s.Value > 0 || s.Label == puskaradio.Positive && *s.Value < 0:
			return nil, fmt.Errorf("score %d: it is %s by its label and not by its value", i, s.Label)
		case !langForm.MatchString(s.Lang):
			return nil, fmt.Errorf("score %d: lang %.20q is not a language such as fi", i, s.Lang)
		}
	}
	return a.Scores, nil
}

// put makes an external verdict that of a score. Where the two are of
// opposite minds, a person has to look.
func (e *External) put(sc *puskaradio.Score, x externalScore) {
	sc.Embedded = &puskaradio.Score{Label: sc.Label, Value: sc.Value, Confidence: sc.Confidence, Model: sc.Model}
	opposite := sc.Label != x.Label && sc.Label != puskaradio.Neutral && x.Label != puskaradio.Neutral
	sc.Label, sc.Value, sc.Confidence, sc.Model = x.Label, *x.Value, *x.Confidence, e.Name()
	sc.Lang = cmp.Or(x.Lang, sc.Lang)
	switch {
	case opposite:
		sc.Unsure, sc.Why = true, "two verdicts"
	case sc.Confidence < unsureBelow:
		sc.Unsure, sc.Why = true, "close"
	default:
		sc.Unsure, sc.Why = false, ""
	}
}
