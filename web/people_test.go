package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/puskaradio/puskaradio"
)

const goodPassword = "neljä vihreää sammakkoa laulaa"

// join makes a person with a password, and lets them in by it.
func (p *place) join(name string, role puskaradio.Role, brands ...string) *person {
	p.t.Helper()
	if err := p.store.SetPerson(p.t.Context(), puskaradio.Person{Name: name, Role: role, Brands: brands, Hash: HashPassword(goodPassword)}); err != nil {
		p.t.Fatal(err)
	}
	return p.signIn(name, goodPassword)
}

func (p *place) signIn(name, password string) *person {
	p.t.Helper()
	w := p.do("POST", "/in", url.Values{"who": {name}, "password": {password}}, nil)
	if w.Code != http.StatusSeeOther {
		p.t.Fatalf("POST /in: %d %s", w.Code, w.Body)
	}
	return &person{p, w.Result().Cookies()[0].Value}
}

// TestRoles asks for everything there is, as everybody there is: strangers get
// nothing, and each role what it may.
func TestRoles(t *testing.T) {
	p := newPlace(t)
	id := string(p.add(sample())[0])
	if _, err := p.store.AddAlert(t.Context(), puskaradio.Alert{ID: "7F3K", Brand: "acme", Rule: puskaradio.RuleSpike, State: "open", Decided: testNow}); err != nil {
		t.Fatal(err)
	}
	people := map[puskaradio.Role]*person{}
	for _, r := range puskaradio.Roles() {
		people[r] = p.join(string(r), r)
	}
	n := 0
	for pattern, x := range p.server.pages() {
		method, path, _ := strings.Cut(pattern, " ")
		if strings.HasSuffix(path, "/out") { // it ends the session
			continue
		}
		known := map[string]string{"/a/": "7F3K", "/m/": id, "/s/": id}
		path = strings.NewReplacer("{$}", "", "{date}", "2026-11-20", "{path...}", "nowhere").Replace(path)
		for prefix, one := range known {
			if strings.HasPrefix(path, prefix) {
				path = strings.Replace(path, "{id}", one, 1)
			}
		}
		if method != "GET" && x.need == puskaradio.Reader && path != "/me" && path != "/me/keys" {
			t.Errorf("%s: a reader may change something", pattern)
		}
		if w := p.do(method, path, url.Values{}, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s as a stranger: %d", pattern, w.Code)
		}
		for role, who := range people {
			w := who.do(method, path, url.Values{}, nil)
			if may := role.May(x.need); may == (w.Code == http.StatusForbidden) || w.Code == http.StatusUnauthorized {
				t.Errorf("%s as %s: %d, want that it is allowed: %v", pattern, role, w.Code, may)
			}
			n++
		}
	}
	if n < 50 {
		t.Errorf("asked %d times only", n)
	}
	for role, want := range map[puskaradio.Role]bool{puskaradio.Reader: false, puskaradio.Agent: true} {
		for _, path := range []string{"/inbox", "/m/" + id, "/a/7F3K"} {
			if got := strings.Contains(people[role].get(path), `method="post" action="/`+path[1:2]); got != want && path != "/inbox" {
				t.Errorf("%s shows %s forms: %v", path, role, got)
			}
		}
	}
	if puskaradio.Role("").May(puskaradio.Reader) || puskaradio.Role("x").May(puskaradio.Reader) {
		t.Error("without a role one may read")
	}
}

// TestBrandsOfPeople: who is held to a brand sees nothing of another, whatever
// they ask for.
func TestBrandsOfPeople(t *testing.T) {
	p := newPlace(t)
	other := sample()
	other.Brand, other.Text = "bolt", "the secret of Bolt"
	mine := string(p.add(sample())[0])
	other.Ref = "r2"
	theirs := string(p.add(other)[0])
	if _, err := p.store.AddAlert(t.Context(), puskaradio.Alert{ID: "7F3K", Brand: "bolt", Name: "Bolt", Rule: puskaradio.RuleSpike, State: "open", Decided: testNow}); err != nil {
		t.Fatal(err)
	}
	ville := p.join("Ville", puskaradio.Agent, "acme")
	for _, path := range []string{"/inbox", "/inbox?brand=bolt", "/inbox?brand=", "/mentions", "/mentions?brand=bolt", "/mentions?q=secret", "/digest?brand=bolt", "/trends?brand=bolt", "/rehearse?brand=bolt"} {
		if page := ville.get(path); strings.Contains(page, "the secret of Bolt") || strings.Contains(page, ">Bolt<") && !strings.HasPrefix(path, "/trends") {
			t.Errorf("%s shows another brand: %s", path, page)
		}
	}
	for path, want := range map[string]int{"/m/" + mine: 200, "/m/" + theirs: 404, "/s/" + theirs: 404, "/a/7F3K": 404} {
		if got := ville.do("GET", path, nil, nil).Code; got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/m/" + theirs + "/move", "/m/" + theirs + "/correct", "/a/7F3K/do"} {
		form := url.Values{"to": {"claimed"}, "was": {"new"}, "label": {"positive"}, "do": {"claim"}}
		if got := ville.do("POST", path, form, nil).Code; got != 404 {
			t.Errorf("POST %s: %d", path, got)
		}
	}
	if len(p.done) > 0 {
		t.Errorf("did %v", p.done)
	}
	some := p.join("Some", puskaradio.Owner, "acme") // who could else give themselves the others
	for _, path := range []string{"/people", "/log", "/tokens", "/erase"} {
		if got := some.do("GET", path, nil, nil).Code; got != http.StatusForbidden {
			t.Errorf("GET %s as an owner of some brands: %d", path, got)
		}
	}
	if got := some.do("POST", "/people", url.Values{"do": {"set"}, "name": {"Some"}, "role": {"owner"}}, nil).Code; got != http.StatusForbidden {
		t.Errorf("an owner of some brands takes them all: %d", got)
	}
	nobody := p.join("Nobody", puskaradio.Reader, "gone") // a brand that is not in the configuration any more
	if page := nobody.get("/inbox"); strings.Contains(page, "secret") || strings.Contains(page, "Never again") {
		t.Error("who sees no brand sees something")
	}
}

// TestSignIn: wrong names and passwords get one answer, and guessing is slowed;
// what was taken away is away at once.
func TestSignIn(t *testing.T) {
	p := newPlace(t)
	now := testNow
	p.server.now = func() time.Time { return now }
	maija := p.join("Maija", puskaradio.Agent)
	maija.get("/inbox")
	from := func(ip string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = ip + ":1234" }
	}
	try := func(who, password, ip string) (int, string, string) {
		w := p.do("POST", "/in", url.Values{"who": {who}, "password": {password}}, from(ip))
		return w.Code, w.Header().Get("Retry-After"), w.Body.String()
	}
	_, _, a := try("Maija", "wrong", "192.0.2.1")
	_, _, b := try("Nobody", "wrong", "192.0.2.2")
	if a != b || !strings.Contains(a, "Name or password is wrong.") {
		t.Error("the answer tells who is known")
	}
	waits := []string{}
	for range 10 {
		code, after, _ := try("Maija", "wrong", "192.0.2.3")
		if code == http.StatusTooManyRequests {
			waits = append(waits, after)
			d, _ := time.ParseDuration(after + "s")
			if code, _, _ := try("Maija", goodPassword, "192.0.2.4"); code != http.StatusTooManyRequests {
				t.Errorf("the right password within the pause: %d", code)
			}
			now = now.Add(d)
			try("Maija", "wrong", "192.0.2.3")
		}
	}
	if want := "[1 2 4 8"; len(waits) < 4 || !strings.HasPrefix(fmt.Sprint(waits), want) {
		t.Errorf("pauses %v, want %s …", waits, want)
	}
	for range 20 {
		try("Maija", "wrong", "192.0.2.9")
		now = now.Add(time.Minute)
	}
	if _, after, _ := try("Maija", "wrong", "192.0.2.9"); after != "" && len(after) > 3 {
		t.Errorf("a pause of %s s, want five minutes at most", after)
	}
	now = now.Add(6 * time.Minute)
	if code, _, _ := try("Maija", goodPassword, "192.0.2.4"); code != http.StatusSeeOther {
		t.Errorf("the right password after the pause: %d", code)
	}
	if code, _, _ := try("Maija", goodPassword+"x", "192.0.2.4"); code != http.StatusUnauthorized {
		t.Errorf("nearly right: %d", code)
	}
	deeds, err := p.store.Deeds(t.Context(), now.Add(time.Hour), 1000)
	if err != nil || !slices.ContainsFunc(deeds, func(d puskaradio.Deed) bool {
		return d.Who == "Maija" && d.What == "was refused" && d.From == "192.0.2.3"
	}) {
		t.Errorf("the log: %v, %v", deeds, err)
	}
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Maija", Role: puskaradio.Reader}); err != nil {
		t.Fatal(err)
	}
	if got := maija.do("POST", "/a/x/do", url.Values{}, nil).Code; got != http.StatusForbidden {
		t.Errorf("a role that was taken away: %d", got)
	}
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Maija"}); err != nil {
		t.Fatal(err)
	}
	if got := maija.do("GET", "/inbox", nil, nil).Code; got != http.StatusUnauthorized {
		t.Errorf("a person who was taken away: %d", got)
	}
}

var ticketIn = regexp.MustCompile(`ticket=(\w+)`)

// TestPeople: an owner invites, the invited choose a password, and somebody
// stays an owner.
func TestPeople(t *testing.T) {
	p := newPlace(t)
	owner := p.enter("Root") // by the link of this machine
	set := func(who *person, form url.Values) (int, string) {
		w := who.do("POST", "/people", form, nil)
		return w.Code, w.Body.String()
	}
	code, page := set(owner, url.Values{"do": {"set"}, "name": {"Maija"}, "role": {"owner"}})
	m := ticketIn.FindStringSubmatch(page)
	if code != 200 || m == nil || !strings.Contains(page, "https://rep.example.fi/in?ticket=") {
		t.Fatalf("invited: %d %s", code, page)
	}
	wants(t, "the door", p.do("GET", "/in?ticket="+m[1], nil, nil).Body.String(), "Welcome, Maija. Choose a password.")
	for password, want := range map[string]string{
		"short": "too short", strings.Repeat("long ", 30): "too long", "aaaaaaaaaaaa": "repeats itself", "abababababab": "repeats itself", "password1234": "among the first", "Salasana2026!": "among the first", "qwertyuiop12": "among the first",
		"maijamaija12": "among the first", "Puskaradio 26": "among the first", "letmein letmein 1": "among the first",
	} {
		w := p.do("POST", "/in", url.Values{"ticket": {m[1]}, "password": {password}}, nil)
		if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), m[1]) {
			t.Errorf("password %q: %d, want %q and the form again", password, w.Code, want)
		}
	}
	enter := func() int {
		return p.do("POST", "/in", url.Values{"ticket": {m[1]}, "password": {goodPassword}}, nil).Code
	}
	if got := enter(); got != http.StatusSeeOther {
		t.Fatalf("a good password: %d", got)
	}
	if got := enter(); got != http.StatusUnauthorized {
		t.Errorf("the same link again: %d", got)
	}
	maija := p.signIn("Maija", goodPassword)
	wants(t, "people", maija.get("/people"), "Maija", "Let them choose a new password")
	for _, c := range []struct {
		form url.Values
		code int
		want string
	}{
		{url.Values{"do": {"drop"}, "name": {"Maija"}}, 200, "Somebody must stay an owner."},
		{url.Values{"do": {"set"}, "name": {"Maija"}, "role": {"reader"}}, 200, "Somebody must stay an owner."},
		{url.Values{"do": {"set"}, "name": {"Ville"}, "role": {"emperor"}}, 400, ""},
		{url.Values{"do": {"set"}, "name": {"Vil\u202ele"}, "role": {"agent"}}, 400, ""},
		{url.Values{"do": {"set"}, "name": {""}, "role": {"agent"}}, 400, ""},
		{url.Values{"do": {"drop"}, "name": {"Nobody"}}, 404, ""},
		{url.Values{"do": {"set"}, "name": {"Ville"}, "role": {"agent"}, "brand": {"nosuch"}}, 400, ""},
		{url.Values{"do": {"set"}, "name": {"Ville"}, "role": {"agent"}, "brand": {"acme", "nosuch"}}, 200, "Give this link to Ville"},
		{url.Values{"do": {"invite"}, "name": {"Ville"}}, 200, "Give this link to Ville"},
	} {
		if code, page := set(maija, c.form); code != c.code || !strings.Contains(page, c.want) {
			t.Errorf("%v: %d, want %d, %q", c.form, code, c.code, c.want)
		}
	}
	people, err := p.store.People(t.Context())
	if err != nil || len(people) != 2 || people[1].Name != "Ville" || fmt.Sprint(people[1].Brands) != "[acme]" || people[1].Hash != "" {
		t.Errorf("people: %+v, %v", people, err)
	}
	wants(t, "the log", maija.get("/log"), "signed in by a link", "made a person owner", "chose a password", "Ville acme")
	wants(t, "the log in Finnish", maija.get("/log?lang=fi"), "valitsi salasanan", "teki käsittelijäksi")

	other := p.signIn("Maija", goodPassword)
	change := func(old, password string) int {
		return maija.do("POST", "/me", url.Values{"old": {old}, "password": {password}}, nil).Code
	}
	if change("wrong", goodPassword+" taas") != 422 || change(goodPassword, "short") != 422 || owner.do("POST", "/me", url.Values{"old": {""}, "password": {goodPassword}}, nil).Code != 400 {
		t.Error("a password was changed that must not be")
	}
	if got := change(goodPassword, goodPassword+" taas"); got != http.StatusSeeOther {
		t.Errorf("changed: %d", got)
	}
	for _, who := range []*person{maija, other} {
		if got := who.do("GET", "/inbox", nil, nil).Code; got != http.StatusUnauthorized {
			t.Errorf("a session outlives the password: %d", got)
		}
	}
	p.signIn("Maija", goodPassword+" taas")
}

// TestEraseAnAuthor: an owner who is sure has an author forgotten; the log does
// not hold the name.
func TestEraseAnAuthor(t *testing.T) {
	p := newPlace(t)
	id := p.add(sample())[0]
	maija := p.enter("Maija")
	wants(t, "the form", maija.get("/erase?source=shop&author=Maija+M."), `value="Maija M."`, `<option value="shop" selected>`)
	post := func(form url.Values) (int, string) {
		w := maija.do("POST", "/erase", form, nil)
		return w.Code, w.Body.String()
	}
	if code, page := post(url.Values{"source": {"shop"}, "author": {"Maija M."}}); code != 200 || !contains(page, `name="sure"`) {
		t.Errorf("not sure: %d", code)
	}
	for _, form := range []url.Values{{"source": {"nowhere"}, "author": {"Maija M."}, "sure": {"yes"}}, {"source": {"shop"}, "author": {" "}, "sure": {"yes"}}} {
		if code, _ := post(form); code != http.StatusBadRequest {
			t.Errorf("%v: %d", form, code)
		}
	}
	maija.get("/m/" + string(id))
	if code, page := post(url.Values{"source": {"shop"}, "author": {"maija m."}, "sure": {"yes"}}); code != 200 || !contains(page, "1 mentions were forgotten.") {
		t.Errorf("erased: %d %s", code, page)
	}
	if got := maija.do("GET", "/m/"+string(id), nil, nil).Code; got != http.StatusNotFound {
		t.Errorf("the mention is there: %d", got)
	}
	if page := maija.get("/log"); !contains(page, "erased an author") || contains(page, "aija m.") {
		t.Error("the log holds the name, or nothing")
	}
}

// TestVouched: a proxy of ours may say who asks; nobody else may.
func TestVouched(t *testing.T) {
	p := newPlace(t)
	p.plan.Proxies, p.plan.Header = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "X-Forwarded-User"
	if err := p.store.SetPerson(t.Context(), puskaradio.Person{Name: "Maija", Role: puskaradio.Agent}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, role string
		names      []string
		want       int
	}{
		{"10.1.2.3", "", []string{"Maija"}, 200},
		{"10.1.2.3", "", []string{"Ville"}, 401},
		{"10.1.2.3", "reader", []string{"Ville"}, 200},
		{"10.1.2.3", "reader", []string{""}, 401},
		{"10.1.2.3", "reader", []string{"Root", "Maija"}, 401},
		{"10.1.2.3", "reader", nil, 401},
		{"192.0.2.1", "reader", []string{"Maija"}, 401},
	} {
		p.plan.HeaderRole = puskaradio.Role(c.role)
		w := p.do("GET", "/inbox", nil, func(r *http.Request) {
			r.RemoteAddr = c.from + ":99"
			r.Header["X-Forwarded-User"] = c.names
		})
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// TestClientOf: only proxies of ours are believed about where a request comes
// from.
func TestClientOf(t *testing.T) {
	p := newPlace(t)
	p.plan.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct{ from, forwarded, want string }{
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "1.1.1.1, 198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"10.0.0.1:5", "nonsense", "10.0.0.1"},
		{"[2001:db8:1:2:3::4]:5", "", "2001:db8:1:2::/64"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1/", nil)
		r.RemoteAddr = c.from
		r.Header.Set("X-Forwarded-For", c.forwarded)
		if got := p.server.clientOf(r); got != c.want {
			t.Errorf("%s for %q is %s, want %s", c.from, c.forwarded, got, c.want)
		}
	}
}

// TestHash: hashes differ, hold, and what is no hash lets nobody in.
func TestHash(t *testing.T) {
	a, b := HashPassword(goodPassword), HashPassword(goodPassword)
	if a == b || !isPassword(a, goodPassword) || isPassword(a, goodPassword+" ") {
		t.Errorf("%s and %s", a, b)
	}
	if !isPassword(HashPassword("neljä vihreää"), "nelja\u0308 vihrea\u0308a\u0308") {
		t.Error("the same letters written in another way are another password")
	}
	for _, h := range []string{"", "x", "$argon2id$v=19$m=99999999,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=1024,t=0,p=1$AAAA$AAAA", "$argon2id$v=19$m=1024,t=1,p=1$AAAA$", strings.Replace(a, "argon2id", "argon2i", 1)} {
		if isPassword(h, "") || isPassword(h, "x") {
			t.Errorf("%q lets in", h)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	for b.Loop() {
		HashPassword(goodPassword)
	}
}
