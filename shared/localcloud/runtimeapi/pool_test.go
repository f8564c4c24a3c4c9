package runtimeapi_test

import (
	"bytes"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
)

func TestStatsAndLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	opts := options("handle")
	opts.LogWriter = &log
	f := start(t, opts)
	before, err := f.Stats()
	if err != nil {
		t.Fatal(err)
	}
	for _, do := range []string{"spin", "fail"} {
		_, _ = f.Invoke(t.Context(), payload(do, "noted"))
	}
	after, err := f.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if after.InitToNext <= 0 || after.InitToNext > 10*time.Second || after.Invocations != 2 || before.Invocations != 0 {
		t.Errorf("stats %+v after %+v", after, before)
	}
	if runtime.GOOS == "linux" {
		if after.RSSBytes < 1<<20 || after.RSSBytes > 1<<30 {
			t.Errorf("resident memory %d bytes", after.RSSBytes)
		}
		if spent := after.CPU - before.CPU; spent < 50*time.Millisecond || spent > 10*time.Second {
			t.Errorf("CPU time %s, want at least the 60 ms that the function used", spent)
		}
	}
	if err := f.Stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "noted") {
		t.Errorf("log lacks the function's output: %s", &log)
	}
}

func TestPool(t *testing.T) {
	t.Parallel()
	pool := runtimeapi.NewPool(options("handle"), 2)
	defer pool.Stop()
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		pids  = map[string]int{}
	)
	for range 6 {
		group.Go(func() {
			body, err := pool.Invoke(t.Context(), payload("pause", "x"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			pids[string(body)]++
		})
	}
	group.Wait()
	if len(pids) != 2 || pool.ColdStarts() != 2 {
		t.Errorf("6 events went to %v with %d cold starts, want 2 instances", pids, pool.ColdStarts())
	}
	if stats, err := pool.Stats(); err != nil || len(stats) != 2 || stats[0].Invocations+stats[1].Invocations != 6 {
		t.Errorf("stats %+v, %v", stats, err)
	}

	if _, err := pool.Invoke(t.Context(), payload("exit", "")); err == nil {
		t.Error("a crash was no error")
	}
	for range 3 {
		if _, err := pool.Invoke(t.Context(), payload("", "after")); err != nil {
			t.Errorf("after a crash: %v", err)
		}
	}
	if err := pool.Stop(); err != nil {
		t.Fatal(err)
	}
	if stats, _ := pool.Stats(); len(stats) != 0 {
		t.Errorf("%d instances after Stop", len(stats))
	}
}
