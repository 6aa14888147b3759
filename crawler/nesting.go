package crawler

import (
	"bytes"
	"fmt"
)

// checkNesting is an error for XML or JSON that nests deeper or has more
// elements than a feed does, which parsers pay for dearly. It looks at the
// bytes only and says nothing about their form.
func checkNesting(body []byte) error {
	depth, count := 0, 0
	step := func(by int) error {
		depth = max(0, depth+by)
		count++
		if depth > maxFeedDepth {
			return fmt.Errorf("nests deeper than %d", maxFeedDepth)
		}
		if count > maxFeedTags {
			return fmt.Errorf("more than %d elements", maxFeedTags)
		}
		return nil
	}
	if head := bytes.TrimLeft(body[:min(len(body), 512)], " \t\r\n"); len(head) > 0 && (head[0] == '{' || head[0] == '[') {
		return jsonNesting(body, step)
	}
	for b := body; ; {
		at := bytes.IndexByte(b, '<')
		if at < 0 {
			return nil
		}
		b = b[at:]
		switch {
		case bytes.HasPrefix(b, []byte("<![CDATA[")):
			b = behind(b, "]]>")
			continue
		case bytes.HasPrefix(b, []byte("<!--")):
			b = behind(b, "-->")
			continue
		case len(b) > 1 && (b[1] == '!' || b[1] == '?'):
			b = b[1:]
			continue
		}
		end := bytes.IndexByte(b, '>')
		if end < 0 {
			return nil
		}
		by := 1
		switch {
		case b[1] == '/':
			by = -1
		case b[end-1] == '/':
			by = 0
		}
		if err := step(by); err != nil {
			return err
		}
		b = b[1:] // not behind the end, for that may stand in an attribute
	}
}

func jsonNesting(body []byte, step func(int) error) error {
	quoted := false
	for i := 0; i < len(body); i++ {
		by := 0
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
			continue
		case c == '"':
			quoted = !quoted
			continue
		case quoted:
			continue
		case c == '{' || c == '[':
			by = 1
		case c == '}' || c == ']':
			by = -1
		default:
			continue
		}
		if err := step(by); err != nil {
			return err
		}
	}
	return nil
}

// behind is what follows the first mark, or nothing.
func behind(b []byte, mark string) []byte {
	if i := bytes.Index(b, []byte(mark)); i >= 0 {
		return b[i+len(mark):]
	}
	return nil
}
