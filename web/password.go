package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// What a password may be, after NIST SP 800-63B-4: long rather than
// complicated, and none that is among the first to be tried.
const (
	minPassword = 12
	maxPassword = 128
)

// Argon2id with the second set of parameters that OWASP's Password Storage
// Cheat Sheet gives: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 << 10 // KiB
	argonPasses = 2
	argonBytes  = 32
	saltBytes   = 16
)

// hashing lets few be computed at a time: each takes memory, and who knocks
// without end must not take it all.
var hashing = make(chan struct{}, 2)

// A passwordFault says what is wrong with a password, in one of the texts of
// finnish.
type passwordFault string

func (f passwordFault) Error() string { return string(f) }

// CheckPassword says what is wrong with a password that somebody chose, or nil.
func CheckPassword(password, name string, brands []string) error {
	n := utf8.RuneCountInString(password)
	plain := strings.ToLower(strings.Join(strings.FieldsFunc(password, func(r rune) bool { return strings.ContainsRune(" -_.,!?#*", r) }), ""))
	letters := map[rune]bool{}
	for _, r := range plain {
		letters[r] = true
	}
	known := func(word string) bool {
		word = strings.ToLower(word)
		return len(word) >= 4 && strings.Contains(plain, word) && len(plain) < len(word)+8
	}
	switch {
	case !utf8.ValidString(password):
		return passwordFault("The form could not be read.")
	case n < minPassword:
		return passwordFault("The password is too short: write at least 12 characters, such as four words.")
	case n > maxPassword:
		return passwordFault("The password is too long: 128 characters are the most.")
	case len(letters) < 5:
		return passwordFault("The password repeats itself: write one that is harder to guess.")
	case guessable(plain), known(name), known("puskaradio"), slices.ContainsFunc(brands, known):
		return passwordFault("The password is among the first that are tried: write one that is harder to guess.")
	}
	return nil
}

// guessable reports whether a password is made of what is tried first: the
// most common ones, rows of keys and of numbers, one after another.
func guessable(plain string) bool {
	rest := plain
	for rest != "" {
		cut := 0
		for _, x := range common {
			if strings.HasPrefix(rest, x) {
				cut = max(cut, len(x))
			}
		}
		if cut == 0 && rest[0] >= '0' && rest[0] <= '9' {
			cut = 1
		}
		if cut == 0 {
			break
		}
		rest = rest[cut:]
	}
	return len(rest) < 4 && len(rest) < len(plain)
}

// common are what the passwords that leak most often are made of, in English
// and Finnish; those of at least twelve characters are these, repeated, joined,
// or with numbers around them.
var common = strings.Fields(`password passw0rd p@ssword p@ssw0rd salasana qwerty qwertyuiop qwertyui asdfghjkl asdfgh asdf zxcvbnm zxcvbn 1q2w3e4r5t 1q2w3e4r 1qaz2wsx
qazwsxedc qazwsx abcdefghijkl abcdefgh abcdef abcd abc123 abc iloveyou ilove you letmein welcome tervetuloa admin administrator root user guest master login
monkey dragon sunshine princess football baseball basketball superman batman trustno1 shadow michael jordan jennifer charlie secret whatever starwars computer
internet samsung google facebook hello hei moi kissa koira suomi finland helsinki perkele vittu saatana paska jaakiekko jokeri kalle mikko jukka matti
test testi demo change changeme default temp company yritys talvi kevat kesa syksy winter spring summer autumn january monday love minä rakas kulta hunter
killer pokemon naruto liverpool arsenal chelsea manchester freedom flower cookie pepper cheese ginger ashley nicole daniel thomas robert william
qwe asd zxc aaa`)

// HashPassword is what is kept of a password: Argon2id in the usual form.
func HashPassword(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // it never fails
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=1$%s$%s", argon2.Version, argonMemory, argonPasses, b64.EncodeToString(salt), b64.EncodeToString(argon(password, salt, argonPasses, argonMemory, argonBytes)))
}

func argon(password string, salt []byte, passes, memory, size uint32) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, passes, memory, 1, size)
}

// nobody is the hash of a password that nobody has: a name that is not known
// takes as long to refuse as one that is.
var nobody = sync.OnceValue(func() string { return HashPassword(rand.Text()) })

// isPassword reports whether a hash is of a password.
func isPassword(hash, password string) bool {
	if hash == "" {
		hash = nobody()
		password += "x"
	}
	parts := strings.Split(hash, "$")
	var version, memory, passes, lanes uint32
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &passes, &lanes); err != nil || version != argon2.Version || lanes != 1 || memory > 1<<20 || passes < 1 || passes > 100 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(err, err2) != nil || len(want) == 0 || utf8.RuneCountInString(password) > maxPassword+1 {
		return false
	}
	return subtle.ConstantTimeCompare(argon(password, salt, passes, memory, uint32(len(want))), want) == 1
}

// A brake slows those who guess: after five wrong passwords for one name, or
// from one address, it asks for a pause that doubles from a second to five
// minutes. What is right is not tried before the pause has passed.
type brake struct {
	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	n    int
	last time.Time
}

const (
	freeTries  = 5
	longBrake  = 5 * time.Minute
	brakeFor   = time.Hour // after which wrong tries are forgotten
	manyBrakes = 10_000
)

func pauseOf(n int) time.Duration {
	if n < freeTries {
		return 0
	}
	return min(time.Second<<min(n-freeTries, 16), longBrake)
}

// wait is how long those keys have still to wait.
func (b *brake) wait(now time.Time, keys ...string) (wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range keys {
		if t := b.tries[k]; now.Sub(t.last) < brakeFor {
			wait = max(wait, t.last.Add(pauseOf(t.n)).Sub(now))
		}
	}
	return max(0, wait)
}

// wrong counts a wrong try.
func (b *brake) wrong(now time.Time, keys ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tries == nil {
		b.tries = map[string]tries{}
	}
	if len(b.tries) > manyBrakes {
		for k, t := range b.tries {
			if now.Sub(t.last) > longBrake {
				delete(b.tries, k)
			}
		}
	}
	for _, k := range keys {
		t := b.tries[k]
		if now.Sub(t.last) >= brakeFor {
			t.n = 0
		}
		b.tries[k] = tries{t.n + 1, now}
	}
}

// right forgets the wrong tries of a name.
func (b *brake) right(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.tries, key)
}

// clientOf is the address that a request comes from: what the last proxy of
// ours saw, or the other end of the connection. Of IPv6 it is the network of
// 64 bits: who has one address has them all.
func (s *Server) clientOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	ours := s.o.Plan().Proxies
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && within(at, ours); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = hop
	}
	if at = at.Unmap(); at.Is6() {
		if net, err := at.Prefix(64); err == nil {
			return net.String()
		}
	}
	return at.String()
}

func within(at netip.Addr, ranges []netip.Prefix) bool {
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(at.Unmap()) })
}
