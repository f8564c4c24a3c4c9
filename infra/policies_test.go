package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// unscoped are the only writes that may be allowed on every resource, each with the reason.
var unscoped = map[string]string{
	"ec2:DisableEbsEncryptionByDefault": "a setting of the account and Region: the action has no resource type",
	"ec2:EnableEbsEncryptionByDefault":  "a setting of the account and Region: the action has no resource type",
	"iam:DeleteAccountPasswordPolicy":   "a setting of the account: the action has no resource type",
	"iam:UpdateAccountPasswordPolicy":   "a setting of the account: the action has no resource type",
	"s3:PutAccountPublicAccessBlock":    "a setting of the account: the action has no resource type",
	"config:PutEvaluations":             "the action has no resource type: the token of AWS Config's question names the rule",
}

func TestWhatRolesMayDo(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, tpl := range full() {
		for role, all := range tpl.roleStatements() {
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
	}
	for action := range unscoped {
		if !seen[action] {
			t.Errorf("%s needs no reason any more", action)
		}
	}
}

// TestBoundaries: with today's catalogue they are the union of what roles are given, by name; with the planned one still no whole service, and nothing of IAM but by name.
// What must never be done is denied, whatever wildcard would let it in; writes to IAM are denied without the parameter.
func TestBoundaries(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]map[string]template{"today": full(), "planned": planned()} {
		for stack, tpl := range all {
			for _, r := range tpl.of("AWS::IAM::Role") {
				boundary, by := single(r.Properties["PermissionsBoundary"]), tpl.Resources[strings.Trim(single(r.Properties["PermissionsBoundary"]), "${}")]
				role := single(r.Properties["RoleName"])
				if writes := strings.HasPrefix(role, "shoreup-remediate-") || role == "shoreup-restore"; writes != (boundary == "${WritesBoundary}") {
					t.Errorf("%s %s: %s is within %s", name, stack, role, boundary)
				}
				if by.Type == "" {
					continue // the boundary of another stack
				}
				checkBoundary(t, name+" "+stack+" "+boundary, name == "today", by.Properties["PolicyDocument"], tpl.roleStatements()[role])
			}
		}
	}
}

func checkBoundary(t *testing.T, name string, exact bool, doc any, given []allowed) {
	t.Helper()
	effect := func(action string) string {
		out := ""
		for _, s := range statements(doc) {
			if slices.ContainsFunc(s.actions, func(a string) bool { return wildcard.Match(a, action) }) && out != "Deny" {
				out = s.effect
			}
		}
		return out
	}
	var has []string
	for _, s := range given {
		if s.effect != "Allow" {
			continue
		}
		for _, action := range s.actions {
			if has = append(has, action); effect(action) != "Allow" {
				t.Errorf("%s: a role may %s, and its boundary says %q", name, action, effect(action))
			}
		}
	}
	for _, action := range []string{"iam:DeleteRolePermissionsBoundary", "iam:PassRole", "iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:CreateUser", "cloudtrail:StopLogging", "s3:DeleteBucket"} {
		if effect(action) == "Allow" && (exact || !slices.Contains(has, action) && !slices.ContainsFunc(statements(doc), func(s allowed) bool { return slices.Contains(s.actions, action) })) {
			t.Errorf("%s lets %s through", name, action)
		}
	}
	list, _ := at(doc, "Statement").([]any)
	for i, s := range statements(doc) {
		for _, action := range s.actions {
			if strings.HasSuffix(action, ":*") || action == "*" || strings.Contains(action, "*") && (exact || strings.HasPrefix(action, "iam:")) {
				t.Errorf("%s allows %s", name, action)
			}
			// Some of the planned controls of other families have writes to IAM.
			if exact && changesIAM(action) && s.effect == "Allow" && !cmp.Equal(at(list[i], "Effect"), any(map[string]any{"Fn::If": []any{ifIAM, "Allow", "Deny"}})) {
				t.Errorf("%s allows %s where IAM is not fixed", name, action)
			}
		}
	}
}

func changesIAM(action string) bool {
	return strings.HasPrefix(action, "iam:") && !strings.HasPrefix(action, "iam:Get") && !strings.HasPrefix(action, "iam:List") && !strings.HasPrefix(action, "iam:Generate")
}

// TestAssumedRolesDoWhatControlsDeclare compares each role's actions with the catalogue.
func TestAssumedRolesDoWhatControlsDeclare(t *testing.T) {
	t.Parallel()
	want := map[string][]string{"shoreup-annotate": {"config:StartConfigRulesEvaluation", "securityhub:BatchUpdateFindings"}}
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
	for _, stack := range []string{"shoreup", "shoreup-member-global"} {
		got := today()[stack].roleStatements()
		for role, actions := range want {
			slices.Sort(actions)
			var have []string
			for _, s := range got[role] {
				if s.effect == "Allow" {
					have = append(have, s.actions...)
				}
			}
			slices.Sort(have)
			if diff := cmp.Diff(slices.Compact(slices.Clone(actions)), slices.Compact(have)); diff != "" {
				t.Errorf("%s: %s (-declared +granted):\n%s", stack, role, diff)
			}
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

// TestConditionsNarrow holds by hand what is allowed only under a condition.
func TestConditionsNarrow(t *testing.T) {
	t.Parallel()
	want := map[string]any{
		"kms:CreateGrant": map[string]any{
			"Bool": map[string]any{"kms:GrantIsForAWSResource": "true"}, "StringLike": map[string]any{"kms:ViaService": "dynamodb.*"},
		},
		"ec2:ModifySnapshotAttribute": map[string]any{"StringNotEqualsIfExists": map[string]any{"ec2:Add/group": "all"}}, // what fixes a snapshot cannot make one public
		"kms:DescribeKey":             map[string]any{"StringLike": map[string]any{"kms:ViaService": "dynamodb.*"}},
		"s3:PutBucketPolicy":          map[string]any{"StringEquals": map[string]any{"aws:ResourceAccount": map[string]any{"Fn::Sub": "${AWS::AccountId}"}}},
		"ec2:CreateTags":              map[string]any{"StringEquals": map[string]any{"ec2:CreateAction": "AuthorizeSecurityGroupIngress"}},
	}
	annotate := today()["shoreup-member-global"].roleStatements()["shoreup-annotate"]
	only := map[string]any{"StringEqualsIfExists": map[string]any{"securityhub:ASFFSyntaxPath/Workflow.Status": "NOTIFIED"}}
	if i := slices.IndexFunc(annotate, func(s allowed) bool { return s.actions[0] == "securityhub:BatchUpdateFindings" }); i < 0 || !cmp.Equal(annotate[i].condition, any(only)) {
		t.Errorf("findings could be resolved or suppressed: %+v", annotate)
	}
	found := map[string]int{}
	for role, all := range today()["shoreup-member-global"].roleStatements() {
		for _, s := range all {
			for _, action := range s.actions {
				if want[action] == nil || !strings.HasPrefix(role, "shoreup-remediate-") {
					continue
				}
				found[action]++
				if diff := cmp.Diff(want[action], s.condition); diff != "" {
					t.Errorf("%s may %s (-want +got):\n%s", role, action, diff)
				}
			}
		}
	}
	if len(found) != len(want) {
		t.Errorf("only %v are allowed at all", found)
	}
}

// far are the actions that reach beyond what their resources say, whoever declares them: they are never allowed without a condition.
var far = []string{"kms:CreateGrant", "ec2:CreateTags", "iam:PassRole", "iam:CreateServiceLinkedRole"}

// TestNothingReachesFar: a bucket's ARN names no account, so that a role must be kept to its own in another way; and no condition is declared for an action
// that its operation does not need.
func TestNothingReachesFar(t *testing.T) {
	t.Parallel()
	for stack, tpl := range full() {
		for role, all := range tpl.roleStatements() {
			for _, s := range all {
				if s.effect != "Allow" || role == "shoreup-read" {
					continue
				}
				if slices.ContainsFunc(s.actions, func(a string) bool { return slices.Contains(far, a) }) && s.condition == nil {
					t.Errorf("%s %s may %v without a condition", stack, role, s.actions)
				}
				if slices.Contains(s.resources, "arn:${AWS::Partition}:s3:::*") && single(at(s.condition, "StringEquals", "aws:ResourceAccount")) != "${AWS::AccountId}" {
					t.Errorf("%s %s may %v in buckets of others", stack, role, s.actions)
				}
			}
		}
	}
	for _, c := range catalog.Controls() {
		for _, op := range slices.Concat(c.Reads, c.Writes, c.Undoes, c.Type.ListOps, c.Type.ResolveOps) {
			for _, condition := range op.Conditions {
				if condition.Action != "" && !slices.Contains(op.Actions, condition.Action) || condition.Operator == "" || condition.Key == "" || condition.Value == "" {
					t.Errorf("%s: %s has the condition %+v", c.ID, op.Name, condition)
				}
			}
		}
	}
}

func TestNarrowed(t *testing.T) {
	t.Parallel()
	op := awsapi.Op{Name: "a:B", Actions: []string{"a:B", "a:C"}, Conditions: []awsapi.Condition{
		{Operator: "StringEquals", Key: "aws:ResourceAccount", Value: awsapi.RoleAccount}, {Action: "a:C", Operator: "StringEquals", Key: "a:Way", Value: "x"},
		{Action: "a:C", Operator: "Bool", Key: "a:Sure", Value: "true"},
	}}
	own := map[string]any{"Fn::Sub": "${AWS::AccountId}"}
	for action, want := range map[string]object{
		"a:B": {"StringEquals": object{"aws:ResourceAccount": own}},
		"a:C": {"StringEquals": object{"aws:ResourceAccount": own, "a:Way": "x"}, "Bool": object{"a:Sure": "true"}},
	} {
		if diff := cmp.Diff(want, narrowed(op, action)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", action, diff)
		}
	}
	if got := narrowed(awsapi.Op{Name: "a:B", Actions: []string{"a:B"}}, "a:B"); got != nil {
		t.Errorf("without conditions: %v", got)
	}
}

// TestIAMIsOff finds that without the parameter no role can change IAM.
func TestIAMIsOff(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"shoreup", "shoreup-hub", "shoreup-member-global"} {
		if got := today()[stack].Parameters["EnableIAM"].Default; got != "false" {
			t.Errorf("%s: EnableIAM is %v by default", stack, got)
		}
		checkIAMIsOff(t, today()[stack])
	}
	for _, stack := range []string{"shoreup", "shoreup-member-global"} {
		if got := today()[stack].Resources["RemediateIamRole"].Condition; got != ifIAM {
			t.Errorf("%s: the role to fix IAM exists under condition %q", stack, got)
		}
	}
}

func checkIAMIsOff(t *testing.T, tpl template) {
	t.Helper()
	for id, p := range tpl.of("AWS::IAM::ManagedPolicy") {
		for _, s := range statements(p.Properties["PolicyDocument"]) {
			changes := slices.ContainsFunc(s.actions, changesIAM)
			if (changes || slices.ContainsFunc(s.resources, func(r string) bool { return strings.HasSuffix(r, "/shoreup-remediate-iam") })) && p.Condition != ifIAM && id != boundaryID && id != writesBoundaryID {
				t.Errorf("%s changes IAM under condition %q", id, p.Condition)
			}
		}
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
