package review

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
)

// Somebody with rights on the tables brings a rules file without people, and one in which the fix is automatic: the plan stays people's.
func TestAFileOfOnesOwnDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	bucket := "b-" + w.account
	it := w.public(bucket, w.eve)
	for name, file := range map[string]string{
		"without people": "version: 1\nrules: [{ name: ask, match: { families: [storage] }, mode: approve }]\n",
		"automatic":      "version: 1\nrules: [{ name: fix, match: { families: [storage], origin: [cli] }, mode: auto }]\n",
	} {
		own, plan := filepath.Join(t.TempDir(), "own.yaml"), filepath.Join(t.TempDir(), "plan.json")
		if err := os.WriteFile(own, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		var planned struct{ Plans []core.Finding }
		s := w.run(2, w.operator(), "", "plan", "--rules", own, "--control", "s3-bucket-public", "--resource", bucket, "--out", plan, "--format", "json")
		if err := json.Unmarshal([]byte(s.out), &planned); err != nil || len(planned.Plans) != 1 {
			t.Fatalf("%v, %s", err, s.out)
		}
		s = w.run(1, w.operator(), planned.Plans[0].Hash[:12]+"\n", "apply", plan, "--rules", own, "--table", "shoreup")
		if !strings.Contains(s.out, "there are people who decide") || !w.open(bucket) || w.state(it).State != approval.Pending {
			t.Errorf("%s: open %v, the request is %s: %s%s", name, w.open(bucket), w.state(it).State, s.out, s.err)
		}
	}
}

// What people exempted is known where the tables are.
func TestAPlanHonoursWhatPeopleExempted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	bucket := "b-" + w.account
	it := w.public(bucket, w.eve)
	w.run(0, as(w.ada), short(it)+"\n", "exempt", short(it), "--reason", "on purpose", "--until", time.Now().AddDate(0, 0, 10).Format(time.DateOnly), "--owner", "team-web")
	asked := w.asked(approval.Exempt)
	w.run(0, as(w.bo), short(asked)+"\n", "approve", short(asked))
	plan := []string{"plan", "--control", "s3-bucket-public", "--resource", bucket}
	if s := w.run(2, w.operator(), "", plan...); !strings.Contains(s.out, "Waits for approval") {
		t.Errorf("without tables: %s", s.out)
	}
	if s := w.run(0, w.operator(), "", append(plan, "--table", "shoreup")...); !strings.Contains(s.out, "exempt") || strings.Contains(s.out, "Waits for approval") {
		t.Errorf("with tables: %s", s.out)
	}
}
