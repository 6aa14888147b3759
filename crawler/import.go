package crawler

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/puskaradio/puskaradio"
)

// ImportOptions say what the rows of a file do not. Nil means the zero value.
type ImportOptions struct {
	Source string           // of rows that name none
	Brand  string           // the id of the brand of rows that name none
	Genre  puskaradio.Genre // of rows that name none; empty is other, or survey for its answers
	Survey string           // nps, csat or ces: ratings are answers of such a survey; see [SurveyOf]
	Zone   *time.Location   // of times without a zone; nil is UTC
	Now    time.Time        // the date of rows that have none; later dates are wrong; zero believes all
}

// A Row is one mention of a file.
type Row struct {
	N       int // the line where it begins, from 1
	Mention puskaradio.Mention
}

// ReadMentions reads the mentions of a file, CSV or JSON lines, by what it
// holds. It keeps no more than a row in memory.
//
// CSV is as Excel writes it: parted by semicolons, tabs or commas, in UTF-8,
// UTF-16 or Windows-1252, with a first row of column names in Finnish or
// English; see [ImportColumns]. JSON lines are mentions as they are exported;
// a rating may be a number.
//
// A row that is wrong gives an error that names the file, the line and the
// column, and the next is read. If the file as a whole cannot be read, the
// error is the last. The reference of a row is its id, else a digest of all
// that it says: what is imported twice counts once, and so do two rows that
// are equal.
func ReadMentions(r io.Reader, name string, o *ImportOptions) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if o == nil {
			o = new(ImportOptions)
		}
		im := &importer{ImportOptions: *o, lines: newLines(r)}
		for {
			n, m, err := im.next()
			if err == io.EOF {
				return
			}
			if err != nil {
				err = fmt.Errorf("import %s: line %d: %w", name, n, err)
			}
			if !yield(Row{N: n, Mention: m}, err) || im.broken {
				return
			}
		}
	}
}

// An importer holds the place in a file.
type importer struct {
	ImportOptions
	*lines
	begun   bool
	broken  bool // the rest cannot be read
	json    bool
	comma   byte
	columns []string // by position; empty is one that is left out
}

// next reads a row. n is the line where it begins.
func (im *importer) next() (n int, m puskaradio.Mention, err error) {
	if !im.begun {
		im.begun = true
		if n, err := im.begin(); err != nil {
			return n, m, err
		}
	}
	for {
		var row []byte
		if im.json {
			row, n, err = im.line()
		} else {
			row, n, err = im.record(im.comma)
		}
		if err != nil {
			_, wrong := errors.AsType[rowError](err)
			im.broken = !wrong && err != io.EOF
			return n, m, err
		}
		if len(bytes.Trim(row, " \t\r\n;,\"")) == 0 {
			continue
		}
		if im.json {
			m, err = im.object(row)
		} else {
			m, err = im.cells(row)
		}
		return n, m, err
	}
}

// begin finds out what the file is and reads the names of its columns.
func (im *importer) begin() (n int, err error) {
	var head []byte
	for {
		if head, n, err = im.line(); err == io.EOF {
			im.broken = true
			return max(n, 1), errors.New("the file is empty")
		} else if err != nil {
			im.broken = true
			return n, err
		}
		text := bytes.TrimSpace(head)
		if bytes.HasPrefix(text, []byte("sep=")) && len(text) == 5 { // Excel's own hint
			im.comma = text[4]
			continue
		}
		if len(text) > 0 {
			break
		}
	}
	switch text := bytes.TrimSpace(head); text[0] {
	case '{':
		im.json = true
		im.back(head, n)
		return n, nil
	case '[':
		im.broken = true
		return n, errors.New("this is a JSON list: write one object on each line, without [ and ,")
	}
	if im.comma == 0 {
		im.comma = delimiter(head)
	}
	im.back(head, n)
	head, n, err = im.record(im.comma)
	if err != nil {
		im.broken = true
		return n, err
	}
	names, err := im.split(head)
	if err != nil {
		im.broken = true
		return n, err
	}
	unknown, err := im.setColumns(names)
	im.broken = err != nil
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("these columns are left out: %s; known are %s", strings.Join(unknown, ", "), knownColumns())
	}
	return n, err
}

// delimiter is what parts the columns of a row, by what is there most.
func delimiter(head []byte) byte {
	best, most := byte(','), 0
	for _, d := range []byte(";\t,") {
		if n := bytes.Count(head, []byte{d}); n > most {
			best, most = d, n
		}
	}
	return best
}

// split takes a record apart.
func (im *importer) split(record []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(record))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = rune(im.comma), true, -1
	cells, err := r.Read()
	if err != nil || int(r.InputOffset()) < len(bytes.TrimRight(record, "\r\n")) {
		return nil, errors.New("not a row of CSV")
	}
	return cells, nil
}

// object reads a line of JSON.
func (im *importer) object(line []byte) (puskaradio.Mention, error) {
	var v struct {
		puskaradio.Mention
		Rating    json.RawMessage `json:"rating"`
		Published string          `json:"published"`
		FirstSeen string          `json:"first_seen"`
		Gone      string          `json:"gone"`
	}
	if err := json.Unmarshal(line, &v); err != nil {
		if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return v.Mention, fmt.Errorf("column %s: a %s", strings.TrimPrefix(te.Field, "Mention."), te.Value)
		}
		return v.Mention, errors.New("not a JSON object")
	}
	m := v.Mention
	if raw := bytes.TrimSpace(v.Rating); len(raw) > 0 && string(raw) != "null" {
		if raw[0] == '{' {
			m.Rating = new(puskaradio.Rating)
			if err := json.Unmarshal(raw, m.Rating); err != nil {
				return m, errors.New("column rating: neither a number nor a rating")
			}
			if m.Rating = sane(m.Rating); m.Rating == nil {
				return m, fmt.Errorf("column rating: %.40s is no rating", raw)
			}
			if im.Survey != "" && SurveyOf(m.Rating) != im.Survey {
				return m, fmt.Errorf("column rating: %.40s is not on the scale of %s", raw, im.Survey)
			}
		} else if err := im.rate(&m, "rating", string(bytes.Trim(raw, `"`))); err != nil {
			return m, err
		}
	}
	from := m.DateFrom
	if err := im.date(&m, "published", v.Published); err != nil {
		return m, err
	}
	if m.DateFrom == puskaradio.DatePublished && from != "" {
		m.DateFrom = from
	}
	m.FirstSeen, _ = time.Parse(time.RFC3339, v.FirstSeen)
	m.Gone, _ = time.Parse(time.RFC3339, v.Gone)
	m.Text, m.Title, m.Author = foldText(m.Text, maxTextBytes), foldText(m.Title, 1000), foldText(m.Author, 200)
	return m, im.finish(&m)
}

// finish checks a mention and fills in what the row did not say.
func (im *importer) finish(m *puskaradio.Mention) error {
	if m.Text == "" && m.Rating == nil {
		return errors.New("neither text nor rating")
	}
	if m.URL != "" {
		if u, err := checkURL(m.URL); err != nil || len(m.URL) > 4096 {
			return fmt.Errorf("column url: %q is no address of the web", cutText(redactText(m.URL), 80))
		} else if u.User != nil {
			return errors.New("column url: it holds a password")
		}
	}
	if m.Ref == "" {
		k := *m
		k.Author += fmt.Sprintf("\x00%s\x00%s", m.URL, m.About)
		if m.Rating != nil {
			k.Author += fmt.Sprintf("\x00%g", *m.Rating)
		}
		m.Ref = k.Key()
	}
	m.Ref = cutText(m.Ref, 500)
	if m.Source == "" {
		m.Source = im.Source
	}
	if m.Brand == "" {
		m.Brand = im.Brand
	}
	if m.Genre == "" {
		m.Genre = im.Genre
	}
	switch m.Genre {
	case "":
		m.Genre = puskaradio.Other
	case puskaradio.Social, puskaradio.Review, puskaradio.News, puskaradio.Survey, puskaradio.Other:
	default:
		return fmt.Errorf("column genre: %q is none of social, review, news, survey, other", cutText(string(m.Genre), 40))
	}
	if m.Published.IsZero() {
		m.Published, m.DateFrom = im.Now, puskaradio.DateSeen
	}
	if m.FirstSeen.IsZero() {
		m.FirstSeen = im.Now
	}
	return nil
}
