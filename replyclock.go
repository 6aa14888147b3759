package puskaradio

import "time"

// DefaultTarget is how soon after its publication a mention should be answered,
// unless a [ReplyClock] says otherwise.
const DefaultTarget = 3 * time.Minute

// A ReplyClock says how soon mentions should be answered, and when to warn.
//
// It runs from the publication of a mention until the brand's first reply. Where
// the brand has business hours, the target is counted in business time: what is
// published on Friday evening with a target of an hour is due an hour after the
// hours begin on Monday. How long the author has waited is real time all the
// same.
type ReplyClock struct {
	Target  time.Duration        // zero is [DefaultTarget]
	Targets []Target             // others for some brands and sources; the last that fits holds
	Hours   map[string]OpenHours // of brands; a brand that is not there is open round the clock
	Warn    float64              // the share of the target after which to warn, 0 … 1; zero is never
}

// A Target is how soon after its publication a mention should be answered, of a
// brand or a source or both; what is empty fits all.
type Target struct {
	Brand, Source string
	Within        time.Duration
}

// TargetOf is the target of a mention.
func (k *ReplyClock) TargetOf(m *Mention) time.Duration {
	within := k.Target
	if within == 0 {
		within = DefaultTarget
	}
	for _, t := range k.Targets {
		if (t.Brand == "" || t.Brand == m.Brand) && (t.Source == "" || t.Source == m.Source) {
			within = t.Within
		}
	}
	return within
}

// Spent is how much of its target a mention has used up by a time, and whether
// that was counted in business hours.
func (k *ReplyClock) Spent(m *Mention, by time.Time) (spent time.Duration, hours bool) {
	h := k.Hours[m.Brand]
	return h.Between(m.Published, by), !h.Always()
}

// Due is when an answer to a mention is due, and when to warn that it will be;
// that is zero where nobody is warned. Both are whole seconds.
func (k *ReplyClock) Due(m *Mention) (warn, due time.Time) {
	h, target := k.Hours[m.Brand], k.TargetOf(m)
	if k.Warn > 0 && k.Warn < 1 {
		warn = h.After(m.Published, time.Duration(k.Warn*float64(target)).Round(time.Second)).Truncate(time.Second)
	}
	return warn, h.After(m.Published, target).Truncate(time.Second)
}
