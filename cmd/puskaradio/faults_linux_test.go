package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asRoot runs a test again as the root of a user namespace of its own, where it
// is not root: only root mounts. It reports whether that was done.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Getuid() == 0 {
		return false
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "PUSKARADIO_AS_ROOT=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return true
}

// small puts the data directory of a world on a disk of its own.
func (w *world) small(megabytes int) {
	w.t.Helper()
	data := filepath.Join(w.dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0700", megabytes)); err != nil {
		w.t.Fatalf("mount: %v", err)
	}
	w.t.Cleanup(func() {
		if err := syscall.Unmount(data, syscall.MNT_DETACH); err != nil {
			w.t.Errorf("unmount: %v", err)
		}
	})
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := bytes.Repeat([]byte("x"), 4096)
	for {
		if _, err := f.Write(block); err != nil {
			return // there is no room
		}
	}
}

// flood adds posts that need much room. w.mu is held.
func (w *world) flood() {
	for i := range 900 {
		var text strings.Builder
		fmt.Fprintf(&text, "%s on ollut hyvä ostos, kiitos", brandName(i%worldBrands))
		for range 150 {
			text.WriteString(" " + rand.Text())
		}
		w.add(text.String(), time.Now().Add(-30*time.Hour))
	}
}

// TestDiskFull: on a full disk the program says so and goes on; what comes then
// is kept and told once there is room.
func TestDiskFull(t *testing.T) {
	if asRoot(t) {
		return
	}
	t.Parallel()
	w := newWorld(t)
	w.small(24)
	cmd := w.start("", "run")
	w.settle()
	ballast := filepath.Join(w.dir, "data", "ballast")
	fill(t, ballast)
	w.mu.Lock()
	w.flood()
	before := len(w.told)
	w.mu.Unlock()
	w.wait("a word of the full disk", func() bool { return strings.Contains(w.log(), "no space left") })
	w.burst(3)
	time.Sleep(time.Second)
	if err := cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatalf("it has ended: %v\n%s", err, w.log())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	w.wait("the alert, once there is room", func() bool { return len(w.told) > before })
	w.stop(cmd)
	w.account(0)
}

// TestFileSizeLimit: where the system lets no file grow, the next start finds
// everything as it was.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.start("", "run")
	w.settle()
	w.stop(first)
	w.mu.Lock()
	w.flood()
	w.mu.Unlock()
	// In the blocks of 512 bytes that the shell counts in: what there is, and little more.
	limited := exec.Command("/bin/sh", "-c", fmt.Sprintf("ulimit -f %d; exec %s run", 4608*2, w.bin))
	limited.Dir, limited.Env = w.dir, append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
	var log syncBuffer
	limited.Stdout, limited.Stderr = &log, &log
	if err := limited.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	w.wait("a word of the limit", func() bool {
		return strings.Contains(log.String(), "file too large") || strings.Contains(log.String(), "SIGXFSZ")
	})
	w.died(limited, time.Second)
	before := len(w.told)
	w.burst(5)
	again := w.start("", "run")
	w.wait("the alert after the restart", func() bool { return len(w.told) > before })
	w.stop(again)
	w.account(1)
}

// TestReadOnlyData: a data directory that cannot be written to is refused with
// a sentence, by exit code 3, and doctor finds it.
func TestReadOnlyData(t *testing.T) {
	if asRoot(t) {
		return
	}
	t.Parallel()
	w := newWorld(t)
	w.small(24)
	first := w.start("", "run")
	w.settle()
	w.stop(first)
	data := filepath.Join(w.dir, "data")
	if err := syscall.Mount("", data, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		command string
		code    int
	}{{"run", exitRefused}, {"doctor", exitRefused}} {
		cmd := exec.Command(w.bin, tt.command)
		cmd.Dir, cmd.Env = w.dir, append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
		out, _ := cmd.CombinedOutput() // the code says it
		if code := cmd.ProcessState.ExitCode(); code == 0 || tt.command == "run" && code != tt.code || !strings.Contains(string(out), "read-only") {
			t.Errorf("%s: exit code %d\n%s", tt.command, code, out)
		}
	}
}

// A wire is between the program and the world, and can be cut.
type wire struct {
	net.Listener
	to string

	mu    sync.Mutex
	gone  string // how: "" not at all, "silent", "reset"
	conns map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: ln, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go w.carry(c)
		}
	}()
	return w
}

// cut cuts the wire, or mends it. Connections that are open hear no more.
func (w *wire) cut(how string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone = how
	for c := range w.conns {
		w.end(c)
	}
}

// end ends a connection in the way of the cut. w.mu is held.
func (w *wire) end(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok && w.gone == "reset" {
		_ = tcp.SetLinger(0)
	}
	if w.gone != "silent" {
		_ = c.Close()
	}
}

func (w *wire) carry(c net.Conn) {
	w.mu.Lock()
	w.conns[c] = true
	gone := w.gone
	if gone != "" {
		w.end(c)
	}
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.conns, c)
		w.mu.Unlock()
	}()
	if gone != "" {
		time.Sleep(time.Minute) // a silent one is not closed either
		return
	}
	defer c.Close()
	out, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer out.Close()
	pass := func(to, from net.Conn) {
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			w.mu.Lock()
			gone := w.gone
			w.mu.Unlock()
			if gone != "" { // what is under way is lost
				time.Sleep(time.Minute)
				return
			}
			if n > 0 {
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	go pass(out, c)
	pass(c, out)
}

// TestNetworkGone: while nothing answers, or everything is refused, nothing is
// told and nothing lost; when the network is back the program finds out by
// itself, and does not ask for all that it has missed at once.
func TestNetworkGone(t *testing.T) {
	for _, how := range []string{"silent", "reset"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u, err := url.Parse(w.URL)
			if err != nil {
				t.Fatal(err)
			}
			wire := newWire(t, u.Host)
			file := filepath.Join(w.dir, "puskaradio.yaml")
			config, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, port, _ := net.SplitHostPort(wire.Addr().String())
			text := strings.ReplaceAll(string(config), u.Host, wire.Addr().String())
			text = strings.Replace(text, "ports: ["+u.Port()+"]", "timeout: 1s, ports: ["+port+"]", 1)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := w.start("", "run")
			w.settle()
			wire.cut(how)
			time.Sleep(200 * time.Millisecond) // what has passed the wire arrives
			w.burst(2)
			w.mu.Lock()
			before, reads := len(w.told), w.reads
			w.mu.Unlock()
			time.Sleep(4 * time.Second)
			w.mu.Lock()
			if len(w.told) != before || w.reads > reads+1 {
				t.Errorf("with the wire cut %d messages came and %d reads", len(w.told)-before, w.reads-reads)
			}
			reads = w.reads
			w.mu.Unlock()
			if !strings.Contains(w.log(), map[string]string{"silent": "no whole answer", "reset": "reset"}[how]) {
				t.Errorf("it does not say that nothing answers:\n%s", w.log())
			}
			wire.cut("")
			back := time.Now()
			w.wait("the alert", func() bool { return len(w.told) > before })
			w.mu.Lock()
			// One every 300 ms is what it was asked for.
			if most := 3 + int(time.Since(back)/(250*time.Millisecond)); w.reads-reads > most {
				t.Errorf("%d reads since the network is back, want %d at most", w.reads-reads, most)
			}
			w.mu.Unlock()
			w.stop(cmd)
			w.account(1) // the answer to one message may be lost with the wire: it is sent again
		})
	}
}
