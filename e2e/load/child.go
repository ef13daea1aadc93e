package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A child is the server under load.
type child struct {
	cmd    *exec.Cmd
	addr   string // 127.0.0.1:port
	origin string
	db     string // its store's file
	log    *tail
	older  bool // the build that is measured beside
	exited chan error

	readyIn  time.Duration // from exec to the first 200 of /health/ready
	readyCPU time.Duration // CPU used until then
}

// freePort finds a port of the loopback interface that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func originOf(port int) string { return fmt.Sprintf("http://localhost:%d", port) }

// startChild starts the server on data and waits until it is ready. What bounds one client address is
// switched off, since all load comes from one; what is counted per account stays on.
func startChild(ctx context.Context, binary, data string, port int) (*child, error) {
	c := &child{
		addr: fmt.Sprintf("127.0.0.1:%d", port), origin: originOf(port),
		db: filepath.Join(data, "latchkey.db"), log: &tail{}, exited: make(chan error, 1),
	}
	c.cmd = exec.Command(binary, "serve", "--listen", c.addr, "--origin", c.origin, "--data", data)
	c.cmd.Env = append(os.Environ(), "LATCHKEY_SERVER_RATE_BURST=-1", "LATCHKEY_POLICY_RESET_TEXTS_PER_NETWORK=0",
		"LATCHKEY_POLICY_RESET_TEXTS_PER_SITE=0", "LATCHKEY_RECOVERY_CASES=true")
	c.cmd.Stdout, c.cmd.Stderr = c.log, c.log
	began := time.Now()
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", binary, err)
	}
	go func() { c.exited <- c.cmd.Wait() }()
	if err := c.ready(ctx); err != nil {
		c.kill()
		return nil, fmt.Errorf("waiting for %s: %w; it said: %s", binary, err, c.log)
	}
	c.readyIn = time.Since(began)
	cpu, err := threadsCPU(c.cmd.Process.Pid)
	c.readyCPU = cpu
	return c, err
}

// ready asks until the server says that it is ready.
func (c *child) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	every := time.NewTicker(2 * time.Millisecond)
	defer every.Stop()
	for {
		if resp, err := client.Get("http://" + c.addr + "/health/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-c.exited:
			return fmt.Errorf("it ended: %w", err)
		case <-every.C:
		}
	}
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop asks the server to end and wants it done well within its promise of 10 s.
func (c *child) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	select {
	case err := <-c.exited:
		c.exited <- err // for kill
		if err != nil {
			return fmt.Errorf("the server ended with %w; it said: %s", err, c.log)
		}
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("the server did not end within 10 s of SIGTERM")
	}
}

// kill ends the server for good; nothing happens if it has ended.
func (c *child) kill() {
	select {
	case err := <-c.exited:
		c.exited <- err
	default:
		c.cmd.Process.Kill()
	}
}

// A tail keeps the first and forgets the rest: what a server says when it cannot start.
type tail struct{ bytes.Buffer }

// Write keeps at most 8 KiB.
func (t *tail) Write(p []byte) (int, error) {
	if room := 8<<10 - t.Len(); room > 0 {
		t.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// String is what was kept, in one line.
func (t *tail) String() string {
	return strings.ReplaceAll(strings.TrimSpace(t.Buffer.String()), "\n", " | ")
}
