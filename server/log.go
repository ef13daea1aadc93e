package server

import (
	"log/slog"
	"net/http"
	"time"
)

// access writes one line about a request: what was asked and how it went, never by whom. Paths hold links and ids,
// so the route's name stands for them.
func (x *request) access() {
	level := slog.LevelInfo
	if x.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	ctx := x.r.Context()
	if !x.s.log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.String("route", x.route), slog.Int("status", x.status),
		slog.Duration("took", x.s.now().Sub(x.began).Round(10*time.Microsecond)), slog.String("id", x.id))
	if x.code != "" {
		attrs = append(attrs, slog.String("code", string(x.code)))
	}
	if x.s.logAddresses {
		attrs = append(attrs, slog.String("from", x.s.client(x.r).String()))
	}
	x.s.log.LogAttrs(ctx, level, "request", attrs...)
}

// requestID takes over an id that a proxy gave, if it is one that cannot break a log line.
func requestID(given string) string {
	if len(given) < 8 || len(given) > 64 {
		return ""
	}
	for _, c := range []byte(given) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return given
}
