package store_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(served{m}) }

// served runs the tests, and then stops the server that they may have started.
type served struct{ *testing.M }

func (m served) Run() int {
	code := m.M.Run()
	server.Lock()
	defer server.Unlock()
	if server.Server != nil {
		server.Stop()
	}
	return code
}
