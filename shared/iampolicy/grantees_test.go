package iampolicy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const own = "111122223333"

func TestStatementGrantees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal, condition string
		want                 Grantees
	}{
		"own account in every form": {`{"AWS":["111122223333","arn:aws:iam::111122223333:root","arn:aws:sts::111122223333:assumed-role/a/b"]}`, "", Grantees{}},
		"foreign accounts": {`{"AWS":["444455556666","arn:aws:iam::444455556666:role/x","arn:aws-cn:iam::777788889999:root"]}`, "", Grantees{
			Accounts:   []string{"444455556666", "777788889999"},
			Principals: []string{"444455556666", "arn:aws-cn:iam::777788889999:root", "arn:aws:iam::444455556666:role/x"}}},
		"services":       {`{"Service":["delivery.logs.amazonaws.com","cloudfront.amazonaws.com"]}`, "", Grantees{Services: []string{"cloudfront.amazonaws.com", "delivery.logs.amazonaws.com"}}},
		"canonical user": {`{"CanonicalUser":"c4c1"}`, "", Grantees{CanonicalUsers: []string{"c4c1"}}},
		"origin access identity": {`{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}`, "", Grantees{
			OAIs: []string{"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}}},
		"deleted":                      {`{"AWS":"AROAJQABLZS4A3QDU576Q"}`, "", Grantees{Deleted: []string{"AROAJQABLZS4A3QDU576Q"}}},
		"identity provider":            {`{"Federated":"cognito-identity.amazonaws.com"}`, "", Grantees{Principals: []string{"cognito-identity.amazonaws.com"}}},
		"public grants are not listed": {`{"AWS":["*","444455556666"]}`, "", Grantees{}},
		"star with foreign account":    {`"*"`, `{"StringEquals":{"aws:PrincipalAccount":["444455556666","111122223333"]}}`, Grantees{Accounts: []string{"444455556666"}, Principals: []string{"444455556666"}}},
		"star with own account":        {`"*"`, `{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, Grantees{}},
		"star with foreign ARN":        {`"*"`, `{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:444455556666:t"}}`, Grantees{Accounts: []string{"444455556666"}, Principals: []string{"arn:aws:sns:us-east-1:444455556666:t"}}},
		"star with organization":       {`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, Grantees{Conditional: []string{`StringEquals aws:PrincipalOrgID "o-1"`}}},
		"star with network":            {`"*"`, `{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:SecureTransport":"true"}}`, Grantees{Conditional: []string{`IpAddress aws:SourceIp "203.0.113.0/24"`}}},
		"star through own access points": {`{"AWS":"*"}`, `{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`, Grantees{
			Conditional: []string{`StringEquals s3:DataAccessPointAccount "111122223333"`}}},
		"star through an own access point": {`"*"`, `{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}`, Grantees{
			Conditional: []string{`ArnLike s3:DataAccessPointArn "arn:aws:s3:us-east-1:111122223333:accesspoint/*"`}}},
		"star through own access points, own principals": {`"*"`, `{"StringEquals":{"s3:DataAccessPointAccount":"111122223333","aws:PrincipalAccount":"111122223333"}}`, Grantees{}},
		"star through an own endpoint": {`"*"`, `{"StringEquals":{"aws:SourceVpce":"vpce-1","aws:VpceAccount":"111122223333"}}`, Grantees{
			Conditional: []string{`StringEquals aws:SourceVpce "vpce-1"`, `StringEquals aws:VpceAccount "111122223333"`}}},
		"star with an own key": {`"*"`, `{"StringEquals":{"aws:SourceVpc":"vpc-1","s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:111122223333:key/k"}}`, Grantees{
			Conditional: []string{`StringEquals aws:SourceVpc "vpc-1"`, `StringEquals s3:x-amz-server-side-encryption-aws-kms-key-id "arn:aws:kms:us-east-1:111122223333:key/k"`}}},
		"star with own bucket and network": {`"*"`, `{"StringEquals":{"aws:ResourceAccount":"111122223333","aws:SourceVpc":"vpc-1"}}`, Grantees{
			Conditional: []string{`StringEquals aws:SourceVpc "vpc-1"`}}},
		"star with own role":            {`"*"`, `{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}}`, Grantees{}},
		"organization and own account":  {`"*"`, `{"StringEquals":{"aws:PrincipalOrgID":"o-1","aws:PrincipalAccount":"111122223333"}}`, Grantees{}},
		"roles of a foreign account":    {`{"AWS":"arn:aws:iam::444455556666:role/*"}`, "", Grantees{Accounts: []string{"444455556666"}, Principals: []string{"arn:aws:iam::444455556666:role/*"}}},
		"no principal grants to nobody": {``, "", Grantees{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := StatementGrantees(allow(t, c.principal, c.condition).Statements[0], S3Bucket, own)
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCrossAccount(t *testing.T) {
	t.Parallel()
	d := parse(t, `[`+allowText(`{"AWS":["arn:aws:iam::444455556666:root","444455556666"],"Service":"s3.amazonaws.com","CanonicalUser":"c"}`, "")+`,`+
		`{"Effect":"Deny","Principal":{"AWS":"444455556666"},"Action":"s3:*","Resource":"*"}]`)
	if diff := cmp.Diff([]string{"444455556666", "arn:aws:iam::444455556666:root"}, CrossAccount(d.Statements[0], S3Bucket, own)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := CrossAccount(d.Statements[1], S3Bucket, own); len(got) != 0 {
		t.Errorf("a Deny grants to %v", got)
	}
}
