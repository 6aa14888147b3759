package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/invopop/jsonschema"

	"github.com/puskaradio/puskaradio/crawler"
	"github.com/puskaradio/puskaradio/notify"
)

// schemaOf is the JSON schema of the configuration, made from the structs that
// it is decoded into: options depend on the kind. It stands in schema.json, for
// only tests have what it is made with.
func schemaOf(t *testing.T) []byte {
	t.Helper()
	r := jsonschema.Reflector{DoNotReference: true, Anonymous: true, Mapper: mapType}
	s := r.Reflect(&config{})
	s.Title = "puskaradio.yaml"
	if item, ok := s.Properties.Get("sources"); ok {
		byKind(item.Items, crawler.Kinds(), crawler.Options)
	}
	if item, ok := s.Properties.Get("channels"); ok {
		byKind(item.Items, notify.Kinds(), notify.Options)
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func mapType(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[span]():
		return &jsonschema.Schema{Type: "string", Pattern: `^[0-9.]+(ms|s|m|h|d)([0-9.]+(ms|s|m))*$`}
	case reflect.TypeFor[rawNode]():
		return &jsonschema.Schema{Type: "object"}
	}
	return nil
}

// byKind says which kinds there are and what options each takes.
func byKind(item *jsonschema.Schema, kinds []string, options func(string) any) {
	kind, ok := item.Properties.Get("kind")
	if !ok {
		return
	}
	r := jsonschema.Reflector{DoNotReference: true, Anonymous: true, Mapper: mapType, RequiredFromJSONSchemaTags: true}
	for _, k := range kinds {
		kind.Enum = append(kind.Enum, k)
		o := r.Reflect(options(k))
		o.Version = ""
		then := jsonschema.NewProperties()
		then.Set("options", o)
		when := jsonschema.NewProperties()
		when.Set("kind", &jsonschema.Schema{Const: k})
		item.AllOf = append(item.AllOf, &jsonschema.Schema{
			If: &jsonschema.Schema{Properties: when}, Then: &jsonschema.Schema{Properties: then},
		})
	}
}
