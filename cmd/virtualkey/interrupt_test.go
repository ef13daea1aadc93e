package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// Whoever stops a long run has what it found until then, and a code that promises nothing.
func TestAnInterruptedRunReports(t *testing.T) {
	server := httptest.NewUnstartedServer(nil)
	_, port, _ := strings.Cut(server.Listener.Addr().String(), ":")
	rp, err := party.New(party.Options{Origin: "http://localhost:" + port, RPID: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int64
	serve := rp.Handler()
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 200 {
			cancel()
		}
		serve.ServeHTTP(w, r)
	})
	server.Start()
	defer server.Close()

	var stdout, stderr bytes.Buffer
	p := &program{stdout: &stdout, stderr: &stderr, now: time.Now}
	cmd := p.commands()
	file := filepath.Join(t.TempDir(), "report.xml")
	cmd.SetArgs([]string{"conform", "--home", t.TempDir(), "--rp", "http://localhost:" + port, "--report",
		"junit=" + file})
	err = cmd.ExecuteContext(ctx)
	var ended outcome
	if !errors.As(err, &ended) || ended.code != conform.ExitInconclusive ||
		!strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v, want an end by interruption with exit 2", err)
	}
	report, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(report, []byte("<testcase")) {
		t.Errorf("got the report %.80q, %v, want the cases played", report, err)
	}
	if !strings.Contains(stdout.String(), "VERDICT") {
		t.Errorf("got %q, want the summary", stdout.String())
	}
}
