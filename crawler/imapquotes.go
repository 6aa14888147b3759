package crawler

import (
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

const maxMailLines = 5000

var (
	surveyLine = regexp.MustCompile(`(?i)^(?:(?:nps|csat|ces|score|rating|arvosana|arvosanani|pisteet|betyg|vastaus)\s*[:=]?\s*)?([0-9]{1,2})(?:\s*/\s*([0-9]{1,2}))?[.!]?$`)
	replyTitle = regexp.MustCompile(`(?i)^\s*(re|vs|sv|aw|antw|fw|fwd|vl|vb|wg|tr|rv|ref)\s*(\[[0-9]+\])?\s*:\s*`)
	// wroteLine is the line that mail programs put before what they quote.
	wroteLine = regexp.MustCompile(`(?i)[0-9].{0,200}\b(wrote|kirjoitti|skrev|schrieb|a écrit|escribió|ha scritto|schreef|napisał\(a\)|napisał|kirjutas)\b.{0,100}:$|\b(wrote|kirjoitti|skrev|schrieb|a écrit|escribió|schreef)\b.{0,200}[0-9].{0,40}:$`)
	markLine  = regexp.MustCompile(`(?i)^\s*(-{3,}\s*(original message|alkuperäinen viesti|ursprungligt meddelande|ursprüngliche nachricht|original-nachricht|forwarded message|välitetty viesti|message d'origine|mensaje original)\s*-{3,}|begin forwarded message:|_{20,})\s*$`)
	// headLine are the labels of the header that Outlook puts there.
	headLine  = regexp.MustCompile(`(?i)^\s*\*?(from|sent|date|to|subject|lähettäjä|lähetetty|päivämäärä|vastaanottaja|kenelle|aihe|från|skickat|datum|till|ämne|von|gesendet|an|betreff|de|envoyé|à|objet)\s?:\*?\s+\S`)
	phoneLine = regexp.MustCompile(`(?i)^\s*(sent from (my|mail for|outlook|samsung|yahoo)|get outlook for|lähetetty (iphone|ipad|android|samsung|outlook|puhelimes|minun )|skickat från min|von meinem .{1,40} gesendet)`)
)

func withoutRe(title string) string {
	for range 10 {
		loc := replyTitle.FindStringIndex(title)
		if loc == nil {
			break
		}
		title = title[loc[1]:]
	}
	return title
}

func isReplyTitle(title string) bool { return replyTitle.MatchString(title) }

// ownWords is a mail without what it quotes and without its signature. What is
// written below or between quotes stays.
func ownWords(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.SplitN(text, "\n", maxMailLines+1)
	lines = lines[:min(len(lines), maxMailLines)]
	var out []string
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " \t\r\u00a0")
		if isQuote(line) {
			continue
		}
		if line == "--" || line == "—" || phoneLine.MatchString(line) || markLine.MatchString(line) || isHead(lines[i:]) {
			break
		}
		if n := wroteBefore(lines[i:]); n > 0 {
			if !quotesNext(lines[i+n:]) {
				break // all that follows is what was written before
			}
			i += n - 1
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func isQuote(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), ">")
}

// wroteBefore is how many lines say who wrote what is quoted below: mail
// programs break that line as any other.
func wroteBefore(lines []string) int {
	says := func(part []string) bool { return wroteLine.MatchString(strings.Join(part, " ")) }
	size := 0
	for n := range min(3, len(lines)) {
		line := strings.TrimSpace(lines[n])
		if size += len(line); line == "" || isQuote(line) || size > 300 {
			return 0
		}
		if !strings.HasSuffix(line, ":") {
			continue
		}
		if part := lines[:n+1]; says(part) && (n < 1 || !says(part[1:])) && (n < 2 || !says(part[2:])) {
			return n + 1
		}
		return 0
	}
	return 0
}

// quotesNext reports whether the next line that is not empty is quoted.
func quotesNext(lines []string) bool {
	for _, line := range lines {
		if line = strings.TrimSpace(line); line != "" {
			return isQuote(line)
		}
	}
	return false
}

// isHead reports whether lines begin with the header of another mail.
func isHead(lines []string) bool {
	if !headLine.MatchString(lines[0]) {
		return false
	}
	n := 0
	for _, line := range lines[:min(len(lines), 6)] {
		if headLine.MatchString(line) {
			n++
		}
	}
	return n >= 3
}

// blocks are the elements of HTML that begin a line.
var blocks = map[string]bool{
	"p": true, "div": true, "br": true, "li": true, "tr": true, "h1": true, "h2": true, "h3": true, "h4": true, "table": true, "ul": true, "ol": true, "pre": true, "hr": true, "blockquote": true,
}

// mailLines is HTML as lines of text; what stands in a quote begins with >.
func mailLines(markup string) string {
	if markup == "" {
		return ""
	}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(markup))
	z.SetMaxBuf(mailBytes)
	quotes, hidden, begun, space := 0, "", false, false
	for b.Len() < 4*mailBytes {
		switch z.Next() {
		case html.ErrorToken:
			return b.String()
		case html.TextToken:
			if hidden != "" {
				continue
			}
			text := string(z.Text())
			space = space || strings.TrimLeft(text, " \t\r\n") != text
			for word := range strings.FieldsSeq(text) {
				switch {
				case !begun && quotes > 0:
					b.WriteString("> ")
				case begun && space:
					b.WriteByte(' ')
				}
				b.WriteString(word)
				begun, space = true, true
			}
			space = strings.TrimRight(text, " \t\r\n") != text || begun && space && strings.TrimSpace(text) == ""
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if blocks[t.Data] {
				b.WriteByte('\n')
				begun = false
			}
			switch {
			case t.Data == "blockquote" && t.Type == html.StartTagToken:
				quotes++
			case (t.Data == "style" || t.Data == "script" || t.Data == "title" || t.Data == "head") && t.Type == html.StartTagToken && hidden == "":
				hidden = t.Data
			case beginsQuote(&t):
				return b.String()
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			switch tag := string(name); {
			case tag == hidden:
				hidden = ""
			case tag == "blockquote" && quotes > 0:
				quotes--
				fallthrough
			case blocks[tag]:
				b.WriteByte('\n')
				begun = false
			}
		}
	}
	return b.String()
}

// beginsQuote reports whether all below an element is what was written before:
// Outlook and Yahoo put it in no quote.
func beginsQuote(t *html.Token) bool {
	for _, a := range t.Attr {
		switch a.Key {
		case "id":
			if a.Val == "divRplyFwdMsg" || a.Val == "appendonsend" || a.Val == "mail-editor-reference-message-container" || a.Val == "OLK_SRC_BODY_SECTION" {
				return true
			}
		case "class":
			if strings.Contains(a.Val, "yahoo_quoted") || strings.Contains(a.Val, "gmail_signature") {
				return true
			}
		}
	}
	return false
}
