package iamsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/iamsim"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

const (
	hub    = "111122223333"
	member = "444455556666"
	apply  = "arn:aws:iam::" + hub + ":role/shoreup/shoreup-apply"
	fixer  = "arn:aws:iam::" + member + ":role/shoreup/shoreup-remediate-storage"
	table  = "arn:aws:dynamodb:eu-west-1:" + hub + ":table/shoreup-state"
)

// simulator is the process's one evaluator, and running what it started.
var (
	simulator = sync.OnceValues(func() (*iamsim.Simulator, error) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		s, err := iamsim.Start(ctx, nil)
		running.Store(s)
		return s, err
	})
	running atomic.Pointer[iamsim.Simulator]
)

func TestMain(m *testing.M) {
	m.Run()
	if s := running.Load(); s != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func evaluator(t *testing.T) *iamsim.Simulator {
	t.Helper()
	s, err := simulator()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func policy(name string, statements ...string) iamsim.Policy {
	return iamsim.Policy{Name: name, Document: document(statements...)}
}

func document(statements ...string) json.RawMessage {
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
}

// world is a hub with the role apply, and a member whose role trusts it.
func world() iamsim.World {
	return iamsim.World{
		Organization: "o-example",
		Roles: map[string]iamsim.Role{
			apply: {
				Policies: []iamsim.Policy{policy("Own",
					`{"Effect":"Allow","Action":["dynamodb:PutItem","dynamodb:ConditionCheckItem","dynamodb:GetItem"],"Resource":"`+table+`"}`,
					`{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Resource":"arn:aws:iam::*:role/shoreup/shoreup-remediate-*"}`,
					`{"Effect":"Allow","Action":"dynamodb:UpdateItem","Resource":"`+table+`","Condition":{"ForAllValues:StringNotLike":{"dynamodb:LeadingKeys":["heard#*","switch"]},"Null":{"dynamodb:LeadingKeys":"false"}}}`,
				)},
			},
			fixer: {
				Trust: document(`{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + hub + `:root"},"Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Condition":{` +
					`"ArnEquals":{"aws:PrincipalArn":"` + apply + `"},"StringEquals":{"aws:PrincipalOrgID":"o-example"},"StringLike":{"sts:SourceIdentity":"*"}}}`),
				Policies: []iamsim.Policy{policy("Writes",
					`{"Effect":"Allow","Action":["s3:PutBucketPublicAccessBlock","s3:PutBucketPolicy","s3:DeleteBucketPolicy"],"Resource":"arn:aws:s3:::*"}`,
					`{"Effect":"Allow","Action":"kms:EnableKeyRotation","Resource":"*"}`,
					`{"Sid":"Protected","Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::shoreup-*"}`,
				)},
				Boundary: document(`{"Effect":"Allow","Action":["s3:Put*","kms:*"],"Resource":"*"}`),
			},
		},
		Resources: map[string]json.RawMessage{
			"arn:aws:s3:::closed": document(`{"Sid":"Closed","Effect":"Deny","Principal":"*","Action":"s3:PutBucket*","Resource":"arn:aws:s3:::closed",` +
				`"Condition":{"ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::` + member + `:role/other"}}}`),
		},
	}
}

func call(principal, operation, resource string) wiretap.Call {
	account := hub
	if principal == fixer {
		account = member
	}
	service, operation, _ := strings.Cut(operation, ":")
	c := wiretap.Call{
		Time: time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), Account: account, Region: "eu-west-1", Service: service, Operation: operation, Principal: principal, Status: 200,
	}
	if resource != "" {
		c.Resources = []wiretap.Resource{{ARN: resource}}
	}
	return c
}

func with(c wiretap.Call, change func(*wiretap.Call)) wiretap.Call {
	change(&c)
	return c
}

func item(key string) wiretap.Call {
	c := call(apply, "dynamodb:UpdateItem", "")
	c.Resources = []wiretap.Resource{{ARN: table, Key: key}}
	return c
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	block := call(fixer, "s3:PutPublicAccessBlock", "arn:aws:s3:::b")
	session := func(statement string) func(*wiretap.Call) {
		return func(c *wiretap.Call) { c.SessionPolicy = string(document(statement)) }
	}
	identity := func(who string) func(*wiretap.Call) {
		return func(c *wiretap.Call) {
			c.Context = map[string]string{"sts:SourceIdentity": who, "sts:RoleSessionName": "fix"}
		}
	}
	for name, c := range map[string]struct {
		call wiretap.Call
		want []string // what each refusal must say; none: allowed
	}{
		"a granted action":                {block, nil},
		"a protected bucket":              {call(fixer, "s3:PutPublicAccessBlock", "arn:aws:s3:::shoreup-audit"), []string{"s3:PutBucketPublicAccessBlock on arn:aws:s3:::shoreup-audit (for s3:PutPublicAccessBlock): identity policies: ExplicitlyDenied by Writes/Protected"}},
		"an action that nobody granted":   {call(fixer, "s3:PutBucketAcl", "arn:aws:s3:::b"), []string{"s3:PutBucketAcl on arn:aws:s3:::b (for s3:PutBucketAcl): identity policies: ImplicitlyDenied"}},
		"granted, beyond the boundary":    {call(fixer, "s3:DeleteBucketPolicy", "arn:aws:s3:::b"), []string{"identity policies: Allowed by Writes/1; boundary: ImplicitlyDenied"}},
		"within the session policy":       {with(block, session(`{"Effect":"Allow","Action":["s3:PutBucketPublicAccessBlock"],"Resource":["arn:aws:s3:::b"]}`)), nil},
		"another bucket of the session":   {with(block, session(`{"Effect":"Allow","Action":["s3:PutBucketPublicAccessBlock"],"Resource":["arn:aws:s3:::c"]}`)), []string{"session policy: ImplicitlyDenied"}},
		"another action of the session":   {with(block, session(`{"Effect":"Allow","Action":["s3:PutBucketPolicy"],"Resource":["arn:aws:s3:::b"]}`)), []string{"session policy: ImplicitlyDenied"}},
		"a session policy grants nothing": {with(call(fixer, "s3:PutBucketAcl", "arn:aws:s3:::b"), session(`{"Effect":"Allow","Action":"*","Resource":"*"}`)), []string{"identity policies: ImplicitlyDenied"}},
		"refused by the bucket's policy":  {call(fixer, "s3:PutBucketPolicy", "arn:aws:s3:::closed"), []string{"resource policy: ExplicitlyDenied by resource policy/Closed"}},
		"a key with the usual policy":     {call(fixer, "kms:EnableKeyRotation", "arn:aws:kms:eu-west-1:"+member+":key/k"), nil},
		"own table":                       {call(apply, "dynamodb:GetItem", table), nil},
		"another table":                   {call(apply, "dynamodb:GetItem", table+"-approvals"), []string{"dynamodb:GetItem on " + table + "-approvals"}},
		"a transaction": {with(call(apply, "dynamodb:TransactWriteItems", ""), func(c *wiretap.Call) {
			c.Resources = []wiretap.Resource{{ARN: table, Part: "Put"}, {ARN: table, Part: "ConditionCheck"}}
		}), nil},
		"a transaction that deletes": {with(call(apply, "dynamodb:TransactWriteItems", ""), func(c *wiretap.Call) {
			c.Resources = []wiretap.Resource{{ARN: table, Part: "Put"}, {ARN: table, Part: "Delete"}}
		}), []string{"dynamodb:DeleteItem on " + table}},
		"an item of its own":                   {item("lease#x"), nil},
		"an item of others":                    {item("heard#x"), []string{"dynamodb:UpdateItem on " + table}},
		"an item of others, by its whole key":  {item("switch"), []string{"dynamodb:UpdateItem on " + table}},
		"an item with a key that is not known": {item(""), []string{"dynamodb:UpdateItem on " + table}},
		"one item of its own and one of others": {with(call(apply, "dynamodb:TransactWriteItems", ""), func(c *wiretap.Call) {
			c.Resources = []wiretap.Resource{{ARN: table, Part: "Update", Key: "lease#x"}, {ARN: table, Part: "Update", Key: "heard#x"}}
		}), []string{"dynamodb:UpdateItem on " + table}},
		"a role of another account":           {with(call(apply, "sts:AssumeRole", fixer), identity("ann")), nil},
		"that role without a source identity": {call(apply, "sts:AssumeRole", fixer), []string{"resource policy: ImplicitlyDenied"}},
		"a role that nobody knows":            {with(call(apply, "sts:AssumeRole", strings.Replace(fixer, "storage", "iam", 1)), identity("ann")), []string{"sts:AssumeRole", "sts:SetSourceIdentity"}},
		"who am I":                            {call(apply, "sts:GetCallerIdentity", ""), nil},
	} {
		report, err := world().Evaluate(evaluator(t), []wiretap.Call{c.call})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(report.Refused) != len(c.want) {
			t.Errorf("%s: refused %v, want %d", name, report.Refused, len(c.want))
			continue
		}
		for i, want := range c.want {
			if got := report.Refused[i].String(); !strings.Contains(got, want) {
				t.Errorf("%s: %s\nwant it to say %s", name, got, want)
			}
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	calls := []wiretap.Call{
		call(apply, "dynamodb:GetItem", table), call(apply, "dynamodb:GetItem", table), call(apply, "dynamodb:PutItem", table),
		call(fixer, "s3:PutBucketPolicy", "arn:aws:s3:::b"), call(fixer, "s3:PutBucketPolicy", "arn:aws:s3:::shoreup-audit"),
		item("lease#a"), item("lease#b"), item("count#a"), // the first two are one question
		call("arn:aws:iam::"+hub+":role/test", "s3:CreateBucket", "arn:aws:s3:::b"), call("", "s3:CreateBucket", "arn:aws:s3:::b"),
	}
	w := world()
	role := w.Roles[apply]
	role.ByAWS = []string{"dynamodb:ConditionCheckItem"}
	w.Roles[apply] = role
	report, err := w.Evaluate(evaluator(t), calls)
	if err != nil {
		t.Fatal(err)
	}
	if report.Asked != 6 || len(report.Refused) != 1 || !report.Refused[0].Answer.Explicit {
		t.Errorf("asked %d, refused %v", report.Asked, report.Refused)
	}
	if diff := cmp.Diff([]string{"", "arn:aws:iam::" + hub + ":role/test"}, report.Others); diff != "" {
		t.Errorf("others (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string][]string{
		apply: {"sts:AssumeRole", "sts:SetSourceIdentity"},
		fixer: {"kms:EnableKeyRotation", "s3:DeleteBucketPolicy", "s3:PutBucketPublicAccessBlock"},
	}, report.Unused); diff != "" {
		t.Errorf("unused (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeEvaluated(t *testing.T) {
	t.Parallel()
	if _, err := world().Evaluate(evaluator(t), []wiretap.Call{call(apply, "glacier:DeleteVault", "")}); err == nil || !strings.Contains(err.Error(), "glacier:DeleteVault") || !strings.Contains(err.Error(), "table.go") {
		t.Errorf("an operation outside the table: %v", err)
	}
	w := world()
	w.Roles[apply] = iamsim.Role{Policies: []iamsim.Policy{{Name: "Broken", Document: json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`)}}}
	if _, err := w.Evaluate(evaluator(t), []wiretap.Call{call(apply, "dynamodb:GetItem", table)}); err == nil || !strings.Contains(err.Error(), "Broken") {
		t.Errorf("a malformed policy: %v", err)
	}
}
