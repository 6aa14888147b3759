// Package postgres starts a real PostgreSQL for tests and benchmarks, with data
// of its own that goes when the test ends. Only tests import it.
package postgres

// Missing says what to install where there is no server to start.
const Missing = "PostgreSQL is not installed, and these tests need it: apt-get install postgresql (Debian), or put initdb and postgres of version 14 or later into PATH"
