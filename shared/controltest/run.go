package controltest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/smithy-go/middleware"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// suite is one control and what its cases found out together.
type suite struct {
	control   core.Control
	server    *emulator.Server
	tolerated []string // reads whose denial is an answer
	shuffles  int      // how often each wrong resource is planned from lists in another order

	mu        sync.Mutex
	looked    map[string]bool // operations made over all cases, by what for
	done      map[string]bool
	undone    map[string]bool
	denied    map[string]bool // reads that some case has refused
	requests  []string        // a line for each case
	synthetic map[string]int  // answers given in the emulator's place, by operation
}

// Run proves the control on all cases of the calling package's testdata folder; what that means is in the package comment.
func Run(t *testing.T, c core.Control) {
	t.Helper()
	checkMeta(t, c)
	all := cases(t)
	s := newSuite(t, c)
	wrong := 0
	for _, tc := range all {
		s.tolerated = append(s.tolerated, tc.lines("tolerates")...)
		if tc.live() && (tc.outcome == violating || tc.outcome == refused || tc.outcome == advice) {
			wrong++
		}
	}
	s.shuffles = max(minShuffles, shufflesInAll/max(wrong, 1))
	t.Run("cases", func(t *testing.T) {
		for _, tc := range all {
			t.Run(tc.name, func(t *testing.T) {
				t.Parallel()
				s.prove(t, tc)
			})
		}
	})
	if !t.Failed() && ranAll(t) {
		s.checkOperations(t)
	}
	s.report(t)
}

// ranAll reports whether -run chose all cases: a single one cannot use all operations.
func ranAll(t *testing.T) bool {
	return !strings.Contains(runFlag(), t.Name()+"/")
}

func newSuite(t testing.TB, c core.Control) *suite {
	return &suite{
		control: c, server: emulatortest.ForTest(t), looked: map[string]bool{}, done: map[string]bool{}, undone: map[string]bool{}, denied: map[string]bool{},
		synthetic: map[string]int{},
	}
}

// bench is one case at work.
type bench struct {
	*suite
	testCase
	account, region string
	vars            map[string]string
	exchanges       *exchanges
	resource        awsapi.Resource
}

// newBench sets the case up in an account of its own.
func (s *suite) newBench(t *testing.T, tc testCase) *bench {
	t.Helper()
	b := &bench{suite: s, testCase: tc, account: emulatortest.Account(t), region: "eu-west-1"}
	if s.control.Type.Global {
		b.region = awsapi.HomeRegion("aws")
	}
	if r := tc.lines("region"); len(r) == 1 {
		b.region = r[0]
	}
	b.vars = map[string]string{
		"account": b.account, "region": b.region, "partition": awsapi.PartitionOf(b.region), "bucket": "case-" + b.account, "suffix": b.account,
	}
	var err error
	if b.exchanges, err = loadExchanges(tc); err != nil {
		t.Fatal(err)
	}
	b.exchanges.vars = b.vars
	if tc.live() {
		plain := awsapi.NewSession(s.server.Config(b.account, b.region), b.account, b.region)
		if err := setup.Run(t.Context(), plain, tc.sections["setup"], b.vars); err != nil {
			t.Fatal(err)
		}
	}
	id, err := setup.Expand(strings.TrimSpace(tc.sections["resource"]), b.vars)
	if err != nil {
		t.Fatalf("section resource: %v", err)
	}
	b.resource = awsapi.Resource{Type: s.control.Type.Name, ID: id, Account: b.account, Region: b.region, Partition: awsapi.PartitionOf(b.region)}
	return b
}

// session is access to the case's account, as the control gets it.
func (b *bench) session(deny string, options ...func(*middleware.Stack) error) awsapi.Session {
	cfg := b.server.Config(b.account, b.region)
	cfg.HTTPClient = &wire{next: cfg.HTTPClient, deny: deny, exchanges: b.exchanges}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), options...)
	return awsapi.NewSession(cfg, b.account, b.region)
}

func (b *bench) look(ctx context.Context, s awsapi.Session) (core.Sight, error) {
	return b.control.Look(ctx, s, b.resource, b.settings)
}

// checkOperations compares what was called over all cases with what the control declares.
func (s *suite) checkOperations(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		what     string
		declared []awsapi.Op
		made     map[string]bool
	}{
		{"Reads", s.control.Reads, s.looked}, {"Writes", s.control.Writes, s.done}, {"Undoes", s.control.Undoes, s.undone},
	} {
		if diff := diffLines(opNames(c.declared), slices.Sorted(maps.Keys(c.made))); diff != "" {
			t.Errorf("%s differ from what the cases made (- declared, + made): an operation that no case uses needs a case or no declaration\n%s", c.what, diff)
		}
	}
	for _, op := range opNames(s.control.Reads) {
		if !s.denied[op] {
			t.Errorf("no case has denied %s", op)
		}
	}
}

func opNames(ops []awsapi.Op) []string {
	var names []string
	for _, o := range ops {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// report prints the requests of each case, and the answers that did not come from the emulator.
func (s *suite) report(t *testing.T) {
	slices.Sort(s.requests)
	t.Logf("requests of %s by case\n%s", s.control.ID, strings.Join(s.requests, "\n"))
	for _, op := range slices.Sorted(maps.Keys(s.synthetic)) {
		e, _ := excepted(op)
		t.Logf("synthetic: %d answers to %s were written by hand (the emulator: %s)", s.synthetic[op], op, e.reason)
	}
}

// keep adds the operations that one recorder saw to those of all cases.
func (b *bench) keep(all map[string]bool, one *awsapi.Recorder) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, op := range one.Ops() {
		all[op] = true
	}
}

// note keeps a case's line of the report.
func (b *bench) note(line string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.requests = append(b.requests, fmt.Sprintf("%-40s ", b.name)+fmt.Sprintf(line, args...))
	for op, n := range b.exchanges.used {
		b.synthetic[op] += n
	}
}
