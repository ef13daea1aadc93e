.PHONY: run build test bench fuzz lint

run: build          ; @bin/latchkey serve
build:              ; @.ci/build
test:               ; @.ci/test
bench: build        ; @go run ./e2e/load -binary bin/latchkey
fuzz:               ; @.ci/fuzz
lint:               ; @.ci/lint
