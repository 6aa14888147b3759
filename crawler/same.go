package crawler

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/puskaradio/puskaradio"
)

// finish counts every review once and takes the references that will not
// last off them.
func (x *extractor) finish() {
	x.dropRefs()
	seen := make(map[string][]*found, len(x.found)) // by what the same reviews share
	kept := make([]*found, 0, len(x.found))
	for _, f := range x.found {
		if f.notation == "" {
			continue
		}
		key := sameKey(f)
		same := sameAmong(seen[key], f, false)
		text := "" // by which a telling without an author is found
		if len(f.Text) > 30 {
			text = "\x01" + letters(f.Text, 40)
			if same == nil {
				same = sameAmong(seen[text], f, true)
			}
		}
		if same != nil {
			merge(same, f)
			continue
		}
		seen[key] = append(seen[key], f)
		if text != "" {
			seen[text] = append(seen[text], f)
		}
		kept = append(kept, f)
	}
	if len(kept) > 0 {
		x.out.Reviews = make([]puskaradio.Mention, len(kept))
		for i, f := range kept {
			x.out.Reviews[i] = f.Mention
		}
	}
}

// sameAmong is the one of some reviews that f is. Vague asks for one of
// another notation where an author is missing or shortened.
func sameAmong(list []*found, f *found, vague bool) *found {
	for _, k := range list[:min(len(list), 50)] { // beyond these, what is the same may come twice
		if vague && (!across(k, f) || !shortened(k.Author, f.Author) && !shortened(f.Author, k.Author)) {
			continue
		}
		if sameReview(k, f) {
			return k
		}
	}
	return nil
}

// shortened reports whether a name may be a longer one's short form: nothing,
// or its first words.
func shortened(short, name string) bool {
	short = strings.ToLower(strings.TrimRight(short, ". "))
	return strings.HasPrefix(strings.ToLower(name), short)
}

// dropRefs takes off references that name more than one review, or the place
// of a review in the list: both would name another one tomorrow.
func (x *extractor) dropRefs() {
	by := map[string]*found{}
	shared := map[string]bool{}
	for _, f := range x.found {
		if f.Ref == "" {
			continue
		}
		if g := by[f.Ref]; g != nil && (sameKey(g) != sameKey(f) || !sameReview(g, f)) {
			shared[f.Ref] = true
		}
		by[f.Ref] = f
	}
	ordinal := map[string]bool{}
	for _, r := range x.roots {
		ordinal[r.notation] = ordinal[r.notation] || ordinals(x.found, r.notation)
	}
	for _, f := range x.found {
		if shared[f.Ref] || ordinal[f.notation] || !lasting(f.Ref) {
			if f.URL == f.Ref && strings.Contains(f.Ref, "#") {
				f.URL = x.url
			}
			f.Ref = ""
		}
	}
}

// lasting reports whether a reference may name one review for ever: a bare
// #review does not.
func lasting(ref string) bool {
	_, fragment, ok := strings.Cut(ref, "#")
	return !ok || strings.ContainsAny(fragment, "0123456789")
}

// ordinals reports whether the references of a notation count the reviews of
// the page from 0 or 1.
func ordinals(fs []*found, notation string) bool {
	next, n := -1, 0
	for _, f := range fs {
		if f.notation != notation || f.Ref == "" {
			continue
		}
		digits := f.Ref[len(strings.TrimRight(f.Ref, "0123456789")):]
		v, err := strconv.Atoi(digits)
		if err != nil || next >= 0 && v != next || next < 0 && v > 1 {
			return false
		}
		next = v + 1
		n++
	}
	return n > 0
}

// sameKey is what the same review has in common wherever it is told: its
// author and how it begins, or its stars and day.
func sameKey(f *found) string {
	author := letters(f.Author, 60)
	if f.Text != "" {
		return author + "\x00" + letters(f.Text, 40)
	}
	key := author + "\x00\x00" + letters(f.Title, 40)
	if f.Rating != nil {
		key += "\x00" + strconv.FormatFloat(f.Rating.Value, 'g', -1, 64)
	}
	return key + "\x00" + f.Published.Format(time.DateOnly)
}

// letters are at most n letters and digits of a text, in lower case.
func letters(s string, n int) string {
	var b strings.Builder
	b.Grow(max(0, min(n, len(s))))
	for _, r := range s {
		if n == 0 {
			break
		}
		if r < 0x80 {
			if r >= 'A' && r <= 'Z' {
				r |= 0x20
			} else if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
				continue
			}
		} else if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r < 0x2600 {
			continue
		} else {
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
		n--
	}
	return b.String()
}

// sameReview reports whether two reviews of one key are one: nothing that both
// tell may differ. Two notations may tell a date more or less closely, and a
// text shortened.
func sameReview(a, b *found) bool {
	across := across(a, b)
	if a.Ref != "" && b.Ref != "" && a.Ref != b.Ref && a.notation == b.notation {
		return false
	}
	if a.Rating != nil && b.Rating != nil && a.Rating.Value != b.Rating.Value {
		if !across || a.Rating.Share() != b.Rating.Share() {
			return false
		}
	} else if !across && (a.Rating == nil) != (b.Rating == nil) && a.Text == "" {
		return false
	}
	da, db := a.DateFrom != puskaradio.DateSeen, b.DateFrom != puskaradio.DateSeen
	if da && db && !sameDate(a, b, across) || da != db && a.Text == "" {
		return false
	}
	if a.Text == b.Text {
		return true
	}
	ta, tb := letters(a.Text, -1), letters(b.Text, -1)
	return ta == tb || across && len(ta) > 40 && len(tb) > 40 && (strings.HasPrefix(ta, tb) || strings.HasPrefix(tb, ta))
}

// across reports whether two reviews are told in different ways.
func across(a, b *found) bool { return a.notation != b.notation || a.block != b.block }

// sameDate reports whether two dates may be one. Other tellings may leave out
// the time of day, or mean another zone.
func sameDate(a, b *found, across bool) bool {
	gap := a.Published.Sub(b.Published)
	if gap == 0 || !across {
		return gap == 0
	}
	if b.clock && !a.clock {
		gap = -gap
	}
	switch {
	case a.DateFrom != b.DateFrom:
		return gap.Abs() <= 38*time.Hour
	case a.clock != b.clock: // from a day to a time within it, somewhere on Earth
		return gap >= -14*time.Hour && gap <= 38*time.Hour
	case a.notation == b.notation && len(a.Text) < 30:
		return false
	case a.clock:
		return gap.Abs() <= 14*time.Hour
	}
	return gap.Abs() <= 24*time.Hour
}

// merge adds to a review what another telling of it says more.
func merge(a, b *found) {
	if a.DateFrom == puskaradio.DateSeen || b.DateFrom == puskaradio.DatePublished && a.DateFrom != b.DateFrom ||
		b.DateFrom == a.DateFrom && b.clock && !a.clock {
		a.Published, a.DateFrom, a.clock = b.Published, b.DateFrom, b.clock
	}
	if a.Rating == nil || b.Rating != nil && a.Rating.Best == 0 && b.Rating.Value == a.Rating.Value {
		a.Rating = b.Rating
	}
	if len(b.Text) > len(a.Text) && letters(a.Text, -1) != letters(b.Text, -1) {
		a.Text = b.Text
	}
	if a.Ref == "" {
		a.Ref = b.Ref
		if b.URL != "" && b.Ref != "" {
			a.URL = b.URL
		}
	}
	if len(b.Author) > len(a.Author) {
		a.Author = b.Author
	}
	for _, p := range [...][2]*string{{&a.Title, &b.Title}, {&a.About, &b.About}, {&a.Lang, &b.Lang}} {
		if *p[0] == "" {
			*p[0] = *p[1]
		}
	}
	if a.Owner == nil {
		a.Owner = b.Owner
	}
}
