package core_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

func call(op, input string) awsapi.Call {
	return awsapi.Call{Op: op, Input: json.RawMessage(input)}
}

// What a plan's own calls tell: the undo holds what is there, the call what will be.
func TestDiffOfCalls(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		do   awsapi.Call
		undo []awsapi.Call
		want []string // path: before -> after
	}{
		"the same call with another policy": {
			call("s3:PutBucketPolicy", `{"Bucket":"b","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Keep\"}]}"}`),
			[]awsapi.Call{call("s3:PutBucketPolicy", `{"Bucket":"b","Policy":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Open\"},{\"Sid\":\"Keep\"}]}"}`)},
			[]string{`Policy.Statement[0]: {"Sid":"Open"} -> `},
		},
		"one statement alone, which is no list": {
			call("s3:PutBucketPolicy", `{"Policy":"{\"Statement\":{\"Sid\":\"Keep\"}}"}`),
			[]awsapi.Call{call("s3:PutBucketPolicy", `{"Policy":"{\"Statement\":[{\"Sid\":\"Open\"},{\"Sid\":\"Keep\"}]}"}`)},
			[]string{`Policy.Statement: [{"Sid":"Open"},{"Sid":"Keep"}] -> {"Sid":"Keep"}`},
		},
		"what was not there": {
			call("s3:PutPublicAccessBlock", `{"Bucket":"b","ExpectedBucketOwner":"1","PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}`),
			[]awsapi.Call{call("s3:DeletePublicAccessBlock", `{"Bucket":"b","ExpectedBucketOwner":"1"}`)},
			[]string{`PublicAccessBlockConfiguration:  -> {"BlockPublicAcls":true}`},
		},
		"what is taken away, named by ids that say nothing": {
			call("ec2:RevokeSecurityGroupIngress", `{"GroupId":"sg-1","SecurityGroupRuleIds":["sgr-1","sgr-2"]}`),
			[]awsapi.Call{call("ec2:AuthorizeSecurityGroupIngress", `{"GroupId":"sg-1","IpPermissions":[{"FromPort":22},{"FromPort":23}]}`)},
			[]string{`IpPermissions[0]: {"FromPort":22} -> `, `IpPermissions[1]: {"FromPort":23} -> `},
		},
		"a switch": {
			call("ec2:EnableEbsEncryptionByDefault", `{}`), []awsapi.Call{call("ec2:DisableEbsEncryptionByDefault", `{}`)},
			[]string{`EbsEncryptionByDefault: "disabled" -> "enabled"`},
		},
		"a switch with the name of what is switched": {
			call("kms:EnableKeyRotation", `{"KeyId":"k"}`), []awsapi.Call{call("kms:DisableKeyRotation", `{"KeyId":"k"}`)},
			[]string{`KeyRotation: "disabled" -> "enabled"`},
		},
		"detached, and attached again with the same words": {
			call("iam:DetachUserPolicy", `{"PolicyArn":"p","UserName":"u"}`), []awsapi.Call{call("iam:AttachUserPolicy", `{"PolicyArn":"p","UserName":"u"}`)},
			[]string{`UserPolicy: {"PolicyArn":"p","UserName":"u"} -> `},
		},
		"one that is deleted with what it held": {
			call("iam:DeleteUserPolicy", `{"PolicyName":"p","UserName":"u"}`), []awsapi.Call{call("iam:PutUserPolicy", `{"PolicyDocument":"{\"Statement\":[{\"Sid\":\"All\"}]}","PolicyName":"p","UserName":"u"}`)},
			[]string{`PolicyDocument: {"Statement":[{"Sid":"All"}]} -> `},
		},
		"a member taken from a list": {
			call("ec2:ModifyImageAttribute", `{"ImageId":"i","LaunchPermission":{"Remove":[{"Group":"all"}]}}`), []awsapi.Call{call("ec2:ModifyImageAttribute", `{"ImageId":"i","LaunchPermission":{"Add":[{"Group":"all"}]}}`)},
			[]string{`LaunchPermission[0]: {"Group":"all"} -> `},
		},
		"the same in the words of RDS": {
			call("rds:ModifyDBSnapshotAttribute", `{"AttributeName":"restore","DBSnapshotIdentifier":"d","ValuesToRemove":["all"]}`),
			[]awsapi.Call{call("rds:ModifyDBSnapshotAttribute", `{"AttributeName":"restore","DBSnapshotIdentifier":"d","ValuesToAdd":["all"]}`)},
			[]string{`restore[0]: "all" -> `},
		},
		"an attribute of a topic by name": {
			call("sns:SetTopicAttributes", `{"AttributeName":"KmsMasterKeyId","AttributeValue":"alias/aws/sns","TopicArn":"t"}`),
			[]awsapi.Call{call("sns:SetTopicAttributes", `{"AttributeName":"KmsMasterKeyId","AttributeValue":"","TopicArn":"t"}`)},
			[]string{`KmsMasterKeyId: "" -> "alias/aws/sns"`},
		},
		"a new version of a policy, and back to the old one": {
			call("iam:CreatePolicyVersion", `{"PolicyArn":"p","PolicyDocument":"{\"Statement\":[]}","SetAsDefault":true}`),
			[]awsapi.Call{call("iam:SetDefaultPolicyVersion", `{"PolicyArn":"p","VersionId":"v1"}`), call("iam:DeletePolicyVersion", `{"PolicyArn":"p"}`)},
			[]string{`PolicyDocument:  -> {"Statement":[]}`, `SetAsDefault:  -> true`, `VersionId: "v1" -> `},
		},
		"what cannot be taken back": {call("x:PutThing", `{"Name":"n"}`), nil, nil},
		"what is no JSON":           {call("x:PutThing", `{`), []awsapi.Call{call("x:PutThing", `null`)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, l := range core.DiffOfCalls(tc.do, tc.undo) {
				got = append(got, l.Path+": "+string(l.Before)+" -> "+string(l.After))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever stands in a plan: each line says something, and nothing fails.
func FuzzDiffOfCalls(f *testing.F) {
	f.Add("s3:PutBucketPolicy", `{"Policy":"{\"Statement\":[1]}"}`, "s3:DeleteBucketPolicy", `{"Add":{"Remove":[null]}}`)
	f.Add("x", `[1]`, "", `{"AttributeName":1,"AttributeValue":null}`)
	f.Fuzz(func(t *testing.T, op, input, undo, back string) {
		for _, l := range core.DiffOfCalls(call(op, input), []awsapi.Call{call(undo, back)}) {
			if string(l.Before) == string(l.After) || len(l.Before) > 0 && !json.Valid(l.Before) || len(l.After) > 0 && !json.Valid(l.After) {
				t.Errorf("%+v", l)
			}
		}
	})
}
