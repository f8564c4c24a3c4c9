package iampolicy

import (
	"encoding/json"
	"slices"
	"strings"
)

// EnforcesTLS reports whether the policy denies everybody every S3 action without TLS on the bucket and on its objects
// (Security Hub S3.5, AWS Config s3-bucket-ssl-requests-only). Bucket and objects may stand in two statements. A Deny
// with a further condition, with an exempted principal or on s3:TlsVersion alone does not count.
func EnforcesTLS(d Document, bucketARN string) bool {
	for _, target := range []string{bucketARN, bucketARN + "/*"} {
		if !slices.ContainsFunc(d.Statements, func(s Statement) bool {
			return deniesPlainHTTP(s) && s.coversAction("s3:*") && s.coversResource(target)
		}) {
			return false
		}
	}
	return true
}

func deniesPlainHTTP(s Statement) bool {
	if s.Allow || s.NotPrincipals != nil || !deniesEveryone(s) || len(s.Conditions) != 1 {
		return false
	}
	c := s.Conditions[0]
	return c.Operator == "bool" && c.Key == "aws:securetransport" && c.Quantifier != ForAnyValue &&
		slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "false") })
}

// TLSDenyStatement gives the statement that EnforcesTLS asks for.
func TLSDenyStatement(partition, bucket, sid string) []byte {
	type statement struct {
		Sid       string
		Effect    string
		Principal string
		Action    string
		Resource  []string
		Condition map[string]map[string]string
	}
	arn := "arn:" + partition + ":s3:::" + bucket
	// A struct of strings always encodes.
	out, _ := json.Marshal(statement{
		Sid: sid, Effect: "Deny", Principal: "*", Action: "s3:*", Resource: []string{arn, arn + "/*"},
		Condition: map[string]map[string]string{"Bool": {"aws:SecureTransport": "false"}},
	})
	return out
}
