package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"latchkey": main})
}

// The scripts run the real main as a process of its own. $ADDR is an address that is free.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"answers": answers,
			"signal":  signalLast,
			"says":    says,
			"aged":    aged,
			"blob":    blob,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("finding a free address: %w", err)
			}
			defer l.Close()
			env.Setenv("ADDR", l.Addr().String())
			_, port, err := net.SplitHostPort(l.Addr().String())
			env.Setenv("PORT", port)
			return err
		},
	})
}

// answers waits until a GET of the address gets the status: answers 200 http://… . A server needs
// some time to begin, and nothing but asking tells when it has.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answers STATUS URL")
	}
	client := http.Client{Timeout: time.Second}
	last := "no answer"
	for range 400 {
		if resp, err := client.Get(args[1]); err == nil {
			resp.Body.Close()
			if last = fmt.Sprint(resp.StatusCode); last == args[0] {
				return
			}
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("%s: got %s, want %s", args[1], last, args[0])
}

// signalLast sends a signal to the background process that began last: signal TERM.
func signalLast(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT}
	running := ts.BackgroundCmds()
	if neg || len(args) != 1 || signals[args[0]] == nil || len(running) == 0 {
		ts.Fatalf("usage: signal TERM|INT, with a process in the background")
	}
	if err := running[len(running)-1].Process.Signal(signals[args[0]]); err != nil {
		ts.Fatalf("sending %s: %v", args[0], err)
	}
}

// says holds that a GET of the address is answered by what matches: says http://… REGEXP. The rest is as in answers.
func says(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: says URL REGEXP")
	}
	resp, err := http.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if !regexp.MustCompile(args[1]).Match(body) {
		ts.Fatalf("%s: got %q, want %s", args[0], body, args[1])
	}
}

// aged makes the data in a folder look as if they had been used last so many days ago: aged FOLDER DAYS.
func aged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: aged FOLDER DAYS")
	}
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := defaults()
	c.Data = ts.MkAbs(args[0])
	db, keys, err := openStore(&c)
	ts.Check(err)
	defer db.Close()
	site := store.NewCollection[map[string]any]("meta", keys)
	ts.Check(db.Update(context.Background(), func(tx store.Tx) error {
		m, err := site.Get(tx, "site")
		if err == nil {
			(*m)["h"] = time.Now().UTC().AddDate(0, 0, -days).Truncate(time.Second)
			err = site.Put(tx, "site", m)
		}
		return err
	}))
}

// blob writes metadata as the FIDO Alliance signs them, and the root that certifies their signer: blob 41 2099-12-31
// blob.jwt root.pem
func blob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: blob NUMBER NEXT-UPDATE FILE ROOT")
	}
	number, err := strconv.Atoi(args[0])
	ts.Check(err)
	next, err := time.Parse(time.DateOnly, args[1])
	ts.Check(err)
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("metadata")})
	ts.Check(err)
	key, err := virtual.New(virtual.Options{AAGUID: [16]byte{1}, Attestation: virtual.AttestPacked, CA: ca})
	ts.Check(err)
	text, err := ca.SignMetadata(virtual.Metadata{Number: number, NextUpdate: next,
		Entries: []virtual.MetadataEntry{{Authenticator: key}}})
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), text, 0o600))
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root().Raw})
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), root, 0o600))
}
