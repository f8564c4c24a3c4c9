package infra

import (
	"strings"

	"github.com/shoreup/shoreup/shared/core"
)

// protected denies whatever must never be changed: the ARNs that package core refuses to write, with the partition filled in. Readers are not
// affected, since the roles that write have nothing to read.
func protected(more []string) statement {
	s := statement{effect: "Deny", actions: []string{"*"}}
	for _, arn := range core.ProtectedARNs() {
		if strings.HasSuffix(arn, ":root") {
			continue // no action of IAM takes the root user as its resource
		}
		s.resources = append(s.resources, strings.Replace(arn, "arn:*:", "arn:"+partition+":", 1))
	}
	s.resources = distinct(append(s.resources, more...))
	return s
}

// protectedKeys denies whatever would be done to a key of ours. A key's ARN holds no name, so that it is known by its alias. Source: KMS developer guide,
// "kms:ResourceAliases".
func protectedKeys() statement {
	return statement{effect: "Deny", actions: []string{"kms:*"}, resources: []string{"*"}, condition: object{"ForAnyValue:StringLike": object{"kms:ResourceAliases": "alias/" + prefix + "-*"}}}
}
