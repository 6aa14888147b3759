package store_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
	"github.com/puskaradio/puskaradio/store"
)

// leaves are the names of everything that a type holds; a type within itself is
// one.
func leaves(t reflect.Type, at string, within ...reflect.Type) (out []string) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		return leaves(t.Elem(), at, within...)
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() || slices.Contains(within, t) {
			break
		}
		within = append(slices.Clone(within), t)
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			out = append(out, leaves(f.Type, strings.TrimPrefix(at+"."+name, "."), within...)...)
		}
		return out
	}
	return []string{at}
}

// TestNothingInferred names everything that is kept of what somebody said. Of
// the person it is a name and how many follow it; the verdicts are of the text.
// Whoever adds something must weigh here whether it tells of a person, and say
// so in docs/privacy.md. Nothing can be asked for by a name but within one source: so nobody is
// followed over sources.
func TestNothingInferred(t *testing.T) {
	verdict := strings.Fields("label value confidence unsure why words aspects.name aspects.component aspects.label aspects.words stage touchpoint journey_words lang model embedded")
	want := strings.Fields("brand source genre ref url title text lang rating.value rating.best rating.worst about published date_from first_seen state gone flag story " +
		"versions.title versions.text versions.rating.value versions.rating.best versions.rating.worst versions.until owner_reply.author owner_reply.text owner_reply.at " +
		"author reach") // all that is of a person
	for _, v := range verdict {
		want = append(want, "score."+v, "corrected."+v)
	}
	got := leaves(reflect.TypeFor[puskaradio.Mention](), "")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("a mention holds\n%q\nwant\n%q", got, want)
	}
	for f := range reflect.TypeFor[store.Filter]().Fields() {
		if strings.Contains(strings.ToLower(f.Name), "author") {
			t.Errorf("mentions can be asked for by %s, over all sources", f.Name)
		}
	}
}
