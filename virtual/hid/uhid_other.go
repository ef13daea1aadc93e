//go:build !linux

package hid

import (
	"errors"
	"io"
)

func openKernel() (io.ReadWriteCloser, error) { return nil, errors.ErrUnsupported }

func urgent() {}
