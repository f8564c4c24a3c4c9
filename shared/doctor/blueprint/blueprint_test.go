package blueprint_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

func read(t *testing.T) *blueprint.Blueprint {
	t.Helper()
	raw, err := os.ReadFile("../testdata/installation.template.json")
	if err != nil {
		t.Fatal(err)
	}
	b, err := blueprint.Read(string(raw), blueprint.Values{Partition: "aws-cn", Account: "111122223333", Region: "cn-north-1"})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRead(t *testing.T) {
	t.Parallel()
	b := read(t)
	type summary struct {
		Queues  []blueprint.Queue
		Sources []blueprint.Source
		Tables  []string
		Buckets []blueprint.Bucket
		Kept    []blueprint.Kept
	}
	usual := map[string]int{"VisibilityTimeout": 30, "MessageRetentionPeriod": 4 * 24 * 3600, "DelaySeconds": 0}
	const dead = "arn:aws-cn:sqs:cn-north-1:111122223333:shoreup-apply-dlq"
	want := summary{
		Queues: []blueprint.Queue{
			{Name: "shoreup-apply", Settings: map[string]int{"VisibilityTimeout": 1080, "MessageRetentionPeriod": 4 * 24 * 3600, "DelaySeconds": 1}, DeadLetters: dead, Tries: 5},
			{Name: "shoreup-apply-dlq", MustBeEmpty: true, Settings: usual}, {Name: "shoreup-dead-letters", MustBeEmpty: true, Settings: usual},
			{Name: "shoreup-events", Settings: map[string]int{"VisibilityTimeout": 720, "MessageRetentionPeriod": 14 * 24 * 3600, "DelaySeconds": 0}, DeadLetters: dead, Tries: 5},
			{Name: "shoreup-reconciliation", Settings: usual},
		},
		Sources: []blueprint.Source{{Function: "shoreup-apply", Queue: "shoreup-apply"}, {Function: "shoreup-evaluate", Queue: "shoreup-events", Partial: true}},
		Buckets: []blueprint.Bucket{{Name: "shoreup-audit-111122223333-cn-north-1", Versioned: true, Locked: true}, {Name: "shoreup-rules-111122223333-cn-north-1", Versioned: true}},
		Kept:    []blueprint.Kept{{Type: "AWS::S3::Bucket", Name: "shoreup-audit-111122223333-cn-north-1"}, {Type: "AWS::S3::Bucket", Name: "shoreup-rules-111122223333-cn-north-1"}},
	}
	for i := range b.Queues {
		b.Queues[i].Policy = nil // see TestPolicies
	}
	if diff := cmp.Diff(want, summary{b.Queues, b.Sources, b.Tables, b.Buckets, b.Kept}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantRules := []blueprint.Rule{
		{Name: "shoreup-calls-s3", Pattern: map[string]any{"source": []any{"aws.s3"}}, Targets: []string{"arn:aws-cn:sqs:cn-north-1:111122223333:shoreup-events"}},
		{Name: "shoreup-reconciliation", Pattern: map[string]any{"source": []any{map[string]any{"prefix": "aws."}}}, Targets: []string{"arn:aws-cn:sqs:cn-north-1:111122223333:shoreup-reconciliation"}},
	}
	if diff := cmp.Diff(wantRules, b.Rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	wantApply := blueprint.Function{Name: "shoreup-apply", Does: "Plans again and writes", Role: "arn:aws-cn:iam::111122223333:role/shoreup/shoreup-apply", Environment: map[string]string{
		"SHOREUP_RULES": "s3://shoreup-rules-111122223333-cn-north-1/shoreup.yaml", "SHOREUP_SLACK_SECRET": "shoreup/slack", "SHOREUP_AUDIT_BUCKET": "shoreup-audit-111122223333-cn-north-1",
		"SHOREUP_APPLY_QUEUE": "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/shoreup-apply",
	}, Exact: map[string]any{
		"SHOREUP_RULES": "s3://shoreup-rules-111122223333-cn-north-1/shoreup.yaml", "SHOREUP_SLACK_SECRET": "${SlackCredential}", "SHOREUP_AUDIT_BUCKET": "shoreup-audit-111122223333-cn-north-1",
		"SHOREUP_APPLY_QUEUE": "${AWS::Endpoint}/111122223333/shoreup-apply",
	}}
	if diff := cmp.Diff(wantApply, b.Functions[0]); diff != "" {
		t.Errorf("function (-want +got):\n%s", diff)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	b := read(t)
	const arn = "arn:aws-cn:iam::111122223333:role/shoreup/shoreup-"
	for name, want := range map[string]struct {
		takes, trusted []string
		identity       bool
		condition      string
	}{
		"shoreup-apply":             {[]string{arn + "read", arn + "remediate-iam", arn + "remediate-storage"}, []string{"lambda.amazonaws.com"}, false, ""},
		"shoreup-evaluate":          {[]string{arn + "read"}, []string{"lambda.amazonaws.com"}, false, ""},
		"shoreup/shoreup-read":      {nil, []string{arn + "apply", arn + "evaluate"}, true, ""},
		"shoreup-remediate-storage": {nil, []string{arn + "apply"}, true, ""},
		"shoreup-remediate-iam":     {nil, nil, false, "EnableIAM=true"},
	} {
		r, err := b.Role(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff([]any{want.takes, want.trusted, want.identity, want.condition}, []any{r.Takes(), r.Trusted(), blueprint.AsksForIdentity(r.Trust), r.Condition}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if _, err := b.Role("shoreup-nobody"); err == nil || !strings.Contains(err.Error(), "there are shoreup-apply") {
		t.Errorf("a role that is not there: %v", err)
	}
	read, err := b.Role("shoreup-read")
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string][]string{"s3:GetBucketPolicy": {"*"}, "s3:PutBucketPolicy": nil} {
		if diff := cmp.Diff(want, read.Scope(action)); diff != "" {
			t.Errorf("scope of %s (-want +got):\n%s", action, diff)
		}
	}
	apply, err := b.Role("shoreup-apply")
	if err != nil {
		t.Fatal(err)
	}
	if got := apply.Statements[1].Optional; got != "EnableIAM=true" || len(apply.Statements) != 2 {
		t.Errorf("apply has %d statements, and holds the second with %q", len(apply.Statements), got)
	}
}

func TestTrust(t *testing.T) {
	t.Parallel()
	allow := func(principal any, condition map[string]any) map[string]any {
		return map[string]any{"Statement": []any{map[string]any{"Effect": "Allow", "Principal": principal, "Action": []any{"sts:AssumeRole", "sts:SetSourceIdentity"}, "Condition": condition}}}
	}
	for name, c := range map[string]struct {
		trust    map[string]any
		want     []string
		identity bool
	}{
		"by principal":           {allow(map[string]any{"AWS": "arn:aws:iam::111122223333:root"}, nil), []string{"arn:aws:iam::111122223333:root"}, false},
		"everybody":              {allow("*", nil), []string{"*"}, false},
		"all but one":            {allow("*", map[string]any{"ArnNotEquals": map[string]any{"aws:PrincipalArn": "arn:x"}}), []string{"*"}, false},
		"key in another case":    {allow("*", map[string]any{"ArnLike": map[string]any{"AWS:principalarn": []any{"arn:y", "arn:x"}}}), []string{"arn:x", "arn:y"}, false},
		"identity wanted":        {allow("*", map[string]any{"StringLike": map[string]any{"sts:SourceIdentity": "?*"}}), []string{"*"}, true},
		"identity only not null": {allow("*", map[string]any{"Null": map[string]any{"sts:SourceIdentity": "false"}}), []string{"*"}, false},
		"denied":                 {map[string]any{"Statement": []any{map[string]any{"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}}}, nil, false},
		"nothing":                {map[string]any{}, nil, false},
	} {
		if diff := cmp.Diff(c.want, blueprint.Trusted(c.trust)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if got := blueprint.AsksForIdentity(c.trust); got != c.identity {
			t.Errorf("%s: asks for an identity: %v", name, got)
		}
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	for _, template := range []string{"", "[]", "{", `{"Resources": {}}`, `{"Resources": {"A": []}}`} {
		if _, err := blueprint.Read(template, blueprint.Values{}); err == nil {
			t.Errorf("%s is read", template)
		}
	}
}

// FuzzRead: whatever a template holds, it is read or refused, and no placeholder of the account is left in what comes out.
func FuzzRead(f *testing.F) {
	raw, err := os.ReadFile("../testdata/installation.template.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(`{"Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": ["${a}-${AWS::AccountId}", {"a": {"Ref": "Q"}}]}}}}}`)
	f.Add(`{"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": {"Ref": "R"}, "AssumeRolePolicyDocument": {"Statement": "x"}}}}}`)
	f.Fuzz(func(t *testing.T, template string) {
		b, err := blueprint.Read(template, blueprint.Values{Partition: "aws", Account: "111122223333", Region: "eu-west-1"})
		if err != nil {
			return
		}
		for _, r := range b.Roles {
			_, _, _ = r.Takes(), r.Trusted(), blueprint.AsksForIdentity(r.Trust)
			if strings.Contains(r.ARN, "${AWS::AccountId}") {
				t.Errorf("role %s: %s", r.Name, r.ARN)
			}
		}
	})
}
