.PHONY: run build check test test-hid bench fuzz lint mutants

run: build          ; @bin/latchkey serve
build:              ; @.ci/build
check:              ; @.ci/check
test:               ; @.ci/test
test-hid:           ; @.ci/test-hid
bench: build        ; @go run ./e2e/load -binary bin/latchkey $(BENCH)
fuzz:               ; @.ci/fuzz
lint:               ; @.ci/lint
mutants:            ; @go run ./e2e/mutants $(MUTANTS)
