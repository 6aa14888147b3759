//go:build fault

// Package fault names the places where the program may die in a test.
package fault

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// PUSKARADIO_FAULT is NAME or NAME@N: the N-th time that a point of this name
// is passed, the process kills itself as a power cut would.
var (
	name, after, _ = strings.Cut(os.Getenv("PUSKARADIO_FAULT"), "@")
	passed         atomic.Int64
)

// Point is a place with a name.
func Point(at string) {
	if at != name {
		return
	}
	n, _ := strconv.ParseInt(after, 10, 64) // none is the first time
	if passed.Add(1) >= max(1, n) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
