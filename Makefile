# make prints its targets.
.DEFAULT_GOAL := help
export CGO_ENABLED := 0

.PHONY: help
help: ## print the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1@\2/' | column -t -s @ 2>/dev/null || grep -hE '## ' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## show the populated system on http://127.0.0.1:8025 (no network needed)
	go run ./cmd/todoku demo

.PHONY: build
build: ## build the program into ./todoku
	go build -trimpath -ldflags='-s -w' -o todoku ./cmd/todoku

.PHONY: test
test: ## everything that must hold: lint, tests with real servers, fuzz bursts
	scripts/test

.PHONY: quick
quick: ## lint and tests only
	scripts/test quick

.PHONY: race
race: ## the concurrent packages under the race detector (needs a C compiler)
	scripts/race

.PHONY: fuzz
fuzz: ## a minute for every fuzz target (TIME=10m for longer)
	scripts/fuzz $(or $(TIME),1m)

.PHONY: figures
figures: ## measure every figure beside its floor and print the ratios
	scripts/figures

.PHONY: pictures
pictures: ## draw the pictures of the README anew
	scripts/pictures

.PHONY: screenshots
screenshots: ## draw every page, both languages, light and dark, narrow and wide, print: into DIR (default dist/screenshots)
	mkdir -p $(or $(DIR),dist/screenshots)
	TODOKU_SHOTS=$(abspath $(or $(DIR),dist/screenshots)) CI=true go test -count=1 -timeout 30m -run 'TestPages$$' ./e2e

.PHONY: docs
docs: ## write the pages of docs/findings anew, from the catalogue
	go test -count=1 ./internal/manual -update

.PHONY: drill
drill: ## the closed loop on every broken zone: look, judge, publish the repair, look again
	go test -count=1 -v -run ClosedLoop ./internal/drill

.PHONY: soak
soak: ## the long crash test: kill -9 during floods of mail, many rounds, on SQLite and PostgreSQL
	TODOKU_SOAK=10 go test -count=1 -timeout 60m -v -run TestKill ./internal/inbox

.PHONY: soak-milter
soak-milter: ## 100,000 messages through `todoku milter` while it is killed, reloaded and its resolver, database and clients fail
	TODOKU_SOAK=10 go test -count=1 -timeout 60m -v -run 'TestMilterSoak$$' ./e2e

.PHONY: soak-check
soak-check: ## check 100,000 domains and look at the memory that is kept
	TODOKU_SOAK=10 go test -count=1 -timeout 60m -v -run TestMemoryStaysFlat ./internal/check
