package crawler

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/puskaradio/puskaradio"
)

// Kinds are the names of all kinds, in the order of the alphabet.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// KindOf is the kind of a name.
func KindOf(name string) (Kind, bool) {
	k, ok := kinds[name]
	k.Name = name
	return k, ok
}

// New makes the connector of a kind from its options, a JSON object or
// nothing. It is strict: what no option is called is an error. secret is
// asked for what the options only name; it may be nil if they name nothing.
// The error tells every fault.
func New(kind string, options json.RawMessage, secret Secret) (Connector, error) {
	k, ok := KindOf(kind)
	if !ok {
		return nil, fmt.Errorf("source kind %q is unknown; there are %s", kind, strings.Join(Kinds(), ", "))
	}
	c := k.New()
	if err := decodeOptions(options, c); err != nil {
		return nil, fmt.Errorf("source kind %s: %w", kind, err)
	}
	if v, ok := c.(interface{ Check(Secret) error }); ok {
		if err := v.Check(secret); err != nil {
			return nil, fmt.Errorf("source kind %s: %w", kind, err)
		}
	}
	return c, nil
}

// Options are the default options of a kind, for a schema; nil if there is no
// such kind.
func Options(kind string) any {
	k, ok := kinds[kind]
	if !ok {
		return nil
	}
	return k.New()
}

// decodeOptions sets the fields of c that options has, and no others.
func decodeOptions(options json.RawMessage, c Connector) error {
	if len(options) == 0 {
		return nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(options, &given); err != nil {
		return errors.New("its options are not a JSON object")
	}
	var known []string
	for f := range reflect.TypeOf(c).Elem().Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			known = append(known, name)
		}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("option %q is unknown; there are %s", name, strings.Join(known, ", ")))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	err := json.Unmarshal(options, c)
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("option %q is a %s where a %s is wanted", te.Field, te.Value, te.Type)
	}
	return err
}

// stamp fills in what every mention of a source shares.
func stamp(q Query, genre puskaradio.Genre, m *puskaradio.Mention) {
	m.Source, m.Genre, m.Brand, m.FirstSeen = q.Source.ID, genre, q.Source.About, q.Now
	if m.Published.IsZero() || m.DateFrom == "" {
		m.Published, m.DateFrom = q.Now, puskaradio.DateSeen
	}
}

// once leaves of each key the first mention.
func once(ms []puskaradio.Mention) []puskaradio.Mention {
	seen := make(map[string]bool, len(ms))
	return slices.DeleteFunc(ms, func(m puskaradio.Mention) bool {
		key := m.Key()
		was := seen[key]
		seen[key] = true
		return was
	})
}

// readCursor decodes the cursor of the last page into p, if there was one. A
// cursor that cannot be read is an error, as to begin again in silence could
// hide a loss.
func readCursor(q Query, p any) error {
	if len(q.Cursor) == 0 {
		return nil
	}
	if err := json.Unmarshal(q.Cursor, p); err != nil {
		return fmt.Errorf("cursor of source %s: %w", q.Source.ID, err)
	}
	return nil
}

// setCursor encodes the cursor of the next page.
func (p *Page) setCursor(v any) error {
	b, err := json.Marshal(v)
	p.Cursor = b
	return err
}

// checkWeb is a fault of an address in the options, or nil.
func checkWeb(option, address string) error {
	if _, err := checkURL(address); err != nil {
		return fmt.Errorf("%s %q: %w", option, redactText(address), err)
	}
	return nil
}

// within is a fault of a number in the options, or nil.
func within(option string, n, least, most int) error {
	if n < least || n > most {
		return fmt.Errorf("%s %d is not from %d to %d", option, n, least, most)
	}
	return nil
}
