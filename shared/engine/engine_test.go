package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
	"github.com/shoreup/shoreup/shared/rules"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// rig is an engine on an account of its own.
type rig struct {
	*engine.Engine
	cloud *tabletest.Cloud
	t     *testing.T
	told  *[]core.Finding
}

const autoAll = `
version: 1
rules:
  - name: everything
    match: { families: [storage, network], origin: [event, late-event, sweep, cli] }
    mode: auto
`

func newRig(t *testing.T, file string) rig {
	t.Helper()
	cloud := tabletest.New(t)
	loaded, err := rules.Load([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	r := rig{cloud: cloud, t: t, told: &[]core.Finding{}}
	r.Engine = r.process(loaded, "first")
	return r
}

// process is another process on the same tables.
func (r rig) process(file *rules.File, name string) *engine.Engine {
	store := r.cloud.Store()
	var mu sync.Mutex
	return &engine.Engine{
		Controls: []core.Control{bucketpublic.Control()},
		Rules:    func(context.Context) *rules.File { return file },
		Read: func(_ context.Context, _, region string) (awsapi.Session, error) {
			return r.cloud.Session.In(region), nil
		},
		Write: func(context.Context, engine.WriteRequest) (awsapi.Session, error) { return r.cloud.Session, nil },
		State: occurrence.New(store, tabletest.Prefix+"-"+occurrence.StateTable, time.Now),
		Log:   audit.New(store, tabletest.Prefix+"-"+occurrence.AuditTable, time.Now, name),
		Notify: func(_ context.Context, f core.Finding) error {
			mu.Lock()
			defer mu.Unlock()
			*r.told = append(*r.told, f)
			return nil
		},
		Now: time.Now, Owner: name,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func (r rig) setup(script string) {
	r.t.Helper()
	if err := setup.Run(r.t.Context(), r.cloud.Session, script, map[string]string{"bucket": r.bucket()}); err != nil {
		r.t.Fatal(err)
	}
}

func (r rig) bucket() string { return "b-" + r.cloud.Session.Account }

const publicBucket = `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"All\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::${bucket}/*\"}]}"}
`

const reopen = `
s3:DeletePublicAccessBlock {"Bucket":"${bucket}"}
`

func (r rig) signal() signal.Signal {
	return signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: r.bucket(), Account: r.cloud.Session.Account, Region: "eu-west-1",
		Partition: "aws", Time: time.Now(), EventSource: "s3.amazonaws.com", EventName: "PutBucketPolicy", EventID: "e-1",
	}
}

func (r rig) evaluate() core.Finding {
	r.t.Helper()
	fs, err := r.Evaluate(r.t.Context(), r.signal())
	if err != nil || len(fs) != 1 {
		r.t.Fatalf("evaluating: %d findings, %v", len(fs), err)
	}
	return fs[0]
}

// kinds returns the chain's records as "kind/outcome".
func (r rig) kinds() []string {
	r.t.Helper()
	entries, err := r.Log.List(r.t.Context(), r.cloud.Session.Account, 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, string(e.Kind)+"/"+e.Outcome)
	}
	return out
}

func (r rig) count(want string) int {
	n := 0
	for _, k := range r.kinds() {
		if k == want {
			n++
		}
	}
	return n
}

func want(t *testing.T, f core.Finding, o core.Outcome) {
	t.Helper()
	if f.Outcome != o {
		t.Fatalf("outcome %s (%s), want %s", f.Outcome, f.Reason, o)
	}
}

func TestAutomaticFix(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.Fixed)
	if got, wanted := strings.Join(r.kinds(), " "), "plan/planned decision/planned intent/planned result/fixed"; got != wanted {
		t.Errorf("recorded %s, want %s", got, wanted)
	}
	if f.Exposure <= 0 || f.Record.Seq != 4 {
		t.Errorf("exposure %v and record %d: want some time and the result's record", f.Exposure, f.Record.Seq)
	}
	want(t, r.evaluate(), core.Compliant)
	if len(*r.told) != 1 {
		t.Errorf("people were told %d times, want once", len(*r.told))
	}
}

func TestReportChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\n")
	r.setup(publicBucket)
	want(t, r.evaluate(), core.Reported)
	want(t, r.evaluate(), core.Reported)
	if got, wanted := strings.Join(r.kinds(), " "), "plan/reported decision/reported"; got != wanted {
		t.Errorf("recorded %s, want %s: a duplicate joins", got, wanted)
	}
	if len(*r.told) != 1 {
		t.Errorf("people were told %d times, want once", len(*r.told))
	}
}

func TestOpenedAgainIdenticallyIsFixedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	want(t, r.evaluate(), core.Fixed)
	r.setup(reopen)
	want(t, r.evaluate(), core.Fixed)
	if n := r.count("result/fixed"); n != 2 {
		t.Errorf("%d fixes recorded, want 2", n)
	}
}

func TestHundredConcurrentDeliveriesAreOneWrite(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	file, err := rules.Load([]byte(autoAll))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 10 {
		e := r.process(file, fmt.Sprintf("process-%d", i))
		for range 10 {
			wg.Go(func() {
				for try := 0; try < 50; try++ {
					_, err := e.Evaluate(t.Context(), r.signal())
					if err == nil {
						return
					}
					if !errors.Is(err, engine.ErrBusy) {
						t.Errorf("evaluating: %v", err)
						return
					}
					time.Sleep(20 * time.Millisecond) // as SQS would deliver it again
				}
			})
		}
	}
	wg.Wait()
	if n := r.count("intent/planned"); n != 1 {
		t.Errorf("%d intents, want 1: %v", n, r.kinds())
	}
	if n := r.count("result/fixed"); n != 1 {
		t.Errorf("%d fixes, want 1", n)
	}
}

func TestKillSwitchStopsEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	if err := r.State.Engage(t.Context(), "test", "drill"); err != nil {
		t.Fatal(err)
	}
	want(t, r.evaluate(), core.Refused)
	if n := r.count("intent/planned"); n != 0 {
		t.Errorf("%d intents while the kill switch was engaged", n)
	}
	if err := r.State.Lift(t.Context(), "test", "over"); err != nil {
		t.Fatal(err)
	}
	s := r.signal()
	s.Class = signal.ClassSweep
	fs, err := r.Evaluate(t.Context(), s)
	if err != nil || len(fs) != 1 {
		t.Fatal(err)
	}
	want(t, fs[0], core.Fixed)
}

func TestLimitIsARefusal(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll+"limits:\n  - { controls: [\"*\"], max: 0, per: hour }\n")
	r.setup(publicBucket)
	limited := 0
	r.Limited = func() { limited++ }
	f := r.evaluate()
	want(t, f, core.Refused)
	if limited != 1 {
		t.Errorf("the limit was counted %d times", limited)
	}
	if !strings.Contains(f.Reason, "limit") {
		t.Errorf("reason %q does not name the limit", f.Reason)
	}
}

func TestApprovalIsOfOneHash(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n")
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.AwaitingApproval)
	c, _ := r.Control("s3-bucket-public")
	other, err := r.ApplyApproved(t.Context(), c, f.Plan.Resource, strings.Repeat("0", 64), "dana")
	if err != nil {
		t.Fatal(err)
	}
	want(t, other, core.Stale)
	unapproved, err := r.Apply(t.Context(), engine.Order{Occurrence: occurrenceOf(t, r), Control: c.ID, Resource: f.Plan.Resource, Hash: f.Hash}, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, unapproved, core.AwaitingApproval)
	done, err := r.ApplyApproved(t.Context(), c, f.Plan.Resource, f.Hash, "dana")
	if err != nil {
		t.Fatal(err)
	}
	want(t, done, core.Fixed)
}

func occurrenceOf(t *testing.T, r rig) string {
	t.Helper()
	list, err := r.State.ListOpen(t.Context(), r.cloud.Session.Account)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d open occurrences, %v", len(list), err)
	}
	return list[0].ID
}

func TestStalePlanIsReplaced(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	var order engine.Order
	r.Enqueue = func(_ context.Context, o engine.Order) error { order = o; return nil }
	want(t, r.evaluate(), core.Planned)
	r.setup(`s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}`)
	f, err := r.Apply(t.Context(), order, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Planned) // the new plan, handed over again
	if n := r.count("refusal/stale"); n != 1 {
		t.Errorf("%d stale plans recorded, want 1: %v", n, r.kinds())
	}
	f, err = r.Apply(t.Context(), order, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Fixed)
}

func TestDeathAfterTheWriteIsResolvedByReading(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	var order engine.Order
	r.Enqueue = func(_ context.Context, o engine.Order) error { order = o; return nil }
	want(t, r.evaluate(), core.Planned)
	occ, _, err := r.State.Get(t.Context(), order.Control, order.Resource)
	if err != nil {
		t.Fatal(err)
	}
	step, err := r.State.Claim(occ, "the dead", -time.Second) // its claim has ended already
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.State.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	r.setup(`s3:PutPublicAccessBlock {"Bucket":"${bucket}","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}`)
	f, err := r.Apply(t.Context(), order, "")
	if err != nil {
		t.Fatal(err)
	}
	want(t, f, core.Fixed)
	if n := r.count("intent/planned"); n != 0 {
		t.Errorf("%d intents: nothing was to be done any more", n)
	}
}

func TestUndoAndItsRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.Fixed)
	u, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Undo(t.Context(), u, ""); !errors.Is(err, engine.ErrCannotUndo) {
		t.Errorf("undo without an approver: %v", err)
	}
	done, err := r.Undo(t.Context(), u, "dana")
	if err != nil {
		t.Fatal(err)
	}
	want(t, done, core.Undone)
	if _, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq); !errors.Is(err, engine.ErrCannotUndo) {
		t.Errorf("undoing twice: %v, want a refusal because the resource has moved", err)
	}
	if _, err := r.PlanUndo(t.Context(), f.Record.Chain, 1); !errors.Is(err, engine.ErrCannotUndo) {
		t.Errorf("undoing a plan record: %v", err)
	}
}

// deaf accepts every write and does nothing.
type deaf struct{}

func (deaf) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{}, Body: http.NoBody}, nil
}

func TestFixThatDidNotTakeIsUnverified(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	account := r.cloud.Session.Account
	cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
	cfg.HTTPClient = deaf{}
	r.Write = func(context.Context, engine.WriteRequest) (awsapi.Session, error) {
		return awsapi.NewSession(cfg, account, "eu-west-1"), nil
	}
	f := r.evaluate()
	want(t, f, core.Unverified)
	if n := r.count("result/unverified"); n != 1 {
		t.Errorf("recorded %v, want one unverified result", r.kinds())
	}
}

func TestNoSessionNoChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err     error
		outcome core.Outcome
	}{
		"no role":                     {errors.New("no role"), core.Failed},
		"too much for one session":    {fmt.Errorf("cutting down the session: %w", awsapi.ErrTooLarge), core.Refused},
		"nothing that names it alone": {fmt.Errorf("cutting down the session: %w", awsapi.ErrNoPattern), core.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, autoAll)
			r.setup(publicBucket)
			r.Write = func(context.Context, engine.WriteRequest) (awsapi.Session, error) { return awsapi.Session{}, c.err }
			want(t, r.evaluate(), c.outcome)
			if n := r.count("result/" + string(c.outcome)); n != 1 {
				t.Errorf("recorded %v, want one result: %s", r.kinds(), c.outcome)
			}
		})
	}
}

func TestBlindIsToldOnceAndEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\n")
	r.setup(publicBucket)
	see := r.Read
	r.Read = func(context.Context, string, string) (awsapi.Session, error) {
		return awsapi.Session{}, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not allowed to assume the read role"}
	}
	want(t, r.evaluate(), core.Blind)
	want(t, r.evaluate(), core.Blind)
	if got := strings.Join(r.kinds(), " "); got != "error/blind" || len(*r.told) != 1 {
		t.Errorf("recorded %s and told %d times: want once each", got, len(*r.told))
	}
	r.Read = see
	want(t, r.evaluate(), core.Reported)
	if got, wanted := strings.Join(r.kinds(), " "), "error/blind plan/reported decision/reported"; got != wanted {
		t.Errorf("recorded %s, want %s", got, wanted)
	}
}

func TestWhatChangesJustBeforeASlowWriteIsNotOverwritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		want   core.Outcome
	}{
		"it changed":    {`s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}`, core.Stale},
		"it is as seen": {``, core.Fixed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, autoAll)
			r.setup(publicBucket)
			late := time.Duration(0)
			r.Now = func() time.Time { return time.Now().Add(late) }
			r.Write = func(context.Context, engine.WriteRequest) (awsapi.Session, error) {
				late = 10 * time.Second // getting the session took long
				r.setup(c.script)
				return r.cloud.Session, nil
			}
			f := r.evaluate()
			want(t, f, c.want)
		})
	}
}

func TestPassingFailureIsDeliveredAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.setup(publicBucket)
	see := r.Read
	r.Read = func(context.Context, string, string) (awsapi.Session, error) {
		return awsapi.Session{}, &smithy.GenericAPIError{Code: "ServiceUnavailable"}
	}
	if _, err := r.Evaluate(t.Context(), r.signal()); err == nil {
		t.Error("a passing failure is acknowledged")
	}
	if got := r.kinds(); len(got) != 0 {
		t.Errorf("recorded %v", got)
	}
	r.Read = see
	want(t, r.evaluate(), core.Fixed)
}

func TestATagOfWhoeverCausedItHoldsNothingOff(t *testing.T) {
	t.Parallel()
	const file = autoAll + `
  - { name: careful, match: { tags: { care: ["yes"] } }, mode: report }
trusted_tags: [care]
`
	const attacker, owner = "arn:aws:sts::111122223333:assumed-role/dev/mallory", "arn:aws:sts::111122223333:assumed-role/owner/olga"
	for name, c := range map[string]struct {
		by   string
		want core.Outcome
	}{
		"set by who opened it": {attacker, core.Fixed},
		"set by its owner":     {owner, core.Reported},
		"set long ago":         {"", core.Reported},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, file)
			r.setup(publicBucket + `s3:PutBucketTagging {"Bucket":"${bucket}","Tagging":{"TagSet":[{"Key":"care","Value":"yes"}]}}`)
			if c.by != "" {
				s := r.signal()
				s.EventName, s.TagKeys, s.Actor.ARN = "PutBucketTagging", "care\nother", c.by
				if fs, err := r.Evaluate(t.Context(), s); err != nil || len(fs) != 0 {
					t.Fatalf("a tagging event gave %d findings, %v", len(fs), err)
				}
			}
			s := r.signal()
			s.Actor.ARN = attacker
			fs, err := r.Evaluate(t.Context(), s)
			if err != nil || len(fs) != 1 {
				t.Fatalf("%d findings, %v", len(fs), err)
			}
			want(t, fs[0], c.want)
		})
	}
}

func TestWhatLeadsNowhereIsCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	var counted []string
	r.Count = func(control string, o core.Outcome) { counted = append(counted, control+" "+string(o)) }
	for _, s := range []signal.Signal{{Class: signal.ClassOther}, {Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "AWS::S3::Bucket", EventName: "ListBuckets"}} {
		if fs, err := r.Evaluate(t.Context(), s); err != nil || len(fs) != 0 {
			t.Fatalf("%d findings, %v", len(fs), err)
		}
	}
	if got := strings.Join(counted, ", "); got != "none ignored, none ignored" {
		t.Errorf("counted %s", got)
	}
}

func TestUndoThatDidNotTakeIsNotUndone(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	r.Controls[0].Reversible = core.PartlyReversible // so that the state need not come back whole, but something has to
	r.setup(publicBucket)
	f := r.evaluate()
	want(t, f, core.Fixed)
	u, err := r.PlanUndo(t.Context(), f.Record.Chain, f.Record.Seq)
	if err != nil {
		t.Fatal(err)
	}
	cfg := emulatortest.ForTest(t).Config(r.cloud.Session.Account, "eu-west-1")
	cfg.HTTPClient = deaf{}
	r.Write = func(context.Context, engine.WriteRequest) (awsapi.Session, error) {
		return awsapi.NewSession(cfg, r.cloud.Session.Account, "eu-west-1"), nil
	}
	done, err := r.Undo(t.Context(), u, "dana")
	if err != nil {
		t.Fatal(err)
	}
	want(t, done, core.Unverified)
}
