package crawler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

const (
	maxRow      = 1 << 20 // bytes
	maxRowLines = 1000
)

// A rowError is of one row, behind which others can be read.
type rowError struct{ error }

// lines reads a text file line by line, in UTF-8 whatever it is written in.
type lines struct {
	r      *bufio.Reader
	n      int // lines that were read
	queued []numbered
}

type numbered struct {
	text []byte
	n    int
}

func newLines(r io.Reader) *lines {
	b := bufio.NewReaderSize(r, 64<<10)
	head, _ := b.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		b = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(b), 64<<10)
	case len(head) == 4 && head[1] == 0 && head[3] == 0:
		b = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(b), 64<<10)
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		b.Discard(3)
	}
	return &lines{r: b}
}

// back gives a line back, to be read again.
func (l *lines) back(text []byte, n int) {
	l.queued = append([]numbered{{bytes.Clone(text), n}}, l.queued...)
}

// line reads a line with its end; n is its number. What is not UTF-8 is taken
// for Windows-1252.
func (l *lines) line() (text []byte, n int, err error) {
	if len(l.queued) > 0 {
		q := l.queued[0]
		l.queued = l.queued[1:]
		return q.text, q.n, nil
	}
	l.n++
	for {
		part, err := l.r.ReadSlice('\n')
		if len(text)+len(part) > maxRow {
			for err == bufio.ErrBufferFull {
				_, err = l.r.ReadSlice('\n')
			}
			return nil, l.n, rowError{fmt.Errorf("longer than %d bytes", maxRow)}
		}
		text = append(text, part...)
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(text) > 0 {
			err = nil
		}
		if err != nil {
			return nil, l.n, err
		}
		break
	}
	if !utf8.Valid(text) {
		if text, err = charmap.Windows1252.NewDecoder().Bytes(text); err != nil {
			return nil, l.n, rowError{errors.New("not a text")}
		}
	}
	return bytes.ReplaceAll(text, []byte{0}, nil), l.n, nil
}

// record reads a row of CSV, whose quoted cells may have ends of lines in
// them; n is the line where it begins. A quote that is never closed spoils its
// own line alone.
func (l *lines) record(comma byte) (row []byte, n int, err error) {
	row, n, err = l.line()
	if err != nil {
		return nil, n, err
	}
	var later []numbered
	open := unclosed(row, comma, false)
	for open {
		text, m, err := l.line()
		if err != nil && err != io.EOF {
			return nil, n, err
		}
		if err == nil {
			later = append(later, numbered{text, m})
		}
		if err == io.EOF || len(row)+len(text) > maxRow || len(later) > maxRowLines {
			l.queued = append(later, l.queued...)
			return nil, n, rowError{errors.New("a quote is opened and never closed")}
		}
		row = append(row, text...)
		open = unclosed(text, comma, true)
	}
	return row, n, nil
}

// unclosed reports whether a cell is open at the end of a line, as it was or
// was not at its beginning.
func unclosed(line []byte, comma byte, open bool) bool {
	start := !open
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case open && c == '"':
			if i+1 < len(line) && line[i+1] == '"' {
				i++
			} else if i+1 >= len(line) || line[i+1] == comma || line[i+1] == '\r' || line[i+1] == '\n' {
				open = false
			}
		case open:
		case start && c == '"':
			open, start = true, false
		case c == comma:
			start = true
		default:
			start = false
		}
	}
	return open
}
