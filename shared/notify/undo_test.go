package notify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// rewrite is a fix of a bucket policy: one call that puts a shorter policy, and one that puts the long one back.
func rewrite(t *testing.T, statements, undos int) core.Finding {
	t.Helper()
	f := asking()
	var list []string
	for i := range statements {
		list = append(list, fmt.Sprintf(`{"Sid":"Partner%d","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::44445555666%d:root"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::acme-reports","arn:aws:s3:::acme-reports/*"]}`, i, i))
	}
	input, err := json.Marshal(map[string]string{"Bucket": "acme-reports", "ExpectedBucketOwner": "111122223333", "Policy": `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`})
	if err != nil {
		t.Fatal(err)
	}
	f.Changes[0].Call, f.Changes[0].Input, f.Changes[0].Undo = "s3:PutBucketPolicy", input, nil
	for i := range undos {
		f.Changes[0].Undo = append(f.Changes[0].Undo, awsapi.Call{Op: fmt.Sprintf("s3:PutBucketPolicy%d", i), Input: input})
	}
	return f
}

// How to undo is said of every call, however long it is, and however full the message.
func TestEachCallThatTakesItBackIsShown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ statements, undos int }{{3, 1}, {60, 1}, {60, 3}, {200, 6}} {
		f := rewrite(t, c.statements, c.undos)
		full := f
		for i := range 40 {
			full.Violations = append(full.Violations, core.Violation{Where: fmt.Sprintf("statement %d", i), Reason: strings.Repeat("anyone may ", 8)})
			full.NeverAuto, full.Notes = append(full.NeverAuto, strings.Repeat("look here first ", 10)), append(full.Notes, strings.Repeat("kept as it is ", 10))
			full.Changes = append(full.Changes, core.ShownChange{Diff: []core.DiffLine{{Path: "policy", Before: f.Changes[0].Input}}})
		}
		full.Changes = full.Changes[:20]
		for name, f := range map[string]core.Finding{"alone": f, "in a full message": full} {
			m := Build([]core.Finding{f}, Options{Buttons: true, PlanURL: "https://plans.example/", Now: time.Now()})[0]
			withinLimits(t, m)
			var undo string
			for _, b := range m.Blocks {
				if raw, _ := json.Marshal(b); strings.Contains(string(raw), "*How to undo*") {
					undo = string(raw)
				}
			}
			shown := strings.Count(undo, "s3:PutBucketPolicy")
			if name == "alone" && shown != c.undos || shown < 1 || c.statements > 3 && (!strings.Contains(undo, "…") || !strings.Contains(undo, "`shoreup approve abababababab` shows all")) || c.undos == 1 && !strings.Contains(undo, `acme-reports`) || c.statements == 3 && name == "alone" && !strings.Contains(undo, `44445555666`+"2") {
				t.Errorf("%d statements, %d calls, %s: %s", c.statements, c.undos, name, undo)
			}
		}
	}
}
