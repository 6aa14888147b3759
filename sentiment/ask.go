package sentiment

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// An unansweredError says that there was no answer at all.
type unansweredError struct{ error }

// post sends JSON to an address that the configuration names, and gives what it
// answers: at most so many bytes, in so much time. Only that address is asked:
// redirects are not followed. No error holds the address or the token.
func post(ctx context.Context, hc *http.Client, address, token string, body []byte, within time.Duration, most int64) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("no answer within %v", within))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address cannot be asked") // err holds it
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	asker := *cmp.Or(hc, new(http.Client))
	asker.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := asker.Do(req)
	if err != nil {
		return nil, &unansweredError{cmp.Or(context.Cause(ctx), errors.New("no answer"))} // err holds the URL
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, &unansweredError{fmt.Errorf("it answered %d", resp.StatusCode)}
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, &unansweredError{cmp.Or(context.Cause(ctx), errors.New("the answer broke off"))}
	}
	if int64(len(answer)) > most {
		return nil, fmt.Errorf("the answer is larger than %d bytes", most)
	}
	return answer, nil
}

// cut gives what fits into so many bytes of a text, whole characters only.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
