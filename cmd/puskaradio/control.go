package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/puskaradio/puskaradio/store"
)

// The data directory belongs to one process. While puskaradio run has it, the
// other commands are done in that process: it listens on a Unix socket in the
// directory, which only its owner can reach. A call is a JSON line and then
// what stands on standard input; the answer is JSON lines.

// A call is what the other process is asked to do.
type call struct {
	Args []string `json:"args"`
	Dir  string   `json:"dir"`
}

// A frame is a piece of the answer.
type frame struct {
	Out  []byte `json:"out,omitempty"`
	Err  []byte `json:"err,omitempty"`
	Code *int   `json:"code,omitempty"`
}

// A servedError says that the command was done elsewhere, and how it ended.
type servedError struct{ code int }

func (e *servedError) Error() string { return fmt.Sprint("exit code ", e.code) }

func controlPath(data string) string { return filepath.Join(data, "control.sock") }

// callServer has the command done by the process that has the data directory.
// It reports false if none listens.
func (a *app) callServer(cmd *cobra.Command, data string) (code int, served bool) {
	if cmd.Annotations["served"] != "yes" {
		return 0, false
	}
	conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(cmd.Context(), "unix", controlPath(data))
	if err != nil {
		return 0, false
	}
	defer conn.Close()
	stop := context.AfterFunc(cmd.Context(), func() { _ = conn.Close() })
	defer stop()
	dir, _ := os.Getwd() // without it, paths are the server's
	line, err := json.Marshal(call{Args: a.args, Dir: dir})
	if err != nil {
		return 0, false
	}
	if _, err := conn.Write(append(line, '\n')); err != nil {
		return 0, false
	}
	if cmd.Annotations["stdin"] == "yes" {
		go func() {
			_, _ = io.Copy(conn, a.in) // the server says what it lacks
			_ = conn.(*net.UnixConn).CloseWrite()
		}()
	} else {
		_ = conn.(*net.UnixConn).CloseWrite()
	}
	d := json.NewDecoder(conn)
	for {
		var f frame
		if err := d.Decode(&f); err != nil {
			fmt.Fprintln(a.err, "puskaradio: the running process went away in the middle of it")
			return exitFailed, true
		}
		_, _ = a.out.Write(f.Out)
		_, _ = a.err.Write(f.Err)
		if f.Code != nil {
			return *f.Code, true
		}
	}
}

// serve answers the calls of other processes until ctx is done. It calls ready
// once they are answered, by this process or by another.
func (a *app) serve(ctx context.Context, s store.Store, current func() *loaded, ready func()) error {
	l := current()
	path := controlPath(l.Data)
	if l.Store.URL != "" { // then no lock keeps others out of the directory
		for { // until no other process answers the calls
			conn, err := (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", path)
			if err != nil {
				break
			}
			_ = conn.Close()
			ready()
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(5 * time.Second):
			}
		}
	}
	_ = os.Remove(path) // of a process that is gone
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, ln.Close())
	}
	ready()
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("control socket: %w", err)
		}
		wg.Go(func() {
			defer conn.Close()
			a.answer(ctx, conn, s, current())
		})
	}
}

func (a *app) answer(ctx context.Context, conn net.Conn, s store.Store, l *loaded) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in := bufio.NewReader(conn)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return // it hung up
	}
	var c call
	if err := json.Unmarshal(line, &c); err != nil {
		return
	}
	w := &frames{enc: json.NewEncoder(conn)}
	served := &app{in: in, out: stream{w, false}, err: stream{w, true}, dir: c.Dir, cfg: l, served: s, web: a.web}
	code := served.run(ctx, c.Args)
	_ = w.send(frame{Code: &code}) // it may have hung up
}

type frames struct {
	mu  sync.Mutex
	enc *json.Encoder
}

func (w *frames) send(f frame) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.enc.Encode(f)
}

// A stream is one of the two outputs.
type stream struct {
	w     *frames
	isErr bool
}

func (s stream) Write(p []byte) (int, error) {
	f := frame{Out: p}
	if s.isErr {
		f = frame{Err: p}
	}
	if err := s.w.send(f); err != nil {
		return 0, err
	}
	return len(p), nil
}
