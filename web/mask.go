package web

import (
	"regexp"
	"strings"
)

// masked stands for what looks like a secret.
const masked = "••••••"

// The configuration names the places of secrets (token_env: SLACK_BOT_TOKEN) and
// holds none. Should one have been written there all the same, it is not shown.
var (
	secretKey   = regexp.MustCompile(`(?i)^(\s*(?:-\s+)?["']?(?:[a-z0-9_-]*(?:token|secret|password|passwd|passkey|passphrase|api_?key|private_?key|credentials?|webhook)|(?:[a-z0-9]+[_-])*key)["']?\s*:\s+)(\S.*)$`)
	inlineKey   = regexp.MustCompile(`(?i)([{,]\s*["']?[a-z0-9_-]*(?:token|secret|password|passwd|passkey|passphrase|api_?key|private_?key|credentials?|webhook)["']?\s*:\s*)("[^"]*"|'[^']*'|[^,}\s]+)`)
	secretShape = regexp.MustCompile(`(?i)\b(?:xox[a-z]-|xapp-|whsec_|gh[pousr]_|github_pat_|glpat-|sk-|sk_live_|rk_live_|pr_|AIza|AKIA|ya29\.|eyJ[a-z0-9_-]+\.)[A-Za-z0-9_./+=-]{6,}`)
	secretURL   = regexp.MustCompile(`(?i)(hooks\.slack\.com/[a-z]+/|discord(?:app)?\.com/api/webhooks/)[^\s"',}\]]+`)
	secretUser  = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*://)[^\s/@"']+@`)
	secretQuery = regexp.MustCompile(`(?i)([?&][a-z_-]*(?:token|key|secret|password|sig|signature)=)[^&\s"',}\]]+`)
	longBlob    = regexp.MustCompile(`[A-Za-z0-9+/_=-]{32,}`)
	pemBegin    = regexp.MustCompile(`-----BEGIN [A-Z ]*-----`)
	pemEnd      = regexp.MustCompile(`-----END [A-Z ]*-----`)
)

// maskText is a text with what looks like a secret masked.
func maskText(s string) string {
	lines, _ := maskLines(strings.Split(s, "\n"))
	return strings.Join(lines, "\n")
}

// maskLines masks what looks like a secret in each line, and gives how many
// lines it has changed. No line is added or lost.
func maskLines(lines []string) (out []string, changed int) {
	in := false // a key in several lines
	block := -1 // the indent of the name of a secret whose text stands in the lines below
	for _, line := range lines {
		m := line
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		if block >= 0 && indent <= block && strings.TrimSpace(line) != "" {
			block = -1
		}
		begins, ends := pemBegin.MatchString(line), pemEnd.MatchString(line)
		switch {
		case in || begins:
			m = masked
			in = !ends
		case block >= 0 && strings.TrimSpace(line) != "":
			m = strings.Repeat(" ", indent) + masked
		default:
			m = maskLine(line)
			if x := secretKey.FindStringSubmatch(line); x != nil && strings.ContainsAny(x[2][:1], "|>") {
				block = indent
			}
		}
		if m != line {
			changed++
		}
		out = append(out, m)
	}
	return out, changed
}

func maskLine(s string) string {
	s = secretKey.ReplaceAllStringFunc(s, func(line string) string {
		x := secretKey.FindStringSubmatch(line)
		if strings.HasPrefix(x[2], "#") || x[2] == "{}" {
			return line
		}
		return x[1] + masked
	})
	s = inlineKey.ReplaceAllString(s, "${1}"+masked)
	s = secretShape.ReplaceAllString(s, masked)
	s = secretURL.ReplaceAllString(s, "${1}"+masked)
	s = secretUser.ReplaceAllString(s, "${1}"+masked+"@")
	s = secretQuery.ReplaceAllString(s, "${1}"+masked)
	return longBlob.ReplaceAllStringFunc(s, func(x string) string {
		if isBlob(x) {
			return masked
		}
		return x
	})
}

// isBlob reports whether a long run of characters is no word or path: it mixes
// digits with letters, without many separators.
func isBlob(s string) bool {
	digits, upper, lower, marks := 0, 0, 0, 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '/' || r == '-' || r == '_':
			marks++
		case r >= 'A' && r <= 'Z':
			upper++
		default:
			lower++
		}
	}
	return digits >= 4 && marks*6 <= len(s) && (upper > 0 && lower > 0 || digits*2 >= upper+lower)
}
