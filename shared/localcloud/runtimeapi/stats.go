package runtimeapi

import "time"

// Stats are an instance's measurements.
type Stats struct {
	InitToNext  time.Duration // from the process's start to its first request for an event
	RSSBytes    int64         // resident memory now; 0 where there is no /proc
	CPU         time.Duration // user and system time so far; 0 where there is no /proc
	Invocations int           // finished so far, with a response or a function error
}

// Stats measures the instance now. Ask between invocations: the function is
// then waiting for an event. Memory and CPU need a live process on Linux.
func (f *Function) Stats() (Stats, error) {
	f.mu.Lock()
	s := Stats{InitToNext: f.initTime, Invocations: f.count}
	f.mu.Unlock()
	var err error
	s.RSSBytes, s.CPU, err = processUse(f.cmd.Process.Pid)
	return s, err
}
