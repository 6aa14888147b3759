//go:build !unix

package postgres

import (
	"errors"
	"os/exec"
)

func owner(string) (func(*exec.Cmd), error) {
	return nil, errors.New("these tests start PostgreSQL on Unix systems only")
}
