package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/awsapi/iamapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

var anyAccount = blueprint.Values{Partition: "aws", Account: "111122223333", Region: "eu-west-1"}

func deployedTemplate(t *testing.T) *blueprint.Blueprint {
	t.Helper()
	b, err := blueprint.Read(template.SingleAccount(), anyAccount)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEveryNeedIsGranted compares the controls' declarations with the deployed roles: each action that a control needs, dependent ones included, is
// granted somewhere by the role that holds it.
func TestEveryNeedIsGranted(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	for _, c := range catalog.Controls() {
		for _, n := range needsOf(c.Meta, b, anyAccount).Needs {
			role, err := b.Role(n.Role)
			if err != nil {
				t.Errorf("%s: %v", c.ID, err)
				continue
			}
			for _, action := range append([]string{n.Action}, n.Dependent...) {
				if len(role.Scope(action)) == 0 {
					t.Errorf("%s needs %s to %s, and %s does not hold it", c.ID, action, n.Kind, n.Role)
				}
			}
		}
	}
}

// TestHubAndMembers: the same controls need the same, whoever holds it.
func TestHubAndMembers(t *testing.T) {
	t.Parallel()
	single := deployedTemplate(t)
	hub, err := (&permissionsFlags{shape: "hub", values: anyAccount}).blueprint()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range catalog.Controls() {
		if diff := gocmp.Diff(needsOf(c.Meta, single, anyAccount), needsOf(c.Meta, hub, anyAccount)); diff != "" {
			t.Errorf("%s (-single +hub):\n%s", c.ID, diff)
		}
	}
	for _, f := range hub.Functions {
		p, err := powerOf(hub, f)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "shoreup-apply" && !strings.Contains(p.Worst, "administrator in effect over") {
			t.Errorf("apply at worst: %+v", p)
		}
	}
}

// TestNothingElseIsGranted is the other way round: what the roles that are taken in customers' accounts may do, a control needs.
func TestNothingElseIsGranted(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	roles := 0
	for _, r := range b.Roles {
		if r.Name != readRoleName() && !strings.HasPrefix(r.Name, writeRoleName()) && r.Name != "shoreup-restore" {
			continue
		}
		roles++
		needed := neededOf(b, r.Name, anyAccount)
		for _, s := range r.Statements {
			for _, a := range s.Actions {
				if s.Allows() && len(needed[a]) == 0 {
					t.Errorf("%s may %s, and no control needs it", r.Name, a)
				}
			}
		}
	}
	if roles < 5 {
		t.Errorf("only %d roles were looked at", roles)
	}
}

func TestPermissionsOfOneControl(t *testing.T) {
	t.Parallel()
	controls, err := pick(catalog.Controls(), []string{"dynamodb-table-encrypted"})
	if err != nil {
		t.Fatal(err)
	}
	got := needsOf(controls[0].Meta, deployedTemplate(t), anyAccount)
	scope := []string{"arn:aws:dynamodb:*:111122223333:table/*", "arn:aws:kms:*:111122223333:key/*"}
	if diff := gocmp.Diff(scope, got.SessionScope); diff != "" {
		t.Errorf("session scope (-want +got):\n%s", diff)
	}
	want := need{Kind: "write", Operation: "dynamodb:UpdateTable", Action: "dynamodb:UpdateTable", Dependent: []string{"kms:CreateGrant", "kms:DescribeKey"}, Role: "shoreup-remediate-storage", Why: "the fix: " + controls[0].Title}
	i := slices.IndexFunc(got.Needs, func(n need) bool { return n.Kind == kindWrite })
	got.Needs[i].Only, got.Needs[i].Resources = nil, nil // the template's own, compared with the declarations by the tests above
	if diff := gocmp.Diff(want, got.Needs[i]); diff != "" {
		t.Errorf("write (-want +got):\n%s", diff)
	}
}

// TestConditionalRoles: IAM is mended only where somebody turned that on, and the listing says so.
func TestConditionalRoles(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	for _, c := range catalog.Controls() {
		for _, n := range needsOf(c.Meta, b, anyAccount).Needs {
			writes := n.Kind == kindWrite || n.Kind == kindUndo
			want := ""
			if writes && c.Family == "iam" {
				want = "EnableIAM=true"
			}
			if n.Condition != want {
				t.Errorf("%s, %s of %s: condition %q, want %q", c.ID, n.Kind, n.Action, n.Condition, want)
			}
		}
	}
}

// TestPoliciesCanBePasted: what --format policy prints is an IAM policy that our own reader takes, and it names nothing that is filled in later.
func TestPoliciesCanBePasted(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	run := func(o permissionsFlags) []byte {
		o.format, o.shape, o.values = "policy", "single", anyAccount
		var out bytes.Buffer
		if err := o.run(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	policies := map[string][]byte{"everything that plan reads": run(permissionsFlags{}), "one control": run(permissionsFlags{controls: []string{"s3-bucket-public"}})}
	for _, r := range b.Roles {
		policies[r.Name] = run(permissionsFlags{role: r.Name})
	}
	for name, raw := range policies {
		doc, err := iampolicy.Parse(raw)
		if err != nil || len(doc.Statements) == 0 {
			t.Errorf("%s: %d statements, %v", name, len(doc.Statements), err)
		}
		if bytes.Contains(raw, []byte("${")) || bytes.Contains(raw, []byte("Fn::")) {
			t.Errorf("%s holds what only CloudFormation fills in: %s", name, raw)
		}
	}
	if bytes.Contains(policies["everything that plan reads"], []byte("Put")) {
		t.Errorf("the policy for reading writes: %s", policies["everything that plan reads"])
	}
}

func TestPermissionsAsJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := permissionsFlags{format: "json", shape: "single", values: anyAccount, controls: []string{"iam-role-trust-open"}}
	if err := o.run(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Controls []map[string]any `json:"controls"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	keys := func(m map[string]any) []string {
		var out []string
		for k := range m {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	if diff := gocmp.Diff([]string{"family", "id", "permissions", "resource_type", "session_scope", "title"}, keys(got.Controls[0])); diff != "" {
		t.Errorf("keys of a control (-want +got):\n%s", diff)
	}
	first := got.Controls[0]["permissions"].([]any)[0].(map[string]any)
	if diff := gocmp.Diff([]string{"action", "condition", "dependent", "kind", "only", "operation", "resources", "role", "why"}, keys(first)); diff != "" {
		t.Errorf("keys of a permission (-want +got):\n%s", diff)
	}
	if first["action"] != iamapi.GetRole.Op.Actions[0] || first["role"] != "shoreup-read" {
		t.Errorf("the first is %v", first)
	}
}

func TestWorstCase(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	got := map[string]power{}
	for _, f := range b.Functions {
		p, err := powerOf(b, f)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = p
	}
	apply, evaluate, notify := got["shoreup-apply"], got["shoreup-evaluate"], got["shoreup-notify"]
	for _, want := range []string{"administrator in effect over", "storage", "network", "iam (only with EnableIAM=true)", "make itself administrator"} {
		if !strings.Contains(apply.Worst, want) {
			t.Errorf("apply at worst: %q, want %q in it", apply.Worst, want)
		}
	}
	for _, action := range []string{"s3:PutBucketPolicy", "ec2:RevokeSecurityGroupIngress", "iam:UpdateAssumeRolePolicy", "kms:CreateGrant"} {
		if !slices.Contains(apply.Writes, action) {
			t.Errorf("whoever changes apply may %s, and nobody says so", action)
		}
	}
	if !slices.Contains(apply.Escalates, "iam:UpdateAssumeRolePolicy") {
		t.Errorf("apply escalates by %v", apply.Escalates)
	}
	if len(evaluate.Writes) > 0 || !strings.Contains(evaluate.Worst, "reads all that") || !strings.Contains(evaluate.Worst, "order automatic fixes") {
		t.Errorf("evaluate at worst: %+v", evaluate)
	}
	if slices.Contains(notify.Takes, "shoreup-read") || !strings.Contains(notify.Worst, "post as shoreup") {
		t.Errorf("notify at worst: %+v", notify)
	}
	for name, p := range got {
		for _, c := range []struct {
			means string
			who   []string
		}{
			{"lift the kill switch", []string{"shoreup-decide"}}, {"reset limits", []string{"shoreup-apply", "shoreup-evaluate"}}, {"approve in the name of others", []string{"shoreup-decide"}},
			{"say a word in the name of others", []string{"shoreup-interact", "shoreup-review"}}, {"write what reports say", []string{"shoreup-report"}},
			{"post as shoreup", []string{"shoreup-interact", "shoreup-notify"}}, {"click in the name of others", []string{"shoreup-interact"}}, {"order automatic fixes", []string{"shoreup-evaluate"}}, {"order what was approved", []string{"shoreup-decide"}},
		} {
			if strings.Contains(p.Worst, c.means) != slices.Contains(c.who, name) {
				t.Errorf("%s at worst: %q; of %q should be said: %v", name, p.Worst, c.means, c.who)
			}
		}
		if len(p.Writes) > 0 && name != "shoreup-apply" {
			t.Errorf("%s can write to customers' resources: %v", name, p.Writes)
		}
	}
}

func TestOtherPowersNameWhatIsThere(t *testing.T) {
	t.Parallel()
	b := deployedTemplate(t)
	var who []string
	for _, p := range slices.Concat(invokers(b), others(b)) {
		if who = append(who, p.Who); strings.HasSuffix(p.Who, " ") || p.Worst == "" || p.Bounded == "" || strings.HasPrefix(p.Bounded, ";") || len(p.Rights) == 0 {
			t.Errorf("incomplete: %+v", p)
		}
	}
	for _, want := range []string{
		"may invoke shoreup-decide directly", "may invoke shoreup-apply directly", "may invoke shoreup-evaluate directly", "may invoke shoreup-review directly", "makes rules of EventBridge named shoreup-*, or gives such a rule targets",
		"reads the secret shoreup/slack", "reads the secret shoreup/slack-signing",
	} {
		if !slices.Contains(who, want) {
			t.Errorf("nobody says what somebody can who %s", want)
		}
	}
	folders, err := os.ReadDir("../../functions")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && invoked["shoreup-"+f.Name()].worst == "" {
			t.Errorf("nobody says what comes of invoking %s directly", f.Name())
		}
	}
}

func TestPermissionsText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	o := permissionsFlags{format: "text", shape: "single", values: anyAccount, controls: []string{"sqs-queue-encrypted"}}
	if err := o.run(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sqs-queue-encrypted: ", "\n  write    the fix: ", "           sqs:SetQueueAttributes\n", "           as shoreup-remediate-storage on arn:aws:sqs:*:111122223333:*\n", "cut down to the resource that is fixed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	for name, o := range map[string]permissionsFlags{
		"a format":                {format: "xml"},
		"two views":               {format: "text", role: "shoreup-read", worst: true},
		"a policy of nothing":     {format: "policy", worst: true},
		"a control":               {format: "text", controls: []string{"nope"}},
		"a role":                  {format: "text", role: "nope"},
		"a shape":                 {format: "text", shape: "member"},
		"a policy for no account": {format: "policy", controls: []string{"s3-bucket-public"}, values: blueprint.Values{Partition: "aws", Account: "*", Region: "*"}},
	} {
		if name != "a policy for no account" {
			o.values = anyAccount
		}
		o.shape = cmp.Or(o.shape, "single")
		if err := o.run(&out); err == nil {
			t.Errorf("%s that there is not is taken", name)
		}
	}
}
