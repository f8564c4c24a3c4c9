package configrule

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/annotate/annotatetest"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/iam/accesskeyunused"
	"github.com/shoreup/shoreup/shared/controls/s3/bucketpublic"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// live is a function over an account of the emulator, which has no PutEvaluations.
func live(t *testing.T, control core.Control) (*Function, *annotatetest.Cloud, func(script string)) {
	t.Helper()
	account := emulatortest.Account(t)
	cfg := emulatortest.ForTest(t).Config(account, "eu-west-1")
	cloud := &annotatetest.Cloud{Token: "example-result-token", Next: cfg.HTTPClient}
	cfg.HTTPClient = cloud
	f := function(cloud, control)
	f.Own = awsapi.NewSession(cfg, account, "eu-west-1")
	f.Engine.Read = func(_ context.Context, _, region string) (awsapi.Session, error) { return f.Own.In(region), nil }
	return f, cloud, func(script string) {
		t.Helper()
		if err := setup.Run(t.Context(), f.Own, script, map[string]string{}); err != nil {
			t.Fatal(err)
		}
	}
}

// The event says one thing, the account is another: what counts is what is there.
func TestJudgesTheLiveState(t *testing.T) {
	t.Parallel()
	f, cloud, script := live(t, bucketpublic.Control())
	name := "reports-" + f.Own.Account
	script(`s3:CreateBucket {"Bucket":"` + name + `","CreateBucketConfiguration":{"LocationConstraint":"eu-west-1"}}
s3:PutBucketPolicy {"Bucket":"` + name + `","Policy":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + name + `/*"}]}}`)
	raw := strings.NewReplacer("example-reports", name, "111122223333", f.Own.Account).Replace(sample(t, "bucket_changed"))
	if err := f.Handle(t.Context(), json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	script(`s3:DeleteBucketPolicy {"Bucket":"` + name + `"}
s3:PutPublicAccessBlock {"Bucket":"` + name + `","PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"IgnorePublicAcls":true,"BlockPublicPolicy":true,"RestrictPublicBuckets":true}}`)
	if err := f.Handle(t.Context(), json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	got := answered(t, cloud)
	if len(got) != 2 || !strings.HasPrefix(got[0], "AWS::S3::Bucket "+name+" NON_COMPLIANT") || got[1] != "AWS::S3::Bucket "+name+" COMPLIANT" {
		t.Errorf("answered %q", got)
	}
}

// AWS Config knows users by unique id, and a schedule has to answer under that name too.
func TestScheduleNamesUsersAsConfigDoes(t *testing.T) {
	t.Parallel()
	f, cloud, script := live(t, accesskeyunused.Control())
	script(`iam:CreateUser {"UserName":"dana"}`)
	raw := strings.NewReplacer("s3-bucket-public", "iam-access-key-unused", "111122223333", f.Own.Account).Replace(sample(t, "scheduled"))
	if err := f.Handle(t.Context(), json.RawMessage(raw)); err != nil {
		t.Fatal(err)
	}
	got := answered(t, cloud)
	if len(got) != 1 || !strings.HasPrefix(got[0], "AWS::IAM::User ") || strings.Contains(got[0], "dana") || !strings.HasSuffix(got[0], " COMPLIANT") {
		t.Errorf("answered %q, want dana by unique id", got)
	}
}

func TestEveryListOfNamesIsWalkedToItsEnd(t *testing.T) {
	t.Parallel()
	marks := []string{}
	got, err := collect(func(m *string) ([]string, *string, error) {
		marks = append(marks, aws.ToString(m))
		switch len(marks) {
		case 1:
			return []string{"a"}, aws.String("more"), nil
		case 2:
			return nil, aws.String("end"), nil
		}
		return []string{"b"}, nil, nil
	}, func(s string) (id, name *string) { return &s, aws.String(s + s) })
	if err != nil || cmp.Diff(map[string]string{"a": "aa", "b": "bb"}, got) != "" || cmp.Diff([]string{"", "more", "end"}, marks) != "" {
		t.Errorf("%v, %v after marks %q", got, err, marks)
	}
	if _, err := collect(func(*string) ([]string, *string, error) { return nil, nil, apiError("AccessDenied") }, nil); !awsapi.IsAccessDenied(err) {
		t.Errorf("%v", err)
	}
}

// Each type that AWS Config calls otherwise, against the emulator. Its unique ids in IAM have no prefixes.
func TestNames(t *testing.T) {
	t.Parallel()
	f, _, script := live(t, bucketpublic.Control())
	script(`iam:CreateRole {"RoleName":"app","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[]}}
iam:CreateGroup {"GroupName":"ops"}
iam:CreatePolicy {"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}}
rds:CreateDBInstance {"DBInstanceIdentifier":"orders-db","DBInstanceClass":"db.t3.micro","Engine":"postgres","MasterUsername":"admin1","MasterUserPassword":"example-password"}
rds:CreateDBCluster {"DBClusterIdentifier":"ledger","Engine":"aurora-postgresql","MasterUsername":"admin1","MasterUserPassword":"example-password"}`)
	for typ, c := range map[string]struct{ id, prefix string }{
		"AWS::IAM::Role": {"app", ""}, "AWS::IAM::Group": {"ops", ""}, "AWS::IAM::ManagedPolicy": {"arn:aws:iam::" + f.Own.Account + ":policy/p", ""},
		"AWS::RDS::DBInstance": {"orders-db", "db-"}, "AWS::RDS::DBCluster": {"ledger", "cluster-"},
	} {
		got, err := f.names(t.Context(), awsapi.ResourceType{Name: typ}, awsapi.Resource{Account: f.Own.Account, Region: "eu-west-1"})
		if err != nil || got[c.id] == "" || got[c.id] == c.id || !strings.HasPrefix(got[c.id], c.prefix) {
			t.Errorf("%s %s is %q of %v, %v; want one that begins with %q", typ, c.id, got[c.id], got, err, c.prefix)
		}
	}
}
