package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestContainer runs the program as the image of docs/deploy/Containerfile does:
// nothing else is there, nothing but the volume can be written, and it is nobody.
func TestContainer(t *testing.T) {
	if asRoot(t) {
		return
	}
	t.Parallel()
	file, err := os.ReadFile("../../docs/deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, image, _ := strings.Cut(string(file), "FROM scratch\n")
	for _, want := range []string{"USER 65532:65532\n", "VOLUME /data\n", `CMD ["run", "--config", "/etc/puskaradio.yaml"]`} {
		if !strings.Contains(image, want) {
			t.Errorf("the image has no %s", want)
		}
	}
	if strings.Contains(image, "RUN") || strings.Contains(image, "ADD") {
		t.Error("something is done in the image")
	}
	w := newWorld(t)
	w.small(64)
	nobody := &syscall.Credential{Uid: 65532, Gid: 65532}
	if os.Getenv("PUSKARADIO_AS_ROOT") != "" { // a user namespace of one user
		nobody = nil
	} else if err := os.Chown(filepath.Join(w.dir, "data"), 65532, 65532); err != nil {
		t.Fatal(err)
	}
	config, err := os.ReadFile(filepath.Join(w.dir, "puskaradio.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(w.bin)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.dir, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(config), "data: data\n", "data: /data\n", 1)
	if err := os.WriteFile(filepath.Join(w.dir, "etc/puskaradio.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.dir, "puskaradio"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(w.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := syscall.Mount(w.dir, w.dir, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(w.dir, syscall.MNT_DETACH) })
	if err := syscall.Mount("", w.dir, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/puskaradio", "run", "--config", "/etc/puskaradio.yaml")
	cmd.Dir, cmd.Env = "/", []string{"SLACK_BOT_TOKEN=xoxb-test"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: w.dir, Credential: nobody}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.burst(1)
	w.wait("the alert", func() bool { return len(w.told) > worldBrands })
	w.stop(cmd)
	w.account(0)
}
