package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/puskaradio/puskaradio/internal/fault"
	"github.com/puskaradio/puskaradio/internal/under"
)

// Backup copies the data directory to a new folder in dir, while others read
// and write, checks the copy and gives its path. What was committed before
// the call is in it.
func (s *Bolt) Backup(ctx context.Context, dir string, now time.Time) (path string, err error) {
	path = freeName(filepath.Join(dir, "puskaradio-"), now)
	part := path + ".part"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	if err := os.Mkdir(part, 0o700); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(part) // what is left of a failed copy
		}
	}()
	s.tidy.Lock() // else a compaction, and all others with it, would wait for the copy to end
	defer s.tidy.Unlock()
	txs := map[string]*bbolt.Tx{}
	defer func() {
		for _, tx := range txs {
			_ = tx.Rollback() // a read has nothing to lose
		}
	}()
	r := s.reader()
	defer r.close()
	// All files as they are at one moment between two commits.
	err = s.exclusive(ctx, func() error {
		tx, err := s.main.Begin(false)
		if err != nil {
			return err
		}
		txs["main.db"] = tx
		ids, err := s.quartersOnDisk()
		if err != nil {
			return err
		}
		for _, id := range ids {
			if _, err := r.tx(id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	fault.Point("store: during backup")
	if err := copyTx(txs["main.db"], filepath.Join(part, "main.db")); err != nil {
		return "", fmt.Errorf("backup: %w", err)
	}
	for id, tx := range r.txs {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if err := copyTx(tx, filepath.Join(part, quarterFile(id))); err != nil {
			return "", fmt.Errorf("backup: %w", err)
		}
	}
	if err := CheckDir(part); err != nil {
		return "", fmt.Errorf("backup: the copy: %w", err)
	}
	return path, rename(part, path)
}

// freeName is a name by the time, or by the first second after it that has no
// such name: two copies may be made in one second, and a crash may leave a part.
func freeName(prefix string, now time.Time) string {
	for {
		name := prefix + now.UTC().Format("20060102T150405Z")
		_, err := os.Lstat(name)
		_, partErr := os.Lstat(name + ".part")
		if err != nil && partErr != nil {
			return name
		}
		now = now.Add(time.Second)
	}
}

func copyTx(tx *bbolt.Tx, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = tx.WriteTo(f)
	return errors.Join(err, f.Sync(), f.Close())
}

// CheckDir reads every page of a data directory that nobody has open.
func CheckDir(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(files, func(f string) bool { return filepath.Base(f) == "main.db" }) {
		return &RefusedError{dir, "it holds no main.db", "name a folder that puskaradio backup has made"}
	}
	var errs []error
	for _, f := range files {
		if err := checkFile(f, BoltOptions{}); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", filepath.Base(f), err))
		}
	}
	return errors.Join(errs...)
}

// Restore puts a backup in the place of a data directory. What was there is
// moved aside, to the path that it gives; it is empty if nothing was.
func Restore(backup, dir string, now time.Time) (aside string, err error) {
	if err := CheckDir(backup); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	part := strings.TrimRight(dir, "/") + ".restoring"
	if err := os.RemoveAll(part); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	if err := os.MkdirAll(part, 0o700); err != nil {
		return "", fmt.Errorf("restore: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(backup, "*.db"))
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if err := copyFile(f, filepath.Join(part, filepath.Base(f))); err != nil {
			return "", fmt.Errorf("restore: %w", err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		db, err := openFile(filepath.Join(dir, "main.db"), BoltOptions{})
		if err == nil {
			_ = db.Close() // it was only to see that nobody has it
		} else if refused := (&Bolt{dir: dir}).refuse(filepath.Join(dir, "main.db"), err).(*RefusedError); strings.Contains(refused.Reason, "running") {
			return "", refused
		}
		aside = freeName(strings.TrimRight(dir, "/")+".before-", now)
		if err := os.Rename(dir, aside); err != nil {
			return "", fmt.Errorf("restore: %w", err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("restore: %w", err)
	}
	return aside, rename(part, dir)
}

func copyFile(from, to string) error {
	in, err := under.OpenFile(from, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// Compact makes one segment of the index of each quarter that is over, and
// writes each file anew that has more free pages than live ones, and so gives
// room back to the disk. If always is set it writes each file anew, and leaves
// no word of what is gone in them. Readers of
// a file wait while it is replaced, and so do all writers.
func (s *Bolt) Compact(ctx context.Context, always bool) (freed int64, err error) {
	s.tidy.Lock()
	defer s.tidy.Unlock()
	marks := map[uint16]stale{}
	if always {
		if marks, err = s.staleQuarters(ctx); err != nil {
			return 0, err
		}
	}
	return s.compact(ctx, marks, func(uint16) bool { return always }, always)
}

// compact writes anew the quarters that anew names and main.db if all is set,
// and else what is wasteful. The marks of those quarters are taken away. Tidy
// is held.
func (s *Bolt) compact(ctx context.Context, marks map[uint16]stale, anew func(id uint16) bool, all bool) (freed int64, err error) {
	wasteful := func(db *bbolt.DB) bool {
		st := db.Stats()
		free := int64(st.FreePageN+st.PendingPageN) * int64(db.Info().PageSize)
		info, err := os.Stat(db.Path())
		return err == nil && free > 1<<20 && free > info.Size()/2
	}
	ids, err := s.quartersOnDisk()
	if err != nil {
		return 0, err
	}
	marks = maps.Clone(marks)
	for i, id := range ids {
		q, err := s.quarter(id, false)
		if err != nil || q == nil {
			delete(marks, id) // it is not done
			continue
		}
		if anew(id) {
			if err := s.exclusive(ctx, func() error { return s.sweep(q) }); err != nil {
				return freed, fmt.Errorf("texts of %s: %w", quarterFile(id), err)
			}
		}
		if i > 0 || anew(id) { // the newest is still written
			if err := q.mergeAll(anew(id), s.closing); err != nil {
				return freed, fmt.Errorf("index of %s: %w", quarterFile(id), err)
			}
			if q.damaged() { // its words are still there
				delete(marks, id)
			}
		}
		if !anew(id) && !wasteful(q.db) {
			continue
		}
		err = s.exclusive(ctx, func() error {
			q.gate.Lock()
			defer q.gate.Unlock()
			n, err := s.replace(&q.db)
			freed += n
			return err
		})
		if err != nil {
			return freed, fmt.Errorf("compact %s: %w", quarterFile(id), err)
		}
	}
	if !all && !wasteful(s.main) {
		return freed, nil
	}
	err = s.exclusive(ctx, func() error {
		s.gate.Lock()
		defer s.gate.Unlock()
		n, err := s.replace(&s.main)
		freed += n
		return err
	})
	if err != nil {
		return freed, fmt.Errorf("compact main.db: %w", err)
	}
	return freed, s.fresh(ctx, marks)
}

// replace copies the live pages of a database to a new file and takes that
// for the old. A crash leaves the one or the other.
func (s *Bolt) replace(db **bbolt.DB) (freed int64, err error) {
	path := (*db).Path()
	before, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	dst, err := openNext(path, s.opts)
	if err != nil {
		return 0, err
	}
	next := path + ".new"
	if err := errors.Join(bbolt.Compact(dst, *db, 1<<24), dst.Sync(), dst.Close()); err != nil {
		_ = os.Remove(next) // the disk may be full of it
		return 0, err
	}
	fault.Point("store: during compaction")
	if err := (*db).Close(); err != nil {
		return 0, err
	}
	// The sidecar must not take the smaller file for a truncated one.
	if err := os.Remove(filepath.Join(s.dir, "id.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	err = rename(next, path)
	reopened, openErr := openFile(path, s.opts)
	if openErr != nil {
		return 0, errors.Join(err, openErr)
	}
	*db = reopened
	after, statErr := os.Stat(path)
	if err = errors.Join(err, statErr, s.seal(false)); err != nil {
		return 0, err
	}
	return before.Size() - after.Size(), nil
}

// dropQuarters removes the files of quarters that ended before a time.
func (s *Bolt) dropQuarters(end uint32) error {
	s.tidy.Lock()
	defer s.tidy.Unlock()
	ids, err := s.quartersOnDisk()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if firstSecond(id+1) > int64(end) {
			continue
		}
		err := s.exclusive(context.Background(), func() error {
			// Something old may have been filed since it was emptied.
			if filed, err := s.filedBefore(firstSecond(id + 1)); err != nil || filed {
				return err
			}
			q, err := s.quarter(id, false)
			if err != nil || q == nil {
				return err
			}
			q.gate.Lock()
			defer q.gate.Unlock()
			s.mu.Lock()
			delete(s.quarters, id)
			s.mu.Unlock()
			if err := errors.Join(q.db.Close(), os.Remove(filepath.Join(s.dir, "id.json")), os.Remove(filepath.Join(s.dir, quarterFile(id)))); err != nil {
				return err
			}
			return s.seal(false)
		})
		if err != nil {
			return fmt.Errorf("retain: %s: %w", quarterFile(id), err)
		}
	}
	return nil
}

// filedBefore reports whether any mention is filed under an earlier second.
func (s *Bolt) filedBefore(sec int64) (found bool, err error) {
	last := month(uint32(sec))
	err = s.main.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket([]byte("b")).Cursor()
		for k, _ := c.First(); k != nil && !found && binary.BigEndian.Uint16(k) <= last; k, _ = c.Next() {
			found = int64(keyOfB(k).sec) < sec
		}
		return nil
	})
	return found, err
}

// Check reads every page of the open files.
func (s *Bolt) Check(ctx context.Context) error {
	if err := s.view(ctx, checkPages); err != nil {
		return fmt.Errorf("main.db: %w", err)
	}
	ids, err := s.quartersOnDisk()
	if err != nil {
		return err
	}
	for _, id := range ids {
		q, err := s.quarter(id, false)
		if err == nil && q != nil {
			err = q.view(checkPages)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", quarterFile(id), err)
		}
	}
	return nil
}

// Waste is how many pages of main.db are free, and how many bytes it has.
func (s *Bolt) Waste() (free int, size int64) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	st := s.main.Stats()
	if info, err := os.Stat(s.main.Path()); err == nil {
		size = info.Size()
	}
	return st.FreePageN + st.PendingPageN, size
}
