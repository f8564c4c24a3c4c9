// Package requests counts what looking, fixing and reading back costs in requests to the customer's account, keeps it within what was promised, and prints it as
// a table: go test -v ./tests/requests.
package requests

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// spent are requests by the part of the way that made them.
type spent struct {
	plan, replan, write, readBack int
	tables                        int // to our own tables; they are not in the customer's account
}

func (s spent) total() int { return s.plan + s.replan + s.write + s.readBack }

// budget is what a case costs, derived by hand from what has to be known. A case without writes has only a plan.
type budget struct {
	control, name, script string
	plan                  int // to plan again costs the same
	writes, readBack      int
}

func (b budget) total() int {
	if b.writes == 0 {
		return b.plan
	}
	return 2*b.plan + b.writes + b.readBack
}

// bar is what was promised of every case of the control.
func (b budget) bar() int {
	switch {
	case b.control == s3Public && b.writes > 0:
		return 18
	case b.control == s3Public && b.plan > 2:
		return 8
	}
	return b.total()
}

func TestRequestBudgets(t *testing.T) {
	budgets := slices.Concat(bucketBudgets, groupBudgets)
	got := make([]spent, len(budgets))
	t.Run("cases", func(t *testing.T) {
		for i, b := range budgets {
			t.Run(b.name, func(t *testing.T) {
				t.Parallel()
				got[i] = measure(t, b)
				b.check(t, got[i])
			})
		}
	})
	var table strings.Builder
	row := func(cells ...any) { fmt.Fprintf(&table, "%-56s %6v %8v %6v %10v %6v %5v %12v\n", cells...) }
	row("requests to the account", "plan", "re-plan", "write", "read-back", "total", "bar", "(own tables)")
	for i, b := range budgets {
		s := got[i]
		row(b.name, s.plan, s.replan, s.write, s.readBack, s.total(), b.bar(), s.tables)
	}
	t.Log("\n" + table.String())
}

func (b budget) check(t *testing.T, got spent) {
	t.Helper()
	want := spent{plan: b.plan, tables: got.tables}
	if b.writes > 0 {
		want.replan, want.write, want.readBack = b.plan, b.writes, b.readBack
	}
	if got != want {
		t.Errorf("requests %+v, want %+v", got, want)
	}
	if got.total() > b.bar() {
		t.Errorf("%d requests in all, want at most %d", got.total(), b.bar())
	}
}

// everythingByApproval lets a test stop between the plan and its being carried out, and carries out what is never automatic.
const everythingByApproval = "version: 1\nrules:\n  - { name: ask, match: { families: [storage, network] }, mode: approve }\n"

// measure makes the case's resource in an account of its own and takes it through the engine, as an event would.
func measure(t *testing.T, b budget) spent {
	t.Helper()
	cloud := tabletest.New(t)
	account := cloud.Session.Account
	vars := map[string]string{"account": account, "bucket": "b-" + account}
	if err := setup.Run(t.Context(), cloud.Session, b.script, vars); err != nil {
		t.Fatal(err)
	}
	var tables atomic.Int64
	cloud.Fail(func(op string) tabletest.Fault {
		if op != "" { // S3 and EC2 name their operations otherwise
			tables.Add(1)
		}
		return tabletest.None
	})
	rec, marks := &awsapi.Recorder{}, &marks{}
	e := newEngine(t, cloud, func() { marks.set(rec.Total()) })
	ctx := awsapi.WithRecorder(t.Context(), rec)
	findings, err := e.Evaluate(ctx, sight(b, vars, account))
	if err != nil || len(findings) != 1 {
		t.Fatalf("evaluating: %d findings, %v", len(findings), err)
	}
	out := spent{plan: rec.Total()}
	if want := map[bool]core.Outcome{false: core.Compliant, true: core.AwaitingApproval}[b.writes > 0]; findings[0].Outcome != want {
		t.Fatalf("outcome %s (%s), want %s", findings[0].Outcome, findings[0].Reason, want)
	}
	if b.writes > 0 {
		carryOut(ctx, t, e, findings[0])
		c, _ := e.Control(b.control)
		for _, op := range c.Writes {
			out.write += rec.Counts()[op.Name]
		}
		out.replan = marks.get() - out.plan
		out.readBack = rec.Total() - out.plan - out.replan - out.write
	}
	out.tables = int(tables.Load())
	return out
}

func carryOut(ctx context.Context, t *testing.T, e *engine.Engine, f core.Finding) {
	t.Helper()
	open, err := e.State.ListOpen(ctx, f.Account)
	if err != nil || len(open) != 1 {
		t.Fatalf("%d open occurrences, %v", len(open), err)
	}
	done, err := e.Apply(ctx, engine.Order{Occurrence: open[0].ID, Control: f.Control, Resource: f.Plan.Resource, Hash: f.Hash}, "dana")
	if err != nil {
		t.Fatal(err)
	}
	if done.Outcome != core.Fixed {
		t.Fatalf("outcome %s (%s), want fixed", done.Outcome, done.Reason)
	}
}

func sight(b budget, vars map[string]string, account string) signal.Signal {
	s := signal.Signal{Class: signal.ClassSweep, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: vars["bucket"], Account: account, Region: "eu-west-1", Partition: "aws", Time: time.Now()}
	if b.control == sgOpen {
		s.ResourceType, s.ResourceID = "AWS::EC2::SecurityGroup", vars["sg"]
	}
	return s
}

// marks remembers how many requests were made when the engine asked for a session to write with: the end of planning again.
type marks struct {
	mu sync.Mutex
	n  int
}

func (m *marks) set(n int) { m.mu.Lock(); defer m.mu.Unlock(); m.n = n }
func (m *marks) get() int  { m.mu.Lock(); defer m.mu.Unlock(); return m.n }

func newEngine(t *testing.T, cloud *tabletest.Cloud, writing func()) *engine.Engine {
	t.Helper()
	file, err := rules.Load([]byte(everythingByApproval))
	if err != nil {
		t.Fatal(err)
	}
	var controls []core.Control
	for _, c := range catalog.Controls() {
		if c.ID == s3Public || c.ID == sgOpen {
			controls = append(controls, c)
		}
	}
	if len(controls) != 2 {
		t.Fatalf("%d controls, want %s and %s", len(controls), s3Public, sgOpen)
	}
	store := cloud.Store()
	return &engine.Engine{
		Controls: controls, Rules: func(context.Context) *rules.File { return file },
		Read: func(_ context.Context, _, region string) (awsapi.Session, error) {
			return cloud.Session.In(region), nil
		},
		Write: func(context.Context, engine.WriteRequest) (awsapi.Session, error) {
			writing()
			return cloud.Session, nil
		},
		State: occurrence.New(store, cloud.Table(occurrence.StateTable), time.Now),
		Log:   audit.New(store, cloud.Table(occurrence.AuditTable), time.Now, "requests"),
		Now:   time.Now, Sleep: engine.SleepFor, Owner: "requests",
	}
}
