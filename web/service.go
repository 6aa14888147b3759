package web

import (
	"context"
	"time"

	"github.com/puskaradio/puskaradio/store"
	"github.com/puskaradio/puskaradio/trend"
)

// timed is how many of the newest cases response times are counted in.
const timed = 500

type serviceView struct {
	trend.Responses
	Read  int
	Steps [3]time.Duration
}

// Whose is whose delay was the longest: heard (the source and our reading of
// it), taken or replied (us); empty where there was none.
func (p *serviceView) Whose() string {
	switch longest := max(p.Heard, p.Taken, p.Replied); {
	case longest == 0:
		return ""
	case longest == p.Heard:
		return "heard"
	case longest == p.Taken:
		return "taken"
	}
	return "replied"
}

// service is how fast authors were answered.
func (s *Server) service(ctx context.Context, v *view, from time.Time) (*serviceView, error) {
	f := store.Filter{Brand: v.Brand.ID, From: from, Limit: 100}
	var rs []trend.Response
	p := &serviceView{Steps: trend.ResponseSteps}
	for p.Read < timed {
		cases, next, err := s.o.Store.Inbox(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range cases {
			if r, ok := trend.ResponseOf(&cases[i], v.Now); ok {
				rs = append(rs, r)
			}
		}
		p.Read += len(cases)
		if f.After = next; next == "" {
			break
		}
	}
	p.Responses = trend.NewResponses(rs)
	return p, nil
}
