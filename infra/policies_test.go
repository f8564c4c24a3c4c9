package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
)

// unscoped are the only writes that may be allowed on every resource, each with the reason.
var unscoped = map[string]string{
	"ec2:DisableEbsEncryptionByDefault": "a setting of the account and Region: the action has no resource type",
	"ec2:EnableEbsEncryptionByDefault":  "a setting of the account and Region: the action has no resource type",
	"iam:DeleteAccountPasswordPolicy":   "a setting of the account: the action has no resource type",
	"iam:UpdateAccountPasswordPolicy":   "a setting of the account: the action has no resource type",
	"s3:PutAccountPublicAccessBlock":    "a setting of the account: the action has no resource type",
}

func TestWhatRolesMayDo(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for role, all := range today()["shoreup"].roleStatements() {
		for _, s := range all {
			if s.effect != "Allow" {
				continue
			}
			for _, action := range s.actions {
				if strings.Contains(action, "*") {
					t.Errorf("%s may %s", role, action)
				}
				if !slices.Contains(s.resources, "*") || role == "shoreup-read" {
					continue
				}
				if seen[action] = true; unscoped[action] == "" {
					t.Errorf("%s may %s on every resource", role, action)
				}
			}
		}
	}
	for action := range unscoped {
		if !seen[action] {
			t.Errorf("%s needs no reason any more", action)
		}
	}
}

// TestAssumedRolesDoWhatControlsDeclare compares each role's actions with the catalogue.
func TestAssumedRolesDoWhatControlsDeclare(t *testing.T) {
	t.Parallel()
	want := map[string][]string{}
	add := func(role string, ops ...awsapi.Op) {
		for _, o := range ops {
			want[role] = append(want[role], o.Actions...)
		}
	}
	for _, c := range catalog.Controls() {
		add("shoreup-read", c.Reads...)
		add("shoreup-read", c.Type.ListOps...)
		add("shoreup-read", c.Type.ResolveOps...)
		add("shoreup-restore", c.Undoes...)
		add("shoreup-remediate-"+c.Family, c.Writes...)
	}
	got := today()["shoreup"].roleStatements()
	for role, actions := range want {
		slices.Sort(actions)
		var have []string
		for _, s := range got[role] {
			if s.effect == "Allow" {
				have = append(have, s.actions...)
			}
		}
		slices.Sort(have)
		if diff := cmp.Diff(slices.Compact(actions), slices.Compact(have)); diff != "" {
			t.Errorf("%s (-declared +granted):\n%s", role, diff)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	resources := map[string][]string{}
	for _, s := range today()["shoreup"].roleStatements()["shoreup-remediate-storage"] {
		for _, action := range s.actions {
			resources[action] = append(resources[action], s.resources...)
		}
	}
	for action, want := range map[string][]string{
		"s3:PutBucketPolicy":          {"arn:${AWS::Partition}:s3:::*"},
		"s3:PutAccessPointPolicy":     {"arn:${AWS::Partition}:s3:*:${AWS::AccountId}:accesspoint/*"},
		"ec2:ModifySnapshotAttribute": {"arn:${AWS::Partition}:ec2:*::snapshot/*"},
		"sqs:SetQueueAttributes":      {"arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:*"},
	} {
		if diff := cmp.Diff(want, resources[action]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
}

// TestWhoTakesWhichRole checks both sides: whom a role trusts, and who is allowed to ask.
func TestWhoTakesWhichRole(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup"]
	for _, r := range tpl.of("AWS::IAM::Role") {
		name := single(r.Properties["RoleName"])
		if r.Properties["Path"] != "/shoreup/" || single(r.Properties["PermissionsBoundary"]) != "${Boundary}" {
			t.Errorf("%s: path %v, boundary %v", name, r.Properties["Path"], r.Properties["PermissionsBoundary"])
		}
		trust := r.Properties["AssumeRolePolicyDocument"]
		statement := trust.(map[string]any)["Statement"].([]any)[0]
		if single(at(statement, "Principal", "Service")) == "lambda.amazonaws.com" {
			continue
		}
		want := []string{own + "apply"}
		if name == "shoreup-read" {
			want = []string{own + "apply", own + "evaluate", own + "sweep"}
		}
		condition := at(statement, "Condition")
		if got := sorted(list(at(condition, "ArnEquals", "aws:PrincipalArn"))); !cmp.Equal(got, want) {
			t.Errorf("%s trusts %v, want %v", name, got, want)
		}
		if single(at(condition, "StringLike", "sts:SourceIdentity")) != "?*" || !cmp.Equal(list(at(statement, "Action")), []string{"sts:AssumeRole", "sts:SetSourceIdentity"}) {
			t.Errorf("%s can be taken without a source identity: %v", name, statement)
		}
	}
	for role, want := range map[string][]string{
		"shoreup-evaluate": {own + "read"}, "shoreup-sweep": {own + "read"}, "shoreup-notify": nil,
		"shoreup-apply": {own + "read", own + "remediate-iam", own + "remediate-network", own + "remediate-storage", own + "restore"},
	} {
		var got []string
		for _, s := range tpl.roleStatements()[role] {
			if slices.Contains(s.actions, "sts:AssumeRole") {
				got = append(got, s.resources...)
			}
		}
		if !cmp.Equal(sorted(got), want) {
			t.Errorf("%s may take %v, want %v", role, got, want)
		}
	}
}

// TestIAMIsOff finds that without the parameter no role can change IAM.
func TestIAMIsOff(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup"]
	if got := tpl.Parameters["EnableIAM"].Default; got != "false" {
		t.Errorf("EnableIAM is %v by default", got)
	}
	for id, p := range tpl.of("AWS::IAM::ManagedPolicy") {
		for _, s := range statements(p.Properties["PolicyDocument"]) {
			changes := slices.ContainsFunc(s.actions, func(a string) bool {
				return strings.HasPrefix(a, "iam:") && !strings.HasPrefix(a, "iam:Get") && !strings.HasPrefix(a, "iam:List")
			})
			if (changes || slices.Contains(s.resources, own+"remediate-iam")) && p.Condition != ifIAM && id != boundaryID {
				t.Errorf("%s changes IAM under condition %q", id, p.Condition)
			}
		}
	}
	if got := tpl.Resources["RemediateIamRole"].Condition; got != ifIAM {
		t.Errorf("the role to fix IAM exists under condition %q", got)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	var long statement
	for range 400 {
		long.actions = append(long.actions, "service:"+strings.Repeat("A", 30))
	}
	long.resources = []string{"*"}
	docs := documents([]statement{{actions: []string{"a:B"}, resources: []string{"*"}}, long, {actions: []string{"c:D"}, resources: []string{"*"}}})
	n := 0
	for _, d := range docs {
		if size := policySize(d); size > maxPolicy {
			t.Errorf("a document of %d characters", size)
		}
		for _, s := range statements(d) {
			n += len(s.actions)
		}
	}
	if n != 402 || len(docs) < 3 {
		t.Errorf("%d actions in %d documents", n, len(docs))
	}
	if got := documents(nil); got != nil {
		t.Errorf("no statements gave %v", got)
	}
}

func TestFirstWord(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{"ec2:DescribeVolumes": "ec2:Describe", "s3:Get*": "s3:Get", "kms:Encrypt": "kms:Encrypt", "x:": "x:", "x": "x"} {
		if got := firstWord(action); got != want {
			t.Errorf("%s: got %s, want %s", action, got, want)
		}
	}
}
