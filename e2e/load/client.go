package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A client is one keep-alive connection to the server. Without a browser it is a program's: it sends no
// cookie and no Origin, and shows its session as a bearer token. It opens its connection anew after an
// error. It does the least that is right, because the generator shares the processors with what it measures.
type client struct {
	addr  string
	conn  net.Conn
	in    *bufio.Reader
	out   []byte
	body  []byte
	from  *browser
	local net.Addr // the address to come from, nil for any
}

// A browser is whose requests those of a client are. It keeps the cookie by which accounts know it, and
// forgets its session: every sign-in begins anew.
type browser struct {
	origin string
	known  string // the cookie, "" before the first answer
	signed bool   // the last answer brought a session
}

// The endings of the names of cookies: what stands before them depends on the address.
const (
	browserCookie = "latchkey-browser"
	sessionCookie = "latchkey"
)

// heed keeps what an answer's cookies say.
func (b *browser) heed(h http.Header) {
	b.signed = false
	for _, line := range h["Set-Cookie"] {
		pair, _, _ := strings.Cut(line, ";")
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case strings.HasSuffix(name, browserCookie) && value != "":
			b.known = pair
		case strings.HasSuffix(name, sessionCookie) && value != "":
			b.signed = true
		}
	}
}

const answerLimit = 64 << 10

// post sends JSON and returns the answer's body, good until the next call.
func (c *client) post(ctx context.Context, path string, body []byte) ([]byte, error) {
	c.compose(path, body)
	return c.exchange(ctx)
}

// compose writes a post of JSON into out.
func (c *client) compose(path string, body []byte) {
	c.out = append(c.out[:0], "POST "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: localhost"...)
	c.out = append(c.out, c.addr[len("127.0.0.1"):]...)
	if c.from != nil {
		c.out = append(c.out, "\r\nOrigin: "...)
		c.out = append(c.out, c.from.origin...)
		if c.from.known != "" {
			c.out = append(c.out, "\r\nCookie: "...)
			c.out = append(c.out, c.from.known...)
		}
	}
	c.out = append(c.out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
}

// get asks for a path with a session's token.
func (c *client) get(ctx context.Context, path, token string) ([]byte, error) {
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: localhost"...)
	c.out = append(c.out, c.addr[len("127.0.0.1"):]...)
	c.out = append(c.out, "\r\nAuthorization: Bearer "...)
	c.out = append(c.out, token...)
	c.out = append(c.out, "\r\n\r\n"...)
	return c.exchange(ctx)
}

// exchange sends what is in out and reads the answer. Anything but a 2xx is an error.
func (c *client) exchange(ctx context.Context) ([]byte, error) {
	status, err := c.once(ctx)
	if err != nil {
		c.close()
		return nil, err
	}
	if status/100 != 2 {
		return nil, fmt.Errorf("status %d: %.300s", status, c.body)
	}
	return c.body, nil
}

func (c *client) once(ctx context.Context) (status int, err error) {
	if err := c.dial(ctx); err != nil {
		return 0, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, fmt.Errorf("sending: %w", err)
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return 0, fmt.Errorf("reading: %w", err)
	}
	defer resp.Body.Close()
	if c.from != nil {
		c.from.heed(resp.Header)
	}
	c.body, err = readInto(c.body[:0], resp.Body)
	if err == nil && resp.Close {
		c.close()
	}
	return resp.StatusCode, err
}

// dial connects where there is no connection, and gives the next exchange 20 s.
func (c *client) dial(ctx context.Context) (err error) {
	if c.conn == nil {
		d := net.Dialer{LocalAddr: c.local}
		if c.conn, err = d.DialContext(ctx, "tcp", c.addr); err != nil {
			c.conn = nil
			return err
		}
		c.in = bufio.NewReaderSize(c.conn, 16<<10)
	}
	return c.conn.SetDeadline(time.Now().Add(20 * time.Second))
}

// readInto appends what r holds to b, up to answerLimit.
func readInto(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case errors.Is(err, io.EOF):
			return b, nil
		case err != nil:
			return b, fmt.Errorf("reading: %w", err)
		case len(b) > answerLimit:
			return b, errors.New("reading: the answer is too large")
		}
	}
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}
