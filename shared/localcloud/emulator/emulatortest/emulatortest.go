// Package emulatortest gives the tests of a package one AWS emulator.
//
//	func TestMain(m *testing.M) { emulatortest.Main(m) }
//
//	func TestX(t *testing.T) {
//		cfg := emulatortest.ForTest(t).Config(emulatortest.Account(t), "eu-west-1")
//		...
//	}
//
// One server serves all tests of a process, since starting one takes longer
// than most tests. Tests keep apart by account, not by resetting.
package emulatortest

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/emulator"
)

// installTimeout leaves room for a slow line; it stays below the ten minutes
// go test gives a package.
const installTimeout = 8 * time.Minute

// start holds the process's one server: a test process has no other place
// that all its tests reach.
var start = sync.OnceValues(func() (*emulator.Server, error) {
	if in, err := fromParent(); err != nil || in.port != 0 {
		return emulator.Attach(in.port, in.log), err
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	s, err := emulator.Start(ctx, emulator.Options{})
	running.Store(s)
	return s, err
})

var (
	running  atomic.Pointer[emulator.Server]
	accounts atomic.Int64
)

// atOnce is how many parallel tests run at once on machines with fewer CPUs.
// Tests on an emulator wait more than they compute: for the emulator, for
// budgets of requests, between attempts.
const atOnce = 8

// garbage is what GOGC is where nobody says otherwise: the little that these
// tests keep would be looked through again with every few megabytes that their
// requests leave behind, which took half of the time of some.
const garbage = 400

// Main runs the tests and stops the emulator that they started, if any.
// Without it the emulator still ends with the process, but its empty log
// file stays behind.
func Main(m *testing.M) {
	if err := waitTogether(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	m.Run()
	if s := running.Load(); s != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

// waitTogether lets tests wait beside each other, unless the command line says how many may.
func waitTogether() error {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() != f.DefValue || runtime.GOMAXPROCS(0) >= atOnce {
		return nil
	}
	return flag.Set("test.parallel", strconv.Itoa(atOnce))
}

// ForTest returns the process's emulator, installed and started on first use.
// A test that fails logs where the emulator's log is.
func ForTest(t testing.TB) *emulator.Server {
	t.Helper()
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the AWS emulator's log: %s", s.LogPath())
		}
	})
	return s
}

// sharedVar has what a parent process shares with the tests that it runs in child processes.
const sharedVar = "SHOREUP_TEST_EMULATOR"

// perChild is how many accounts a child process may use.
const perChild = 1000

// inherited is what this process's parent shares, if it does.
type inherited struct {
	port  int   // of the emulator, 0 if none is shared
	taken int64 // how many accounts are not this process's
	log   string
}

var fromParent = sync.OnceValues(func() (inherited, error) {
	var in inherited
	shared := os.Getenv(sharedVar)
	if shared == "" {
		return in, nil
	}
	if _, err := fmt.Sscan(shared, &in.port, &in.taken, &in.log); err != nil {
		return in, fmt.Errorf("reading %s=%q: %w", sharedVar, shared, err)
	}
	return in, nil
})

// Share returns a variable that makes the tests of a child process use this process's emulator, with accounts of their own: to start one takes longer than
// most of what children do.
func Share(t testing.TB) string {
	t.Helper()
	s := ForTest(t)
	in, _ := fromParent() // ForTest has told of an error
	return fmt.Sprintf("%s=%d %d %s", sharedVar, s.Port(), in.taken+accounts.Add(perChild)-perChild, s.LogPath())
}

// Account returns an account id that no other call in this process got, so
// that tests run in parallel on one emulator without seeing each other.
func Account(t testing.TB) string {
	t.Helper()
	in, err := fromParent()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%012d", 100_000_000_000+in.taken+accounts.Add(1))
}
