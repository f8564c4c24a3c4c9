package text

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	unclear := advised()
	unclear.Advice = nil
	wouldFix := partner()
	wouldFix.Outcome = core.Reported
	for name, tt := range map[string]struct {
		findings []core.Finding
		judged   Counts
		want     string
	}{
		"a plan": {
			[]core.Finding{partner(), partner(), partner(), mixedGroup(), mixedGroup(), advised()},
			Counts{
				"s3-bucket-public":        {core.Planned: 3, core.Compliant: 10, core.Blind: 1},
				"ec2-security-group-open": {core.AwaitingApproval: 2, core.Compliant: 2},
				"ec2-volume-encryption":   {core.Reported: 1},
			},
			"Plan: 3 to fix, 2 wait for approval, 1 advice only, 12 in order, 1 could not be seen.\n",
		},
		"without counts":  {[]core.Finding{mixedGroup(), advised(), unclear, wouldFix, refused()}, nil, "Plan: 1 waits for approval, 1 only reported, 1 advice only, 1 unclear, 1 refused.\n"},
		"done":            {[]core.Finding{fixed(), mixedGroup()}, nil, "Done: 1 fixed, 1 waits for approval.\n"},
		"nothing":         {nil, nil, "Plan: nothing to look at.\n"},
		"all is in order": {nil, Counts{"s3-bucket-public": {core.Compliant: 1}}, "Plan: 1 in order.\n"},
	} {
		var b strings.Builder
		if err := Summary(&b, tt.findings, tt.judged, Options{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestEveryOutcomeIsCounted keeps an outcome that is added from being left out of the sums.
func TestEveryOutcomeIsCounted(t *testing.T) {
	t.Parallel()
	for _, o := range []core.Outcome{
		core.Compliant, core.NotApplicableHere, core.Reported, core.Excepted, core.AwaitingApproval, core.Rejected, core.Expired, core.Stale, core.Refused,
		core.Planned, core.Fixed, core.Unverified, core.Failed, core.Undone, core.Regressed, core.Blind, core.Errored,
	} {
		var b strings.Builder
		if err := Summary(&b, nil, Counts{"c": {o: 7}}, Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), ": 7 ") {
			t.Errorf("%s: %q", o, b.String())
		}
	}
}

func lines() []audit.Line {
	return []audit.Line{
		{Chain: "111122223333", Seq: 1, Time: ten, Kind: audit.Plan, Outcome: "planned", Control: "s3-bucket-public", Resource: "arn:aws:s3:::acme-reports", Actor: "arn:aws:iam::111122223333:user/bob", Hash: "aaaaaaaaaaaaaaaa"},
		{Chain: "111122223333", Seq: 12, Time: ten, Kind: audit.Result, Outcome: "fixed", Control: "ec2-security-group-open", Resource: "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b", Actor: "apply\x1b[2J", Hash: "bbbbbbbbbbbbbbbb"},
	}
}

func TestAuditTable(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		100: `RECORD           TIME (UTC)           KIND    OUTCOME  CONTROL                  RESOURCE
111122223333/1   2026-11-22 10:00:00  plan    planned  s3-bucket-public         acme-reports
111122223333/12  2026-11-22 10:00:00  result  fixed    ec2-security-group-open  security-group/
                                                                                sg-0a1b
`,
		160: `RECORD           TIME (UTC)           KIND    OUTCOME  CONTROL                  RESOURCE                ACTOR           HASH
111122223333/1   2026-11-22 10:00:00  plan    planned  s3-bucket-public         acme-reports            user bob        aaaaaaaaaaaaaaaa
111122223333/12  2026-11-22 10:00:00  result  fixed    ec2-security-group-open  security-group/sg-0a1b  apply\u001b[2J  bbbbbbbbbbbbbbbb
`,
	} {
		var b strings.Builder
		if err := AuditTable(&b, lines(), Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", width, diff)
		}
	}
}

func TestControlsTable(t *testing.T) {
	t.Parallel()
	controls := []core.Meta{
		{ID: "s3-bucket-public", Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsMuch, SecurityHub: []string{"S3.2", "S3.3"}, Title: "Close buckets that anybody can read or write"},
		{ID: "ec2-volume-encryption", Severity: core.Medium, Reversible: core.AdviceOnly, Disruption: core.DisruptsNothing, Title: "Encrypt EBS volumes"},
	}
	want := `CONTROL                SEVERITY  UNDO    DISRUPTS  SECURITY HUB  MODE     WHAT IT DOES
s3-bucket-public       critical  yes     high      S3.2 S3.3     approve  Close buckets that anybody
                                                                          can read or write
ec2-volume-encryption  medium    advice  none                    report   Encrypt EBS volumes
`
	var b strings.Builder
	if err := ControlsTable(&b, controls, map[string]string{"s3-bucket-public": "approve", "ec2-volume-encryption": "report"}, Options{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
