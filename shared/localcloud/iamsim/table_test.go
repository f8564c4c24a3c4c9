package iamsim

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

const (
	account = "444455556666"
	caller  = "arn:aws:iam::" + account + ":role/shoreup/shoreup-read"
)

// declared is every operation that a control, a list, a resolver or a look-up
// of related resources makes, as the catalogue declares it.
func declared() map[string]awsapi.Op {
	ops := map[string]awsapi.Op{}
	for _, c := range catalog.Controls() {
		all := slices.Concat(c.Reads, c.Writes, c.Undoes, c.Type.ListOps, c.Type.ResolveOps)
		for _, via := range c.Type.Via {
			all = append(all, via.Ops...)
		}
		for _, op := range all {
			ops[op.Name] = op
		}
	}
	return ops
}

// TestTableAndDeclarationsAgree: the table and awsapi.Op.Actions come from two
// readings of the reference. A difference is a defect of one of them.
func TestTableAndDeclarationsAgree(t *testing.T) {
	t.Parallel()
	table, ops := needs(), declared()
	if len(ops) < 100 {
		t.Fatalf("%d operations, want a hundred and more", len(ops))
	}
	for name, op := range ops {
		wanted, known := table[name]
		if !known {
			t.Errorf("%s is not in the table", name)
			continue
		}
		var actions []string
		for _, n := range wanted {
			actions = append(actions, n.action)
		}
		slices.Sort(actions)
		if diff := cmp.Diff(slices.Compact(actions), slices.Sorted(slices.Values(op.Actions))); diff != "" {
			t.Errorf("%s (-table +declared):\n%s", name, diff)
		}
	}
}

// TestTableAgainstTheReference has the evaluator, which carries the reference as
// data, check each action and each resource type.
func TestTableAgainstTheReference(t *testing.T) {
	t.Parallel()
	s, err := Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	var questions []Question
	for operation, wanted := range needs() {
		call := wiretap.Call{Time: time.Now(), Account: account, Region: "eu-west-1", Operation: operation, Principal: caller}
		for _, n := range wanted {
			resource := "*"
			if n.kind != "" {
				resource = kinds[n.kind].invent(call)
			}
			if n.kind == "object" {
				resource += "/key"
			}
			questions = append(questions, Question{Request: request(call, n, resource)})
		}
	}
	if _, err := s.Ask(questions); err != nil {
		t.Error(err)
	}
}

func TestKindsAreUsed(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"": true}
	for operation, wanted := range needs() {
		for _, n := range wanted {
			if _, known := kinds[n.kind]; !known && n.kind != "" {
				t.Errorf("%s: no kind %s", operation, n.kind)
			}
			used[n.kind] = true
		}
	}
	for name := range kinds {
		if !used[name] {
			t.Errorf("kind %s is not used", name)
		}
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	const (
		role  = "arn:aws:iam::777788889999:role/shoreup/shoreup-read"
		group = "arn:aws:ec2:eu-west-1:" + account + ":security-group/sg-1"
		key   = "arn:aws:kms:eu-west-1:" + account + ":key/k"
		table = "arn:aws:dynamodb:eu-west-1:" + account + ":table/t"
	)
	for name, c := range map[string]struct {
		call wiretap.Call
		want []string // action, resource
	}{
		"a setting of a bucket": {
			wiretap.Call{Service: "s3", Operation: "DeletePublicAccessBlock", Resources: []wiretap.Resource{{ARN: "arn:aws:s3:::b"}}},
			[]string{"s3:PutBucketPublicAccessBlock arn:aws:s3:::b"},
		},
		"the same of the account": {
			wiretap.Call{Service: "s3", Operation: "DeletePublicAccessBlock", Control: true},
			[]string{"s3:PutAccountPublicAccessBlock *"},
		},
		"an object under lock": {
			wiretap.Call{Service: "s3", Operation: "PutObject", Resources: []wiretap.Resource{{ARN: "arn:aws:s3:::b/k"}}, Context: map[string]string{"s3:object-lock-mode": "COMPLIANCE"}},
			[]string{"s3:PutObject arn:aws:s3:::b/k", "s3:PutObjectRetention arn:aws:s3:::b/k"},
		},
		"a role": {
			wiretap.Call{Service: "sts", Operation: "AssumeRole", Resources: []wiretap.Resource{{ARN: role}}},
			[]string{"sts:AssumeRole " + role},
		},
		"a role with a source identity and tags": {
			wiretap.Call{Service: "sts", Operation: "AssumeRole", Resources: []wiretap.Resource{{ARN: role}}, Context: map[string]string{"sts:SourceIdentity": "ann", "aws:RequestTag/plan": "x"}},
			[]string{"sts:AssumeRole " + role, "sts:SetSourceIdentity " + role, "sts:TagSession " + role},
		},
		"a role from a session with a source identity": {
			wiretap.Call{Service: "sts", Operation: "AssumeRole", SourceIdentity: "ann", Resources: []wiretap.Resource{{ARN: role}}},
			[]string{"sts:AssumeRole " + role, "sts:SetSourceIdentity " + role},
		},
		"a rule with tags": {
			wiretap.Call{Service: "ec2", Operation: "AuthorizeSecurityGroupIngress", Resources: []wiretap.Resource{
				{ARN: group}, {ARN: "arn:aws:ec2:eu-west-1:" + account + ":security-group-rule/*", Part: "Tag"},
			}},
			[]string{"ec2:AuthorizeSecurityGroupIngress " + group, "ec2:CreateTags arn:aws:ec2:eu-west-1:" + account + ":security-group-rule/any-at-all"},
		},
		"a table with a customer's key": {
			wiretap.Call{Service: "dynamodb", Operation: "UpdateTable", Resources: []wiretap.Resource{{ARN: table}, {ARN: key, Part: "Key"}}},
			[]string{"dynamodb:UpdateTable " + table, "kms:CreateGrant " + key, "kms:DescribeKey " + key},
		},
		"a list of all": {
			wiretap.Call{Service: "rds", Operation: "DescribeDBInstances"},
			[]string{"rds:DescribeDBInstances arn:aws:rds:eu-west-1:" + account + ":db:any-at-all"},
		},
		"the one hub":   {wiretap.Call{Service: "securityhub", Operation: "BatchUpdateFindings"}, []string{"securityhub:BatchUpdateFindings arn:aws:securityhub:eu-west-1:" + account + ":hub/default"}},
		"no permission": {wiretap.Call{Service: "sts", Operation: "GetCallerIdentity"}, nil},
	} {
		c.call.Account, c.call.Region, c.call.Principal = account, "eu-west-1", caller
		requests, err := Map(c.call)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, r := range requests {
			got = append(got, r.Action+" "+r.Resource)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestContext(t *testing.T) {
	t.Parallel()
	requests, err := Map(wiretap.Call{
		Time: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Account: account, Region: "eu-west-1", Service: "dynamodb", Operation: "UpdateTable", Principal: caller,
		SourceIdentity: "ann", SessionPolicy: "{}", Context: map[string]string{"a": "b"},
		Resources: []wiretap.Resource{{ARN: "arn:aws:kms:eu-west-1:777788889999:key/k", Part: "Key"}, {ARN: "arn:aws:dynamodb:eu-west-1:" + account + ":table/t"}},
	})
	if err != nil || len(requests) != 3 {
		t.Fatalf("%v, %v", requests, err)
	}
	grant := requests[slices.IndexFunc(requests, func(r Request) bool { return strings.HasSuffix(r.Action, "CreateGrant") })]
	want := map[string]string{
		"aws:SecureTransport": "true", "aws:PrincipalArn": caller, "aws:PrincipalAccount": account, "aws:PrincipalType": "AssumedRole", "aws:RequestedRegion": "eu-west-1",
		"aws:ResourceAccount": "777788889999", "aws:ViaAWSService": "true", "aws:CurrentTime": "2026-03-01T10:00:00Z", "aws:SourceIdentity": "ann", "a": "b",
		"kms:ViaService": "dynamodb.eu-west-1.amazonaws.com", "kms:GrantIsForAWSResource": "true",
	}
	if diff := cmp.Diff(want, maps.Clone(grant.Context)); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	if grant.Account != "777788889999" || grant.SessionPolicy != "{}" {
		t.Errorf("%+v", grant)
	}
}
