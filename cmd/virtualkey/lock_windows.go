package main

import (
	"errors"
	"fmt"
	"syscall"
)

// lockFile opens a file, which it makes, for this program alone: sharing is refused to all others, who get errLocked.
func lockFile(path string) (unlock func(), err error) {
	const sharingViolation = syscall.Errno(32)
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	f, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS,
		syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, errLocked
	case err != nil:
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { _ = syscall.CloseHandle(f) }, nil
}
