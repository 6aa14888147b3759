package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// failing runs the program on a disk that answers a system call with an error,
// from the n-th of each thread on, or the n-th alone. It gives the strace that
// does so, and the program below it.
func (w *world) failing(call, when string) (*exec.Cmd, *os.Process) {
	w.t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		w.t.Fatalf("%v: make needs", err)
	}
	cmd := w.begin(exec.Command(strace, "-f", "-qqq", "--seccomp-bpf", "-o", filepath.Join(w.dir, "strace"), "-e", "trace="+call, "-e", "inject="+call+":error=EIO:when="+when, w.bin, "run"), "")
	// strace may have other children before.
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", cmd.Process.Pid, cmd.Process.Pid))
		for f := range strings.FieldsSeq(string(b)) {
			if exe, err := os.Readlink("/proc/" + f + "/exe"); err == nil && exe == w.bin {
				pid, err := strconv.Atoi(f)
				if err != nil {
					w.t.Fatal(err)
				}
				p, err := os.FindProcess(pid)
				if err != nil {
					w.t.Fatal(err)
				}
				return cmd, p
			}
		}
	}
	_ = cmd.Process.Kill()
	w.t.Fatalf("strace begins nothing\n%s", w.log())
	return nil, nil
}

// TestDiskErrors: a disk that answers with errors in the middle of writes, now
// and then or from some moment on, is told of; what was accepted is there once
// after the next start, and what was not is there once at most.
func TestDiskErrors(t *testing.T) {
	for name, tt := range map[string]struct{ call, when string }{
		"syncs fail":           {"fdatasync", "20+"},
		"a sync now and then":  {"fdatasync", "20+7"},
		"writes fail":          {"pwrite64", "70+"},
		"a write now and then": {"pwrite64", "70+23"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			first := w.start("", "run")
			w.settle()
			w.stop(first)
			strace, program := w.failing(tt.call, tt.when)
			ended := make(chan struct{})
			go func() {
				_ = strace.Wait() // with the program, which is killed
				close(ended)
			}()
			accepted, refused := map[string]bool{}, map[string]bool{}
			for i, end := 0, time.Now().Add(2*time.Minute); time.Now().Before(end) && len(refused) < 5; i++ {
				ref := fmt.Sprint("import-", i)
				file := filepath.Join(w.dir, "in.jsonl")
				line := fmt.Sprintf(`{"brand":"b0","source":"list","ref":%q,"text":"Kiitos, kaikki hyvin","published":%q}`, ref, time.Now().Add(-time.Hour).Format(time.RFC3339))
				if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(controlPath(filepath.Join(w.dir, "data"))); err != nil {
					time.Sleep(20 * time.Millisecond)
					continue
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
				cmd := exec.CommandContext(ctx, w.bin, "import", file)
				cmd.Dir, cmd.Env = w.dir, append(os.Environ(), "SLACK_BOT_TOKEN=xoxb-test")
				out, err := cmd.CombinedOutput()
				cancel()
				if err == nil {
					accepted[ref] = true
				} else {
					refused[ref] = true
					if !strings.Contains(string(out), "input/output error") {
						t.Errorf("%s: %s", ref, out)
					}
				}
			}
			if err := program.Signal(syscall.Signal(0)); err != nil {
				t.Errorf("it has not gone on: %v\n%s", err, w.log())
			}
			_ = program.Kill() // and not asked to end, for that would write
			<-ended
			w.mu.Lock()
			before := len(w.told)
			w.mu.Unlock()
			w.burst(5)
			again := w.start("", "run")
			w.wait("the alert after the restart", func() bool { return len(w.told) > before })
			w.stop(again)
			w.account(1)
			_, refs := w.ledger()
			for ref := range accepted {
				if refs[ref] != 1 {
					t.Errorf("%s was accepted, and is there %d times", ref, refs[ref])
				}
			}
			for ref := range refused {
				if refs[ref] > 1 {
					t.Errorf("%s was refused, and is there %d times", ref, refs[ref])
				}
			}
			if len(refused) == 0 { // whether any is accepted is up to the threads: each counts its own calls
				t.Errorf("%d were accepted and none refused", len(accepted))
			}
			t.Logf("%d were accepted, %d refused", len(accepted), len(refused))
		})
	}
}
