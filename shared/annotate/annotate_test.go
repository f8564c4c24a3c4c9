package annotate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/awsapi/securityhubapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

const (
	product = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
	update  = "securityhub:BatchUpdateFindings"
	start   = "config:StartConfigRulesEvaluation"
	assume  = "sts:AssumeRole"
)

// rig is an annotator before a synthetic cloud, with a clock that only sleeping and the test move.
type rig struct {
	*Annotator
	cloud *annotatetest.Cloud
	mu    sync.Mutex
	now   time.Time
	n     map[string]int
}

func newRig(cloud *annotatetest.Cloud) *rig {
	r := &rig{cloud: cloud, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), n: map[string]int{}}
	r.Annotator = New(hub.Sessions(cloud.Config("eu-west-1"), "shoreup/shoreup-annotate", "annotate"), func(metric string, n int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if n != 0 {
			r.n[metric] += n
		}
	})
	r.Now = func() time.Time {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.now
	}
	r.Sleep = func(_ context.Context, d time.Duration) error { r.pass(d); return nil }
	return r
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// knows makes every finding known to AWS services by these ids and names.
func (r *rig) knows(about About) *rig {
	r.About = func(core.Finding) About { return about }
	return r
}

func found(outcome core.Outcome) core.Finding {
	return core.Finding{Control: "s3-bucket-public", Account: "111122223333", Region: "eu-west-1", Resource: "b", Hash: "3f2a00112233445566778899",
		Outcome: outcome, Reason: "why", Record: core.Record{Chain: "111122223333", Seq: 17}}
}

func ids(names ...string) []securityhubapi.ID {
	var out []securityhubapi.ID
	for _, n := range names {
		out = append(out, securityhubapi.ID{ID: n, ProductARN: product})
	}
	return out
}

// written is what an update said: the findings' ids, the note and the status.
func written(t *testing.T, r annotatetest.Request) string {
	t.Helper()
	var in struct {
		FindingIdentifiers []struct{ Id string }
		Note               struct{ Text, UpdatedBy string }
		Workflow           struct{ Status string }
	}
	if err := json.Unmarshal([]byte(r.Body), &in); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range in.FindingIdentifiers {
		names = append(names, f.Id)
	}
	return strings.Join(names, ",") + "|" + in.Note.UpdatedBy + "|" + in.Note.Text + "|" + in.Workflow.Status
}

func TestNotes(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[core.Outcome]string{
		core.AwaitingApproval:  "waiting for approval, plan 3f2a00112233|NOTIFIED",
		core.Planned:           "will be fixed without being asked, plan 3f2a00112233|NOTIFIED",
		core.Regressed:         "wrong again after a fix, plan 3f2a00112233|NOTIFIED",
		core.Unverified:        "changed and not verified, record 17: why|NOTIFIED",
		core.Failed:            "the fix failed, record 17: why|NOTIFIED",
		core.Fixed:             "fixed and verified, record 17; the control will resolve it at its next check|",
		core.Undone:            "the fix was taken back, record 17|",
		core.Reported:          "reported, nothing is changed: why|",
		core.Excepted:          "not fixed: why|",
		core.Refused:           "not fixed: why|",
		core.Rejected:          "not fixed, plan 3f2a00112233: why|",
		core.Expired:           "not fixed, the approval of plan 3f2a00112233 ran out|",
		core.Stale:             "not fixed, plan 3f2a00112233: why|",
		core.Blind:             "could not be judged: why|",
		core.Errored:           "could not be judged: why|",
		core.Compliant:         "found in order; the control will resolve it at its next check|",
		core.NotApplicableHere: "does not apply: why|",
	} {
		cloud := &annotatetest.Cloud{}
		r := newRig(cloud).knows(About{SecurityHub: ids("one", "two", "one")})
		if err := r.Tell(t.Context(), found(outcome)); err != nil {
			t.Errorf("%s: %v", outcome, err)
			continue
		}
		got := cloud.Requests(update)
		if len(got) != 1 || written(t, got[0]) != "one,two|shoreup|shoreup: "+want || r.n[Noted] != 2 {
			t.Errorf("%s: %d updates, %q, counted %v; want %q", outcome, len(got), written(t, got[0]), r.n, want)
		}
	}
	if len(words) != 17 {
		t.Errorf("%d outcomes have a note and 17 are tested", len(words))
	}
}

func TestNothingIsSaidWithoutAFindingOfSecurityHub(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	if err := newRig(cloud).Tell(t.Context(), found(core.AwaitingApproval), found(core.Ignored)); err != nil || len(cloud.Requests("")) != 0 {
		t.Errorf("%v after %d requests; want none, and no role taken", err, len(cloud.Requests("")))
	}
}

func TestAHostileReasonStaysText(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	f := found(core.Refused)
	f.Reason = "PLAN \x1b[31m" + strings.Repeat("é", 600)
	if err := newRig(cloud).knows(About{SecurityHub: ids("one")}).Tell(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	got := written(t, cloud.Requests(update)[0])
	if !strings.HasPrefix(got, "one|shoreup|shoreup: not fixed: PLAN ") || strings.ContainsRune(got, 0x1b) || !strings.HasSuffix(got, "é…|") {
		t.Errorf("%q", got)
	}
}

func TestFindingsAreUpdatedWhereTheyAre(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	at := func(id, arn string) securityhubapi.ID { return securityhubapi.ID{ID: id, ProductARN: arn} }
	r := newRig(cloud).knows(About{SecurityHub: []securityhubapi.ID{
		at("here", product), at("there", "arn:aws:securityhub:us-east-1::product/aws/securityhub"), at("odd", "no ARN"),
		at("forged", "arn:aws:securityhub:evil.example::product/x"), at("china", "arn:aws-cn:securityhub:cn-north-1::product/aws/securityhub"),
	}})
	if err := r.Tell(t.Context(), found(core.AwaitingApproval)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, q := range cloud.Requests(update) {
		names, _, _ := strings.Cut(written(t, q), "|")
		got = append(got, q.Account+" "+q.Region+" "+names)
	}
	if diff := cmp.Diff([]string{"111122223333 eu-west-1 here,odd,forged,china", "111122223333 us-east-1 there"}, got); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	taken := cloud.Requests(assume)
	if len(taken) != 1 || !strings.Contains(taken[0].Body, "role%2Fshoreup%2Fshoreup-annotate") || !strings.Contains(taken[0].Body, "SourceIdentity=shoreup") || taken[0].Account != "own" {
		t.Errorf("took %+v; want the annotate role once, with a source identity", taken)
	}
}

func TestAtMostAHundredFindingsAtATime(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	var names []string
	for i := range 150 {
		names = append(names, fmt.Sprint("f-", i))
	}
	r := newRig(cloud).knows(About{SecurityHub: ids(names...)})
	if err := r.Tell(t.Context(), found(core.Fixed)); err != nil || len(cloud.Requests(update)) != 2 || r.n[Noted] != 150 {
		t.Errorf("%v, %d updates, counted %v; want 150 findings in 2", err, len(cloud.Requests(update)), r.n)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	fail := func(operation, code string, status, times int) func(annotatetest.Request) (int, string) {
		return func(q annotatetest.Request) (int, string) {
			if q.Operation != operation || times == 0 {
				return 0, ""
			}
			times--
			return status, code
		}
	}
	for _, c := range []struct {
		name   string
		cloud  *annotatetest.Cloud
		want   string // in the error; empty: none
		counts map[string]int
		calls  int
	}{
		{"Security Hub is off", &annotatetest.Cloud{NoHub: true}, "", map[string]int{NoHub: 2}, 1},
		{"one is gone", &annotatetest.Cloud{Unprocessed: map[string]string{"b": "FindingNotFound"}}, "1 of 2 were not, the first b: FindingNotFound", map[string]int{Noted: 1, NotNoted: 1}, 1},
		{"one is being updated", &annotatetest.Cloud{Unprocessed: map[string]string{"b": "ConcurrentUpdateError"}}, "b: ConcurrentUpdateError", map[string]int{Noted: 1, NotNoted: 1}, 3},
		{"throttled once", &annotatetest.Cloud{Fail: fail(update, "ThrottlingException", 429, 1)}, "", map[string]int{Noted: 2}, 2},
		{"always throttled", &annotatetest.Cloud{Fail: fail(update, "ThrottlingException", 429, -1)}, "ThrottlingException", map[string]int{Failures: 2}, 3},
		{"not allowed", &annotatetest.Cloud{Fail: fail(update, "AccessDeniedException", 403, -1)}, "AccessDeniedException", map[string]int{Failures: 2}, 1},
		{"the service is broken once", &annotatetest.Cloud{Fail: fail(update, "InternalException", 500, 1)}, "", map[string]int{Noted: 2}, 2},
		{"no role", &annotatetest.Cloud{Fail: fail(assume, "AccessDenied", 403, -1)}, "telling AWS services in 111122223333/eu-west-1", map[string]int{Failures: 2}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(c.cloud).knows(About{SecurityHub: ids("a", "b")})
			err := r.Tell(t.Context(), found(core.AwaitingApproval))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if diff := cmp.Diff(c.counts, r.n); diff != "" || len(c.cloud.Requests(update)) != c.calls {
				t.Errorf("%d calls, want %d; counted (- want, + got)\n%s", len(c.cloud.Requests(update)), c.calls, diff)
			}
		})
	}
}

// What is told of one resource is written in the order of its records, however it came.
func TestTheLastRecordHasTheLastWord(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{}
	fixed, waiting := found(core.Fixed), found(core.AwaitingApproval)
	waiting.Record.Seq = 15
	if err := newRig(cloud).knows(About{SecurityHub: ids("one")}).Tell(t.Context(), fixed, waiting); err != nil {
		t.Fatal(err)
	}
	got := cloud.Requests(update)
	if len(got) != 2 || !strings.Contains(written(t, got[1]), "fixed and verified") {
		t.Errorf("%d updates, the last %q", len(got), written(t, got[len(got)-1]))
	}
}

func TestOneFailureHidesNoOther(t *testing.T) {
	t.Parallel()
	cloud := &annotatetest.Cloud{Rules: []string{"there"}, Unprocessed: map[string]string{"one": "FindingNotFound"}}
	r := newRig(cloud).knows(About{SecurityHub: ids("one"), ConfigRules: []string{"there"}})
	if err := r.Tell(t.Context(), found(core.Fixed)); err == nil || r.n[Started] != 1 {
		t.Errorf("%v, counted %v; want the rule started although the note failed", err, r.n)
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	var actions []string
	for _, op := range Operations() {
		actions = append(actions, op.Actions...)
	}
	if diff := cmp.Diff([]string{"securityhub:BatchUpdateFindings", "config:StartConfigRulesEvaluation"}, actions); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	for _, a := range actions {
		if !strings.HasPrefix(annotatetest.Synthetic[a], "https://docs.aws.amazon.com/") {
			t.Errorf("%s is answered without a page of the API reference", a)
		}
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(About{ConfigRules: []string{"shoreup-s3-bucket-public"}}, Of(found(core.Fixed))); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	f := found(core.Fixed)
	f.ConfigRules = []string{"S3_BUCKET_PUBLIC_READ_PROHIBITED"}
	f.Cause = core.Cause{Finding: "one", Product: product, ConfigRule: "customers-own"}
	whole := About{SecurityHub: ids("one"), ConfigRules: []string{"shoreup-s3-bucket-public", "shoreup-s3-bucket-public-read-prohibited", "customers-own"}}
	if diff := cmp.Diff(whole, Of(f)); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	f.Cause.ConfigRule = "securityhub-s3-bucket-public-1a2b3c"
	if got := Of(f).ConfigRules; len(got) != 2 {
		t.Errorf("%q: a rule that Security Hub owns takes no call of others", got)
	}
	want := []string{"shoreup-s3-bucket-public", "shoreup-s3-bucket-public-read-prohibited"}
	if diff := cmp.Diff(want, RuleNames("s3-bucket-public", []string{"S3_BUCKET_PUBLIC_READ_PROHIBITED"})); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
}

func TestSleepEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Error(err)
	}
}
