package controltest

import (
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Budget proves how many requests one case makes to the target account: planReads to look and plan, readBack to look again after the calls (0
// where there are none). Planning again before the write costs planReads once more.
func Budget(t *testing.T, c core.Control, caseName string, planReads, readBack int) {
	t.Helper()
	var tc testCase
	for _, one := range cases(t) {
		if one.name == caseName {
			tc = one
		}
	}
	if tc.name == "" {
		t.Fatalf("there is no case %s", caseName)
	}
	b := newSuite(t, c).newBench(t, tc)
	session := b.session("")
	var plan, do, back awsapi.Recorder
	sight, err := b.look(awsapi.WithRecorder(t.Context(), &plan), session)
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Propose(sight, b.resource, b.settings)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Plan.Changes) > 0 {
		b.apply(t, session, p, &do)
		ctx := awsapi.WithRecorder(t.Context(), &back)
		if p.LookBack != nil {
			_, err = p.LookBack(ctx, session, b.settings)
		} else {
			_, err = b.look(ctx, session)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s, %s: %d reads to plan, %d to plan again, %d writes, %d reads back, %d in all",
		c.ID, caseName, plan.Total(), plan.Total(), do.Total(), back.Total(), 2*plan.Total()+do.Total()+back.Total())
	if plan.Total() != planReads {
		t.Errorf("%d reads to plan, want %d: %v", plan.Total(), planReads, plan.Counts())
	}
	if back.Total() != readBack {
		t.Errorf("%d reads back, want %d: %v", back.Total(), readBack, back.Counts())
	}
}
