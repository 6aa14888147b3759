package sentiment

import "golang.org/x/sys/unix"

// advise asks for large pages. What the system makes of it changes speed alone.
func advise(b []byte) { _ = unix.Madvise(b, unix.MADV_HUGEPAGE) }
