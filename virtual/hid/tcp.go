package hid

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
)

// Listen listens for hosts on a TCP address of loopback ("127.0.0.1:0", "localhost:7700"). Any other address is
// refused: whoever reaches the port holds the key.
func Listen(address string) (net.Listener, error) {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for hosts: %w", err)
	}
	if !a.IP.IsLoopback() {
		return nil, fmt.Errorf("listening for hosts: %s is not a loopback address", address)
	}
	l, err := net.ListenTCP("tcp", a)
	if err != nil {
		return nil, fmt.Errorf("listening for hosts: %w", err)
	}
	return l, nil
}

// ServeListener serves every host that connects until ctx ends (nil) or l fails; it closes l, and all connections are
// closed when it returns. A host that breaks off does not concern the others.
func (t *Transport) ServeListener(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	closed := context.AfterFunc(ctx, func() { _ = l.Close() })
	defer closed()
	var hosts sync.WaitGroup
	defer hosts.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			hosts.Go(func() { _ = t.Serve(ctx, conn) })
		case ctx.Err() != nil:
			return nil
		default:
			stop()
			return errors.Join(fmt.Errorf("accepting hosts: %w", err), l.Close())
		}
	}
}
