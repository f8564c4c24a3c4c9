package runtimeapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in /proc/PID/stat, the same on every Linux that
// Go runs on (USER_HZ is 100, see proc_pid_stat(5)).
const tick = 10 * time.Millisecond

// processUse reads the resident memory and the CPU time of a process.
func processUse(pid int) (rss int64, cpu time.Duration, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	if rss, err = parseRSS(string(status)); err != nil {
		return 0, 0, fmt.Errorf("reading the memory of process %d: %w", pid, err)
	}
	if cpu, ok := threadTime(pid); ok {
		return rss, cpu, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, fmt.Errorf("reading the CPU time of process %d: %w", pid, err)
	}
	cpu, err = parseCPU(string(stat))
	return rss, cpu, err
}

// parseRSS finds VmRSS, in kB, in /proc/PID/status.
func parseRSS(status string) (int64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS: the process has ended")
}

// parseCPU adds utime and stime, fields 14 and 15 of /proc/PID/stat. The
// command, field 2, is in parentheses and may itself hold spaces and
// parentheses.
func parseCPU(stat string) (time.Duration, error) {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("reading CPU time from %q: too few fields", stat)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading CPU time from %q: %w", stat, err)
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading CPU time from %q: %w", stat, err)
	}
	return time.Duration(user+system) * tick, nil
}

// threadTime adds what the scheduler says of each thread, in nanoseconds: an
// event costs far less than a tick. Kernels built without it say nothing.
func threadTime(pid int) (time.Duration, bool) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		return 0, false
	}
	var total int64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread ended between the listing and now
		}
		fields := strings.Fields(string(text))
		if len(fields) == 0 {
			return 0, false
		}
		ns, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, false
		}
		total += ns
	}
	return time.Duration(total), total > 0
}
