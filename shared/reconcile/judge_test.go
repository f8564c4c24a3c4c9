package reconcile

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/annotate"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
)

func judge() *Judge { return &Judge{Controls: catalog.Controls(), Annotate: annotate.Operations()} }

// intentOf is an intent that explains [made].
func intentOf(change func(*Intent)) Intent {
	in := Intent{
		Seq: 7, Time: noon, Control: "s3-bucket-public", Approver: "dana", Calls: []string{"s3:PutPublicAccessBlock", "s3:PutBucketPolicy"},
		Resource: awsapi.Resource{Type: "AWS::S3::Bucket", ID: "reports", Account: member, Region: "eu-west-1", Partition: "aws"},
	}
	if change != nil {
		change(&in)
	}
	return in
}

func logOf(intents ...Intent) Log { return Log{Plans: map[string][]Intent{"01PLAN": intents}} }

func TestUnexplained(t *testing.T) {
	t.Parallel()
	taken := func(change func(*Intent)) Log { return logOf(intentOf(change)) }
	usual := taken(nil)
	undo := taken(func(in *Intent) { in.undo, in.Calls = true, []string{"s3:DeletePublicAccessBlock"} })
	table := taken(func(in *Intent) {
		in.Control, in.Calls, in.Resource.ID = "dynamodb-table-encrypted", []string{"dynamodb:UpdateTable"}, "orders"
	})
	grant := func(e *event) {
		e.source, e.name, e.service, e.params = "kms.amazonaws.com", "CreateGrant", "dynamodb.amazonaws.com", map[string]any{"keyId": "k"}
	}
	denied := map[string]any{"errorCode": "AccessDenied"}
	for name, tc := range map[string]struct {
		event event
		log   Log
		want  string // part of the answer; empty: explained
	}{
		"as announced":                 {made(), usual, ""},
		"the second of its calls":      {made().with(func(e *event) { e.name = "PutBucketPolicy" }), usual, ""},
		"refused, as announced":        {made().with(func(e *event) { e.more = denied }), usual, ""},
		"refused without parameters":   {made().with(func(e *event) { e.more, e.params = denied, nil }), usual, ""},
		"fractions of a second before": {made().with(func(e *event) { e.at = noon.Add(-time.Second) }), usual, ""},
		"late":                         {made().with(func(e *event) { e.at = noon.Add(16 * time.Minute) }), usual, ""},
		"by ARN":                       {made().with(func(e *event) { e.params = map[string]any{"bucketName": "arn:aws:s3:::reports"} }), usual, ""},
		"decided by the rules":         {made().with(func(e *event) { e.identity = "shoreup" }), taken(func(in *Intent) { in.Approver = "" }), ""},
		"two people":                   {made().with(func(e *event) { e.identity = "a-b,c" }), taken(func(in *Intent) { in.Approver = "a:b,c" }), ""},
		"approved by a caller of the command line": {made().with(func(e *event) { e.identity = "local-bo" }),
			taken(func(in *Intent) { in.Approver = "arn:aws:iam::111122223333:user/ops/bo" }), ""},
		"approved by a session": {made().with(func(e *event) { e.identity = "local-bo@example.com" }),
			taken(func(in *Intent) { in.Approver = "arn:aws:sts::111122223333:assumed-role/Ops/bo@example.com" }), ""},
		"taken back":       {made().with(func(e *event) { e.role, e.name = restore, "DeleteBucketPublicAccessBlock" }), undo, ""},
		"a dependent call": {made().with(grant), table, ""},
		"the second attempt": {made().with(func(e *event) { e.at = noon.Add(time.Hour) }),
			logOf(intentOf(nil), intentOf(func(in *Intent) { in.Time = noon.Add(time.Hour) })), ""},
		"a read": {made().with(func(e *event) { e.session, e.more = "x", map[string]any{"readOnly": true} }), Log{}, ""},
		"a note": {made().with(func(e *event) {
			e.role, e.source, e.name = "shoreup/shoreup-annotate", "securityhub.amazonaws.com", "BatchUpdateFindings"
		}), Log{}, ""},
		"AWS Config again": {made().with(func(e *event) {
			e.role, e.source, e.name = "shoreup/shoreup-annotate", "config.amazonaws.com", "StartConfigRulesEvaluation"
		}), Log{}, ""},
		"the control is gone": {made(), taken(func(in *Intent) { in.Control = "s3-of-old" }), ""},

		"no plan of that name":            {made().with(func(e *event) { e.session = "01OTHER" }), usual, "no intent"},
		"nothing in the log":              {made(), Log{}, "no intent"},
		"refused, and nothing in the log": {made().with(func(e *event) { e.more = denied }), Log{}, "no intent"},
		"the log does not verify":         {made(), Log{Plans: usual.Plans, Damaged: "entry 7 was changed"}, "entry 7 was changed"},
		"before the intent":               {made().with(func(e *event) { e.at = noon.Add(-11 * time.Second) }), usual, "later than the call"},
		"after the lease":                 {made().with(func(e *event) { e.at = noon.Add(16*time.Minute + time.Second) }), usual, "16m1s after it"},
		"another operation":               {made().with(func(e *event) { e.name = "PutBucketAcl" }), usual, "do not have this one"},
		"another service":                 {made().with(func(e *event) { e.source = "ec2.amazonaws.com" }), usual, "do not have this one"},
		"another resource":                {made().with(func(e *event) { e.params = map[string]any{"bucketName": "salaries"} }), usual, "does not name that"},
		"named elsewhere only":            {made().with(func(e *event) { e.params = map[string]any{"bucketName": "salaries", "tag": "reports"} }), usual, "does not name that"},
		"parameters left out":             {made().with(func(e *event) { e.params = nil }), usual, "does not name that"},
		"another account":                 {made().with(func(e *event) { e.account = "444455556666" }), usual, "of a resource in 111122223333/eu-west-1"},
		"another Region":                  {made().with(func(e *event) { e.region = "eu-central-1" }), usual, "of a resource in 111122223333/eu-west-1"},
		"a caller who passes for dana":    {made(), taken(func(in *Intent) { in.Approver = "arn:aws:sts::111122223333:assumed-role/Ops/dana" }), `"dana" and not "local-dana"`},
		"another's yes":                   {made().with(func(e *event) { e.identity = "mallory" }), usual, `"mallory" and not "dana"`},
		"nobody's yes":                    {made().with(func(e *event) { e.identity = "" }), usual, `"" and not "dana"`},
		"another family's role":           {made().with(func(e *event) { e.role = "shoreup/shoreup-remediate-network" }), usual, "another role"},
		"a role that does not mend":       {made().with(func(e *event) { e.role = "shoreup/shoreup-apply" }), taken(func(in *Intent) { in.Control = "s3-of-old" }), "another role"},
		"the undo role for a fix":         {made().with(func(e *event) { e.role = restore }), usual, "not one that"},
		"the fixing role for an undo":     {made().with(func(e *event) { e.name = "DeleteBucketPublicAccessBlock" }), undo, "not one that"},
		"a grant that no call needs":      {made().with(grant), usual, "declared to make dynamodb.amazonaws.com call CreateGrant"},
		"its own call, through a service, elsewhere": {made().with(func(e *event) {
			e.service, e.params = "cloudformation.amazonaws.com", map[string]any{"bucketName": "salaries"}
		}), usual, "does not name that"},
		"another call of its service, through a service": {made().with(func(e *event) { e.service, e.name = "cloudformation.amazonaws.com", "PutEncryptionConfiguration" }),
			taken(func(in *Intent) { in.Control, in.Calls = "s3-bucket-encryption", []string{"s3:PutBucketEncryption"} }), "declared to make cloudformation"},
		"the read role writes":     {made().with(func(e *event) { e.role = "shoreup/shoreup-read" }), usual, "may only read"},
		"the read role is refused": {made().with(func(e *event) { e.role, e.more = "shoreup/shoreup-read", denied }), usual, "may only read"},
		"the notes role writes":    {made().with(func(e *event) { e.role = "shoreup/shoreup-annotate" }), usual, "no such operation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			why := judge().Unexplained(tc.event.call(t), tc.log)
			if (why == "") != (tc.want == "") || !strings.Contains(why, tc.want) {
				t.Errorf("got %q, want %q", why, tc.want)
			}
		})
	}
}

// Each sample is a call as AWS records it; the operation is the one that our controls would make.
func TestSamplesNameTheirResource(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ op, target, id string }{
		"s3_put_bucket_policy":                         {"s3:PutBucketPolicy", "Bucket", "example-reports"},
		"s3_put_bucket_public_access_block":            {"s3:PutPublicAccessBlock", "Bucket", "example-reports"},
		"s3_delete_bucket_public_access_block":         {"s3:DeletePublicAccessBlock", "Bucket", "example-reports"},
		"s3_put_bucket_encryption":                     {"s3:PutBucketEncryption", "Bucket", "example-reports"},
		"s3_put_bucket_acl_canned_lists":               {"s3:PutBucketAcl", "Bucket", "example-reports"},
		"s3_put_account_public_access_block":           {"s3control:PutPublicAccessBlock", "AccountId", member},
		"s3_delete_account_public_access_block":        {"s3control:DeletePublicAccessBlock", "AccountId", member},
		"s3_put_access_point_policy":                   {"s3control:PutAccessPointPolicy", "Name", "finance-ap"},
		"ec2_authorize_ingress_nested":                 {"ec2:AuthorizeSecurityGroupIngress", "GroupId", "sg-0a1b2c3d4e5f60718"},
		"ec2_modify_security_group_rules":              {"ec2:ModifySecurityGroupRules", "GroupId", "sg-0a1b2c3d4e5f60718"},
		"ec2_modify_snapshot_attribute":                {"ec2:ModifySnapshotAttribute", "SnapshotId", "snap-0123456789abcdef0"},
		"ec2_modify_image_attribute":                   {"ec2:ModifyImageAttribute", "ImageId", "ami-0123456789abcdef0"},
		"ec2_disable_ebs_encryption_by_default":        {"ec2:DisableEbsEncryptionByDefault", "", member},
		"iam_set_default_policy_version":               {"iam:SetDefaultPolicyVersion", "PolicyArn", "arn:aws:iam::111122223333:policy/teams/data-admin"},
		"iam_put_role_policy":                          {"iam:PutRolePolicy", "RoleName", "app"},
		"iam_put_group_policy":                         {"iam:PutGroupPolicy", "GroupName", "devs"},
		"iam_attach_user_policy":                       {"iam:AttachUserPolicy", "UserName", "dave"},
		"rds_modify_db_snapshot_attribute":             {"rds:ModifyDBSnapshotAttribute", "DBSnapshotIdentifier", "orders-2026-03-01"},
		"rds_modify_db_cluster_snapshot_attribute_arn": {"rds:ModifyDBClusterSnapshotAttribute", "DBClusterSnapshotIdentifier", "ledger-final"},
		"kms_disable_key_rotation":                     {"kms:DisableKeyRotation", "KeyId", "1234abcd-12ab-34cd-56ef-1234567890ab"},
		"sns_set_topic_attributes":                     {"sns:SetTopicAttributes", "TopicArn", "arn:aws:sns:us-east-1:111122223333:alarms"},
		"dynamodb_update_table_arn":                    {"dynamodb:UpdateTable", "TableName", "Orders"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := recorded(t, name)
			r := awsapi.Resource{ID: tc.id, Account: member}
			if !isCall(tc.op, c) || !about(c, tc.target, r) {
				t.Errorf("%s %s with %v: not recognised as %s of %s", c.Source, c.Name, c.Params, tc.op, tc.id)
			}
			if r.ID += "-x"; tc.id != member && about(c, tc.target, r) {
				t.Errorf("%v is taken for a call on %s", c.Params, r.ID)
			}
		})
	}
}

// recorded is the call of a sample, whoever made it.
func recorded(t *testing.T, name string) Call {
	t.Helper()
	var e struct {
		Detail struct {
			EventSource, EventName string
			RequestParameters      map[string]any
		}
	}
	if err := json.Unmarshal(sample(t, name), &e); err != nil {
		t.Fatal(err)
	}
	return Call{Source: e.Detail.EventSource, Name: e.Detail.EventName, Params: e.Detail.RequestParameters}
}

// Every operation that a control declares is found under the name that its resource type expects in CloudTrail, where it expects it.
func TestDeclaredWritesAreKnown(t *testing.T) {
	t.Parallel()
	// What the types do not watch, because it cannot make a resource worse.
	quiet := []string{
		"iam:DeleteGroupPolicy", "iam:DetachGroupPolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:DeleteUserPolicy", "iam:DetachUserPolicy", "iam:DeletePolicyVersion",
		"ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress", "ec2:EnableEbsEncryptionByDefault", "kms:EnableKeyRotation",
	}
	for _, c := range catalog.Controls() {
		for _, op := range slices.Concat(c.Writes, c.Undoes) {
			found := false
			for event := range c.Type.Events {
				source, name, _ := strings.Cut(event, ":")
				found = found || isCall(op.Name, Call{Source: source, Name: name})
			}
			if !found && !slices.Contains(quiet, op.Name) {
				t.Errorf("%s: no event of %s has the name that %s is expected under", c.ID, c.Type.Name, op.Name)
			}
		}
	}
}
