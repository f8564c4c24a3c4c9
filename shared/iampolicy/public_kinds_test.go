package iampolicy

import (
	"strings"
	"testing"
)

// TestKinds has the cases of the services whose rules differ from S3's, and of statements that do not depend on the principal.
func TestKinds(t *testing.T) {
	t.Parallel()
	const star = `"Effect":"Allow","Principal":"*",`
	const aws = `"Effect":"Allow","Principal":{"AWS":"*"},`
	const s3 = `"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f"`
	for name, c := range map[string]struct {
		kind Kind
		stmt string
		want Verdict
	}{
		"Deny never grants":                {S3Bucket, `"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"`, no},
		"Deny with NotPrincipal":           {S3Bucket, `"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"`, no},
		"Allow with NotPrincipal":          {S3Bucket, `"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"`, yes},
		"Allow with NotPrincipal, fixed":   {S3Bucket, `"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, no},
		"NotAction":                        {S3Bucket, star + `"NotAction":"s3:DeleteBucket","Resource":"arn:aws:s3:::b/*"`, yes},
		"NotAction, fixed principal":       {S3Bucket, `"Effect":"Allow","Principal":{"AWS":"111122223333"},"NotAction":"s3:DeleteBucket","Resource":"arn:aws:s3:::b/*"`, no},
		"NotResource":                      {S3Bucket, star + `"Action":"s3:GetObject","NotResource":"arn:aws:s3:::b/private/*"`, yes},
		"one prefix":                       {S3Bucket, star + `"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"`, yes},
		"write only":                       {S3Bucket, star + `"Action":"s3:PutObject","Resource":"arn:aws:s3:::b/*"`, yes},
		"list only":                        {S3Bucket, star + `"Action":"s3:ListBucket","Resource":"arn:aws:s3:::b"`, yes},
		"one harmless action":              {S3Bucket, star + `"Action":"s3:GetBucketLocation","Resource":"arn:aws:s3:::b"`, yes},
		"service with SourceArn":           {S3Bucket, `"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"AWS:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}`, no},
		"service with any SourceArn":       {S3Bucket, `"Effect":"Allow","Principal":{"Service":"cloudfront.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"ArnLike":{"AWS:SourceArn":"*"}}`, no},
		"access point: exact ARN":          {S3AccessPoint, star + `"Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/a"}}`, no},
		"access point: name is a wildcard": {S3AccessPoint, star + `"Action":"s3:GetObject","Resource":"*","Condition":{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}`, yes},
		"access point: fixed VPC":          {S3AccessPoint, star + `"Action":"s3:GetObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`, no},
		"access point: star":               {S3AccessPoint, aws + `"Action":"s3:GetObject","Resource":"*"`, yes},
		"SQS star":                         {SQS, star + `"Action":"sqs:SendMessage","Resource":"*"`, yes},
		"SQS from S3, legacy":              {SQS, aws + `"Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:111122223333:q","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket"}}`, no},
		"SQS from S3, any bucket":          {SQS, aws + `"Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:111122223333:q","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:*"}}`, yes},
		"SQS from SNS, legacy":             {SQS, star + `"Action":"SQS:SendMessage","Resource":"*","Condition":{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:us-east-1:111122223333:t"}}`, no},
		"SQS SourceAccount":                {SQS, star + `"Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, no},
		"SQS SourceVpce":                   {SQS, star + `"Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`, no},
		"SQS organization":                 {SQS, star + `"Action":"sqs:SendMessage","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, no},
		"SNS default policy":               {SNS, aws + `"Action":["SNS:Publish","SNS:Subscribe"],"Resource":"arn:aws:sns:us-east-1:111122223333:t","Condition":{"StringEquals":{"AWS:SourceOwner":"111122223333"}}`, no},
		"SNS endpoint says not who":        {SNS, aws + `"Action":"SNS:Subscribe","Resource":"*","Condition":{"StringLike":{"sns:Endpoint":"*@example.com"}}`, yes},
		"SNS protocol says not who":        {SNS, aws + `"Action":"SNS:Subscribe","Resource":"*","Condition":{"StringEquals":{"sns:Protocol":"https"}}`, yes},
		"KMS AWS-managed key":              {KMS, aws + `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:CallerAccount":"111122223333","kms:ViaService":"ssm.us-east-1.amazonaws.com"}}`, no},
		"KMS ViaService alone":             {KMS, aws + `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringEquals":{"kms:ViaService":"ssm.us-east-1.amazonaws.com"}}`, yes},
		"KMS any caller account":           {KMS, aws + `"Action":"kms:Decrypt","Resource":"*","Condition":{"StringLike":{"kms:CallerAccount":"*"}}`, yes},
		"KMS account root":                 {KMS, `"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"`, no},
		"Lambda star":                      {Lambda, star + `"Action":"lambda:InvokeFunction","Resource":"*"`, yes},
		"Lambda empty principal":           {Lambda, `"Effect":"Allow","Principal":"","Action":"lambda:InvokeFunction","Resource":"*"`, yes},
		"Lambda empty AWS principal":       {Lambda, `"Effect":"Allow","Principal":{"AWS":""},"Action":"lambda:InvokeFunction","Resource":"*"`, yes},
		"Lambda no principal":              {Lambda, `"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"*"`, yes},
		"Lambda star, fixed account":       {Lambda, star + `"Action":"lambda:InvokeFunction","Resource":"*","Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"}}`, no},
		"Lambda from S3":                   {Lambda, s3, yes},
		"Lambda from S3, bucket only":      {Lambda, s3 + `,"Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}`, yes},
		"Lambda from S3, account":          {Lambda, s3 + `,"Condition":{"StringEquals":{"AWS:SourceAccount":"111122223333"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}`, no},
		"Lambda from S3, any account":      {Lambda, s3 + `,"Condition":{"StringLike":{"AWS:SourceAccount":"*"}}`, yes},
		"Lambda from S3, account IfExists": {Lambda, s3 + `,"Condition":{"StringEqualsIfExists":{"AWS:SourceAccount":"111122223333"}}`, yes},
		"Lambda from S3, organization":     {Lambda, s3 + `,"Condition":{"StringEquals":{"aws:SourceOrgID":"o-1"}}`, may},
		"Lambda from SNS":                  {Lambda, strings.Replace(s3, "s3.amazonaws", "sns.amazonaws", 1), no},
		"S3 as principal elsewhere":        {SNS, strings.ReplaceAll(s3, "lambda:", "sns:"), no},
		"Lambda function URL":              {Lambda, star + `"Action":"lambda:InvokeFunctionUrl","Resource":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}`, yes},
		"Lambda function URL with IAM":     {Lambda, star + `"Action":"lambda:InvokeFunctionUrl","Resource":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}`, yes},
		"generic (ECR) without Resource":   {Generic, aws + `"Action":"ecr:BatchGetImage"`, yes},
		"generic (ECR) organization":       {Generic, aws + `"Action":"ecr:BatchGetImage","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, no},
		"bucket key in a queue policy":     {SQS, star + `"Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`, yes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := JudgePublic(parse(t, `[{`+c.stmt+`}]`).Statements[0], c.kind)
			if got.Verdict != c.want {
				t.Errorf("got %v (%s), want %v", got.Verdict, got.Reason, c.want)
			}
			if (got.Reason == "") != (c.want == NotPublic) {
				t.Errorf("reason %q for %v", got.Reason, got.Verdict)
			}
		})
	}
}

// TestDenyNarrows: an open Allow that Deny statements narrow to fixed callers is unsettled; any other Deny changes nothing.
func TestDenyNarrows(t *testing.T) {
	t.Parallel()
	open := allowText(`"*"`, "")
	all := `"Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`
	notIP := `"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`
	deny := `{"Effect":"Deny","Principal":"*",`
	for name, c := range map[string]struct {
		deny string
		want Verdict
	}{
		"NotIpAddress":                    {deny + all + `,` + notIP + `}`, may},
		"StringNotEquals VPC endpoint":    {deny + all + `,"Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}`, may},
		"StringNotEquals organization":    {deny + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}`, may},
		"StringNotEqualsIfExists":         {deny + all + `,"Condition":{"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}}`, may},
		"organization turned round":       {deny + all + `,"Condition":{"StringNotEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}}`, may},
		"AWS star":                        {`{"Effect":"Deny","Principal":{"AWS":"*"},` + all + `,` + notIP + `}`, may},
		"NotPrincipal":                    {`{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},` + all + `}`, may},
		"no condition":                    {deny + all + `}`, may},
		"every action":                    {deny + `"Action":"*","Resource":"*",` + notIP + `}`, may},
		"bucket prefix":                   {deny + `"Action":"s3:Get*","Resource":"arn:aws:s3:::b*",` + notIP + `}`, may},
		"NotAction of others":             {deny + `"NotAction":"s3:ListBucket","Resource":"*",` + notIP + `}`, may},
		"NotResource of others":           {deny + `"Action":"s3:*","NotResource":"arn:aws:s3:::c/*",` + notIP + `}`, may},
		"two negations, both fixed":       {deny + all + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`, may},
		"service calls spared":            {deny + all + `,"Condition":{"NotIpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"},"BoolIfExists":{"aws:ViaAWSService":"false","aws:PrincipalIsAWSService":"false"}}}`, may},
		"ForAllValues negated":            {deny + all + `,"Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"o-1/*"}}}`, may},
		"two statements, one per action":  {deny + `"Action":"s3:PutObject","Resource":"*",` + notIP + `},` + deny + `"Action":"s3:GetObject","Resource":"*",` + notIP + `}`, may},
		"other action":                    {deny + `"Action":"s3:PutObject","Resource":"*",` + notIP + `}`, yes},
		"other resource":                  {deny + `"Action":"s3:*","Resource":"arn:aws:s3:::b",` + notIP + `}`, yes},
		"part of the resource":            {deny + `"Action":"s3:*","Resource":"arn:aws:s3:::b/secret/*",` + notIP + `}`, yes},
		"NotAction spares the action":     {deny + `"NotAction":"s3:Get*","Resource":"*",` + notIP + `}`, yes},
		"NotResource spares the resource": {deny + `"Action":"s3:*","NotResource":"arn:aws:s3:::b/public/*",` + notIP + `}`, yes},
		"TLS only":                        {deny + all + `,"Condition":{"Bool":{"aws:SecureTransport":"false"}}}`, yes},
		"MFA only":                        {deny + all + `,"Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}`, yes},
		"everywhere is spared":            {deny + all + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"0.0.0.0/0"}}}`, yes},
		"any VPC endpoint is spared":      {deny + all + `,"Condition":{"StringNotLike":{"aws:SourceVpce":"vpce-*"}}}`, yes},
		"TLS users are spared":            {deny + all + `,"Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"Bool":{"aws:SecureTransport":"false"}}}`, yes},
		"ForAnyValue misses anonymous":    {deny + all + `,"Condition":{"ForAnyValue:StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}`, yes},
		"positive: denies one network":    {deny + all + `,"Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`, yes},
		"denies one account":              {`{"Effect":"Deny","Principal":{"AWS":"111122223333"},` + all + `}`, yes},
		"NotPrincipal spares everybody":   {`{"Effect":"Deny","NotPrincipal":"*",` + all + `}`, yes},
		"principal tag: anybody may tag":  {deny + all + `,"Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"a"}}}`, yes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := PublicStatements(parse(t, `[`+open+`,`+c.deny+`]`), S3Bucket)
			if len(got) != 1 || got[0].Statement != 0 || got[0].Verdict != c.want {
				t.Errorf("got %+v, want statement 0 %v", got, c.want)
			}
		})
	}
}

// TestDenyNarrowsEveryAction: "*" in a bucket policy is s3:*.
func TestDenyNarrowsEveryAction(t *testing.T) {
	t.Parallel()
	d := parse(t, `[{"Effect":"Allow","Principal":"*","Action":"*:*","Resource":"arn:aws:s3:::b/*"},
		{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}}]`)
	if got := PublicStatements(d, S3Bucket); len(got) != 1 || got[0].Verdict != Unsettled {
		t.Errorf("bucket: got %+v, want unsettled", got)
	} else if !strings.HasSuffix(got[0].Reason, "narrowed only by the Deny of policy statement 2") {
		t.Errorf("the Deny is not named by its place from 1: %s", got[0].Reason)
	}
	if got := PublicStatements(d, Generic); len(got) != 1 || got[0].Verdict != Public {
		t.Errorf("generic: got %+v, want public", got)
	}
}

// TestPublicStatements: one public statement among others is the only one named, with a reason that names the principal.
func TestPublicStatements(t *testing.T) {
	t.Parallel()
	d := parse(t, `[`+allowText(`{"AWS":"111122223333"}`, "")+`,`+allowText(`"*"`, "")+`,`+
		allowText(`"*"`, `{"StringLike":{"aws:SourceVpc":"vpc-*"}}`)+`]`)
	got := PublicStatements(d, S3Bucket)
	want := []Exposure{
		{1, Public, `anyone: Principal "*" without a condition that fixes the caller`},
		{2, Public, `anyone: Principal "*", and StringLike aws:SourceVpc "vpc-*" does not fix the caller`},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestReasons: a reason names the worst principal, and the function URL only where there is one.
func TestReasons(t *testing.T) {
	t.Parallel()
	url := func(auth string) string {
		return `{"Effect":"Allow","Principal":"*","Action":"lambda:InvokeFunctionUrl","Resource":"*","Condition":{"StringEquals":{"lambda:FunctionUrlAuthType":"` + auth + `"}}}`
	}
	for _, c := range []struct {
		statement string
		kind      Kind
		want      string
	}{
		{url("NONE"), Lambda, `anyone: Principal "*" through the function URL (auth type NONE)`},
		{url("AWS_IAM"), Lambda, `anyone: Principal "*" without a condition that fixes the caller`},
		{url("NONE"), Generic, `anyone: Principal "*" without a condition that fixes the caller`},
		{strings.Replace(url("NONE"), "lambda:FunctionUrlAuthType", "aws:UserAgent", 1), Lambda, `anyone: Principal "*" without a condition that fixes the caller`},
		{allowText(`{"AWS":["111122223333","*","444455556666"]}`, ""), S3Bucket, `anyone: Principal {"AWS":"*"} without a condition that fixes the caller`},
		{allowText(`"*"`, `{"StringEquals":{"aws:SourceOrgID":"o-1"}}`), S3Bucket, `Principal "*" narrowed by StringEquals aws:SourceOrgID "o-1": AWS does not settle whether this is public`},
		{allowText(`{"AWS":"arn:aws:iam::111122223333:role/*"}`, ""), S3Bucket, `Principal {"AWS":"arn:aws:iam::111122223333:role/*"}: AWS does not settle whether this is public`},
	} {
		if got := JudgePublic(parse(t, `[`+c.statement+`]`).Statements[0], c.kind).Reason; got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
