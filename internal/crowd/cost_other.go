//go:build !unix

package crowd

import "time"

// Written is zero: it is not known here.
func Written() int64 { return 0 }

// CPU is zero: it is not known here.
func CPU() time.Duration { return 0 }
