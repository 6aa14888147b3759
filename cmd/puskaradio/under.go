package main

import (
	"os"
	"path/filepath"
)

// readUnder reads a file under the folder it stands in: a link that leads out
// of that is an error.
func readUnder(path string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(filepath.Base(path))
}

// writeUnder writes a file in the same way.
func writeUnder(path string, data []byte, perm os.FileMode) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	return root.WriteFile(filepath.Base(path), data, perm)
}
