package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc/PID/stat: 1/100 s on every Linux that Go runs on.
const tick = 10 * time.Millisecond

// processCPU is the CPU time that a process has used, user and system (proc(5), fields 14 and 15).
func processCPU(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(text)
}

func parseCPU(stat []byte) (time.Duration, error) {
	// The second field is the program's name in brackets and may hold anything.
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, errors.New("reading a process's CPU time: no name in brackets")
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 13 {
		return 0, errors.New("reading a process's CPU time: too few fields")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return 0, fmt.Errorf("reading a process's CPU time: %w", err)
	}
	return time.Duration(user+system) * tick, nil
}

// threadsCPU is the CPU time of a process's living threads, in nanoseconds instead of ticks: for
// spans as short as a start.
func threadsCPU(pid int) (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		ran, _, _ := strings.Cut(string(text), " ")
		ns, err := strconv.ParseInt(ran, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading %s: %w", file, err)
		}
		total += time.Duration(ns)
	}
	return total, nil
}

// memory is a process's resident set and the highest it has been, in bytes.
func memory(pid int) (now, high int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	return statusBytes(string(text), "VmRSS:"), statusBytes(string(text), "VmHWM:"), nil
}

func statusBytes(status, name string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if f := strings.Fields(rest); len(f) == 2 {
				n, _ := strconv.ParseInt(f[0], 10, 64)
				return n << 10
			}
		}
	}
	return 0
}

// A machine is what all processors together have done since they were started, in ticks.
type machine struct{ total, steal int64 }

func readMachine() (machine, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machine{}, err
	}
	return parseMachine(string(text))
}

func parseMachine(stat string) (m machine, err error) {
	line, _, _ := strings.Cut(stat, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return m, errors.New("reading the processors' times: no line \"cpu\"")
	}
	// user nice system idle iowait irq softirq steal; guest times are in user already.
	for i, f := range fields[1:9] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return m, fmt.Errorf("reading the processors' times: %w", err)
		}
		m.total += n
		if i == 7 {
			m.steal = n
		}
	}
	return m, nil
}

// stolen is the share of all processors' time that the hypervisor gave to others.
func (m machine) stolen(before machine) float64 {
	if m.total == before.total {
		return 0
	}
	return float64(m.steal-before.steal) / float64(m.total-before.total)
}

// commits is how many transactions a store has committed: its file counts them itself, in the newer
// of the two meta pages with which it begins. Nothing of the server has to be asked or trusted.
//
//	page 0, 1:  header 16 │ magic 4 │ version 4 │ page size 4 │ flags 4 │ root 16 │ freelist 8 │ pages 8 │ transaction 8 │ …
func commits(path string) (uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("counting commits: %w", err)
	}
	defer f.Close()
	var newest uint64
	size := int64(0)
	for page := range int64(2) {
		var meta [72]byte
		if _, err := f.ReadAt(meta[:], page*size); err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("counting commits: %w", err)
		}
		if binary.NativeEndian.Uint32(meta[16:]) != 0xED0CDAED {
			return 0, fmt.Errorf("counting commits: page %d of %s is no meta page", page, path)
		}
		size = int64(binary.NativeEndian.Uint32(meta[24:]))
		newest = max(newest, binary.NativeEndian.Uint64(meta[64:]))
	}
	return newest, nil
}
