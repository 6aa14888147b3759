//go:build unix

package main

import "syscall"

// diskFree is how many bytes this user may still write beside a file.
func diskFree(path string) (uint64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return fs.Bavail * uint64(fs.Bsize), nil
}
