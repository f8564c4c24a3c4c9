// Package faults proves what the engine promises when everything around it fails: tables, queues and AWS lose requests and answers, throttle, break
// and show old states, deliveries come twice, late and all at once, and processes die at any request.
//
// A run is a [world]: an account at the emulator with our tables and the customer's buckets. Every request that leaves a [process] passes the world's
// script, which says what becomes of it, and every write to a bucket is held against the audit log before it is let through.
package faults

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

// lanes is how many tests TestAnyHistory is split into: rapid lets histories follow each other.
const lanes = 6

// TestMain keeps the property test short; SHOREUP_FAULTS=all or -rapid.checks, which is per lane, makes it long.
func TestMain(m *testing.M) {
	checks := "1"
	if thorough() {
		checks = "25"
	}
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	emulatortest.Main(m)
}

const (
	region = "eu-west-1"
	// afterClaims is longer than any claim or lease lasts: what SQS delivers then finds whatever a dead process held free again.
	afterClaims = 17 * time.Minute

	limits  = "limits:\n  - { controls: [\"*\"], max: 1000, per: hour }\n"
	autoAll = "version: 1\nrules:\n  - name: everything\n    match: { families: [storage], origin: [event, late-event, sweep, cli] }\n    mode: auto\n" + limits
	askAll  = "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n" + limits
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is an account and everything around the engine.
type world struct {
	t        testing.TB
	account  string
	emulator *emulator.Server
	clock    *clock
	cloud    *tabletest.Cloud // our tables, on the way that faults lie on
	log      *audit.Log       // the same tables on a way of their own
	book     *occurrence.Book
	controls []core.Control
	rules    *rules.File
	queued   bool // automatic plans go through the queue instead of being applied at once

	mu       sync.Mutex
	script   *script
	s3       customer
	queue    []message
	told     []core.Finding
	onlooker awsapi.Session // of the last looks, and how many they were
	looks    int
	names    int
	buckets  []string
	owners   map[string]look // what each bucket was when its owner last changed it
	problems []string
}

func newWorld(t testing.TB, file string, controls ...core.Control) *world {
	t.Helper()
	cloud := tabletest.New(t)
	account := cloud.Session.Account
	w := &world{t: t, account: account, emulator: emulatortest.ForTest(t), cloud: cloud, controls: controls, clock: &clock{t: time.Now()}, script: &script{}, owners: map[string]look{}}
	w.rules = load(t, file)
	for i, c := range controls {
		controls[i] = bold(c)
	}
	store := dynamodbapi.NewStore(w.plain(account))
	w.log = audit.New(store, cloud.Table(occurrence.AuditTable), w.clock.now, "checker")
	w.book = occurrence.New(store, cloud.Table(occurrence.StateTable), w.clock.now)
	w.s3 = customer{world: w, sessions: map[string]int{}, effects: map[string]int{}, last: map[string]answer{}, stale: map[string]*staleness{}}
	cloud.Fail(w.table)
	return w
}

// bold is the control without its one caution about fixes of two writes, no time to look for a CloudFront distribution: what is tested here is that nothing is
// lost between two writes, and people would be in the way of that.
func bold(c core.Control) core.Control {
	propose := c.Propose
	c.Propose = func(s core.Sight, r awsapi.Resource, set core.Settings) (core.Proposal, error) {
		p, err := propose(s, r, set)
		p.NeverAuto = slices.DeleteFunc(p.NeverAuto, func(why string) bool { return strings.HasPrefix(why, "no CloudFront distribution was looked for") })
		return p, err
	}
	return c
}

func load(t testing.TB, file string) *rules.File {
	t.Helper()
	loaded, err := rules.Load([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// plain is access without faults. Budgets of requests are kept by name, so that whoever looks on under another name takes nothing from the engine's.
func (w *world) plain(name string) awsapi.Session {
	return awsapi.NewSession(w.emulator.Config(w.account, region), name, region)
}

func (w *world) problem(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// kinds returns the chain's records as "kind/outcome".
func (w *world) kinds() string {
	var out []string
	for _, e := range w.entries() {
		out = append(out, string(e.Kind)+"/"+e.Outcome)
	}
	return strings.Join(out, " ")
}

func (w *world) entries() []audit.Entry {
	entries, err := w.log.List(w.t.Context(), w.account, 0, 0)
	if err != nil {
		w.problem("reading the audit log: %v", err)
	}
	return entries
}
