package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Search implements [Store]. Words that many use are found soonest by walking
// through the newest mentions, and those that few use by the index; which it
// is shows at the first step.
func (p *Postgres) Search(ctx context.Context, query string, f Filter) ([]Entry, string, error) {
	terms, phrases := parseQuery(query)
	if len(terms) == 0 {
		return nil, "", nil
	}
	w, some, err := p.where(ctx, f)
	if err != nil || !some {
		return nil, "", err
	}
	w.status(f)
	limit := f.limit()
	s := pgSearch{p: p, w: w, terms: tsquery(terms), phrases: phrases, want: limit + 1}
	if err := s.find(ctx); err != nil {
		return nil, "", fmt.Errorf("search: %w", err)
	}
	out, next := entriesOf(s.hits[:min(len(s.hits), s.want)], limit)
	return out, next, nil
}

// tsquery is a query as PostgreSQL reads it: its words are our words.
func tsquery(terms []term) string {
	lexeme := func(w string) string {
		return "'" + strings.NewReplacer(`'`, `''`, `\`, `\\`).Replace(w) + "'"
	}
	var all []string
	for _, t := range terms {
		if t.word != "" {
			all = append(all, lexeme(t.word))
			continue
		}
		var any []string
		for _, prefix := range t.prefixes {
			any = append(any, lexeme(prefix)+":*")
		}
		all = append(all, "("+strings.Join(any, " | ")+")")
	}
	return strings.Join(all, " & ")
}

// A pgSearch is a search on its way.
type pgSearch struct {
	p       *Postgres
	w       *where
	terms   string
	phrases [][]string
	want    int
	hits    []full
	last    mentionKey // where the search has come to; zero is the beginning
}

// The steps of a walk, in mentions. A longer one costs more than the index.
const (
	firstWalk = 500
	longWalk  = 8000
)

func (s *pgSearch) find(ctx context.Context) error {
	walked, err := s.walk(ctx, firstWalk)
	if err != nil || walked < firstWalk || len(s.hits) >= s.want {
		return err
	}
	if n := s.want * firstWalk / max(1, len(s.hits)); n < longWalk { // what it takes, if the older ones are like the newest
		step := min(longWalk, n+n/2)
		if walked, err := s.walk(ctx, step); err != nil || walked < step || len(s.hits) >= s.want {
			return err
		}
	}
	for take := 2*s.want + 16; ; take *= 4 {
		found, err := s.index(ctx, take)
		if err != nil || found < take || len(s.hits) >= s.want {
			return err
		}
	}
}

// rest are the conditions and arguments of what the search has not yet come to.
func (s *pgSearch) rest() *where {
	w := *s.w
	w.conds, w.args = append([]string{}, w.conds...), append([]any{}, w.args...)
	if !s.last.isZero() {
		w.before(int64(s.last.sec), pgHash(s.last.hash))
	}
	return &w
}

// walk looks at the next n mentions of the scope, and gives how many there
// were.
func (s *pgSearch) walk(ctx context.Context, n int) (int, error) {
	w := s.rest()
	sql := `SELECT m.sec, m.hash, t.words @@ ` + w.arg(s.terms) + `::tsquery FROM (
		SELECT seq, sec, hash FROM mentions m WHERE ` + w.sql() + ` ORDER BY sec DESC, hash DESC LIMIT ` + w.arg(n) + `
	) m JOIN texts t ON t.seq = m.seq ORDER BY m.sec DESC, m.hash DESC`
	return s.take(ctx, sql, w.args)
}

// index takes the next n that the index finds.
func (s *pgSearch) index(ctx context.Context, n int) (int, error) {
	w := s.rest()
	terms := s.terms
	if w.brand != 0 {
		terms = "'" + brandWord(w.brand) + "' & " + terms
	}
	// Brand and time stand beside the words; for the rest the row is asked.
	from, conds := `texts m`, w.conds
	if w.narrow {
		from = `texts t JOIN mentions m ON m.hash = t.hash`
	} else {
		conds = nil
		for _, c := range w.conds {
			if !strings.HasPrefix(c, "m.seq ") && !strings.HasPrefix(c, "m.brand ") {
				conds = append(conds, c)
			}
		}
	}
	conds = append(conds, "words @@ "+w.arg(terms)+"::tsquery")
	sql := `SELECT m.sec, m.hash, true FROM ` + from + ` WHERE ` + strings.Join(conds, " AND ") + ` ORDER BY m.sec DESC, m.hash DESC LIMIT ` + w.arg(n)
	if w.brand != 0 && !w.narrow {
		sql = strings.Replace(sql, " WHERE ", " WHERE $1::int > 0 AND ", 1) // the brand, which only the words name here
	}
	return s.take(ctx, sql, w.args)
}

// take reads what a step has found, and keeps what says the phrases. However
// common PostgreSQL takes a word to be, it must not read all texts for it: what
// is common was found by walking.
func (s *pgSearch) take(ctx context.Context, sql string, args []any) (n int, err error) {
	var sec, hash int64
	var hit bool
	var hits []int64
	var b pgx.Batch // one transaction
	b.Queue(`SELECT set_config('enable_seqscan', 'off', true)`)
	b.Queue(sql, args...).Query(func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&sec, &hash, &hit}, func() error {
			n++
			s.last = mentionKey{sec: uint32(sec), hash: unHash(hash)}
			if hit {
				hits = append(hits, hash)
			}
			return nil
		})
		return err
	})
	err = s.p.pool.SendBatch(ctx, &b).Close()
	if err != nil {
		return n, closedPool(err)
	}
	for len(hits) > 0 && len(s.hits) < s.want {
		part := hits[:min(len(hits), s.want-len(s.hits))]
		if len(s.phrases) > 0 {
			part = hits[:min(len(hits), 2*s.want)]
		}
		hits = hits[len(part):]
		all, err := s.p.fulls(ctx, `SELECT * FROM mentions WHERE hash = ANY($1) AND seq IS NOT NULL`, []any{part})
		if err != nil {
			return n, err
		}
		for _, f := range all {
			if len(s.phrases) == 0 || says(&f.mention, s.phrases) {
				s.hits = append(s.hits, f)
			}
		}
	}
	return n, nil
}
