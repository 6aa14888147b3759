package sentiment

import "strings"

// pictograph reports whether a rune is an emoji or a symbol like one.
func pictograph(u rune) bool {
	return u >= 0x1f000 && u < 0x1fb00 || u >= 0x2600 && u < 0x27c0 || u >= 0x2190 && u < 0x2200 || u == 0x2b50
}

// emoticons by their first byte, the longest first.
var emoticons = [128][]string{
	':': {":-)", ":-D", ":-P", ":-(", ":-/", ":')", ":'(", ":)", ":D", ":P", ":p", ":]", ":d", ":*", ":(", ":/", ":S", ":|", ":[", ":\\", ":c"},
	';': {";-)", ";)", ";D"},
	'=': {"=)", "=D", "=("},
	'<': {"</3", "<3"},
	'^': {"^^"},
	'(': {"(:"},
	')': {"):"},
	'-': {"-_-"},
	'>': {">:("},
	'x': {"xD"},
	'X': {"XD"},
	'D': {"D:"},
}

// emoticon is the length of the emoticon at text[i:], 0 if there is none. One
// that begins or ends with a letter or a slash stands free on that side.
func emoticon(text string, i int) int {
	c := text[i]
	if c >= 128 || emoticons[c] == nil {
		return 0
	}
	for _, e := range emoticons[c] {
		if !strings.HasPrefix(text[i:], e) {
			continue
		}
		if letter(rune(c)) && i > 0 && text[i-1] > ' ' {
			continue
		}
		if end := i + len(e); end < len(text) && (text[end] == '/' || letterAt(text, end)) {
			continue
		}
		return len(e)
	}
	return 0
}
