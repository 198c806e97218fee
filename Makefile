# make help lists the targets. Only Go and make are needed, except where a target says otherwise.

# The deployed function runs on arm64: make GOARCH=amd64 … builds for another machine.
GOARCH        ?= arm64
# sam sets it when it calls build-ApplyPolicyFunction.
ARTIFACTS_DIR ?= .build
# Each fuzz target runs so long, or so often: 30000x.
FUZZTIME      ?= 30s
# Not in go.mod: its dependencies would outnumber the project's.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
# Built and then run, not go run: that one answers Ctrl-C with an error of its own.
SESPOLICY     := .build/sespolicy
# What make local and make run pass on: make local ARGS="--listen 127.0.0.1:0"
ARGS          ?=

.DEFAULT_GOAL := help
MAKEFLAGS     += --no-print-directory

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN { FS = ":.*## " } /^[a-zA-Z-]+:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: command
command:
	@command -v go >/dev/null || { echo "there is no Go tool in PATH: install Go 1.26 or newer, https://go.dev/doc/install" >&2; exit 2; }
	@GOOS= GOARCH= go build -buildvcs=false -o $(SESPOLICY) ./shared/cmd/sespolicy

.PHONY: run
run: command ## Run it all here, send the samples in events/, show what became of each.
	@exec $(SESPOLICY) run $(ARGS)

.PHONY: local
local: command ## Run it all here until Ctrl-C, for any AWS client: make local ARGS="--listen 127.0.0.1:0"
	@exec $(SESPOLICY) local $(ARGS)

.PHONY: invoke
invoke: command ## One event through the real binary: make invoke EVENT=events/accepted-by-name.json
	@test -n "$(EVENT)" || { echo "which event? such as: make invoke EVENT=events/accepted-by-name.json" >&2; exit 2; }
	@exec $(SESPOLICY) invoke "$(EVENT)"

.PHONY: test
test: ## Run the tests.
	@go test -timeout 30m ./...

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (30s).
	@grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' functions shared | sed 's/:[0-9]*:func / /' | \
	while read -r file target; do \
		echo "== $$(dirname "$$file") $$target"; \
		go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" || exit 1; \
	done

.PHONY: lint
lint: ## Run golangci-lint, and cfn-lint where it is installed.
	@$(GOLANGCI_LINT) run
	@if command -v cfn-lint >/dev/null; then cfn-lint template.yaml; else echo "cfn-lint is not installed: template.yaml was not checked"; fi

.PHONY: known
known: ## Compare the list of actions and condition keys with a newer one: make known FILE=ses.json
	@test -n "$(FILE)" || { echo "which file? The JSON for ses from https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html: make known FILE=ses.json" >&2; exit 2; }
	@go build -buildvcs=false -o .build/compare ./shared/policy/known/compare
	@.build/compare $(FILE)

.PHONY: build
build: build-ApplyPolicyFunction ## Build the function and, for this machine, the command, to .build/.
	@CGO_ENABLED=0 GOARCH= go build -trimpath -o "$(ARTIFACTS_DIR)/sespolicy" ./shared/cmd/sespolicy

# The name is sam's: build- and the logical id. lambda.norpc leaves out a protocol that only the old go1.x runtime spoke.
# Without the version control stamp the binary is the same from a clone and from the copy that sam builds in.
.PHONY: build-ApplyPolicyFunction
build-ApplyPolicyFunction: ## Build the function alone, as sam build does.
	@mkdir -p "$(ARTIFACTS_DIR)"
	@CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags "-s -w" -o "$(ARTIFACTS_DIR)/bootstrap" ./functions/apply-policy

.PHONY: deploy
deploy: ## Deploy the stack sespolicy to the AWS account of your credentials. Needs sam.
	@command -v sam >/dev/null || { echo "sam is not installed: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html" >&2; exit 2; }
	@sam build
	@sam deploy --guided --stack-name sespolicy --capabilities CAPABILITY_IAM

.PHONY: conformance
conformance: ## Ask sespolicy local, an emulator (AWS_ENDPOINT_URL) or a real account (CONFORMANCE_IDENTITY) whether what the code assumes of AWS holds.
	@go build -buildvcs=false -o .build/conformance ./shared/conformance
	@exec .build/conformance $(ARGS)

.PHONY: bench
bench: ## Measure it beside the alternatives (three minutes), to shared/bench/report.
	@go run ./shared/bench

.PHONY: release
release: ## Build the release files to .build/release: the command for six platforms, the function's zip, its template, SHA256SUMS.
	@go run ./shared/release -to .build/release
