package iampolicy

import "testing"

const (
	no  = NotPublic
	yes = Public
	may = Unsettled
)

// TestS3Principals has a case for each row of the table of principals.
func TestS3Principals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		principal string
		want      Verdict
	}{
		"bare star":                {`"*"`, yes},
		"AWS star":                 {`{"AWS":"*"}`, yes},
		"star in a list":           {`["*"]`, yes},
		"AWS star in a list":       {`{"AWS":["*"]}`, yes},
		"star beside an ARN":       {`{"AWS":["arn:aws:iam::111122223333:root","*"]}`, yes},
		"AWS star beside Service":  {`{"Service":"cloudtrail.amazonaws.com","AWS":"*"}`, yes},
		"canonical star":           {`{"CanonicalUser":"*"}`, yes},
		"federated star":           {`{"Federated":"*"}`, yes},
		"any account's root":       {`{"AWS":"arn:aws:iam::*:root"}`, yes},
		"variable":                 {`{"AWS":"${aws:PrincipalArn}"}`, yes},
		"account id":               {`{"AWS":"111122223333"}`, no},
		"bare account id":          {`"111122223333"`, no},
		"account root":             {`{"AWS":"arn:aws:iam::111122223333:root"}`, no},
		"account root cn":          {`{"AWS":"arn:aws-cn:iam::111122223333:root"}`, no},
		"account root gov":         {`{"AWS":"arn:aws-us-gov:iam::111122223333:root"}`, no},
		"role":                     {`{"AWS":"arn:aws:iam::111122223333:role/app"}`, no},
		"user":                     {`{"AWS":"arn:aws:iam::111122223333:user/bob"}`, no},
		"session":                  {`{"AWS":"arn:aws:sts::111122223333:assumed-role/app/s"}`, no},
		"federated user":           {`{"AWS":"arn:aws:sts::111122223333:federated-user/bob"}`, no},
		"canonical user":           {`{"CanonicalUser":"79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}`, no},
		"origin access identity":   {`{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE"}`, no},
		"deleted role":             {`{"AWS":"AROAJQABLZS4A3QDU576Q"}`, no},
		"service":                  {`{"Service":"logging.s3.amazonaws.com"}`, no},
		"SAML provider":            {`{"Federated":"arn:aws:iam::111122223333:saml-provider/x"}`, no},
		"several fixed":            {`{"AWS":["111122223333","arn:aws:iam::444455556666:root"],"Service":"s3.amazonaws.com"}`, no},
		"every role of an account": {`{"AWS":"arn:aws:iam::111122223333:role/*"}`, may},
		"no principal at all":      {``, may},
		"empty principal":          {`{"AWS":[]}`, may},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := JudgePublic(allow(t, c.principal, "").Statements[0], S3Bucket)
			if got.Verdict != c.want {
				t.Errorf("got %v (%s), want %v", got.Verdict, got.Reason, c.want)
			}
		})
	}
}

// TestS3Conditions has cases for each key and operator of "The meaning of public", on Principal "*".
func TestS3Conditions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		condition string
		want      Verdict
	}{
		// Fixed values of the keys in the list.
		"SourceAccount":                         {`{"StringEquals":{"aws:SourceAccount":"111122223333"}}`, no},
		"SourceAccount as a number":             {`{"StringEquals":{"aws:SourceAccount":111122223333}}`, no},
		"SourceAccount wildcard":                {`{"StringLike":{"aws:SourceAccount":"1111*"}}`, yes},
		"SourceAccount one joker":               {`{"StringLike":{"aws:SourceAccount":"11112222333?"}}`, yes},
		"SourceOwner":                           {`{"StringEquals":{"aws:SourceOwner":"111122223333"}}`, no},
		"SourceVpc":                             {`{"StringEquals":{"aws:SourceVpc":"vpc-1"}}`, no},
		"SourceVpc wildcard":                    {`{"StringLike":{"aws:SourceVpc":"vpc-*"}}`, yes},
		"SourceVpce":                            {`{"StringEquals":{"aws:SourceVpce":"vpce-1"}}`, no},
		"SourceVpce star":                       {`{"StringLike":{"aws:SourceVpce":"*"}}`, yes},
		"PrincipalOrgID":                        {`{"StringEquals":{"aws:PrincipalOrgID":"o-a1b2c3"}}`, no},
		"PrincipalOrgID wildcard":               {`{"StringLike":{"aws:PrincipalOrgID":"o-*"}}`, yes},
		"PrincipalAccount":                      {`{"StringEquals":{"aws:PrincipalAccount":["111122223333","444455556666"]}}`, no},
		"PrincipalArn":                          {`{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/app"}}`, no},
		"PrincipalArn any account":              {`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}}`, yes},
		"PrincipalOrgPaths":                     {`{"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-a1/r-ab/ou-ab-1/"}}`, no},
		"PrincipalOrgPaths any org":             {`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*"}}`, yes},
		"PrincipalOrgPaths wildcard in the org": {`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-*/r-ab/*"}}`, yes},
		"PrincipalOrgPaths no org":              {`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"*/r-ab/*"}}`, yes},
		"SourceArn":                             {`{"ArnEquals":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/E1"}}`, no},
		"SourceArn star":                        {`{"ArnLike":{"aws:SourceArn":"*"}}`, yes},
		"SourceArn any account":                 {`{"ArnLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:*:topic"}}`, yes},
		"SourceArn no account in it":            {`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::logs-*"}}`, yes},
		"ArnEquals knows wildcards":             {`{"ArnEquals":{"aws:SourceArn":"arn:aws:sns:*:*:*"}}`, yes},
		"userid":                                {`{"StringEquals":{"aws:userid":"AIDAEXAMPLEID12345678"}}`, no},
		"userid with session":                   {`{"StringEquals":{"aws:userid":"AROAEXAMPLEID12345678:deploy"}}`, no},
		"userid any role":                       {`{"StringLike":{"aws:userid":"AROA*:*"}}`, yes},
		"userid star":                           {`{"StringLike":{"aws:userid":"*"}}`, yes},
		"DataAccessPointAccount":                {`{"StringEquals":{"s3:DataAccessPointAccount":"111122223333"}}`, no},
		"DataAccessPointArn":                    {`{"StringEquals":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/a"}}`, no},
		"DataAccessPointArn name":               {`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:111122223333:accesspoint/*"}}`, no},
		"DataAccessPointArn account":            {`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:us-west-2:*:accesspoint/*"}}`, yes},

		// Operators.
		"StringLike without wildcard":    {`{"StringLike":{"aws:SourceVpc":"vpc-1"}}`, no},
		"StringEqualsIgnoreCase":         {`{"StringEqualsIgnoreCase":{"aws:PrincipalOrgID":"O-A1"}}`, no},
		"key in capitals":                {`{"StringEquals":{"AWS:SourceVpce":"vpce-1"}}`, no},
		"key in small letters":           {`{"StringEquals":{"aws:principalorgid":"o-1"}}`, no},
		"operator in small letters":      {`{"stringequals":{"aws:SourceVpc":"vpc-1"}}`, no},
		"StringNotEquals":                {`{"StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`, yes},
		"StringNotLike":                  {`{"StringNotLike":{"aws:SourceVpc":"vpc-1"}}`, yes},
		"ArnNotLike":                     {`{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/x"}}`, yes},
		"ArnNotEquals":                   {`{"ArnNotEquals":{"aws:SourceArn":"arn:aws:iam::111122223333:role/x"}}`, yes},
		"NotIpAddress":                   {`{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, yes},
		"StringEqualsIfExists":           {`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}`, yes},
		"IpAddressIfExists":              {`{"IpAddressIfExists":{"aws:SourceIp":"203.0.113.0/24"}}`, yes},
		"ForAllValues":                   {`{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"}}`, yes},
		"ForAnyValue":                    {`{"ForAnyValue:StringEquals":{"aws:SourceVpc":"vpc-1"}}`, no},
		"ForAnyValue negated":            {`{"ForAnyValue:StringNotEquals":{"aws:SourceVpc":"vpc-1"}}`, yes},
		"Null false":                     {`{"Null":{"aws:SourceVpce":"false"}}`, yes},
		"Null true":                      {`{"Null":{"aws:SourceVpce":true}}`, yes},
		"IfExists and Null false":        {`{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"},"Null":{"aws:PrincipalOrgID":false}}`, may},
		"ForAllValues and other Null":    {`{"ForAllValues:StringEquals":{"aws:SourceVpc":"vpc-1"},"Null":{"aws:SourceVpce":"false"}}`, yes},
		"variable":                       {`{"StringEquals":{"aws:SourceVpce":"${aws:PrincipalTag/vpce}"}}`, yes},
		"variable with default":          {`{"StringEquals":{"aws:SourceVpce":"${aws:PrincipalTag/vpce, 'vpce-1'}"}}`, yes},
		"several keys are AND":           {`{"StringLike":{"aws:SourceVpc":"*"},"StringEquals":{"aws:SourceAccount":"111122223333"}}`, no},
		"several keys of one operator":   {`{"StringLike":{"aws:SourceVpc":"*","aws:SourceAccount":"111122223333"}}`, no},
		"unknown key beside a fixed one": {`{"StringEquals":{"s3:prefix":"a"},"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}`, no},
		"several values are OR":          {`{"StringLike":{"aws:SourceVpc":["vpc-1","vpc-*"]}}`, yes},
		"all of several values fixed":    {`{"StringLike":{"aws:SourceVpc":["vpc-1","vpc-2"]}}`, no},
		"range of accounts":              {`{"NumericLessThan":{"aws:SourceAccount":"999999999999"}}`, yes},
		"no condition at all":            {`{}`, yes},
		"an operator without keys":       {`{"StringEquals":{}}`, yes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := JudgePublic(allow(t, `"*"`, c.condition).Statements[0], S3Bucket)
			if got.Verdict != c.want {
				t.Errorf("got %v (%s), want %v", got.Verdict, got.Reason, c.want)
			}
		})
	}
}

// TestS3KeysThatSayHow: keys outside the list never make a policy non-public.
func TestS3KeysThatSayHow(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		`{"Bool":{"aws:SecureTransport":true}}`,
		`{"NumericGreaterThanEquals":{"s3:TlsVersion":1.2}}`,
		`{"StringLike":{"aws:Referer":"https://example.com/*"}}`,
		`{"StringEquals":{"aws:Referer":"https://example.com/"}}`,
		`{"StringEquals":{"aws:UserAgent":"secret"}}`,
		`{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}}`,
		`{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`,
		`{"StringEquals":{"s3:prefix":"public/"}}`,
		`{"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}`,
		`{"StringEquals":{"s3:x-amz-server-side-encryption":"aws:kms"}}`,
		`{"StringEquals":{"s3:ExistingObjectTag/public":"yes"}}`,
		`{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}}`,
		`{"StringEquals":{"aws:PrincipalTag/team":"a"}}`,
		`{"StringEquals":{"aws:PrincipalType":"AssumedRole"}}`,
		`{"StringEquals":{"aws:username":"bob"}}`,
		`{"ForAnyValue:StringEquals":{"aws:CalledVia":"athena.amazonaws.com"}}`,
		`{"Bool":{"aws:ViaAWSService":"true"}}`,
		`{"IpAddress":{"aws:VpcSourceIp":"10.0.0.0/16"}}`,
		`{"StringEquals":{"s3:ResourceAccount":"111122223333"}}`,
		`{"StringEquals":{"aws:ResourceAccount":"111122223333"}}`,
		`{"StringEquals":{"aws:ResourceOrgID":"o-1"}}`,
		`{"StringEquals":{"aws:ResourceOrgID":["${aws:PrincipalOrgID}","o-1"]}}`,
		`{"StringEquals":{"kms:CallerAccount":"111122223333"}}`,
	} {
		if got := JudgePublic(allow(t, `"*"`, condition).Statements[0], S3Bucket); got.Verdict != Public {
			t.Errorf("%s: got %v (%s), want public", condition, got.Verdict, got.Reason)
		}
	}
}

// TestS3Unsettled has a case for each construct that AWS does not settle.
func TestS3Unsettled(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		`{"StringLike":{"aws:userid":"AROAEXAMPLEID12345678:*"}}`,
		`{"ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-a1b2/r-ab/*"}}`,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/*"}}`,
		`{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:*"}}`,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:cloudfront::111122223333:distribution/*"}}`,
		`{"ArnEquals":{"aws:SourceArn":"arn:aws-cn:sns:cn-north-1:111122223333:*"}}`,
		`{"StringEquals":{"aws:PrincipalOrgID":"${aws:ResourceOrgID}"}}`,
		`{"StringEquals":{"aws:PrincipalAccount":"${aws:ResourceAccount}"}}`,
		`{"StringEquals":{"aws:ResourceOrgID":"${aws:PrincipalOrgID}"}}`,
		`{"StringEquals":{"aws:ResourceAccount":"${aws:PrincipalAccount}"}}`,
		`{"StringLike":{"AWS:resourceaccount":"${AWS:principalaccount}"}}`,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::${aws:ResourceAccount}:role/app"}}`,
		`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:user/${aws:username}"}}`,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:bucket"}}`,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::bucket/*"}}`,
		`{"StringEquals":{"aws:SourceVpce":"vpce-${*}"}}`,
		`{"Bool":{"aws:PrincipalIsAWSService":"true"}}`,
		`{"StringEquals":{"aws:PrincipalServiceName":"cloudtrail.amazonaws.com"}}`,
		`{"StringEquals":{"aws:SourceOrgID":"o-1"}}`,
		`{"StringEquals":{"s3:AccessPointNetworkOrigin":"VPC"}}`,
		`{"StringEquals":{"s3:x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:us-east-1:111122223333:key/1"}}`,
		`{"StringEquals":{"aws:SourceVpce":"vpce-*"}}`,
		`{"StringEquals":{"aws:SourceAccount":"*"}}`,
		`{"ArnLike":{"s3:DataAccessPointArn":"arn:aws:s3:*:111122223333:accesspoint/*"}}`,
		`{"IpAddress":{"aws:SourceIp":"fc00::/7"}}`,
		`{"StringEquals":{"aws:SourceVpce":[]}}`,
		`{"NumericEquals":{"aws:SourceAccount":"111122223333"}}`,
	} {
		if got := JudgePublic(allow(t, `"*"`, condition).Statements[0], S3Bucket); got.Verdict != Unsettled {
			t.Errorf("%s: got %v (%s), want unsettled", condition, got.Verdict, got.Reason)
		}
	}
	for _, condition := range []string{
		`{"Bool":{"aws:PrincipalIsAWSService":"false"}}`,
		`{"StringEquals":{"s3:AccessPointNetworkOrigin":"Internet"}}`,
		`{"StringLike":{"aws:SourceOrgID":"*"}}`,
		`{"StringEquals":{"aws:PrincipalArn":"${aws:PrincipalArn}"}}`,
		`{"StringEquals":{"aws:PrincipalArn":"arn:aws:iam::${aws:PrincipalAccount}:role/x"}}`,
		`{"StringEquals":{"aws:SourceArn":"unclosed ${"}}`,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:buck*"}}`,
		`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:accesspoint/*"}}`,
	} {
		if got := JudgePublic(allow(t, `"*"`, condition).Statements[0], S3Bucket); got.Verdict != Public {
			t.Errorf("%s: got %v (%s), want public", condition, got.Verdict, got.Reason)
		}
	}
}
