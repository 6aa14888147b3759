package sentiment

import (
	"embed"
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// What we have written ourselves is in the binary, so that whoever trains
// has it.
//
//go:embed own/data.tsv
var ownRows embed.FS

// A set is labelled texts that weights may be trained on.
type set struct {
	dir     string // folder under the data, which holds data.tsv
	domain  string // rows of one domain share weights
	genre   puskaradio.Genre
	licence string
	weight  float32 // of a row; 0 is 1
	from    int     // rows from this line on belong to the next of the same folder
	source  string
}

// sets are what the shipped weights are trained on. Their licences allow it;
// what is not here is for evaluation only.
var sets = []set{
	{dir: "tweeteval_en", domain: "social", genre: puskaradio.Social, licence: "CC BY 3.0", source: "SemEval 2013–2016 task A, English tweets (Nakov et al., Rosenthal et al.)"},
	{dir: "finnsentiment", domain: "social", genre: puskaradio.Social, licence: "CC BY 4.0", source: "FinnSentiment, sentences of the forum Suomi24 (Lindén, Jauhiainen, Hardwick 2020)"},
	{dir: "xed", domain: "other", genre: puskaradio.Other, licence: "CC BY 4.0", source: "XED, film subtitles in 13 languages, emotions read as polarity (Öhman et al. 2020)"},
	{dir: "uci_sentences_en", domain: "review", genre: puskaradio.Review, licence: "CC BY 4.0", source: "UCI Sentiment Labelled Sentences (Kotzias et al. 2015)"},
	{dir: "vader_gt", domain: "film", genre: puskaradio.Review, licence: "MIT", source: "VADER ground truth, film review snippets (Hutto, Gilbert 2014)"},
	{dir: "vader_gt", domain: "news", genre: puskaradio.News, licence: "MIT", from: 10605, source: "VADER ground truth, newspaper sentences (Hutto, Gilbert 2014)"},
	{dir: "norec_no", domain: "review", genre: puskaradio.Review, licence: "CC BY-NC 4.0 for the text; its README frees models derived from it", source: "NoReC sentences, Norwegian reviews (Kutuzov et al. 2020)"},
	{dir: "own", licence: "Apache-2.0", weight: 2, source: "reviews, posts and news of our own writing"},
}

// logSets tells what rows of which sets are used, and by whose leave.
func logSets(rows []Row, log func(string, ...any)) {
	for _, s := range sets {
		learn, held := 0, 0
		for i := range rows {
			switch r := &rows[i]; {
			case r.Set != s.dir, s.domain != "" && r.domain != s.domain:
			case r.Split == "dev":
				held++
			default:
				learn++
			}
		}
		log("%s %s: %d rows to learn from, %d held out; %s; %s", s.dir, s.domain, learn, held, s.licence, s.source)
	}
}

// ReadSets reads every set that weights may be trained on, from a folder with
// a folder for each that holds data.tsv. Sets that are not there are named by
// the error, with the rows of the others.
func ReadSets(data fs.FS) ([]Row, error) {
	var all []Row
	var missing []error
	read := map[string][]Row{}
	for i, s := range sets {
		rows, ok := read[s.dir]
		if !ok {
			from := data
			if s.dir == "own" {
				from = ownRows
			}
			f, err := from.Open(path.Join(s.dir, "data.tsv"))
			if err != nil {
				missing = append(missing, err) // it names the file
				continue
			}
			rows, err = ReadRows(f, path.Join(s.dir, "data.tsv"))
			f.Close()
			if err != nil {
				return nil, err
			}
			read[s.dir] = rows
		}
		until := 1 << 30
		if i+1 < len(sets) && sets[i+1].dir == s.dir {
			until = sets[i+1].from
		}
		for _, r := range rows {
			if r.Line < s.from || r.Line >= until || r.Label == "" {
				continue
			}
			r.Set, r.domain, r.weight = s.dir, s.domain, s.weight
			if s.domain == "" {
				r.domain = string(r.Genre)
				if r.Genre != puskaradio.Review { // of the others there are better
					r.weight = 1
				}
			} else {
				r.Genre = s.genre
			}
			switch {
			case strings.HasSuffix(r.Split, "dev"), s.dir == "vader_gt" && r.Line%10 == 3:
				r.Split = "dev"
			case strings.HasSuffix(r.Split, "train"):
				r.Split = "train"
			default:
				continue // test splits are never looked at
			}
			all = append(all, r)
		}
	}
	return all, errors.Join(missing...)
}

// shingles calls f with the hash of each four words in a row of a text, links
// and names left out.
func shingles(text string, f func(uint32)) (n int) {
	var last [4]uint32
	k := 0
	for w := range strings.FieldsSeq(strings.ToLower(text)) {
		if strings.HasPrefix(w, "@") || strings.HasPrefix(w, "http") {
			continue
		}
		w = strings.TrimFunc(w, func(r rune) bool { return !letter(r) })
		if w == "" {
			continue
		}
		copy(last[:], last[1:])
		last[3] = hashString(fnvOffset, w)
		if k++; k >= 4 {
			f(mix(last[0]*31 ^ mix(last[1]*31^mix(last[2]*31^last[3]))))
			n++
		}
	}
	return n
}

// Fresh leaves out of dev what repeats a row of train: what shares four tenths,
// at least three, of its runs of four words with it. Tweets in particular are
// retweeted.
func Fresh(train, dev []Row) (fresh []Row) {
	seen := map[uint32][]int32{}
	for i, r := range train {
		shingles(r.Text, func(h uint32) {
			if l := seen[h]; len(l) < 8 && (len(l) == 0 || l[len(l)-1] != int32(i)) {
				seen[h] = append(l, int32(i))
			}
		})
	}
	for _, r := range dev {
		shared := map[int32]int{}
		most := 0
		n := shingles(r.Text, func(h uint32) {
			for _, i := range seen[h] {
				shared[i]++
				most = max(most, shared[i])
			}
		})
		if most < max(3, n*4/10) {
			fresh = append(fresh, r)
		}
	}
	return fresh
}
