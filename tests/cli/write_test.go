package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/canon"
)

// finding is as much of a plan as the tests look at.
type finding struct {
	ID, Hash, Control, Resource, Account, Region, Outcome, Reason string
	Decision                                                      struct{ Mode, Reason, Rule string }
	Changes                                                       []struct{ Call string }
	Record                                                        struct {
		Chain string
		Seq   int64
	}
}

type plans struct{ Plans []finding }
type results struct{ Results []finding }

func TestPlan(t *testing.T) {
	t.Parallel()
	p := online(t)
	var none map[string]any
	p.json(0, "", &none, planBucket...) // an account without buckets
	keys(t, "plan", none, "list:plans object:judged")
	p.setup(publicBucket)
	var got map[string]any
	s := p.json(2, "", &got, planBucket...)
	if s.stderr != "" {
		t.Errorf("into a pipe, plan says %q on standard error", s.stderr)
	}
	keys(t, "plan", got, "list:plans object:judged")
	list, _ := got["plans"].([]any)
	if len(list) != 1 {
		t.Fatalf("%d plans, want 1: %s", len(list), s.out)
	}
	plan, _ := list[0].(map[string]any)
	keys(t, "a plan", plan, "string:id string:hash string:control string:resource string:account string:region string:outcome list:violations list:changes object:decision")
	decision, _ := plan["decision"].(map[string]any)
	keys(t, "a decision", decision, "string:mode string:reason string:rule")
	changes, _ := plan["changes"].([]any)
	if len(changes) != 1 {
		t.Fatalf("%d changes, want 1", len(changes))
	}
	change, _ := changes[0].(map[string]any)
	keys(t, "a change", change, "string:call object:input list:undo list:diff")
	judged, _ := got["judged"].(map[string]any)
	counts, _ := judged["s3-bucket-public"].(map[string]any)
	if counts["reported"] != 1.0 || plan["outcome"] != "reported" || decision["mode"] != "report" || plan["resource"] != p.bucket() || plan["account"] != p.account {
		t.Errorf("judged %v, and the plan %v", judged, plan)
	}
	if !p.open() {
		t.Error("planning changed something")
	}
}

func TestPlanOfOneResource(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	for _, name := range []string{p.bucket(), "arn:aws:s3:::" + p.bucket()} {
		var got plans
		p.json(2, "", &got, append(planBucket, "--resource", name)...)
		if len(got.Plans) != 1 || got.Plans[0].Resource != p.bucket() {
			t.Errorf("%s: got %+v, want one plan", name, got.Plans)
		}
	}
	if s := p.want(1, "", append(planBucket, "--resource", "not-there")...); !strings.Contains(s.stderr, "not-there") {
		t.Errorf("a resource that is not there: %q does not say so", s.stderr)
	}
	if s := p.want(1, "", append(planBucket, "--account", "999988887777")...); s.stderr == "" && s.out == "" {
		t.Error("another account without a role to read it: no word of why")
	}
}

func TestThePlanHasTheSameHashTwice(t *testing.T) {
	t.Parallel()
	p := online(t)
	p.setup(publicBucket)
	var a, b plans
	p.json(2, "", &a, planBucket...)
	p.json(2, "", &b, planBucket...)
	if len(a.Plans) != 1 || len(b.Plans) != 1 || a.Plans[0].Hash != b.Plans[0].Hash || len(a.Plans[0].Hash) != 64 {
		t.Errorf("got %+v and %+v", a, b)
	}
}

// planned makes a plan file of the place's public bucket.
func (p place) planned(rules string) (string, finding) {
	p.t.Helper()
	if rules != "" {
		p.write("shoreup.yaml", rules)
	}
	p.setup(publicBucket)
	file := filepath.Join(p.dir, "plan.json")
	var got plans
	p.json(2, "", &got, append(planBucket, "--out", file)...)
	if len(got.Plans) != 1 {
		p.t.Fatalf("%d plans, want 1", len(got.Plans))
	}
	return file, got.Plans[0]
}

func (p place) tables() {
	p.t.Helper()
	p.want(0, "", "tables", "create", "--table", "shoreup")
}

func TestApplyWithoutTablesChangesNothing(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, _ := p.planned(auto)
	s := p.want(1, "", "apply", file)
	if !strings.Contains(s.stderr, "nothing was changed") || !strings.Contains(s.stderr, "--table") || !strings.Contains(s.stderr, "tables create") {
		t.Errorf("it does not say how to get the tables: %q", s.stderr)
	}
	s = p.want(1, "", "undo", p.account+"/1")
	if !strings.Contains(s.stderr, "--table") {
		t.Errorf("undo does not say how to get the tables: %q", s.stderr)
	}
	if !p.open() {
		t.Error("the bucket was changed")
	}
}

func TestEditedPlanFileIsRefused(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, f := p.planned(auto)
	p.tables()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, edit := range map[string][2]string{
		"call":     {"s3:PutPublicAccessBlock", "s3:DeletePublicAccessBlock"},
		"input":    {`"BlockPublicAcls": true`, `"BlockPublicAcls": false`},
		"resource": {`"resource": "` + p.bucket() + `"`, `"resource": "another"`},
		"hash":     {f.Hash, strings.Repeat("0", 64)},
		"digest":   {`"digest": "`, `"digest": "0`},
		"format":   {`"format": "shoreup`, `"format": "other`},
		"cut":      {string(raw[len(raw)/2:]), ""},
	} {
		edited := strings.ReplaceAll(string(raw), edit[0], edit[1])
		if edited == string(raw) {
			t.Errorf("%s: the edit changes nothing", name)
			continue
		}
		if s := p.run("", "apply", p.write("edited.json", edited), "--table", "shoreup"); s.code != 1 || s.stderr == "" {
			t.Errorf("%s edited: ended with %d\n%s%s", name, s.code, s.out, s.stderr)
		}
	}
	if !p.open() {
		t.Error("an edited file changed the bucket")
	}
}

// A file whose digest was made to fit names a plan, and its calls are still never made: they are derived again.
func TestCallsInAPlanFileAreNeverMade(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, _ := p.planned(auto)
	p.tables()
	forged := p.forged(file, "s3:PutPublicAccessBlock", "s3:DeleteBucket", `"BlockPublicAcls": true`, `"BlockPublicAcls": false`)
	var got results
	p.json(0, "", &got, "apply", forged, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "fixed" || got.Results[0].Changes[0].Call != "s3:PutPublicAccessBlock" {
		t.Errorf("got %+v, want the plan that is derived from the bucket", got.Results)
	}
	if p.open() {
		t.Error("the bucket is still open")
	}
}

// forged writes a plan file in which texts are replaced and whose digest fits.
func (p place) forged(file string, oldnew ...string) string {
	p.t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	var content map[string]json.RawMessage
	if err := json.Unmarshal(raw, &content); err != nil {
		p.t.Fatal(err)
	}
	canonical, err := canon.Marshal(json.RawMessage(strings.NewReplacer(oldnew...).Replace(string(content["plans"]))))
	if err != nil {
		p.t.Fatal(err)
	}
	content["plans"], content["digest"] = canonical, json.RawMessage(fmt.Sprintf("%q", canon.Hash(canonical)))
	whole, err := json.Marshal(content)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.write("forged.json", string(whole))
}

func TestModeReportChangesNothing(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, f := p.planned("")
	p.tables()
	var got results
	p.json(2, f.Hash[:12]+"\n", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "reported" || !p.open() {
		t.Errorf("got %+v, and the bucket open: %v", got.Results, p.open())
	}
}

// TestApprovalByHand goes the whole way: a wrong word, the right one, the record, and back.
func TestApprovalByHand(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, f := p.planned(approve)
	p.tables()
	if f.Outcome != "awaiting_approval" || f.Decision.Rule != "ask" {
		t.Errorf("outcome %s by rule %q, want awaiting_approval by ask", f.Outcome, f.Decision.Rule)
	}
	var got results
	for _, typed := range []string{"", "\n", " \n"} { // as in a pipe without anybody at its other end
		p.json(2, typed, &got, "apply", file, "--table", "shoreup")
		if len(got.Results) != 1 || got.Results[0].Outcome != "awaiting_approval" || !p.open() {
			t.Fatalf("after typing %q: %+v, and the bucket open: %v", typed, got.Results, p.open())
		}
	}
	if log := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json").out; log != "" {
		t.Errorf("nobody decided anything, and recorded is\n%s", log)
	}
	for _, typed := range []string{"yes\n", f.Hash[:11] + "\n", f.ID + "\n"} {
		p.json(2, typed, &got, "apply", file, "--table", "shoreup")
		if len(got.Results) != 1 || got.Results[0].Outcome != "rejected" || !p.open() {
			t.Fatalf("after typing %q: %+v, and the bucket open: %v", typed, got.Results, p.open())
		}
	}
	s := p.json(0, f.Hash[:12]+"\n", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "fixed" || p.open() {
		t.Fatalf("approved: %+v, and the bucket open: %v", got.Results, p.open())
	}
	if !strings.Contains(s.stderr, f.Hash[:12]) || !strings.Contains(s.stderr, "BlockPublicAcls") && !strings.Contains(s.stderr, "blockPublicAcls") {
		t.Errorf("the person was not shown what the approval is of:\n%s", s.stderr)
	}
	p.want(0, "", planBucket...)
	p.json(0, "", &got, "apply", file, "--table", "shoreup") // a second time there is nothing to do
	if len(got.Results) != 1 || got.Results[0].Outcome != "compliant" {
		t.Errorf("applied again: %+v, want compliant", got.Results)
	}
	p.checkAudit()
	p.checkUndo()
}

// checkAudit reads the records of TestApprovalByHand.
func (p place) checkAudit() {
	p.t.Helper()
	s := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json")
	seq, prev := 0.0, ""
	kinds := map[any]int{}
	for line := range strings.Lines(s.out) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			p.t.Fatalf("not one record a line: %v\n%s", err, line)
		}
		keys(p.t, "a record", record, "number:seq string:time string:chain string:prev string:hash string:kind string:plan string:control string:resource string:actor string:outcome")
		if record["seq"] != seq+1 || prev != "" && record["prev"] != prev || record["chain"] != p.account {
			p.t.Errorf("record %v of chain %v after %v does not follow", record["seq"], record["chain"], seq)
		}
		seq++
		prev, _ = record["hash"].(string)
		kinds[record["kind"]]++
		if actor, _ := record["actor"].(string); record["kind"] == "intent" && !strings.HasPrefix(actor, "arn:aws:") {
			p.t.Errorf("an intent of %q, want the AWS identity of who approved it", actor)
		}
	}
	if kinds["intent"] != 1 || kinds["result"] != 1 || kinds["plan"] == 0 || kinds["decision"] == 0 {
		p.t.Errorf("recorded %v, want one intent and one result after plan and decision", kinds)
	}
	var shown, verified map[string]any
	p.json(0, "", &shown, "audit", "show", p.account+"/1", "--table", "shoreup")
	keys(p.t, "a shown record", shown, "number:seq string:hash string:kind object:detail")
	p.json(0, "", &verified, "audit", "verify", "--table", "shoreup")
	if verified["seq"] != seq || verified["hash"] != prev {
		p.t.Errorf("verified to %v %v, and listed to %v %v", verified["seq"], verified["hash"], seq, prev)
	}
	p.want(0, "", "audit", "verify", "--table", "shoreup", "--remembered", fmt.Sprintf("%.0f:%s", seq, prev))
	p.want(1, "", "audit", "verify", "--table", "shoreup", "--remembered", "1:"+strings.Repeat("0", 64))
	p.want(1, "", "audit", "show", p.account+"/999", "--table", "shoreup")
}

// checkUndo takes back the fix of TestApprovalByHand.
func (p place) checkUndo() {
	p.t.Helper()
	s := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json")
	record := ""
	for line := range strings.Lines(s.out) {
		var r struct {
			Seq  int64
			Kind string
		}
		if json.Unmarshal([]byte(line), &r) == nil && r.Kind == "result" {
			record = fmt.Sprintf("%s/%d", p.account, r.Seq)
		}
	}
	var got results
	p.json(2, "", &got, "undo", record, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "awaiting_approval" || p.open() {
		p.t.Fatalf("undo to which nobody said anything: %+v, and the bucket open: %v", got.Results, p.open())
	}
	p.json(2, "no\n", &got, "undo", record, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "rejected" || p.open() {
		p.t.Fatalf("undo that was not approved: %+v, and the bucket open: %v", got.Results, p.open())
	}
	p.json(0, got.Results[0].Hash[:12]+"\n", &got, "undo", record, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "undone" || !p.open() {
		p.t.Fatalf("undo: %+v, and the bucket open: %v", got.Results, p.open())
	}
	if s := p.want(1, "", "undo", record, "--table", "shoreup"); !strings.Contains(s.stderr, "changed since") {
		p.t.Errorf("undone twice: %q, want that it has changed since", s.stderr)
	}
	p.json(1, "", &got, "undo", record, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "refused" || !strings.Contains(got.Results[0].Reason, "changed since") {
		p.t.Errorf("undone twice, for programs: %+v", got.Results)
	}
	p.want(2, "", planBucket...)
	p.want(0, "", "audit", "verify", "--table", "shoreup")
}

func TestModeAutoAndStalePlans(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, f := p.planned(auto)
	p.tables()
	if f.Outcome != "planned" {
		t.Errorf("outcome %s, want planned", f.Outcome)
	}
	p.setup(`s3:PutBucketAcl {"Bucket":"${bucket}","ACL":"public-read"}`)
	var got results
	p.json(1, "", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "stale" || !p.open() {
		t.Fatalf("a plan of what was: %+v, and the bucket open: %v", got.Results, p.open())
	}
	p.json(2, "", &plans{}, append(planBucket, "--out", file)...)
	p.json(0, "", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "fixed" || p.open() {
		t.Errorf("planned again: %+v, and the bucket open: %v", got.Results, p.open())
	}
}

// TestStop engages the kill switch: what the rules would do at once is refused from then on, and both are on record.
func TestStop(t *testing.T) {
	t.Parallel()
	p := online(t)
	file, _ := p.planned(auto)
	if s := p.want(1, "", "stop", "--reason", "incident 7"); !strings.Contains(s.stderr, "--table") {
		t.Errorf("without tables: %q", s.stderr)
	}
	p.tables()
	if s := p.want(1, "", "stop", "--table", "shoreup"); !strings.Contains(s.stderr, "--reason") {
		t.Errorf("without a reason: %q", s.stderr)
	}
	if s := p.want(1, "", "stop", "--table", "shoreup", "--reason", " \t"); !strings.Contains(s.stderr, "--reason") {
		t.Errorf("with a blank reason: %q", s.stderr)
	}
	p.want(0, "", "stop", "--table", "shoreup", "--reason", "incident 7")
	var got results
	p.json(1, "", &got, "apply", file, "--table", "shoreup")
	if len(got.Results) != 1 || got.Results[0].Outcome != "refused" || !p.open() {
		t.Errorf("after stop: %+v, and the bucket open: %v", got.Results, p.open())
	}
	log := p.want(0, "", "audit", "list", "--table", "shoreup", "--format", "json").out
	if !strings.Contains(log, `"kind":"switch"`) || !strings.Contains(log, `"outcome":"engaged"`) || !strings.Contains(log, `"kind":"refusal"`) {
		t.Errorf("recorded:\n%s", log)
	}
	p.want(0, "", "audit", "verify", "--table", "shoreup")
}
