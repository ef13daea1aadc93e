package pdf

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The bounds of a renderer's process.
const (
	maxData = 1 << 30 // bytes that it may write to
	maxCPU  = 60      // seconds

	// behind is its priority: after whoever waits for a page, and yet it gets on while the machine is busy. At 19 it has
	// no hundredth of a processor then, and a person waits in vain.
	behind = 5
)

// apart has the kernel end a renderer with the program that has started it, and leaves it out of what a terminal says
// to that program.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// limit bounds what the process takes. Its end is its starter's to say, who then knows why it came.
func limit() error {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0) // ended first where memory is short
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, behind)
	for what, most := range map[int]uint64{unix.RLIMIT_DATA: maxData, unix.RLIMIT_CPU: maxCPU,
		unix.RLIMIT_FSIZE: 0,
		unix.RLIMIT_CORE:  0, unix.RLIMIT_NOFILE: 64} {
		if err := unix.Setrlimit(what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("limit %d: %w", what, err)
		}
	}
	return errors.Join(unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0), unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0,
		0))
}

// needed are the system calls of a Go program that computes, and writes to what is open. Whatever else a renderer asks
// for, it is refused: no file, no socket, no program, no look at another process.
func needed() []uint32 {
	return []uint32{unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE, unix.SYS_FSTAT, unix.SYS_FCNTL, // what is open
		unix.SYS_MMAP, unix.SYS_MUNMAP, unix.SYS_MPROTECT, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK, // memory
		unix.SYS_FUTEX, unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_SCHED_YIELD, unix.SYS_SCHED_GETAFFINITY, // threads
		unix.SYS_GETPID, unix.SYS_GETTID, unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
		unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, // signals
		unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_GETTIMEOFDAY, // time
		unix.SYS_RESTART_SYSCALL, unix.SYS_GETRANDOM,
		unix.SYS_EPOLL_CREATE1, unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_EVENTFD2}
}

// The parts of a filter (seccomp(2)): what it reads of a call, and what it says.
const (
	callNumber  = 0
	callMachine = 4
	callFirst   = 16 // its first argument, the lower half on the machines below

	saysAllow  = 0x7fff0000
	saysRefuse = 0x00050000 | uint32(unix.EPERM)
)

// machines are those whose calls are known here.
func machines() map[string]uint32 {
	return map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}
}

// confine has the kernel refuse all calls but those that are needed, in every thread. A kernel that cannot is no fault:
// then WebAssembly alone holds the file.
func confine() error {
	machine, ok := machines()[runtime.GOARCH]
	if !ok {
		return nil
	}
	program := filter(machine, needed(), uint32(os.Getpid()))
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	const setFilter, everyThread = 1, 1
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, setFilter, everyThread, uintptr(unsafe.Pointer(&f)))
	if e != 0 && e != unix.ENOSYS && e != unix.EINVAL {
		return e
	}
	return nil
}

// filter allows calls by their number, and a signal to a thread of the process pid alone: the scheduler of Go sends
// them.
func filter(machine uint32, allowed []uint32, pid uint32) []unix.SockFilter {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	is := func(v uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: v, Jt: yes, Jf: no}
	}
	says := func(v uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: v} }
	p := []unix.SockFilter{load(callMachine), is(machine, 1, 0), says(saysRefuse), load(callNumber)}
	for _, n := range allowed {
		p = append(p, is(n, 0, 1), says(saysAllow))
	}
	return append(p, is(unix.SYS_TGKILL, 0, 2), load(callFirst), is(pid, 1, 0), says(saysRefuse), says(saysAllow))
}
