package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// release makes a release for this system, and gives its folder.
func release(t *testing.T) string {
	t.Helper()
	dist := filepath.Join(t.TempDir(), "dist")
	cmd := exec.Command("../../docs/deploy/release.sh", "1.2.3", dist)
	cmd.Env = append(os.Environ(), "SYSTEMS="+runtime.GOOS+"/"+runtime.GOARCH, "SOURCE_DATE_EPOCH=1700000000")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("release: %v\n%s", err, out)
	}
	return dist
}

// TestRelease makes a release twice: its files are the same to the byte, its
// program knows its version, and its list of parts is that of the program.
func TestRelease(t *testing.T) {
	t.Parallel()
	first, second := release(t), release(t)
	sums, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	if err != nil || !bytes.Equal(sums, again) || bytes.Count(sums, []byte("\n")) != 2 {
		t.Fatalf("the sums of two builds: %v\n%s%s", err, sums, again)
	}
	name := "puskaradio-1.2.3-" + runtime.GOOS + "-" + runtime.GOARCH
	files := unpack(t, filepath.Join(first, name+".tar.gz"))
	for _, want := range []string{"puskaradio", "LICENSE", "README.md", "man/puskaradio.1", "man/puskaradio-run.1", "completions/puskaradio.bash", "puskaradio.service", "Containerfile"} {
		if len(files[name+"/"+want]) == 0 {
			t.Errorf("%s is not in the archive", want)
		}
	}
	program := filepath.Join(t.TempDir(), "puskaradio")
	if err := os.WriteFile(program, files[name+"/puskaradio"], 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program, "--version").Output(); err != nil || !strings.Contains(string(out), "1.2.3") {
		t.Errorf("--version: %q, %v", out, err)
	}
	var bom struct {
		Format     string `json:"bomFormat"`
		Components []struct{ Name, Version, PURL string }
	}
	b, err := os.ReadFile(filepath.Join(first, name+".cdx.json"))
	if err != nil || json.Unmarshal(b, &bom) != nil || bom.Format != "CycloneDX" || len(bom.Components) < 40 {
		t.Fatalf("the list of parts has %d, %v", len(bom.Components), err)
	}
	found := false
	for _, c := range bom.Components {
		found = found || c.Name == "go.etcd.io/bbolt" && c.PURL == "pkg:golang/go.etcd.io/bbolt@"+c.Version
	}
	if !found {
		t.Error("bbolt is no part")
	}
}

func unpack(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
}
