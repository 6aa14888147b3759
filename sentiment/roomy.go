package sentiment

import "unsafe"

// largePage is how large the large pages of amd64 and arm64 are, mostly.
const largePage = 2 << 20

// roomy gives room for a table of which a text wants hundreds of rows here and
// there. In small pages it is the search for the page that takes the time.
func roomy[T int8 | uint64](n int) []T {
	size := n * int(unsafe.Sizeof(*new(T)))
	if size < largePage {
		return make([]T, n)
	}
	b := make([]byte, (size+largePage-1)/largePage*largePage+largePage)
	skip := -uintptr(unsafe.Pointer(&b[0])) % largePage
	b = b[skip : len(b)-largePage+int(skip)]
	advise(b)
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}
