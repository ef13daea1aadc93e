package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Deadline is how long a renderer has by the clock on the wall. It is not service time: a clock that was put forward
// ends no renderer.
const Deadline = 3 * time.Minute

// A Renderer draws each file in a process of its own.
type Renderer struct {
	Command  []string      // a program that calls Serve on its standard input and output
	Deadline time.Duration // 0: Deadline
}

// Draw draws the pages of a file, at most most, and hands over each as a PNG. What each is given may be anything, as
// the file may be, and counts once Draw returns nil. It returns a Fault for a file that has no pages to show, ErrDied
// for a renderer that gave no answer, what each returned, and any other error if no renderer could be started.
func (r *Renderer) Draw(ctx context.Context, file []byte, most int, each func(page []byte) error) error {
	runtime.LockOSThread() // the kernel ends the renderer with the thread that has started it
	defer runtime.UnlockOSThread()
	deadline := r.Deadline
	if deadline == 0 {
		deadline = Deadline
	}
	ctx, stop := context.WithTimeout(ctx, deadline)
	defer stop()
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...)
	cmd.Env, cmd.Dir = []string{}, "/"
	cmd.SysProcAttr, cmd.WaitDelay = apart(), time.Second
	cmd.Stdin = bytes.NewReader(request(file, most))
	said := &firstBytes{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("starting a renderer: %w", err)
	}
	err = read(out, most, each)
	if err != nil {
		stop()
	}
	ended := cmd.Wait()
	if errors.Is(err, ErrDied) {
		return fmt.Errorf("%w: %v, %v: %s", ErrDied, err, ended, said)
	}
	return err
}

// read reads what a renderer says.
func read(out io.Reader, most int, each func([]byte) error) error {
	for pages := 0; ; pages++ {
		k, body, err := readFrame(out)
		if err != nil {
			return fmt.Errorf("%w: %v", ErrDied, err)
		}
		switch f := Fault(body); {
		case k == framePage && pages < most:
			if err := each(body); err != nil {
				return err
			}
		case k == frameFault && slices.Contains(faults(), f):
			return f
		case k == frameEnd && pages > 0:
			return nil
		default:
			return fmt.Errorf("%w: it says %q after %d pages", ErrDied, k, pages)
		}
	}
}

// firstBytes keeps the first bytes of what is written, for a log.
type firstBytes struct{ kept strings.Builder }

func (b *firstBytes) Write(p []byte) (int, error) {
	b.kept.Write(p[:min(len(p), max(300-b.kept.Len(), 0))])
	return len(p), nil
}

func (b *firstBytes) String() string { return fmt.Sprintf("%.300q", b.kept.String()) }
