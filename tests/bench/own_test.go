package bench

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/rules"
)

// publicBucket is what reading a public bucket gives, for both controls that look at one.
const publicBucket = `{"policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]},
"policyText":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"All\",\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/*\"}]}",
"grants":[{"type":"CanonicalUser","grantee":"x","permission":"FULL_CONTROL"}],"owner":"x","account":"111122223333","arn":"arn:aws:s3:::b"}`

// ownWork is all that our own code does for one event about a public bucket, without a single request: parse, route, judge, plan, hash, decide, encode for
// the record and for the message. It returns how many plans came out.
func ownWork(tb testing.TB, raw []byte, controls []core.Control, paths events.IDPaths, file *rules.File) int {
	tb.Helper()
	signals, err := events.Parse(raw, events.Options{IDs: paths, Enrolled: engine.Enrolled(controls, file)})
	if err != nil {
		tb.Fatal(err)
	}
	plans := 0
	for _, s := range signals {
		matched, _ := engine.Route(controls, s)
		for _, c := range matched {
			plans += onePlan(tb, c, awsapi.Resource{Type: s.ResourceType, ID: "b", Account: s.Account, Region: s.Region, Partition: s.Partition}, file)
		}
	}
	return plans
}

func onePlan(tb testing.TB, c core.Control, r awsapi.Resource, file *rules.File) int {
	tb.Helper()
	sight, err := c.JudgeState(json.RawMessage(publicBucket), core.Settings{})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := c.Propose(sight, r, core.Settings{})
	if err != nil {
		tb.Fatal(err)
	}
	f := core.Finding{Control: c.ID, Resource: r.ID, ARN: c.Type.ARN(r), Account: r.Account, Region: r.Region}
	f.Show(p)
	if f.Hash, err = p.Plan.Hash(); err != nil {
		tb.Fatal(err)
	}
	file.Decide(rules.Subject{Control: c.ID, Family: c.Family, Service: c.Service, Severity: string(c.Severity), Account: r.Account, Region: r.Region, ResourceType: r.Type,
		ResourceID: r.ID, ResourceARN: f.ARN, Origin: rules.OriginEvent, EventTime: time.Now()}, time.Now())
	for range 4 { // plan, decision, intent and result
		if _, err := p.Plan.Bytes(); err != nil {
			tb.Fatal(err)
		}
	}
	if _, err := notify.Encode(f); err != nil {
		tb.Fatal(err)
	}
	return 1
}

func ownInputs(tb testing.TB) ([]byte, []core.Control, events.IDPaths, *rules.File) {
	tb.Helper()
	raw, err := os.ReadFile("../../events/cloudtrail/testdata/s3_put_bucket_policy.json")
	if err != nil {
		tb.Fatal(err)
	}
	controls := catalog.Controls()
	return raw, controls, engine.IDPaths(controls), rules.Default()
}

// BenchmarkOwnWork is our own CPU time for a warm event: what is left of an event when nothing is asked of AWS.
func BenchmarkOwnWork(b *testing.B) {
	raw, controls, paths, file := ownInputs(b)
	b.ReportAllocs()
	for b.Loop() {
		ownWork(b, raw, controls, paths, file)
	}
}

func TestOwnWorkIsUnderItsBar(t *testing.T) {
	raw, controls, paths, file := ownInputs(t)
	if n := ownWork(t, raw, controls, paths, file); n != 2 {
		t.Fatalf("%d plans, want 2: one of each control that looks at a bucket's policy", n)
	}
	const runs = 100
	began := time.Now()
	for range runs {
		ownWork(t, raw, controls, paths, file)
	}
	if each := time.Since(began) / runs; each > slack*barCPU {
		t.Errorf("an event takes %s of our own time, the bar is %s", each, barCPU)
	} else {
		t.Logf("an event about a public bucket, judged, planned and recorded by two controls, takes %s of our own time; the bar is %s", each.Round(time.Microsecond), barCPU)
	}
}
