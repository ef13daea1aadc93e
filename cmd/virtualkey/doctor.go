package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// A finding is what doctor found out about one thing.
type finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Need bool   `json:"needed"` // nothing works without it
	Says string `json:"says"`
	Fix  string `json:"fix,omitempty"`
}

func (p *program) doctorCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check what works on this machine, and say what to do about the rest",
		Long: `Check what works on this machine, and say what to do about the rest: the folder of the keys,
servers of this machine, keys as USB devices, and the whole catalogue against a relying party
that comes with this program. Exit 1 when something is amiss that everything needs.`,
		Example: "  virtualkey doctor",
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			all := []finding{h.examine(), examineLoopback(cmd.Context()), examineUHID(),
				p.examineCatalogue(cmd.Context())}
			code := conform.ExitAsExpected
			rows := [][]string{}
			for _, f := range all {
				mark := "ok"
				switch {
				case !f.OK && f.Need:
					mark, code = "FAILED", conform.ExitGap
				case !f.OK:
					mark = "missing"
				}
				rows = append(rows, []string{mark, f.Name, f.Says})
				if f.Fix != "" {
					rows = append(rows, []string{"", "", "to do: " + f.Fix})
				}
			}
			if asJSON {
				return after(p.printJSON(all), code)
			}
			return after(p.table(rows), code)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// examine reports whether keys can be stored: a file is written and taken away again.
func (h home) examine() finding {
	f := finding{Name: "folder of the keys", Need: true}
	probe := filepath.Join(h.dir, ".doctor")
	err := os.MkdirAll(h.dir, 0o700)
	if err == nil {
		err = replaceFile(probe, nil, 0o600)
	}
	if err == nil {
		err = os.Remove(probe)
	}
	if err != nil {
		f.Says, f.Fix = err.Error(), "make the folder writable, or name another: --home or VIRTUALKEY_HOME"
		return f
	}
	names, err := h.names()
	f.OK, f.Says = err == nil, fmt.Sprintf("%s can be written, and holds %d keys", h.dir, len(names))
	return f
}

// examineLoopback reports whether a server of this machine can be reached.
func examineLoopback(ctx context.Context) finding {
	f := finding{Name: "servers of this machine", Need: true}
	address, err := greetLoopback(ctx)
	if err != nil {
		f.Says, f.Fix = err.Error(),
			"allow connections from this machine to 127.0.0.1: a firewall or sandbox forbids them"
		return f
	}
	f.OK, f.Says = true, "HTTP over "+address+" works"
	return f
}

func greetLoopback(ctx context.Context) (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "here")
		}),
	}
	go func() { _ = server.Serve(l) }()
	defer server.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.Addr().String(), nil)
	if err != nil {
		return "", err
	}
	direct := &http.Client{Transport: &http.Transport{}} // a proxy is somebody else's machine
	resp, err := direct.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "here" {
		return "", fmt.Errorf("something else answers: %q %w", body, err)
	}
	return l.Addr().String(), nil
}

// examineUHID reports whether a key could be plugged into this machine.
func examineUHID() finding {
	f := finding{Name: "keys as USB devices"}
	if runtime.GOOS != "linux" {
		f.Says = "only Linux has user-space HID; virtualkey hid --tcp works everywhere"
		return f
	}
	kernel, err := os.OpenFile("/dev/uhid", os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.Says, f.Fix = "the kernel offers no /dev/uhid", "modprobe uhid, or use virtualkey hid --tcp"
	case errors.Is(err, fs.ErrPermission):
		f.Says, f.Fix = "this user may not write to /dev/uhid", "run virtualkey hid --uhid as root, or use --tcp"
	case err != nil:
		f.Says, f.Fix = err.Error(), "use virtualkey hid --tcp"
	default:
		f.OK, f.Says = true, "/dev/uhid can be written: virtualkey hid --uhid works"
		_ = kernel.Close() // nothing was written
	}
	return f
}

// examineCatalogue plays every fault against the party that comes with the program.
func (p *program) examineCatalogue(ctx context.Context) finding {
	f := finding{Name: "the catalogue", Need: true}
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("doctor")})
	if err != nil {
		f.Says = err.Error()
		return f
	}
	rp, err := party.New(party.Options{
		Origin: "https://doctor.example", RPID: "doctor.example", CA: ca, Tops: []string{"https://frame.example"},
		Seed: []byte("doctor"),
	})
	if err != nil {
		f.Says = err.Error()
		return f
	}
	report, err := conform.Run(ctx, rp, fault.Catalogue(),
		conform.Options{Seed: "doctor", Oracle: conform.ReasonOracle(), Now: p.now})
	if err != nil {
		f.Says = err.Error()
		return f
	}
	f.OK = report.Summary.Exit == conform.ExitAsExpected
	f.Says = fmt.Sprintf("%s, in %.0f ms", report.Line(), report.TookMS)
	if !f.OK {
		f.Fix = "this program is broken on this machine: please report that line"
	}
	return f
}
