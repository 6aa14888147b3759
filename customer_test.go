package puskaradio_test

import (
	"strings"
	"testing"

	"github.com/puskaradio/puskaradio"
)

func TestCheckCustomerKey(t *testing.T) {
	for key, want := range map[string]bool{
		"": true, "A-1029": true, "Äijä 7": true, strings.Repeat("ö", 100): true, "=1+1": true, "<b>": true,
		strings.Repeat("ö", 101): false, " A": false, "A ": false, "a\tb": false, "a\nb": false, "a\x00b": false, "a\u202eb": false, "a\u200bb": false, "\xff": false, "a\u00a0b": false,
	} {
		if err := puskaradio.CheckCustomerKey(key); (err == nil) != want {
			t.Errorf("CheckCustomerKey(%q) = %v", key, err)
		}
	}
	for _, c := range []puskaradio.Customer{{Author: "a"}, {Source: "s", Author: " "}, {Source: "s", Author: strings.Repeat("x", 10_001)}, {Source: "s", Author: "a", Key: " "}} {
		if c.Check() == nil {
			t.Errorf("%.40v is fine", c)
		}
	}
}
