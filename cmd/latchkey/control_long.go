package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Some commands read the whole store: they are answered as they go on, as long as it takes, one of them at a time.

// longPatience is how long whoever gave a long command may leave its output unread.
const longPatience = 30 * time.Second

// isLong reports whether a command is a long one.
func isLong(command string) bool {
	return slices.Contains([]string{cmdAuditVerify, cmdAuditExport, cmdTokenImport, cmdTokenList, cmdTokenExport,
		cmdTokenStats, cmdStats, cmdRehearse}, command)
}

// answerLong does a long command, as one that a running site was given.
func (h *house) answerLong(ctx context.Context, c *net.UnixConn, q controlRequest) {
	defer c.Close()
	if !h.long.TryLock() {
		h.endCommand(c, controlReply{}, errors.New("another command of this kind is under way: try again when it has ended"))
		return
	}
	defer h.long.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // whoever has gone away wants nothing more
		_ = c.SetReadDeadline(time.Time{})
		_, _ = c.Read(make([]byte, 1))
		stop()
	}()
	out := bufio.NewWriterSize(replyWriter{c}, 16<<10)
	err := h.longCommand(ctx, q, out)
	if flushed := out.Flush(); err == nil { // what does not hold is told before the error
		err = flushed
	}
	_ = c.SetWriteDeadline(time.Now().Add(longPatience))
	h.endCommand(c, controlReply{Done: true}, err)
}

// A replyWriter sends what is written as lines of an answer.
type replyWriter struct{ c *net.UnixConn }

func (w replyWriter) Write(text []byte) (int, error) {
	if err := w.c.SetWriteDeadline(time.Now().Add(longPatience)); err != nil {
		return 0, err
	}
	if err := json.NewEncoder(w.c).Encode(controlReply{Output: text}); err != nil {
		return 0, fmt.Errorf("answering: %w", err)
	}
	return len(text), nil
}

// longCommand does what an operator asks, and writes what he is to read.
func (h *house) longCommand(ctx context.Context, q controlRequest, out io.Writer) error {
	switch q.Command {
	case cmdAuditVerify:
		return h.verifyTrail(ctx, q, out)
	case cmdAuditExport:
		return h.exportTrail(ctx, q, out)
	case cmdTokenImport:
		return h.importTokens(ctx, q, out)
	case cmdTokenList, cmdTokenExport, cmdTokenStats:
		return h.manyTokens(ctx, q, out)
	case cmdStats, cmdRehearse:
		return h.fleet(ctx, q, out)
	}
	return fmt.Errorf("no such command: %q", q.Command)
}

// runLong gives a long command to the site if it runs, and else does it on the store.
func runLong(ctx context.Context, c *Config, environ []string, command string, ask any, stdout io.Writer) error {
	text, err := json.Marshal(ask)
	if err != nil {
		return fmt.Errorf("telling the site: %w", err)
	}
	q := controlRequest{Command: command, Operator: whoAsks(environ), Ask: text}
	conn, err := dialSite(c)
	if errors.Is(err, errNotRunning) {
		q.Operator = operator(q.Operator, os.Geteuid())
		return inStoppedHouse(c, func(h *house) error { return h.longCommand(ctx, q, stdout) })
	}
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return fmt.Errorf("telling the site: %w", err)
	}
	for d := json.NewDecoder(conn); ; {
		var reply controlReply
		if err := d.Decode(&reply); err != nil {
			return fmt.Errorf("hearing the site: %w", err) // what was heard so far is not all
		}
		if reply.Error != "" {
			return errors.New(reply.Error)
		}
		if _, err := stdout.Write(reply.Output); err != nil || reply.Done {
			return err
		}
	}
}

// absolute makes paths mean to the site what they mean here.
func absolute(paths []string) ([]string, error) {
	list := make([]string, len(paths))
	for i, p := range paths {
		var err error
		if list[i], err = filepath.Abs(p); err != nil {
			return nil, fmt.Errorf("the path %s: %w", p, err)
		}
	}
	return list, nil
}
