package store

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/puskaradio/puskaradio/internal/under"
)

// A sidecar is id.json: what the files were when they were last known to be
// good. An empty or truncated database would else pass for a new one, or
// break where it is read.
type sidecar struct {
	ID    string           `json:"id"`
	Clean bool             `json:"clean"` // closed as it should be
	PID   int              `json:"pid"`
	Sizes map[string]int64 `json:"sizes"` // no file may be smaller
	At    time.Time        `json:"at"`
}

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

const restoreAdvice = "restore a backup with: puskaradio restore BACKUP"

// guard looks at the files before they are opened. After a crash it reads
// every page of them.
func (s *Bolt) guard() error {
	for name, size := range s.fileSizes() {
		if size > 0 && size < 0x2000 { // less than the two pages that say what it is
			return &RefusedError{s.dir, name + " is cut off", restoreAdvice}
		}
	}
	data, err := under.ReadFile(filepath.Join(s.dir, "id.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var side sidecar
	if err == nil {
		err = json.Unmarshal(data, &side)
	}
	if err != nil {
		return &RefusedError{s.dir, "id.json cannot be read: " + err.Error(), "delete id.json if the other files are whole; puskaradio doctor checks them"}
	}
	sizes := s.fileSizes()
	for name, least := range side.Sizes {
		if size := sizes[name]; size < least {
			return &RefusedError{s.dir, fmt.Sprintf("%s has %d bytes and had %d", name, size, least), restoreAdvice}
		}
	}
	if side.Clean {
		return nil
	}
	for name, size := range sizes {
		if size == 0 {
			continue // earlier versions were killed between making it and writing to it
		}
		info, err := os.Stat(filepath.Join(s.dir, name))
		if err == nil && info.ModTime().Before(side.At.Add(-time.Minute)) {
			continue // not written since it was known to be good
		}
		if err := checkFile(filepath.Join(s.dir, name), s.opts); err != nil {
			if errors.Is(err, berrors.ErrTimeout) || isLink(filepath.Join(s.dir, name)) {
				return s.refuse(filepath.Join(s.dir, name), err)
			}
			return &RefusedError{s.dir, name + " is damaged: " + err.Error(), restoreAdvice}
		}
		s.written = append(s.written, name)
	}
	return nil
}

// fileSizes are the sizes of the databases.
func (s *Bolt) fileSizes() map[string]int64 {
	out := map[string]int64{}
	files, _ := filepath.Glob(filepath.Join(s.dir, "*.db"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			out[filepath.Base(f)] = info.Size()
		}
	}
	return out
}

// seal writes id.json, in one step.
func (s *Bolt) seal(clean bool) error {
	side := sidecar{Clean: clean, PID: os.Getpid(), Sizes: s.fileSizes(), At: time.Now().UTC()}
	err := s.main.View(func(tx *bbolt.Tx) error {
		side.ID = string(tx.Bucket([]byte("meta")).Get([]byte("id")))
		return nil
	})
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(side, "", "\t")
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, "id.json")
	f, err := under.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return rename(path+".new", path)
}

// rename is [os.Rename], and outlasts a power cut. It is for neighbours.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // a directory cannot be synced there
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) { // not every file system can
		return err
	}
	return nil
}

// refuse puts what bbolt says when it opens a file into words.
func (s *Bolt) refuse(path string, err error) error {
	name := filepath.Base(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		who := ""
		var side sidecar
		if data, err := under.ReadFile(filepath.Join(s.dir, "id.json")); err == nil && json.Unmarshal(data, &side) == nil && side.PID > 0 {
			who = fmt.Sprintf(", pid %d", side.PID)
		}
		return &RefusedError{s.dir, "puskaradio is already running there" + who, "stop it first, or use another directory"}
	case errors.Is(err, fs.ErrPermission):
		return &RefusedError{s.dir, name + ": permission denied", "run as the user who owns the files, or: chown them"}
	case errors.Is(err, berrors.ErrVersionMismatch):
		return &RefusedError{s.dir, name + " was written by another version of the database", "use the program that wrote it"}
	}
	if isLink(path) {
		return &RefusedError{s.dir, name + " is a link that leads elsewhere", "put the file itself there; the directory may be a link"}
	}
	return &RefusedError{s.dir, name + " is damaged: " + err.Error(), restoreAdvice}
}

// checkFile reads a whole database. A damaged page can make the database
// panic, or point outside of the file; both become errors.
func checkFile(path string, o BoltOptions) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	if info, err := os.Stat(path); err == nil && info.Size() == 0 {
		return errors.New("it is empty") // which bbolt would try to mend
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: max(o.Wait, time.Second), OpenFile: under.OpenFile})
	if err != nil {
		return err
	}
	defer db.Close()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return db.View(func(tx *bbolt.Tx) error {
		if size := tx.Size(); info.Size() < size {
			return fmt.Errorf("it has %d bytes and needs %d", info.Size(), size)
		}
		// First here, where a fault is caught; Check has a goroutine of its own.
		if err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return walk(b) }); err != nil {
			return err
		}
		return checkPages(tx)
	})
}

// walk touches every key and value.
func walk(b *bbolt.Bucket) error {
	sum := byte(0)
	return b.ForEach(func(k, v []byte) error {
		if v == nil && b.Bucket(k) != nil {
			return walk(b.Bucket(k))
		}
		for i := 0; i < len(v); i += 512 {
			sum += v[i]
		}
		return nil
	})
}

// checkPages looks at how the pages hang together.
func checkPages(tx *bbolt.Tx) error {
	var first error
	for err := range tx.Check() { // read to its end, or it leaks
		if first == nil {
			first = err
		}
	}
	return first
}

// quartersOnDisk are the quarters that have a file, the newest first.
func (s *Bolt) quartersOnDisk() ([]uint16, error) {
	files, err := filepath.Glob(filepath.Join(s.dir, "bodies-*.db"))
	if err != nil {
		return nil, err
	}
	var out []uint16
	for _, f := range files {
		if id, ok := quarterNamed(filepath.Base(f)); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	slices.Reverse(out)
	return out, nil
}

// quarterNamed is the quarter whose file has a name.
func quarterNamed(name string) (id uint16, ok bool) {
	var year, q uint16
	n, _ := fmt.Sscanf(strings.TrimSuffix(name, ".db"), "bodies-%dQ%d", &year, &q)
	return year*4 + q - 1, n == 2 && q >= 1 && q <= 4
}

// isLink reports whether a path is a link, wherever it leads.
func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&os.ModeSymlink != 0
}
