package engine_test

import (
	"fmt"
	"testing"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/core"
)

// autoHub mends by itself what Security Hub finds.
const autoHub = `
version: 1
rules:
  - name: everything
    match: { families: [storage], origin: [event, securityhub] }
    mode: auto
`

// picked is a finding of Security Hub: picked by somebody with a custom action, or with "" imported.
func (r rig) picked(asked string) signal.Signal {
	s := r.signal()
	s.Class, s.EventSource, s.EventName, s.Asked = signal.ClassSecurityHub, "", "", asked
	s.SecurityControlID, s.FindingID, s.ProductARN = "S3.2", "finding-1", "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
	if asked != "" {
		s.Class = signal.ClassSecurityHubAction
	}
	return s
}

func (r rig) settle(s signal.Signal) core.Finding {
	r.t.Helper()
	fs, err := r.Evaluate(r.t.Context(), s)
	if err != nil || len(fs) != 1 {
		r.t.Fatalf("%d findings, %v", len(fs), err)
	}
	return fs[0]
}

func (r rig) heard() string {
	out := ""
	for _, f := range *r.told {
		out += fmt.Sprintf("%s quiet=%v %s; ", f.Outcome, f.Quiet, f.Cause.Finding)
	}
	return out
}

func (r rig) openOccurrences() int {
	r.t.Helper()
	list, err := r.State.ListOpen(r.t.Context(), r.cloud.Session.Account)
	if err != nil {
		r.t.Fatal(err)
	}
	return len(list)
}

func TestNothingIsDoneBecauseSomebodyPickedIt(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]struct {
		outcome core.Outcome
		open    int
	}{
		"":               {core.Fixed, 0}, // the rules allow it for what Security Hub finds
		signal.AskedFix:  {core.AwaitingApproval, 1},
		signal.AskedPlan: {core.Reported, 0},
	} {
		t.Run("asked "+asked, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, autoHub)
			r.setup(publicBucket)
			f := r.settle(r.picked(asked))
			if f.Outcome != want.outcome || r.openOccurrences() != want.open {
				t.Errorf("%s (%s) with %d open, want %s with %d", f.Outcome, f.Reason, r.openOccurrences(), want.outcome, want.open)
			}
			if got := r.heard(); got != fmt.Sprintf("%s quiet=false finding-1; ", want.outcome) {
				t.Errorf("told %s", got)
			}
		})
	}
}

// Whoever picks it can neither hurry nor hold up what was decided without being asked.
func TestAskingLeavesADecisionAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n")
	r.setup(publicBucket)
	first := r.settle(r.signal())
	for _, asked := range []string{signal.AskedPlan, signal.AskedFix} {
		r.settle(r.picked(asked))
		occ, found, err := r.State.Get(t.Context(), first.Control, first.Plan.Resource)
		if err != nil || !found || occ.Decision != "approve" || occ.PlanID != first.ID || occ.PlanHash != first.Hash {
			t.Errorf("after being asked for a %s: %+v, %v, %v; want the plan still waiting for approval", asked, occ, found, err)
		}
	}
}

// A finding of Security Hub about what is known already gets its note, and people hear nothing; the one that opened the occurrence gets the result's.
func TestFindingsOfSecurityHubAreToldQuietly(t *testing.T) {
	t.Parallel()
	r := newRig(t, "version: 1\nrules:\n  - { name: ask, match: { families: [storage] }, mode: approve }\n")
	r.setup(publicBucket)
	r.settle(r.signal())
	r.settle(r.picked(""))
	if got, want := r.heard(), "awaiting_approval quiet=false ; awaiting_approval quiet=true finding-1; "; got != want {
		t.Errorf("told %s want %s", got, want)
	}
}
