package store

import (
	"os"
	"path/filepath"
)

// openUnder is [os.OpenFile] under the folder of a file: a link that leads out
// of that is an error. A backup may come from anywhere, with anything in it.
func openUnder(path string, flag int, perm os.FileMode) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.OpenFile(filepath.Base(path), flag, perm)
}

// readUnder is [os.ReadFile] as [openUnder] opens.
func readUnder(path string) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.ReadFile(filepath.Base(path))
}

// writeUnder is [os.WriteFile] as [openUnder] opens.
func writeUnder(path string, data []byte, perm os.FileMode) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer root.Close()
	return root.WriteFile(filepath.Base(path), data, perm)
}

// isLink reports whether a path is a link, wherever it leads.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}
