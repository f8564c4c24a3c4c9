package engine_test

import (
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/buckettls"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// Two controls that look at one bucket because of one event read its policy once; what is mended is read again before and after.
func TestControlsOfOneEventShareTheirReads(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: report }\n")
	r.Controls = append(r.Controls, buckettls.Control())
	r.setup(publicBucket)
	var made awsapi.Recorder
	found, err := r.Evaluate(awsapi.WithRecorder(t.Context(), &made), r.signal())
	if err != nil || len(found) != 2 {
		t.Fatalf("%d findings, %v", len(found), err)
	}
	for op, n := range made.Counts() {
		if n != 1 && strings.HasPrefix(op, "s3:") {
			t.Errorf("%s was made %d times", op, n)
		}
	}
	if made.Counts()["s3:GetBucketPolicy"] == 0 {
		t.Error("the policy was not read at all")
	}

	auto := newRig(t, autoAll)
	auto.setup(publicBucket)
	made = awsapi.Recorder{}
	found, err = auto.Evaluate(awsapi.WithRecorder(t.Context(), &made), auto.signal())
	if err != nil || len(found) != 1 || found[0].Outcome != core.Fixed {
		t.Fatalf("%v, %v", found, err)
	}
	if n := made.Counts()["s3:GetPublicAccessBlock"]; n != 3 {
		t.Errorf("the bucket's block was read %d times: to plan, to plan again and to read back make 3", n)
	}
}

// Whoever else writes into the account's log between two records of ours costs no failed attempt: where the chain ends is asked for beside everything else.
func TestOthersInTheLogCostNoAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t, autoAll)
	other := r.process(r.Rules(t.Context()), "second")
	r.setup(publicBucket)
	want(t, r.evaluate(), core.Fixed)
	if _, err := other.Decline(t.Context(), core.Finding{Control: "x", Account: r.cloud.Session.Account}, "bo"); err != nil {
		t.Fatal(err)
	}
	r.setup(reopen)
	n := 0
	r.cloud.Fail(func(op string) tabletest.Fault {
		if op == "TransactWriteItems" {
			n++
		}
		return tabletest.None
	})
	want(t, r.evaluate(), core.Fixed)
	if n != 3 {
		t.Errorf("%d transactions for plan, intent and result", n)
	}
}
