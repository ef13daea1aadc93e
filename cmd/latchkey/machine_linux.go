package main

import (
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// bootTime returns the clock of the machine that goes on while it sleeps.
func bootTime() func() time.Duration { return newBootClock(sinceBoot).read }

// sinceBoot is the time since the machine's start, suspend included.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(fmt.Sprintf("no boot time: %v", err)) // every Linux since 2.6.39 has it
	}
	return time.Duration(t.Nano())
}

// peerUID is the user at the other end of a socket, as the kernel says.
func peerUID(c *net.UnixConn) (uid int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("asking for the peer: %w", err)
	}
	var who *unix.Ucred
	var got error
	err = raw.Control(func(fd uintptr) { who, got = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED) })
	if err = errors.Join(err, got); err != nil {
		return 0, fmt.Errorf("asking for the peer: %w", err)
	}
	return int(who.Uid), nil
}
