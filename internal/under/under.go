// Package under opens a file under the folder that it stands in: a link that
// leads out of that is an error. What a backup or another program has put there
// may be anything.
package under

import (
	"os"
	"path/filepath"
)

// OpenFile is [os.OpenFile] so.
func OpenFile(path string, flag int, perm os.FileMode) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(filepath.Base(path), flag, perm)
}

// ReadFile is [os.ReadFile] so.
func ReadFile(path string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(filepath.Base(path))
}

// WriteFile is [os.WriteFile] so.
func WriteFile(path string, data []byte, perm os.FileMode) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	return root.WriteFile(filepath.Base(path), data, perm)
}
