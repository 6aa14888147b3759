package store

import (
	"encoding/base64"
	"reflect"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

func scored() puskaradio.Mention {
	return puskaradio.Mention{
		Ref: "7", Author: "Maija", Text: "Toimitus myöhästyi", Lang: "fi", Genre: puskaradio.Review,
		Rating: &puskaradio.Rating{Value: 2, Best: 5, Worst: 1}, Published: time.Unix(1e9, 0).UTC(), FirstSeen: time.Unix(1e9+60, 0).UTC(),
		Score: &puskaradio.Score{
			Label: puskaradio.Negative, Value: -0.5, Confidence: 0.9, Unsure: true, Why: "mixed", Words: []string{"myöhästyi"},
			Stage: "during", Touchpoint: "delivery", Lang: "fi", Model: "m",
			Aspects: []puskaradio.Aspect{{Name: "delivery", Label: puskaradio.Negative, Words: []string{"Toimitus", "myöhästyi"}}},
		},
		Owner: &puskaradio.Reply{Author: "Acme", Text: "Pahoittelut", At: time.Unix(1e9+600, 0).UTC()},
	}
}

// TestRecordOfVersion1 reads a record as it was written before there were
// components, words of the journey and a second verdict.
func TestRecordOfVersion1(t *testing.T) {
	b, err := base64.StdEncoding.DecodeString(version1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeMention(b)
	if want := scored(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got.Score, err, want.Score)
	}
	b[0] = recordVersion + 1
	if _, err := decodeMention(b); err == nil {
		t.Error("a record of a version to come is read")
	}
}

func TestRecordKeepsAll(t *testing.T) {
	m := scored()
	m.Score.Aspects[0].Component = "service"
	m.Score.JourneyWords = []string{"Toimitus"}
	m.Score.Embedded = &puskaradio.Score{Label: puskaradio.Positive, Value: 0.25, Confidence: 0.6, Model: "puskaradio-0"}
	got, err := decodeMention(appendMention(nil, &m))
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Errorf("read %+v, %v, want %+v", got.Score, err, m.Score)
	}
}

// version1 is [scored] as version 1 wrote it.
const version1 = "AQE3AAVNYWlqYQAUVG9pbWl0dXMgbXnDtmjDpHN0eWkCZmkABnJldmlldwAAAIKA0ZS1dILT35S1dAAAAaAfkE7QDwEAAecHiA4FbWl4ZWQGZHVyaW5nCGRlbGl2ZXJ5AmZpAW0BC215w7Zow6RzdHlpAQhkZWxpdmVyeQACCFRvaW1pdHVzC215w7Zow6RzdHlpAAEEQWNtZQtQYWhvaXR0ZWx1dIK+45W1dA=="
