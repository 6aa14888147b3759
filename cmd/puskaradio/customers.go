package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/text/encoding/charmap"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/monitor"
	"github.com/puskaradio/puskaradio/web"
)

func (a *app) customersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "customers",
		Short: "What authors are called in your own books: set, taken in and given out",
		Long: `A customer key says what an author at one source is called in your own books, a number
of a CRM for one. People and your programs set it, on the page of a case or here; it is
never guessed, and says nothing of other sources. See docs/crm.md.`,
	}
	cmd.AddCommand(a.setCustomerCommand(), a.importCustomersCommand(), a.exportCustomersCommand())
	return cmd
}

func (a *app) setCustomerCommand() *cobra.Command {
	var who string
	cmd := &cobra.Command{
		Use: "set ID [KEY]", Short: "Set the customer key of the author of a case; without a key it is taken away", Args: cobra.RangeArgs(1, 2), Annotations: served,
		Example: "  puskaradio inbox customers set 0hk2v5… A-1029",
		RunE: func(cmd *cobra.Command, args []string) error {
			key := ""
			if len(args) == 2 {
				key = strings.TrimSpace(args[1])
			}
			if err := puskaradio.CheckCustomerKey(key); err != nil {
				return usage("%v", err)
			}
			s, l, err := a.store(cmd)
			if err != nil {
				return err
			}
			c, err := s.Case(cmd.Context(), "", puskaradio.ID(args[0]))
			if err != nil {
				return err
			}
			m := &c.Mention
			if err := s.SetCustomer(cmd.Context(), puskaradio.Customer{Source: m.Source, Author: m.Author, Key: key, Who: who, At: time.Now().UTC()}); err != nil {
				return err
			}
			what := "set a customer key"
			if key == "" {
				what = "took a customer key away"
			}
			if err := a.recordDeed(cmd.Context(), s, what, m.Source+" "+string(c.ID)); err != nil {
				return err
			}
			c.Customer = key
			return a.printCase(l, &c, time.Now())
		},
	}
	cmd.Flags().StringVar(&who, "as", userName(), "who you are")
	return cmd
}

func (a *app) importCustomersCommand() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE…", Short: "Take in customer keys from CSV", Args: cobra.MinimumNArgs(1), Annotations: map[string]string{"served": "yes", "stdin": "yes"},
		Long: `Takes CSV with the columns source, author and customer, as export writes them and
spreadsheets do (; or , or tab; UTF-8 or Windows-1252). Other columns are left out. An
empty customer takes the key away. Rows that are wrong are named by their line, and the
rest is kept; the same file may be taken in again.`,
		Example: "  puskaradio inbox customers import from-the-crm.csv",
		RunE: func(cmd *cobra.Command, files []string) error {
			m, s, _, err := a.monitored(cmd)
			if err != nil {
				return err
			}
			set, away, wrong := 0, 0, 0
			for _, file := range files {
				in, err := a.open(file)
				if err != nil {
					return err
				}
				n, gone, bad, err := a.takeCustomers(cmd.Context(), m, in, file)
				_ = in.Close() // it was only read
				set, away, wrong = set+n, away+gone, wrong+bad
				if err != nil {
					return err
				}
			}
			if err := a.recordDeed(cmd.Context(), s, "took in customer keys", fmt.Sprint(set+away)); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "%d keys set, %d taken away, %d rows wrong\n", set, away, wrong)
			if wrong > 0 {
				return fmt.Errorf("%d rows could not be taken; the others are, and the file may be taken in again when they are mended", wrong)
			}
			return nil
		},
	}
}

// takeCustomers keeps the keys of one file, and tells of the rows that it
// cannot take. A name that is not to be kept is not kept here either.
func (a *app) takeCustomers(ctx context.Context, m *monitor.Monitor, in io.Reader, file string) (set, away, wrong int, err error) {
	for row, err := range readCustomers(in) {
		if err == nil {
			row.Who, row.At = userName()+" (import)", time.Now().UTC()
			row.Author = m.AuthorOf(row.Source, row.Author)
			err = m.Store.SetCustomer(ctx, row.Customer)
			if err != nil && !errors.Is(err, puskaradio.ErrNotFound) {
				return set, away, wrong, err
			}
		}
		switch {
		case err != nil:
			wrong++
			fmt.Fprintf(a.err, "import %s: line %d: %v\n", file, row.N, err)
		case row.Key == "":
			away++
		default:
			set++
		}
	}
	return set, away, wrong, nil
}

// A customerRow is a row of a file and the line where it begins.
type customerRow struct {
	N int
	puskaradio.Customer
}

// customerColumns are what the columns of a file of customers may be called.
var customerColumns = [3][]string{
	{"source", "lähde"},
	{"author", "kirjoittaja", "nimimerkki"},
	{"customer", "customer key", "asiakas", "asiakastunnus", "asiakasnumero"},
}

// readCustomers reads the rows of a CSV file. After a row that is wrong the
// next is read; a file that cannot be read gives one error, the last.
func readCustomers(in io.Reader) iter.Seq2[customerRow, error] {
	return func(yield func(customerRow, error) bool) {
		comma, in, err := commaOf(in)
		if err != nil {
			yield(customerRow{N: 1}, err)
			return
		}
		r := csv.NewReader(in)
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = comma, true, -1
		head, err := r.Read()
		if err != nil {
			yield(customerRow{N: 1}, errors.New("the file is empty, or no CSV"))
			return
		}
		var at [3]int
		for i, names := range customerColumns {
			at[i] = slices.IndexFunc(head, func(cell string) bool {
				return slices.Contains(names, strings.ToLower(strings.TrimSpace(plainCell(cell))))
			})
			if at[i] < 0 {
				yield(customerRow{N: 1}, fmt.Errorf("there is no column %s", names[0]))
				return
			}
		}
		for {
			cells, err := r.Read()
			if err == io.EOF {
				return
			}
			var row customerRow
			if err != nil {
				yield(customerRow{N: lineOf(err)}, errors.New("this cannot be read as CSV"))
				return
			}
			row.N, _ = r.FieldPos(0)
			if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
				continue
			}
			err = row.fill(cells, at)
			if !yield(row, err) {
				return
			}
		}
	}
}

func lineOf(err error) int {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return e.Line
	}
	return 0
}

// fill takes a row's cells.
func (row *customerRow) fill(cells []string, at [3]int) error {
	for i, to := range []*string{&row.Source, &row.Author, &row.Key} {
		if at[i] >= len(cells) {
			return fmt.Errorf("column %s is missing", customerColumns[i][0])
		}
		*to = strings.TrimSpace(plainCell(cells[at[i]]))
	}
	return row.Check()
}

// plainCell is a cell without the apostrophe that kept a spreadsheet from taking
// it for a formula. What is not UTF-8 is taken for Windows-1252.
func plainCell(cell string) string {
	if !utf8.ValidString(cell) {
		if s, err := charmap.Windows1252.NewDecoder().String(cell); err == nil {
			cell = s
		}
	}
	if bare, ok := strings.CutPrefix(cell, "'"); ok && web.GuardCell(bare) == cell {
		return bare
	}
	return cell
}

// commaOf finds what stands between the cells of a file, by its first line. It
// gives the file as it was, without a mark of its encoding.
func commaOf(in io.Reader) (rune, io.Reader, error) {
	data := make([]byte, 4096)
	n, err := io.ReadFull(in, data)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return 0, nil, err
	}
	begin := strings.TrimPrefix(string(data[:n]), "\ufeff")
	first, _, _ := strings.Cut(begin, "\n")
	best, most := ',', 0
	for _, d := range ";\t," {
		if n := strings.Count(first, string(d)); n > most {
			best, most = d, n
		}
	}
	return best, io.MultiReader(strings.NewReader(begin), in), nil
}

func (a *app) exportCustomersCommand() *cobra.Command {
	var delimiter string
	cmd := &cobra.Command{
		Use: "export", Short: "Print the customer keys as CSV, or with --json one object on a line", Args: cobra.NoArgs, Annotations: served,
		Long:    `Prints who was said to be whom, by source and author. A cell that a spreadsheet would take for a formula gets a ' before it, which import takes away.`,
		Example: "  puskaradio inbox customers export > for-the-crm.csv",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len([]rune(delimiter)) != 1 {
				return usage("--delimiter %q: write one character", delimiter)
			}
			s, _, err := a.store(cmd)
			if err != nil {
				return err
			}
			all, err := s.Customers(cmd.Context())
			if err != nil {
				return err
			}
			// Before anything is printed: an export that breaks off has given something away.
			if err := a.recordDeed(cmd.Context(), s, "exported customer keys", fmt.Sprint(len(all))); err != nil {
				return err
			}
			if a.json {
				for _, c := range all {
					if err := a.print(c); err != nil {
						return err
					}
				}
				return nil
			}
			w := csv.NewWriter(a.out)
			w.Comma = []rune(delimiter)[0]
			if err := w.Write([]string{"source", "author", "customer", "who", "at"}); err != nil {
				return err
			}
			for _, c := range all {
				row := []string{c.Source, c.Author, c.Key, c.Who, c.At.Format(time.RFC3339)}
				for i := range row {
					row[i] = web.GuardCell(row[i])
				}
				if err := w.Write(row); err != nil {
					return err
				}
			}
			w.Flush()
			return w.Error()
		},
	}
	cmd.Flags().StringVar(&delimiter, "delimiter", ",", "what stands between cells; Finnish Excel likes ;")
	return cmd
}
