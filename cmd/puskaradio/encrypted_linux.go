package main

import (
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// encrypted reports whether the disk that a directory is on can be seen to be
// encrypted: by LUKS or another dm-crypt anywhere below it, or by a file system
// that encrypts.
func encrypted(dir string) (bool, error) {
	var at unix.Stat_t
	if err := unix.Stat(dir, &at); err != nil {
		return false, err
	}
	id := fmt.Sprintf("%d:%d", unix.Major(at.Dev), unix.Minor(at.Dev))
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, err
	}
	return encryptedIn(os.DirFS("/sys"), string(mounts), id), nil
}

// encryptedIn looks below /sys for a device and those that it is made of. That
// of a file system without a device, such as overlay or btrfs, is named by its
// mount.
func encryptedIn(sys fs.FS, mounts, id string) bool {
	for line := range strings.Lines(mounts) {
		f := strings.Fields(line)
		if len(f) < 10 || f[2] != id {
			continue
		}
		_, end, _ := strings.Cut(line, " - ")
		if is := strings.Fields(end); len(is) > 1 {
			switch kind, source := is[0], is[1]; {
			case kind == "ecryptfs", kind == "fuse.gocryptfs", kind == "fuse.cryfs", kind == "fuse.encfs":
				return true
			case strings.HasPrefix(source, "/dev/"):
				if dev, err := fs.ReadFile(sys, "class/block/"+deviceName(source)+"/dev"); err == nil {
					id = strings.TrimSpace(string(dev))
				}
			}
		}
		break
	}
	return crypt(sys, "dev/block/"+id, 0)
}

// deviceName is the name below /sys/class/block of a path below /dev.
func deviceName(path string) string {
	if target, err := os.Readlink(path); err == nil { // /dev/mapper/root is a link to ../dm-0
		path = target
	}
	return path[strings.LastIndexByte(path, '/')+1:]
}

// crypt reports whether a device, or one that it is made of, is of dm-crypt.
func crypt(sys fs.FS, device string, deep int) bool {
	if uuid, err := fs.ReadFile(sys, device+"/dm/uuid"); err == nil && strings.HasPrefix(string(uuid), "CRYPT-") {
		return true
	}
	slaves, err := fs.ReadDir(sys, device+"/slaves")
	if err != nil || deep > 8 {
		return false
	}
	for _, s := range slaves {
		if crypt(sys, device+"/slaves/"+s.Name(), deep+1) {
			return true
		}
	}
	return false
}
