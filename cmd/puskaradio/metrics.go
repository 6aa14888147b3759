package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/puskaradio/puskaradio/web"
)

// serveMetrics serves metrics for Prometheus until ctx is done, if the
// configuration says where.
func (r *runner) serveMetrics(ctx context.Context) error {
	at := r.current.Load().Web.Metrics
	if at == "" {
		return nil
	}
	o := web.MetricsOptions{
		Store: r.store, Sources: r.sources, Version: version,
		Plan: func() web.Plan { return web.Plan{Brands: r.current.Load().plan.Brands} },
	}
	if r.app.web != nil {
		o.Server = r.app.web.server
	}
	m := web.NewMetrics(o)
	if err := m.Start(ctx); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	r.log.Info("metrics", "at", "http://"+ln.Addr().String()+"/metrics")
	srv := &http.Server{Handler: m, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10}
	return serveUntil(ctx, srv, ln, "metrics")
}
