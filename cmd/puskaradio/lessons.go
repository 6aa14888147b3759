package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync/atomic"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/internal/under"
	"github.com/puskaradio/puskaradio/sentiment"
)

// What corrections have taught stands in the data directory, and beside it
// what stood there before.
func lessonsPath(data string) string { return filepath.Join(data, "corrections.model") }

// readLessons reads a file of lessons; nil if there is none.
func readLessons(file string) (*sentiment.Lessons, error) {
	b, err := under.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := sentiment.ReadLessons(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

// taughtModel is the model in the binary with the lessons of a data directory.
func taughtModel(data string) (*sentiment.Model, error) {
	base, err := sentiment.Shipped()
	if err != nil {
		return nil, err
	}
	file := lessonsPath(data)
	l, err := readLessons(file)
	if err != nil {
		return nil, err
	}
	m, err := base.With(l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return m, nil
}

// monitorModel is [taughtModel] for what goes on by the clock: lessons of an
// earlier release must not keep it from listening, so it warns and does
// without.
func monitorModel(data string, log *slog.Logger) (*sentiment.Model, error) {
	// Unpacking leaves as much behind as it makes: that is swept while it goes on,
	// and given back, so that a small machine holds the rest of a crawl.
	defer debug.FreeOSMemory()
	defer debug.SetGCPercent(debug.SetGCPercent(25))
	m, err := taughtModel(data)
	if foreign, ok := errors.AsType[*sentiment.ForeignError](err); ok {
		log.Warn("what corrections have taught is not used", "file", lessonsPath(data), "err", foreign)
		m, err = sentiment.Shipped()
	}
	if err == nil { // else the first texts would unpack it later
		for lang, text := range map[string]string{"fi": "lämmin päivä", "en": "a warm day"} {
			m.Polarity(sentiment.Text{Text: text, Lang: lang})
		}
	}
	return m, err
}

// A liveScorer is a scorer whose model may be replaced while it is in use.
type liveScorer struct {
	now atomic.Pointer[sentiment.Model]
}

// Score implements [sentiment.Scorer].
func (s *liveScorer) Score(texts []sentiment.Text) []puskaradio.Score {
	return sentiment.NewScorer(s.now.Load()).Score(texts)
}

// installLessons puts lessons in force; what was there is kept beside it.
func installLessons(file string, l *sentiment.Lessons) error {
	was, err := under.ReadFile(file)
	switch {
	case err == nil:
		if err := replaceFile(file+".1", was); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	default:
		if err := os.Remove(file + ".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var b bytes.Buffer
	if _, err := l.WriteTo(&b); err != nil {
		return err
	}
	return replaceFile(file, b.Bytes())
}

// undoLessons puts back what the last lessons replaced, or takes them away if
// they were the first. It reports whether there are lessons still.
func undoLessons(file string) (some bool, err error) {
	err = os.Rename(file+".1", file)
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.Remove(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("there is nothing to undo: %s is not there", file)
		}
		return false, err
	}
	return false, nil
}

// replaceFile writes a file whole, or leaves the old one.
func replaceFile(file string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.part")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // it is of no use
		return err
	}
	return os.Rename(f.Name(), file)
}
