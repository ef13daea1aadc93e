package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// controlFile is the socket in the data folder on which a running site takes commands.
const controlFile = "control.sock"

const (
	controlPatience = 5 * time.Second // for one command
	maxControl      = 4096            // bytes of one command or answer
	maxOperator     = 64              // bytes of an operator's name
)

// errNotRunning is why a command goes to the store itself.
var errNotRunning = errors.New("the site is not running")

// A controlRequest is one command to a running site, and a controlReply the answer: a line of JSON each.
//
//	latchkey clock ──▶ control.sock ── uid of the peer ──▶ house.command ──▶ auth (the door)
type controlRequest struct {
	Command  string `json:"command"`
	Operator string `json:"operator"` // who asks; the audit trail keeps the name beside the uid

	Ask json.RawMessage `json:"ask,omitempty"` // of a long command: what it is to do
}

// A controlReply is one line of an answer. That of a long command has many: its output, as it comes, then Done or Error.
type controlReply struct {
	Text   string `json:"text,omitempty"`
	Output []byte `json:"output,omitempty"` // of a long command: it may end within a sign
	Error  string `json:"error,omitempty"`
	Done   bool   `json:"done,omitempty"`
}

// openControl begins to listen for commands. The store is locked by this process, so that a socket that
// is there already is of one that has died.
func openControl(c *Config) (*net.UnixListener, error) {
	path := filepath.Join(c.Data, controlFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing the socket for commands: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listening for commands: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the socket for commands to its owner: %w", err), l.Close())
	}
	return l, nil
}

// takeCommands answers commands, one after the other, until ctx ends. A long one goes on beside others.
func (h *house) takeCommands(ctx context.Context) {
	if h.control == nil {
		return
	}
	var long sync.WaitGroup
	defer long.Wait()
	defer context.AfterFunc(ctx, func() { _ = h.control.Close() })()
	for {
		c, err := h.control.AcceptUnix()
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			h.log.Error("commands end", "error", err)
			return
		}
		_ = c.SetDeadline(time.Now().Add(controlPatience))
		q, err := readCommand(c)
		if err == nil && isLong(q.Command) {
			long.Go(func() { h.answerLong(ctx, c, q) })
			continue
		}
		h.answerCommand(ctx, c, q, err)
	}
}

// answerCommand does one command for whoever runs the site, or for root, if it could be read.
func (h *house) answerCommand(ctx context.Context, c *net.UnixConn, q controlRequest, err error) {
	defer c.Close()
	ctx, stop := context.WithTimeout(ctx, controlPatience)
	defer stop()
	reply := controlReply{Done: true}
	if err == nil {
		reply.Text, err = h.command(ctx, q.Command, q.Operator)
	}
	h.endCommand(c, reply, err)
}

// endCommand sends the last line of an answer.
func (h *house) endCommand(c io.Writer, reply controlReply, err error) {
	if err != nil {
		reply = controlReply{Error: err.Error()}
		h.log.Warn("a command was not done", "error", err)
	}
	_ = json.NewEncoder(c).Encode(reply)
}

// readCommand reads a command of whoever runs the site, or of root; its operator is then a name for the audit trail.
func readCommand(c *net.UnixConn) (controlRequest, error) {
	var q controlRequest
	uid, err := peerUID(c)
	if err != nil {
		return q, err
	}
	if uid != 0 && uid != os.Geteuid() {
		return q, errors.New("only root and the user that the site runs as may command it")
	}
	d := json.NewDecoder(io.LimitReader(c, maxControl))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return q, fmt.Errorf("reading the command: %w", err)
	}
	q.Operator = operator(q.Operator, uid)
	return q, nil
}

// operator is a name for the audit trail: what somebody calls himself, and which user the system says he is.
func operator(name string, uid int) string {
	name = strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	return strings.TrimSpace(fmt.Sprintf("%s (uid %d)", strings.ToValidUTF8(name[:min(maxOperator, len(name))], ""), uid))
}

// whoAsks is the name of whoever gives a command: of the person behind sudo, if there is one.
func whoAsks(environ []string) string {
	if name := variable(environ, "SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// runCommand gives a command to the site if it runs, and else does it on the store.
func runCommand(ctx context.Context, c *Config, environ []string, command string, stdout io.Writer) error {
	who := whoAsks(environ)
	text, err := tellSite(c, controlRequest{Command: command, Operator: who})
	if errors.Is(err, errNotRunning) {
		text, err = commandStopped(ctx, c, command, operator(who, os.Geteuid()))
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(stdout, text)
	return err
}

// tellSite gives a command to the running site.
func tellSite(c *Config, q controlRequest) (string, error) {
	conn, err := dialSite(c)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * controlPatience))
	var reply controlReply
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return "", fmt.Errorf("telling the site: %w", err)
	}
	if err := json.NewDecoder(io.LimitReader(conn, maxControl)).Decode(&reply); err != nil {
		return "", fmt.Errorf("hearing the site: %w", err)
	}
	if reply.Error != "" {
		return "", errors.New(reply.Error)
	}
	return reply.Text, nil
}

// dialSite reaches the running site, or returns errNotRunning.
func dialSite(c *Config) (net.Conn, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(c.Data, controlFile), controlPatience)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, errNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("reaching the site: %w", err)
	}
	return conn, nil
}

// commandStopped does a command on the store of a site that does not run. It makes no data folder.
func commandStopped(ctx context.Context, c *Config, command, operator string) (text string, err error) {
	err = inStoppedHouse(c, func(h *house) error {
		text, err = h.command(ctx, command, operator)
		return err
	})
	return text, err
}

// inStoppedHouse does something with the store of a site that does not run. It makes no data folder: a wrong path must
// not look like an empty site.
func inStoppedHouse(c *Config, do func(*house) error) (err error) {
	if _, err := os.Stat(c.dbPath()); err != nil {
		return fmt.Errorf("looking for the data: %w", err)
	}
	db, keys, err := openStore(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c.followListen()
	h, err := newStoppedHouse(c, db, keys)
	if err != nil {
		return err
	}
	return do(h)
}

// command does what an operator asks of the site, and returns what he is to read.
func (h *house) command(ctx context.Context, name, operator string) (string, error) {
	subject, _, _ := strings.Cut(name, " ")
	switch subject {
	case cmdClock:
		return h.clocks(ctx, name, operator)
	case cmdKeys:
		return h.rootKeys(ctx, name, operator)
	case "staff":
		return h.people(ctx, name, operator)
	case cmdTicket:
		return h.ticket(ctx, name, operator)
	case cmdAudit:
		return h.checkpoints(ctx, name, operator)
	case cmdToken:
		return h.oneToken(ctx, name, operator)
	case cmdRecovery:
		return h.purge(ctx, name, operator)
	}
	return "", fmt.Errorf("no such command: %q", name)
}

// controlCommand is a command that a running site takes, and that works on the store of a stopped one.
func controlCommand(environ []string, stdout, stderr io.Writer, name, short, long string) *cobra.Command {
	cmd := &cobra.Command{Use: name[strings.LastIndex(name, " ")+1:], Short: short, Long: strings.TrimSpace(long), Args: noArguments}
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return runCommand(cmd.Context(), c, environ, strings.Join(append([]string{name}, args...), " "), stdout)
	}
	return cmd
}
