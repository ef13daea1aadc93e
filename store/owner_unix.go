//go:build unix

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// giveToOwner gives a file that root has just made to whoever owns the folder that it is to lie in: a
// service that runs as somebody else could not open it. Others can give nothing away. The folder may be
// a user's who means ill: what is not a new file of root's own, of one name, is left alone.
func giveToOwner(file, folder string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	dir, err := os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // moving it will say so
	}
	if err != nil {
		return err
	}
	owner, ok := dir.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	is, ok := info.Sys().(*syscall.Stat_t)
	if ok && is.Uid == owner.Uid { // given away before, when it was moved beside
		return f.Close()
	}
	if !ok || !info.Mode().IsRegular() || is.Uid != 0 || is.Nlink != 1 {
		return errors.Join(f.Close(), fmt.Errorf("giving %s to its owner: it is not the file that was made",
			filepath.Base(file)))
	}
	return errors.Join(f.Chown(int(owner.Uid), int(owner.Gid)), f.Close())
}
