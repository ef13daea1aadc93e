package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// atRest measures the binary and its start with an empty store.
func (p *plan) atRest(ctx context.Context, dir string, s *side, r *report) error {
	info, err := os.Stat(s.binary)
	if err != nil {
		return fmt.Errorf("looking at the binary: %w", err)
	}
	r.fact(s.says("binary"), float64(info.Size())/(1<<20), "MiB", "<= 45")
	var wall, cpu, rss []float64
	for i := range 5 {
		port, err := freePort()
		if err != nil {
			return err
		}
		c, err := startChild(ctx, s.binary, filepath.Join(dir, fmt.Sprintf("empty%d", i%2)), port)
		if err != nil {
			return err
		}
		time.Sleep(500 * time.Millisecond)
		resident, _, err := memory(c.pid())
		if err != nil {
			c.kill()
			return err
		}
		if err := c.stop(); err != nil {
			c.kill()
			return err
		}
		wall = append(wall, c.readyIn.Seconds())
		cpu = append(cpu, c.readyCPU.Seconds())
		rss = append(rss, float64(resident)/(1<<20))
	}
	r.fact(s.says("start to ready, empty store"), median(wall), "s", "")
	r.fact(s.says("CPU of a start, empty store"), median(cpu), "s", "<= 0.08")
	r.fact(s.says("resident when idle, empty store"), median(rss), "MiB", "")
	return nil
}

// seeded measures the idle server on the seeded store, and its pages.
func (p *plan) seeded(ctx context.Context, s *side, r *report) error {
	time.Sleep(2 * time.Second)
	c := s.child
	resident, _, err := memory(c.pid())
	if err != nil {
		return err
	}
	r.fact(s.says("start to ready, seeded store"), c.readyIn.Seconds(), "s", "<= 1")
	r.fact(s.says(fmt.Sprintf("resident when idle, %d sellers", p.sellers)), float64(resident)/(1<<20), "MiB", "<= 30")
	if s.older {
		return nil
	}
	for _, page := range []string{"/", "/sign-in", "/sign-up", "/forgot"} {
		bytes, strangers, err := weigh(ctx, c.addr, page)
		if err != nil {
			r.note(err.Error())
			continue
		}
		r.fact("transferred on a first visit of "+page, float64(bytes)/1024, "KiB", "<= 60")
		if strangers > 0 {
			r.fact("requests to other sites from "+page, float64(strangers), "", "0")
		}
	}
	return nil
}

var ratio = regexp.MustCompile(`([\d.]+) ratio`)

// lone runs the store's own benchmark of a writer without company, against plain bbolt on the same disk.
func (p *plan) lone(ctx context.Context, r *report) {
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkLone$",
		"./store/bolt").CombinedOutput()
	m := ratio.FindSubmatch(out)
	if err != nil || m == nil {
		r.note("a lone writer was not measured: the store's benchmark needs the sources and Go")
		return
	}
	value, _ := strconv.ParseFloat(string(m[1]), 64) // digits and dots only
	r.fact("a lone writer's p50, against plain bbolt", value, "", "<= 1.3")
}

var (
	linked   = regexp.MustCompile(`(?:<link[^>]+href|<script[^>]+src|<img[^>]+src)="([^"]+)"`)
	imported = regexp.MustCompile(`(?:from|import)\s*\(?["']([^"']+)["']`)
)

// weigh is what a browser with an empty cache transfers for a page: heads and bodies, compressed as
// it asks for, of the page and of everything that it and its scripts name.
func weigh(ctx context.Context, addr, page string) (total, strangers int, err error) {
	base := &url.URL{Scheme: "http", Host: "localhost" + strings.TrimPrefix(addr, "127.0.0.1"), Path: page}
	queue, seen := []*url.URL{base}, map[string]bool{base.String(): true}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		n, body, next, err := transfer(ctx, addr, at)
		if err != nil {
			return 0, 0, fmt.Errorf("weighing %s: %w", at.Path, err)
		}
		total += n
		if next != nil {
			queue = append(queue, next)
		}
		pattern := imported
		if at == base || next != nil || bytes.Contains(body, []byte("<!doctype")) ||
			bytes.Contains(body, []byte("<!DOCTYPE")) {
			pattern = linked
		}
		for _, m := range pattern.FindAllSubmatch(body, -1) {
			to, err := at.Parse(string(m[1]))
			if err != nil || seen[to.String()] {
				continue
			}
			seen[to.String()] = true
			if to.Host != base.Host {
				strangers++
				continue
			}
			if to.Scheme == "http" && !strings.HasSuffix(to.Path, "/") {
				queue = append(queue, to)
			}
		}
	}
	return total, strangers, nil
}

// transfer asks for one thing as a browser does and counts every byte of the answer. next is where it
// redirects to.
func transfer(ctx context.Context, addr string, at *url.URL) (n int, body []byte, next *url.URL, err error) {
	c := &client{addr: addr}
	defer c.close()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return 0, nil, nil, err
	}
	request.Header.Set("Accept", "text/html,*/*;q=0.8")
	request.Header.Set("Accept-Language", "zh-CN,zh;q=0.9")
	request.Header.Set("Accept-Encoding", "gzip")
	request.Header.Set("Connection", "close")
	var head bytes.Buffer
	if err := request.Write(&head); err != nil {
		return 0, nil, nil, err
	}
	c.out = head.Bytes()
	if err := c.dial(ctx); err != nil {
		return 0, nil, nil, err
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return 0, nil, nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(c.conn, 4<<20))
	if err != nil {
		return 0, nil, nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), request)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	if to := resp.Header.Get("Location"); to != "" {
		next, err = at.Parse(to)
		return len(raw), nil, next, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, nil, nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	in := io.Reader(resp.Body)
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if in, err = gzip.NewReader(resp.Body); err != nil {
			return 0, nil, nil, err
		}
	}
	body, err = io.ReadAll(in)
	return len(raw), body, nil, err
}
