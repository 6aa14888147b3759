package main

import (
	"testing"
	"testing/fstest"
)

// TestEncrypted finds dm-crypt under a volume, encryption under a mount, and
// nothing where there is nothing.
func TestEncrypted(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	sys := fstest.MapFS{
		"dev/block/253:1/dm/uuid":             file("LVM-abc\n"),
		"dev/block/253:1/slaves/dm-0/dm/uuid": file("CRYPT-LUKS2-abc-root\n"),
		"dev/block/253:2/dm/uuid":             file("LVM-def\n"),
		"dev/block/253:2/slaves/vdb/size":     file("1\n"),
		"dev/block/254:0/size":                file("1\n"),
		"class/block/dm-1/dev":                file("253:1\n"),
		"dev/block/9:0/slaves/dm-3/dm/uuid":   file("CRYPT-PLAIN-swap"),
		"dev/block/9:0/slaves/sda/size":       file("1\n"),
		"class/block/nvme0n1p2/dev":           file("254:0\n"),
	}
	mounts := `22 1 253:1 / / rw,relatime shared:1 - ext4 /dev/mapper/nobody rw
40 22 0:52 / /home/maija rw,relatime shared:9 - fuse.gocryptfs /secret rw
41 22 0:53 / /data rw,relatime shared:9 - btrfs /dev/dm-1 rw
42 22 0:54 / /plain rw,relatime shared:9 - btrfs /dev/nvme0n1p2 rw
43 22 0:55 / /tmp rw - tmpfs tmpfs rw
bad line
`
	for id, want := range map[string]bool{
		"253:1": true, "253:2": false, "254:0": false, "9:0": true,
		"0:52": true, "0:53": true, "0:54": false, "0:55": false, "1:1": false,
	} {
		if got := encryptedIn(sys, mounts, id); got != want {
			t.Errorf("%s is encrypted: %v, want %v", id, got, want)
		}
	}
	if _, err := encrypted(t.TempDir()); err != nil {
		t.Error(err)
	}
	if _, err := encrypted("/nowhere/at/all"); err == nil {
		t.Error("a directory that is not there has no disk")
	}
}
