package web

import (
	"log/slog"
	"net/http"
	"time"
)

// access writes one line about a request: what was asked and how it went, never by whom. Paths hold links and ids,
// so the route's name stands for them.
func (x *Exchange) access() {
	level := slog.LevelInfo
	if x.Status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	ctx := x.r.Context()
	if !x.front.Log.Enabled(ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 6)
	attrs = append(attrs, slog.String("route", x.Route), slog.Int("status", x.Status),
		slog.Duration("took", x.front.Now().Sub(x.began).Round(10*time.Microsecond)), slog.String("id", x.ID))
	if x.Code != "" {
		attrs = append(attrs, slog.String("code", string(x.Code)))
	}
	if x.front.logAddresses {
		attrs = append(attrs, slog.String("from", x.Client().String()))
	}
	x.front.Log.LogAttrs(ctx, level, "request", attrs...)
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
