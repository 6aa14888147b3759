# Everything here is a plain command, so that nobody needs make.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.0-rc.1
GOFUMPT     = mvdan.cc/gofumpt@v0.9.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.1.4
BENCHSTAT   = golang.org/x/perf/cmd/benchstat@latest
SUDO        = $(shell [ "$$(id -u)" = 0 ] || echo sudo)

export CGO_ENABLED = 0

.PHONY: build test check needs fmt golden crash fuzz release cluster soak tasks bench bench-peers bench-history bench-postgres spikes eval vuln screenshots

build: # one static binary
	go build -trimpath -ldflags '-s -w' -o puskaradio ./cmd/puskaradio

test: needs # what CI runs: every package, with the race detector where things run side by side, and killed 20 times at each fault point and 200 times at random
	CGO_ENABLED=1 go test -race ./crawler ./store ./monitor ./notify ./sentiment ./web .
	go test ./trend ./internal/chromium ./internal/postgres
	go test -run TenThousand ./monitor
	go test -run InChromium ./web
	go test -timeout 25m ./cmd/puskaradio -crash.rounds 20 -crash.random 200

needs: # installs what the tests need, where it is missing (Debian)
	@command -v php >/dev/null && command -v gcc >/dev/null && [ -d /usr/share/wordpress ] && { command -v mariadbd || [ -x /usr/sbin/mariadbd ]; } >/dev/null && php -m | grep -q mysqli || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends wordpress mariadb-server php-cli php-mysql php-xml gcc libc6-dev; }
	@command -v npm >/dev/null && command -v g++ >/dev/null && command -v python3 >/dev/null && command -v setpriv >/dev/null && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends npm postgresql g++ make python3 util-linux; }
	@command -v ssconvert >/dev/null || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends gnumeric; }
	@PATH="$$PATH:/usr/sbin"; command -v dovecot >/dev/null && ls /usr/lib/dovecot/imap >/dev/null 2>&1 && command -v openssl >/dev/null && /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends dovecot-imapd python3-aiosmtpd openssl util-linux; }
	@command -v chromium >/dev/null || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends chromium; }
	@command -v strace >/dev/null || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends strace; }
	@testdata/bluesky/install.sh
	@testdata/web/axe/install.sh

check: test # test, and everything a machine can say about the code
	go mod tidy -diff
	go run $(GOFUMPT) -l . | (! grep .)
	go vet ./...
	go vet -tags fault ./...
	GOOS=windows go vet ./...
	go fix -diff ./...
	go run $(STATICCHECK) ./...

fmt:
	go fix ./...
	go run $(GOFUMPT) -w .

golden: # rewrite what the tests want, then read git diff
	go test ./crawler ./notify ./store ./trend ./cmd/puskaradio -update

screenshots: # take the pictures of docs/img from the demo (Debian: chromium)
	go test -count 1 -tags screenshots -run TestScreenshots ./cmd/puskaradio

fuzz: # a minute of every fuzz test; FUZZTIME=10s for less
	go list ./... | while read p; do go test -list '^Fuzz' $$p | grep '^Fuzz' | while read f; do \
		go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),60s) $$p || exit 1; done; done

bench: # make bench > new.txt; go run golang.org/x/perf/cmd/benchstat@latest old.txt new.txt
	@go test -run '^$$' -bench . -benchtime $(or $(BENCHTIME),1s) -count $(or $(COUNT),1) ./crawler ./monitor ./sentiment ./store ./trend ./web

bench-history: # reading a history of 5 million mentions; about 4 GB of disk and ten minutes the first time
	mkdir -p .cache/history
	PUSKARADIO_BENCH_DIR=$(CURDIR)/.cache/history PUSKARADIO_BENCH_N=5000000 go test -timeout 60m -run '^$$' -bench 'History|Open' -benchtime 2s -v ./store

bench-postgres: # 300,000 mentions into a PostgreSQL of its own, and reading them (Debian: postgresql); N=5000000 takes 12 GB of disk and eight minutes
	PUSKARADIO_BENCH_N=$(or $(N),300000) go test -timeout 120m -run '^$$' -bench 'Postgres' -benchtime 1s -v ./store

bench-peers: # beside SQLite, Scrapy, Aho-Corasick, govader and VADER, in one run each (Debian: python3-scrapy python3-nltk)
	@command -v scrapy >/dev/null && /usr/bin/python3 -c 'import nltk' 2>/dev/null || { \
		$(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends python3-scrapy python3-nltk; }
	cd testdata/peers && go test -timeout 30m -run '^$$' -bench . -benchtime 1x .

spikes: # bursts and false alerts on 1,200 made-up brands, beside the rules of other tools (ten minutes)
	go test -count 1 -timeout 60m -run Simulated -v ./trend -sim.brands 200

eval: # checks that need data which is not ours to publish: make eval DATA=…
	DATA=$(abspath $(DATA)) go test -count 1 -timeout 30m -tags eval -run 'Eval' -v ./trend ./cmd/puskaradio

tasks: # what the three people do, in Chromium, in both languages, three widths, light and dark, with scripts and without (eight minutes)
	go test -count 1 -timeout 30m -run TasksInChromium -v ./cmd/puskaradio -browser.all

cluster: # three workers over 2,000 sources, one of them or the leader killed every ten seconds for five minutes (Debian: postgresql)
	go test -count 1 -timeout 20m -run TestWorkersKilled -v ./cmd/puskaradio -cluster.for 5m -cluster.sources 2000

soak: # half an hour of load in real time: goroutines, descriptors, memory and files stay level
	go test -count 1 -timeout 60m -run 'TestSoak$$' -v ./cmd/puskaradio -soak.for 30m

release: # archives, manual pages, completions, lists of parts and sums of a version: make release VERSION=0.1.0
	docs/deploy/release.sh $(VERSION) dist

vuln: # needs the network
	go run $(GOVULNCHECK) ./...
