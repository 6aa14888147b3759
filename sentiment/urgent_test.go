package sentiment

import (
	"slices"
	"testing"
)

func TestUrgent(t *testing.T) {
	for _, tt := range []struct {
		text, about string
		words       []string
	}{
		{"My daughter got food poisoning from your sushi, we are in hospital", "safety", []string{"food poisoning", "hospital"}},
		{"Laturi syttyi tuleen yöllä!", "safety", []string{"syttyi tuleen", "tuleen"}},
		{"Seuraavaksi otan yhteyttä lakimieheen ja teen rikosilmoituksen.", "legal", []string{"lakimieheen", "rikosilmoituksen"}},
		{"The waiter was openly RACIST.", "discrimination", []string{"racist"}},
		{"Sovellus on taas kaatunut, ei pääse kirjautumaan", "outage", []string{"kaatunut", "ei pääse kirjautumaan"}},
		{"The app is down again", "outage", []string{"is down"}},
		{"Hyvä palvelu, suosittelen", "", nil},
		{"I would not sue anybody over coffee; great place", "", nil},
		{"Tracing paper and racing bikes", "", nil},
		{"", "", nil},
	} {
		if about, words := Urgent(tt.text); about != tt.about || !slices.Equal(words, tt.words) {
			t.Errorf("Urgent(%q) = %q, %q, want %q, %q", tt.text, about, words, tt.about, tt.words)
		}
	}
}
