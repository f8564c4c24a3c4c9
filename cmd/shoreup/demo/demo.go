// Package demo shows the main job on this machine: the templates of an installation deployed at an AWS emulator, a small broken company beside it, real-shaped
// events on its bus, the real function binaries behind their queues, and what comes of it. It touches nothing but the emulator that it installs and starts itself.
package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/report/text"
)

// Options are the demo's flags.
type Options struct {
	JSON  bool
	Keep  bool   // leave the emulator running
	Out   string // folder for everything that was shown; empty: a temporary one
	Text  text.Options
	Print io.Writer
	Say   func(string) // progress
}

// Summary is what the demo comes to; the keys are stable and documented in the README.
type Summary struct {
	Resources        int            `json:"resources"`
	Compliant        int            `json:"compliant"`
	Fixed            int            `json:"fixed"`
	Reported         int            `json:"reported"`
	AwaitingApproval int            `json:"awaiting_approval"`
	Exception        int            `json:"exception"`
	Refused          int            `json:"refused"`
	Unverified       int            `json:"unverified"`
	Failed           int            `json:"failed"`
	Undone           int            `json:"undone"`
	SlackMessages    int            `json:"slack_messages"`
	Audit            AuditSummary   `json:"audit"`
	Requests         map[string]int `json:"requests"` // to the emulator, by service
	Seconds          float64        `json:"seconds"`  // without installing and compiling
}

// AuditSummary says what became of the record.
type AuditSummary struct {
	Entries  int64 `json:"entries"`
	Verified bool  `json:"verified"`
}

// run is one run of the demo.
type run struct {
	Options
	cloud cloud
	hub   *hub.Hub
	sum   Summary
	began time.Time
	dir   string
	page  *os.File // everything that was shown, as text
}

// Run shows the whole way and returns the summary. It leaves nothing running unless Keep is set.
func Run(ctx context.Context, o Options) (err error) {
	r := &run{Options: o}
	if r.dir, err = folder(o.Out); err != nil {
		return err
	}
	if r.page, err = os.Create(filepath.Join(r.dir, "demo.txt")); err != nil {
		return err
	}
	defer r.page.Close()
	defer func() {
		if stop := r.cloud.stop(o.Keep && err == nil); err == nil {
			err = stop
		}
	}()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{r.report, r.events, r.approve, r.outcomes, r.slack, r.undo, r.trail} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return r.finish()
}

func folder(out string) (string, error) {
	if out == "" {
		return os.MkdirTemp("", "shoreup-demo-")
	}
	abs, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	return abs, os.MkdirAll(abs, 0o755)
}

// prepare installs, starts and compiles. Only what comes after it is timed.
func (r *run) prepare(ctx context.Context) error {
	if err := r.cloud.start(ctx, r.Say, r.dir, r.Keep); err != nil {
		return err
	}
	if err := r.cloud.install(ctx); err != nil {
		return err
	}
	r.began = time.Now()
	r.Say("building a small broken company")
	if err := r.cloud.build(ctx); err != nil {
		return err
	}
	env := hub.Env{Account: account, Region: region, Tables: tables, Rules: r.cloud.rules, ReadRole: hub.ReadRole, WriteRole: hub.WriteRole}
	r.hub = hub.New(r.cloud.cfg, env, catalog.Controls())
	return nil
}

// out is where people read; programs get the summary alone.
func (r *run) out() io.Writer {
	if r.JSON {
		return r.page
	}
	return io.MultiWriter(r.Print, r.page)
}

func (r *run) title(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(r.out(), "\n=== %s\n\n", line)
}

// events delivers what happened in the company and lets the functions work.
func (r *run) events(ctx context.Context) error {
	r.title("%d events arrive; the functions evaluate them, and apply what the rules let through", len(calls))
	dir := filepath.Join(r.dir, "events")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	at := time.Now().Add(-40 * time.Second)
	for i, call := range calls {
		body, err := call.envelope(i+1, r.cloud.vars, at.Add(time.Duration(i)*time.Second))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d-%s.json", i+1, call.name)), body, 0o644); err != nil {
			return err
		}
		if err := r.cloud.deliver(ctx, body); err != nil {
			return err
		}
	}
	r.Say("the functions are at work")
	return r.cloud.settle(ctx)
}

// slack prints the messages as a person would see them.
func (r *run) slack(context.Context) error {
	messages := r.cloud.slack.Messages()
	r.sum.SlackMessages = len(messages)
	r.title("%d Slack messages", len(messages))
	for _, m := range messages {
		fmt.Fprintln(r.out(), slacksink.Render(m))
	}
	if refused := r.cloud.slack.Refused(); len(refused) > 0 {
		return fmt.Errorf("the local Slack refused %d messages: %s", len(refused), refused[0])
	}
	return r.save("slack.json", messages)
}

func (r *run) finish() error {
	r.sum.Requests = r.cloud.requests()
	r.sum.Seconds = float64(time.Since(r.began).Milliseconds()) / 1000
	if err := r.save("summary.json", r.sum); err != nil {
		return err
	}
	if r.JSON {
		enc := json.NewEncoder(r.Print)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r.sum); err != nil {
			return err
		}
		return r.kept(os.Stderr)
	}
	s := r.sum
	r.title("In %.0f seconds", s.Seconds)
	fmt.Fprintf(r.out(), "%d resources, %d of them in order. %d fixed and proved, %d reported, %d wait for a person, %d exempt, %d refused, %d unverified, %d failed, %d undone.\n",
		s.Resources, s.Compliant, s.Fixed, s.Reported, s.AwaitingApproval, s.Exception, s.Refused, s.Unverified, s.Failed, s.Undone)
	fmt.Fprintf(r.out(), "%d Slack messages, %d audit records, verified: %v.\n", s.SlackMessages, s.Audit.Entries, s.Audit.Verified)
	fmt.Fprintf(r.Print, "All of it is in %s\n", r.dir)
	return r.kept(r.Print)
}

// kept tells how to go on with the emulator that was left running.
func (r *run) kept(w io.Writer) error {
	if !r.Keep {
		return nil
	}
	env, err := r.cloud.handover(context.Background())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nThe emulator keeps running as process %d. To use it:\n%s", r.cloud.emulator.PID(), env)
	return nil
}

func (r *run) save(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.dir, name), append(b, '\n'), 0o644)
}

// tally counts a final outcome.
func (s *Summary) tally(o core.Outcome) {
	counters := map[core.Outcome]*int{
		core.Fixed: &s.Fixed, core.Reported: &s.Reported, core.AwaitingApproval: &s.AwaitingApproval, core.Excepted: &s.Exception, core.Refused: &s.Refused,
		core.Unverified: &s.Unverified, core.Failed: &s.Failed, core.Undone: &s.Undone,
	}
	if n, ok := counters[o]; ok {
		*n++
	}
}
