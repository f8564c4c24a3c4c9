package runtimeapi

import (
	"io"
	"sync"
)

// tailSize is how much of a function's output errors show.
const tailSize = 4096

// logTail passes a function's output on and keeps its end.
type logTail struct {
	mu  sync.Mutex
	to  io.Writer // may be nil
	end []byte
}

func (l *logTail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = append(l.end, p...)
	if extra := len(l.end) - tailSize; extra > 0 {
		l.end = append(l.end[:0], l.end[extra:]...)
	}
	if l.to != nil {
		return l.to.Write(p)
	}
	return len(p), nil
}

func (l *logTail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.end)
}

// syncWriter lets several instances write to one writer.
type syncWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}
