package deployed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// ordersHaveOneSender: into each queue that feeds apply one function alone may write, whoever else is asked for it.
func ordersHaveOneSender(t *testing.T, w *world) {
	own := map[string]string{"evaluate": "apply", "decide": "approved", "apply": "again"}
	for _, who := range []string{"evaluate", "decide", "apply", "sweep", "notify", "interact", "review", "seal", "report", "reconcile"} {
		for _, queue := range []string{"apply", "approved", "again"} {
			err := w.SendAs("arn:aws:iam::"+w.account+":role/shoreup/shoreup-"+who, w.queue(queue), "no order")
			if may := own[who] == queue; may != (err == nil) {
				t.Errorf("%s orders in queue %s: %v, want it to be let in: %v", who, queue, err, may)
			}
		}
	}
	for _, stranger := range []string{w.operator(), "arn:aws:iam::" + w.account + ":role/developers", "arn:aws:iam::" + w.account + ":root"} {
		if err := w.SendAs(stranger, w.queue("approved"), "no order"); err == nil {
			t.Errorf("%s may order what people agreed to", stranger)
		}
	}
	w.settle()
	letters, err := w.Take(t.Context(), w.queue("dead-letters"))
	if err != nil || len(letters) != len(own) {
		t.Errorf("%d dead letters, %v: want the three that are no orders", len(letters), err)
	}
}

// planAgain changes a bucket while its plan waits: apply makes another plan in its place, which it hands to itself by a queue of its own.
func planAgain(t *testing.T, w *world) {
	bucket := "changed-" + w.account
	w.openBucket(w.account, bucket)
	if err := w.book().Engage(t.Context(), "test", "so that the plan waits"); err != nil {
		t.Fatal(err)
	}
	w.put(bucketPolicy(w.account, bucket, nil).envelope(t))
	w.settle()
	where := awsapi.Resource{Type: "AWS::S3::Bucket", ID: bucket, Account: w.account, Region: region, Partition: "aws"}
	waiting, found, err := w.book().Get(t.Context(), "s3-bucket-public", where)
	if err != nil || !found {
		t.Fatalf("nothing waits while the kill switch is engaged: %v", err)
	}
	w.script(w.account, region, `s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"Other","Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
`, map[string]string{"bucket": bucket})
	if err := w.book().Lift(t.Context(), "test", "it has waited"); err != nil {
		t.Fatal(err)
	}
	order, err := json.Marshal(engine.Order{Occurrence: waiting.ID, Control: waiting.Control, Resource: where, Hash: waiting.PlanHash})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SendAs("arn:aws:iam::"+w.account+":role/shoreup/shoreup-evaluate", w.queue("apply"), string(order)); err != nil {
		t.Fatal(err)
	}
	w.settle()
	var outcomes []string
	for _, e := range w.records(w.account) {
		if of(bucket)(e) && e.Control == waiting.Control && (e.Kind == audit.Refusal || e.Kind == audit.Result) {
			outcomes = append(outcomes, e.Outcome)
		}
	}
	if want := []string{string(core.Refused), string(core.Stale), string(core.Fixed)}; !slices.Equal(outcomes, want) || !w.isClosed(w.account, bucket) {
		t.Errorf("on the record: %q, want %q", outcomes, want)
	}
	again := func(c wiretap.Call) bool {
		return c.Service == "sqs" && strings.HasPrefix(c.Operation, "SendMessage") && len(c.Resources) == 1 && c.Resources[0].ARN == w.queue("again")
	}
	if !slices.ContainsFunc(w.tap.Calls(), again) {
		t.Error("apply did not hand the new plan to itself")
	}
}
