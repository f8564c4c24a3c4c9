package faults

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// act is what becomes of one request.
type act string

// The acts.
const (
	pass       act = ""
	lost       act = "lost"        // it never arrives
	answerLost act = "answer lost" // it has its effect, and nobody hears of it
	throttle   act = "throttled"
	broken     act = "broken"  // 500 without effect
	denied     act = "denied"  // 403
	ignored    act = "ignored" // 200 without effect
	die        act = "death"   // the process ends instead of sending it
)

var errReset = errors.New("the connection was reset")

// script says what becomes of each request that leaves a process, and counts them. Kind is table, read, write or queue.
type script struct {
	mu   sync.Mutex
	n    int
	seen []string // kind and operation of each request
	dead bool
	says func(n int, kind, op string) act
}

func (s *script) next(kind, op string) act {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead { // what a dead process wants to send while it is taken down
		runtime.Goexit()
	}
	s.n++
	s.seen = append(s.seen, kind+" "+op)
	a := pass
	if s.says != nil {
		a = s.says(s.n-1, kind, op)
	}
	if a == die {
		s.dead = true
		runtime.Goexit()
	}
	return a
}

// at lets one thing happen at the n-th request (from 0) of a kind; kind "" is any.
func at(kind string, n int, what act) *script { return during(kind, n, 1, what) }

// during is at for several requests of the kind in a row.
func during(kind string, n, times int, what act) *script {
	k := -1
	return &script{says: func(_ int, each, _ string) act {
		if kind != "" && kind != each {
			return pass
		}
		if k++; k >= n && k < n+times {
			return what
		}
		return pass
	}}
}

func (w *world) next(kind, op string) act {
	w.mu.Lock()
	s := w.script
	w.mu.Unlock()
	return s.next(kind, op)
}

func (w *world) play(s *script) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.script = s
}

// died reports whether the process that the script is about has died.
func (w *world) died() bool {
	w.mu.Lock()
	s := w.script
	w.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// table is the script as the tables' line asks it.
func (w *world) table(op string) tabletest.Fault {
	switch w.next("table", op) {
	case lost:
		return tabletest.Lost
	case answerLost:
		return tabletest.AnswerLost
	case throttle:
		return tabletest.Throttle
	case broken:
		return tabletest.Broken
	}
	return tabletest.None
}

// count returns how many requests of a kind the script has seen; kind "" is any.
func (s *script) count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, each := range s.seen {
		if kind == "" || len(each) > len(kind) && each[:len(kind)+1] == kind+" " {
			n++
		}
	}
	return n
}

func (s *script) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%d requests %q", s.n, s.seen)
}
