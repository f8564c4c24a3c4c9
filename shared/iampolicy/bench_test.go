package iampolicy

import (
	"strings"
	"testing"
)

// BenchmarkBucketPolicy parses and judges a bucket policy of ten statements, one public and narrowed by none.
func BenchmarkBucketPolicy(b *testing.B) {
	statements := make([]string, 0, 10)
	for range 8 {
		statements = append(statements, allowText(`{"AWS":["arn:aws:iam::111122223333:role/app","444455556666"]}`, `{"Bool":{"aws:SecureTransport":"true"}}`))
	}
	statements = append(statements, allowText(`"*"`, `{"StringLike":{"aws:SourceVpc":"vpc-*"}}`), string(TLSDenyStatement("aws", "b", "TLS")))
	text := []byte(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		d, err := Parse(text)
		if err != nil || len(PublicStatements(d, S3Bucket)) != 1 || !EnforcesTLS(d, "arn:aws:s3:::b") {
			b.Fatal("wrong judgement")
		}
	}
}

// BenchmarkIdentityPolicies parses and judges ten identity policies of four statements that one principal holds.
func BenchmarkIdentityPolicies(b *testing.B) {
	text := []byte(`{"Version":"2012-10-17","Statement":[` + strings.Join([]string{
		run("s3:ListBucket s3:GetBucketLocation logs:PutLogEvents ec2:Describe* cloudwatch:*"),
		`{"Effect":"Allow","Action":["dynamodb:GetItem","dynamodb:PutItem"],"Resource":"arn:aws:dynamodb:*:111122223333:table/app-*"}`,
		passRole(`"Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"ec2.amazonaws.com"}}`),
		denyIt + `"Action":"iam:Delete*",` + all + `}`,
	}, ",") + `]}`)
	b.SetBytes(int64(10 * len(text)))
	b.ReportAllocs()
	for b.Loop() {
		docs := make([]Document, 10)
		for i := range docs {
			d, err := Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			docs[i] = d
		}
		if len(JudgeIdentity(docs...)) != 10 {
			b.Fatal("wrong judgement")
		}
	}
}

// BenchmarkTrustPolicy parses and judges a trust policy for GitHub.
func BenchmarkTrustPolicy(b *testing.B) {
	text := []byte(`{"Version":"2012-10-17","Statement":[` + trustText(github, "sts:AssumeRoleWithWebIdentity", `{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:org*"}}`) + `]}`)
	b.ReportAllocs()
	for b.Loop() {
		d, err := Parse(text)
		if err != nil || len(JudgeTrust(d, own)) != 1 {
			b.Fatal("wrong judgement")
		}
	}
}
