// Package peers measures the program beside what people would use instead, in
// one run. It is a module of its own, so that the peers are no dependency of
// the program. Run it with: make bench-peers
package peers
