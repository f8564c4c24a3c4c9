package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/csv"
	"github.com/shoreup/shoreup/shared/report/html"
	reportjson "github.com/shoreup/shoreup/shared/report/json"
	"github.com/shoreup/shoreup/shared/report/markdown"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

const (
	large      = 10_000
	inTime     = 5 * time.Second
	inMemory   = 200 << 20 // bytes of the whole process at its largest
	envLarge   = "SHOREUP_TEST_LARGE_REPORT"
	minPlanned = 1_000_000 // bytes of the smallest file: less would be another report
)

// formats are all that a report is written as.
var formats = []struct {
	name  string
	write func(io.Writer, report.Report) error
}{
	{"html", func(w io.Writer, r report.Report) error { return html.Write(w, r, html.Options{}) }},
	{"json", reportjson.Write},
	{"csv", func(w io.Writer, r report.Report) error { return csv.Write(w, r, "plans") }},
	{"markdown", func(w io.Writer, r report.Report) error { return markdown.Write(w, r, markdown.Options{}) }},
}

type measured struct {
	Took map[string]time.Duration
	Size map[string]int64
}

// TestMain lets the test's own binary be the process that is measured: nothing else is in its memory.
func TestMain(m *testing.M) {
	dir := os.Getenv(envLarge)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := writeLarge(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// worked is the processor time that this process has used, collecting garbage included: a busy machine must not make the report slower than it is.
func worked() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // there is no such process only if there is no process
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func writeLarge(dir string) error {
	out := measured{map[string]time.Duration{}, map[string]int64{}}
	in := reporttest.Input(large)
	began := worked()
	r := report.Build(in)
	out.Took["build"] = worked() - began
	for _, f := range formats {
		began := worked()
		file, err := os.Create(filepath.Join(dir, f.name))
		if err != nil {
			return err
		}
		if err := f.write(file, r); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
		info, err := os.Stat(file.Name())
		if err != nil {
			return err
		}
		out.Took[f.name], out.Size[f.name] = worked()-began, info.Size()
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

func TestALargeReportIsWrittenFastAndSmall(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), envLarge+"="+t.TempDir())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	var got measured
	if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss * rssUnit()
	t.Logf("%d plans: built in %v of processor time; peak of the process %d MiB, findings and log included", large, got.Took["build"].Round(time.Millisecond), peak>>20)
	for _, f := range formats {
		took := got.Took["build"] + got.Took[f.name]
		t.Logf("%s: written in %v, %.1f MB", f.name, got.Took[f.name].Round(time.Millisecond), float64(got.Size[f.name])/1e6)
		if took > inTime || got.Size[f.name] < minPlanned {
			t.Errorf("%s: built and written in %v with %d bytes", f.name, took, got.Size[f.name])
		}
	}
	if peak > inMemory {
		t.Errorf("%d bytes at its largest, %d are allowed", peak, inMemory)
	}
}
