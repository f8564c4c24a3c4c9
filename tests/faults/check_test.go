package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// look is all that decides who can reach a bucket.
type look struct {
	Policy string
	Block  s3api.Block
	Grants string // canonical
}

// reader is a session that no fault lies on. It gets another name before its budget of requests is used up, and one of this world's own: budgets are kept by name.
func (w *world) reader() awsapi.Session {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looks++; w.looks%25 == 1 {
		w.onlooker = w.plain(fmt.Sprintf("%s-onlooker-%d", w.account, w.looks))
	}
	return w.onlooker
}

func (w *world) see(bucket string) look {
	var out look
	s, ctx := w.reader(), context.WithoutCancel(w.t.Context())
	policy, err := s3api.ReadPolicy(ctx, s, bucket)
	if err != nil {
		w.problem("looking at %s: %v", bucket, err)
	}
	block, err := s3api.ReadBlock(ctx, s, bucket)
	if err != nil {
		w.problem("looking at %s: %v", bucket, err)
	}
	_, grants, err := s3api.ReadACL(ctx, s, bucket)
	if err != nil {
		w.problem("looking at %s: %v", bucket, err)
	}
	out.Policy = policy
	if block != nil {
		out.Block = *block
	}
	raw, err := json.Marshal(grants)
	if err != nil {
		w.problem("looking at %s: %v", bucket, err)
	}
	out.Grants = string(raw)
	return out
}

// owner makes calls as the bucket's owner, who asks nobody. What the bucket is then is what nothing may be more open than.
func (w *world) owner(bucket, script string) {
	w.t.Helper()
	err := setup.Run(w.t.Context(), w.plain(w.account), script, map[string]string{"bucket": bucket, "account": w.account})
	if err != nil {
		w.t.Errorf("setting up: %v", err)
	}
	seen := w.see(bucket)
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.s3.effects) // what the owner has undone may be done again
	clear(w.s3.last)
	clear(w.s3.stale)
	if !slices.Contains(w.buckets, bucket) {
		w.buckets = append(w.buckets, bucket)
	}
	w.owners[bucket] = seen
}

// check holds the world against the invariants that must hold at any time. It clears what it reports.
func (w *world) check() []string {
	w.checkChain()
	w.checkRecords()
	for _, bucket := range w.buckets {
		w.checkOpenness(bucket)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for fix, n := range w.s3.effects {
		if n > 1 {
			w.problems = append(w.problems, fmt.Sprintf("%d effective writes of %s", n, fix))
		}
	}
	out := w.problems
	w.problems = nil
	return out
}

func (w *world) checkChain() {
	if head, err := w.log.Head(w.t.Context(), w.account); err != nil || head.Seq == 0 {
		return // no chain yet, which is no fault
	}
	var lines bytes.Buffer
	if err := w.log.Export(w.t.Context(), &lines, w.account, 0); err != nil {
		w.problem("exporting the chain: %v", err)
		return
	}
	report, err := verify.Read(&lines, verify.Options{Chain: w.account})
	if err != nil || !report.OK() {
		w.problem("the chain does not verify: %v %+v", err, report.Findings)
	}
}

// checkRecords: what is recorded as fixed was read back as planned, and nothing was begun but what was planned and decided, on record, by its hash.
func (w *world) checkRecords() {
	decided, planned := map[string]int{}, map[string]string{}
	for _, e := range w.entries() {
		var d struct{ Hash, After, Wanted string }
		if e.Kind != audit.Error && json.Unmarshal(e.Detail, &d) != nil {
			w.problem("reading the detail of record %d", e.Seq)
		}
		switch {
		case e.Kind == audit.Plan:
			planned[e.Plan] = d.Hash
		case e.Kind == audit.Decision:
			decided[e.Plan]++
		case e.Kind == audit.Intent && (decided[e.Plan] == 0 || planned[e.Plan] != d.Hash):
			w.problem("record %d begins plan %s with hash %s; on record are hash %q and %d decisions", e.Seq, e.Plan, d.Hash, planned[e.Plan], decided[e.Plan])
		case e.Kind == audit.Result && e.Outcome == string(core.Fixed) && (d.After != d.Wanted || d.After == ""):
			w.problem("record %d says fixed, read back %q and wanted %q", e.Seq, d.After, d.Wanted)
		}
	}
}

// checkEnds: of everything that was begun it is on record how it ended.
func (w *world) checkEnds() {
	begun := map[string]int64{}
	for _, e := range w.entries() {
		switch e.Kind {
		case audit.Intent:
			begun[e.Occurrence] = e.Seq
		case audit.Result, audit.Refusal, audit.Error:
			delete(begun, e.Occurrence)
		}
	}
	open, err := w.book.ListOpen(w.t.Context(), w.account)
	if err != nil {
		w.problem("listing occurrences: %v", err)
	}
	for _, o := range open { // a person will say
		delete(begun, o.ID)
	}
	if len(begun) > 0 {
		w.problem("no record says how these ended: %v", begun)
	}
}

// checkOpenness: every statement that allows was there when the owner last changed the bucket, every one that denies is still there, no block was taken
// away and no grant was added; and our own judge sees nothing that it did not see then.
func (w *world) checkOpenness(bucket string) {
	now, then := w.see(bucket), w.owners[bucket]
	if then.Block.Or(now.Block) != now.Block {
		w.problem("%s: the block was %+v and is %+v", bucket, then.Block, now.Block)
	}
	if allowed, denied := statements(now.Policy, "Allow"), statements(then.Policy, "Deny"); !within(allowed, statements(then.Policy, "Allow")) || !within(denied, statements(now.Policy, "Deny")) {
		w.problem("%s: the policy is more open than its owner made it: %s, before %s", bucket, now.Policy, then.Policy)
	}
	var was, is []s3api.Grant
	if json.Unmarshal([]byte(then.Grants), &was) != nil || json.Unmarshal([]byte(now.Grants), &is) != nil || !within(is, was) {
		w.problem("%s: the ACL is %s and was %s", bucket, now.Grants, then.Grants)
	}
	if !within(public(now), public(then)) {
		w.problem("%s: public now %v, before %v", bucket, public(now), public(then))
	}
}

func within[T comparable](some, all []T) bool {
	return !slices.ContainsFunc(some, func(s T) bool { return !slices.Contains(all, s) })
}

// statements returns the policy's statements of an effect, canonical.
func statements(policy, effect string) []string {
	var doc struct{ Statement []map[string]any }
	if policy == "" || json.Unmarshal([]byte(policy), &doc) != nil {
		return nil
	}
	var out []string
	for _, s := range doc.Statement {
		if raw, err := json.Marshal(s); err == nil && s["Effect"] == effect {
			out = append(out, string(raw))
		}
	}
	return out
}

// public returns what our judge finds public in effect: statements by Sid.
func public(l look) []string {
	doc, err := iampolicy.Parse([]byte(l.Policy))
	if err != nil || l.Block.RestrictPublicBuckets {
		return nil
	}
	var out []string
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3Bucket) {
		out = append(out, doc.Statements[e.Statement].Sid)
	}
	return out
}

// report fails the test with what was found.
func (w *world) report(t testing.TB) {
	t.Helper()
	if found := w.check(); len(found) > 0 {
		t.Errorf("%s\nrecords: %s\n%s", strings.Join(found, "\n"), w.kinds(), w.script)
	}
}
