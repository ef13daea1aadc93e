//go:build !linux

package pdf

import "syscall"

// apart is nothing where only WebAssembly holds the renderer.
func apart() *syscall.SysProcAttr { return nil }

func limit() error { return nil }

func confine() error { return nil }
