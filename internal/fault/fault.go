//go:build !fault

// Package fault names the places where the program may die in a test. In a
// program that is built without the tag "fault" it does nothing.
package fault

// Point is a place with a name.
func Point(string) {}
