package infra

import (
	"encoding/json"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// narrowed returns the condition under which an operation's action is allowed on the resources; nil where the resources say all there is to say.
func narrowed(op awsapi.Op, action string, resources []string) object {
	operation := op.Name[strings.IndexByte(op.Name, ':')+1:]
	switch {
	case action == "kms:CreateGrant":
		// The service makes the grant for its own resource; the role cannot hand a key to anybody. Source: KMS developer guide, "kms:GrantIsForAWSResource".
		return object{"Bool": object{"kms:GrantIsForAWSResource": "true"}}
	case action == "ec2:CreateTags" && operation != "CreateTags":
		// Tags are set on what the operation makes and on nothing that is there. Source: EC2 user guide, "Grant permission to tag resources during creation".
		return object{"StringEquals": object{"ec2:CreateAction": operation}}
	case service(action) == "s3:" && len(resources) == 1 && strings.HasSuffix(resources[0], ":s3:::*"):
		// A bucket's ARN names no account. Source: S3 user guide, "Actions, resources, and condition keys", aws:ResourceAccount.
		return object{"StringEquals": object{"aws:ResourceAccount": sub(account)}}
	}
	return nil
}

// sameCondition reports whether two conditions are one.
func sameCondition(a, b object) bool { return conditionKey(a) == conditionKey(b) }

// conditionKey is a condition as text, to compare and sort by.
func conditionKey(c object) string {
	if c == nil {
		return ""
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // it is made of texts
	}
	return string(raw)
}
