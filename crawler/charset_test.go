package crawler

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func utf16le(s string, order int) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		pair := [2]byte{byte(u), byte(u >> 8)}
		b = append(b, pair[order], pair[1-order])
	}
	return b
}

func TestCharsets(t *testing.T) {
	const want = "<p>hyvää yötä</p>"
	latin1 := "<p>hyv\xe4\xe4 y\xf6t\xe4</p>"
	tests := []struct {
		name, header, kind string
		body               []byte
		want               string
		lossy              bool
	}{
		{"utf-8", "utf-8", "text/html", []byte(want), want, false},
		{"nothing says", "", "text/html", []byte(want), want, false},
		{"nothing says, latin-1", "", "text/html", []byte(latin1), want, false},
		{"nothing says, plain text", "", "text/plain", []byte(latin1), want, false},
		{"header latin-1", "ISO-8859-1", "text/html", []byte(latin1), want, false},
		{"header utf-8, body latin-1", "utf-8", "text/html", []byte(latin1), want, false},
		{"header latin-1, body utf-8", "iso-8859-1", "text/html", []byte(want), want, false},
		{"header unknown", "x-nonsense", "text/html", []byte(latin1), want, false},
		{"meta only", "", "text/html", []byte(`<meta charset=iso-8859-15>` + "\xa4 y\xf6"), `<meta charset=iso-8859-15>€ yö`, false},
		{"meta http-equiv", "", "text/html", []byte(`<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">` + "\xcf\xf0\xe8\xe2\xe5\xf2"), `<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">Привет`, false},
		{"meta utf-8, body latin-1", "", "text/html", []byte(`<meta charset="utf-8">` + latin1), `<meta charset="utf-8">` + want, false},
		{"meta latin-1, body utf-8", "", "text/html", []byte(`<meta charset="iso-8859-1">` + want), `<meta charset="iso-8859-1">` + want, false},
		{"header beats meta", "windows-1251", "text/html", []byte(`<meta charset="iso-8859-1">` + "\xcf\xf0"), `<meta charset="iso-8859-1">` + "Пр", false},
		{"windows-1252 quotes as latin-1", "iso-8859-1", "text/html", []byte("\x93y\xf6\x94 \x80"), "“yö” €", false},
		{"utf-8 mark", "iso-8859-1", "text/html", []byte("\xef\xbb\xbf" + want), want, false},
		{"utf-16 little, mark", "", "text/html", append([]byte("\xff\xfe"), utf16le(want, 0)...), want, false},
		{"utf-16 big, mark", "utf-8", "text/html", append([]byte("\xfe\xff"), utf16le(want, 1)...), want, false},
		{"utf-16 little, header", "utf-16", "text/html", utf16le(want, 0), want, false},
		{"utf-16 big, no mark", "", "text/xml", utf16le(want, 1), want, false},
		{"utf-16 said, utf-8 sent", "utf-16", "text/html", []byte(want), want, false},
		{"xml declaration", "", "application/xml", []byte(`<?xml version="1.0" encoding="ISO-8859-1"?>` + latin1), `<?xml version="1.0" encoding="utf-8"?>` + want, false},
		{"xml declaration lies", "", "text/xml", []byte(`<?xml version='1.0' encoding='iso-8859-1' ?>` + want), `<?xml version='1.0' encoding='utf-8' ?>` + want, false},
		{"xml declaration, utf-16", "", "text/xml", append([]byte("\xff\xfe"), utf16le(`<?xml version="1.0" encoding="utf-16"?>`+want, 0)...), `<?xml version="1.0" encoding="utf-8"?>` + want, false},
		{"one broken character in utf-8", "utf-8", "text/html", []byte(want + "\xff"), want + "\uFFFD", true},
		{"one broken character, latin-1 said", "iso-8859-1", "text/html", []byte(want + want + want + "\xff"), want + want + want + "\uFFFD", true},
		{"shift_jis", "shift_jis", "text/html", []byte("\x93\xfa\x96\x7b"), "日本", false},
		{"iso-2022-jp", "iso-2022-jp", "text/html", []byte("\x1b$B\x46\x7c\x1b(B"), "日", false},
		{"json", "", "application/json", []byte(`{"a":"ä"}`), `{"a":"ä"}`, false},
		{"NULs", "utf-8", "text/html", []byte("<p>\x00hyv\x00"), "<p>hyv", false},
		{"a charset that is none", "hz-gb-2312", "text/html", []byte(latin1), want, false},
	}
	for _, tt := range tests {
		got, lossy := toUTF8(tt.body, tt.header, tt.kind)
		if string(got) != tt.want || (lossy > 0) != tt.lossy {
			t.Errorf("%s: toUTF8 = %q, lossy %v, want %q", tt.name, got, lossy, tt.want)
		}
	}
}

func FuzzUTF8(f *testing.F) {
	f.Add([]byte("<p>hyv\xe4\xe4"), "utf-8", "text/html")
	f.Add([]byte("\xff\xfea\x00"), "", "text/html")
	f.Add([]byte(`<?xml version="1.0" encoding="utf-16"?>`), "gbk", "text/xml")
	f.Add([]byte(`<meta charset=x-user-defined>`+strings.Repeat("\x80", 10)), "", "text/html")
	f.Add([]byte("\x1b$B\x00"), "iso-2022-jp", "text/plain")
	f.Fuzz(func(t *testing.T, b []byte, header, kind string) {
		before := bytes.Clone(b)
		got, lossy := toUTF8(b, header, kind)
		if !utf8.Valid(got) || bytes.IndexByte(got, 0) >= 0 {
			t.Errorf("toUTF8(%q, %q, %q) = %q", b, header, kind, got)
		}
		if lossy < 0 || lossy > 1 {
			t.Errorf("lossy = %v", lossy)
		}
		if !bytes.Equal(b, before) {
			t.Error("toUTF8 changed its argument")
		}
	})
}
