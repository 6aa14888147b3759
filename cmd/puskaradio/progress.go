package main

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A progress shows on standard error how long work goes: a bar on a terminal,
// else a line every ten seconds.
type progress struct {
	a     *app
	bar   *progressbar.ProgressBar
	total int
	n     int
	what  string
	on    string
	began time.Time
	last  time.Time
}

// progress begins to show work of a number of items; −1 if it is not known.
func (a *app) progress(total int, what string) *progress {
	p := &progress{a: a, total: total, what: what, began: time.Now(), last: time.Now()}
	if a.tty {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(a.err), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetWidth(24),
			progressbar.OptionSetPredictTime(true))
	}
	return p
}

// at names what is being worked on.
func (p *progress) at(name string) {
	p.on = name
	if p.bar != nil {
		p.bar.Describe(name)
	}
}

func (p *progress) add(n int) {
	p.n += n
	if p.bar != nil {
		_ = p.bar.Add(n) // a bar that cannot be drawn is no loss
		return
	}
	if time.Since(p.last) < 10*time.Second {
		return
	}
	p.last = time.Now()
	rate := float64(p.n) / time.Since(p.began).Seconds()
	if p.total > 0 {
		fmt.Fprintf(p.a.err, "%d of %d %s, %.0f/s %s\n", p.n, p.total, p.what, rate, p.on)
	} else {
		fmt.Fprintf(p.a.err, "%d %s, %.0f/s %s\n", p.n, p.what, rate, p.on)
	}
}

// done takes the bar away. It may be called twice.
func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}
