package wirecloudtrail

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// seen is what a case expects of one signal.
type seen struct {
	Class, Type, ID, Account, Region, Partition, Reason string
	Relevant                                            bool
}

func look(resourceType, id string) seen {
	return seen{Class: "cloudtrail", Relevant: true, Type: resourceType, ID: id, Account: "111122223333", Region: "us-east-1", Partition: "aws"}
}

func (s seen) at(account, region, partition string) seen {
	s.Account, s.Region, s.Partition = account, region, partition
	return s
}

func (s seen) not(reason string) seen {
	s.Relevant, s.Reason = false, reason
	return s
}

func (s seen) invalid(reason string) seen {
	s.Class = "invalid"
	return s.not(reason)
}

const (
	bucketType = "AWS::S3::Bucket"
	groupType  = "AWS::EC2::SecurityGroup"
	snapType   = "AWS::EC2::Snapshot"
	policyType = "AWS::IAM::ManagedPolicy"
	keyType    = "AWS::KMS::Key"
	queueType  = "AWS::SQS::Queue"
	policyARN  = "arn:aws:iam::111122223333:policy/teams/data-admin"
	groupID    = "sg-0a1b2c3d4e5f60718"
	keyID      = "1234abcd-12ab-34cd-56ef-1234567890ab"
	topicARN   = "arn:aws:sns:us-east-1:111122223333:alarms"
	nowhere    = ""
)

func bucket() seen { return look(bucketType, "example-reports") }
func whole() seen  { return look("AWS::::Account", "111122223333") }

var ownRoles = []string{"arn:aws:iam::111122223333:role/shoreup/shoreup-remediate-storage", "shoreup-apply"}

func cases() map[string][]seen {
	return map[string][]seen{
		"s3_create_bucket":                      {bucket().at("111122223333", "eu-central-1", "aws")},
		"s3_put_bucket_policy":                  {bucket()},
		"s3_delete_bucket_policy":               {bucket()},
		"s3_put_bucket_acl_canned_lists":        {bucket()},
		"s3_put_bucket_acl_single_grant":        {bucket()},
		"s3_put_bucket_public_access_block":     {bucket()},
		"s3_delete_bucket_public_access_block":  {bucket()},
		"s3_put_bucket_encryption":              {bucket()},
		"s3_put_bucket_website":                 {bucket()},
		"s3_put_account_public_access_block":    {whole()},
		"s3_delete_account_public_access_block": {whole()},
		"s3_create_access_point":                {look("AWS::S3::AccessPoint", "finance-ap")},
		"s3_put_access_point_policy":            {look("AWS::S3::AccessPoint", "finance-ap")},
		"s3_put_bucket_policy_cn":               {look(bucketType, "example-cn").at("444455556666", "cn-northwest-1", "aws-cn")},

		"s3_put_bucket_policy_cross_account_owner_copy": {bucket()},
		"s3_put_bucket_policy_cross_account_caller_copy": {bucket().at("444455556666", "us-east-1", "aws").
			invalid(`the resource belongs to account "111122223333", the event is of account 444455556666`)},
		"s3_put_bucket_policy_failed":                            {bucket().not("the call failed: AccessDenied")},
		"s3_put_bucket_policy_own_role":                          {bucket().not("by shoreup itself")},
		"s3_put_bucket_policy_own_role_without_session_context":  {bucket().not("by shoreup itself")},
		"s3_put_bucket_policy_role_with_session_named_like_ours": {bucket()},
		"s3_put_bucket_policy_same_role_name_elsewhere":          {bucket()},
		"s3_list_buckets_unwatched":                              {look(nowhere, nowhere).not("no control watches s3.amazonaws.com ListBuckets")},
		"s3_read_only_as_text":                                   {bucket().not("read-only call")},
		"s3_envelope_of_other_account":                           {look(nowhere, nowhere).invalid(`account "111122223333" does not agree with the envelope's "123456789012"`)},
		"s3_envelope_of_other_region":                            {look(nowhere, nowhere).invalid(`Region "us-east-1" does not agree with the envelope's "eu-west-1"`)},
		"s3_bucket_without_name":                                 {look(nowhere, nowhere).not("no AWS::S3::Bucket id in event")},
		"s3_unknown_region":                                      {look(nowhere, nowhere).at("111122223333", "moon-base-1", "").invalid(`unknown partition: Region "moon-base-1"`)},
		"s3_malformed_account":                                   {look(nowhere, nowhere).at("12345", "us-east-1", "").invalid(`malformed account id "12345"`)},

		"ec2_authorize_ingress_nested":                       {look(groupType, groupID)},
		"ec2_authorize_ingress_flat":                         {look(groupType, groupID)},
		"ec2_authorize_ingress_group_name":                   {look(groupType, groupID)},
		"ec2_authorize_ingress_dry_run":                      {look(groupType, groupID).not("dry run: nothing was changed")},
		"ec2_authorize_ingress_null_response":                {look(nowhere, nowhere).not("no AWS::EC2::SecurityGroup id in event")},
		"ec2_modify_security_group_rules":                    {look(groupType, groupID)},
		"ec2_modify_security_group_rules_dry_run_in_request": {look(groupType, groupID).not("dry run: nothing was changed")},
		"ec2_create_security_group":                          {look(groupType, groupID)},
		"ec2_create_vpc":                                     {look("AWS::EC2::VPC", "vpc-0abc1234def567890")},
		"ec2_modify_managed_prefix_list":                     {look("AWS::EC2::PrefixList", "pl-0c3516b0e5630bf3e")},
		"ec2_create_volume":                                  {look("AWS::EC2::Volume", "vol-0123456789abcdef0")},
		"ec2_create_snapshot":                                {look(snapType, "snap-0123456789abcdef0")},
		"ec2_create_snapshots_several":                       {look(snapType, "snap-0aaaaaaaaaaaaaaa1"), look(snapType, "snap-0bbbbbbbbbbbbbbb2")},
		"ec2_create_snapshots_one_as_object":                 {look(snapType, "snap-0aaaaaaaaaaaaaaa1")},
		"ec2_copy_snapshot_source_elsewhere":                 {look(snapType, "snap-0ddddddddddddddd4")},
		"ec2_modify_snapshot_attribute":                      {look(snapType, "snap-0123456789abcdef0")},
		"ec2_modify_image_attribute":                         {look("AWS::EC2::Image", "ami-0123456789abcdef0")},
		"ec2_disable_ebs_encryption_by_default":              {whole().at("111122223333", "ap-southeast-2", "aws")},

		"iam_create_policy":              {look(policyType, policyARN)},
		"iam_create_policy_version":      {look(policyType, policyARN)},
		"iam_set_default_policy_version": {look(policyType, policyARN)},
		"iam_policy_arn_of_other_account": {look(policyType, "arn:aws:iam::444455556666:policy/x").
			invalid("ARN arn:aws:iam::444455556666:policy/x does not agree with account 111122223333 of the event")},
		"iam_attach_role_policy":                {look("AWS::IAM::Role", "app")},
		"iam_attach_user_policy":                {look("AWS::IAM::User", "dave")},
		"iam_attach_group_policy":               {look("AWS::IAM::Group", "devs")},
		"iam_put_role_policy":                   {look("AWS::IAM::Role", "app")},
		"iam_put_user_policy":                   {look("AWS::IAM::User", "dave")},
		"iam_put_group_policy":                  {look("AWS::IAM::Group", "devs")},
		"iam_create_role":                       {look("AWS::IAM::Role", "app")},
		"iam_update_assume_role_policy_gov":     {look("AWS::IAM::Role", "app").at("123456789012", "us-gov-west-1", "aws-us-gov")},
		"iam_create_access_key_self":            {look("AWS::IAM::User", "bob")},
		"iam_create_access_key_for_other":       {look("AWS::IAM::User", "dave")},
		"iam_update_access_key_self":            {look("AWS::IAM::User", "bob")},
		"iam_update_account_password_policy":    {whole()},
		"iam_delete_account_password_policy_cn": {look("AWS::::Account", "444455556666").at("444455556666", "cn-north-1", "aws-cn")},

		"rds_create_db_instance":                          {look("AWS::RDS::DBInstance", "orders-db")},
		"rds_create_db_cluster_mixed_case_null_response":  {look("AWS::RDS::DBCluster", "ledger")},
		"rds_modify_db_snapshot_attribute":                {look("AWS::RDS::DBSnapshot", "orders-2026-03-01")},
		"rds_modify_db_cluster_snapshot_attribute_arn":    {look("AWS::RDS::DBClusterSnapshot", "ledger-final")},
		"kms_create_key":                                  {look(keyType, keyID)},
		"kms_disable_key_rotation":                        {look(keyType, keyID)},
		"kms_disable_key_rotation_alias":                  {look(keyType, keyID)},
		"kms_disable_key_rotation_arn_multi_region":       {look(keyType, "mrk-1234abcd12ab34cd56ef1234567890ab")},
		"kms_disable_key_rotation_alias_without_key":      {look(nowhere, nowhere).not("no AWS::KMS::Key id in event")},
		"kms_disable_key_rotation_key_of_other_account":   {look(keyType, keyID).invalid("ARN arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab does not agree with account 111122223333 of the event")},
		"sqs_create_queue":                                {look(queueType, "https://sqs.us-east-1.amazonaws.com/111122223333/orders")},
		"sqs_set_queue_attributes_old_host":               {look(queueType, "https://sqs.us-east-1.amazonaws.com/111122223333/orders")},
		"sqs_set_queue_attributes_cn":                     {look(queueType, "https://sqs.cn-north-1.amazonaws.com.cn/444455556666/orders").at("444455556666", "cn-north-1", "aws-cn")},
		"sqs_set_queue_attributes_queue_of_other_account": {look(queueType, "https://sqs.us-east-1.amazonaws.com/444455556666/orders").invalid(`queue of account "444455556666" does not agree with account 111122223333 of the event`)},
		"sns_create_topic":                                {look("AWS::SNS::Topic", topicARN)},
		"sns_set_topic_attributes":                        {look("AWS::SNS::Topic", topicARN)},
		"sns_set_topic_attributes_other_region": {look("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:111122223333:alarms").
			invalid("ARN arn:aws:sns:eu-west-1:111122223333:alarms does not agree with Region us-east-1 of the event")},
		"s3_put_bucket_tagging": {bucket().at("111122223333", "eu-west-1", "aws")},
		"ec2_create_tags": {look(groupType, groupID).at("111122223333", "eu-west-1", "aws"),
			look("AWS::EC2::Volume", "vol-0123456789abcdef0").at("111122223333", "eu-west-1", "aws")},
		"dynamodb_create_table":     {look("AWS::DynamoDB::Table", "Orders")},
		"dynamodb_update_table_arn": {look("AWS::DynamoDB::Table", "Orders")},

		"who_root":            {bucket()},
		"who_service":         {bucket()},
		"who_other_account":   {bucket()},
		"who_federated":       {bucket()},
		"who_identity_center": {bucket()},
		"who_assumed_role_without_session_context": {bucket()},
		"who_source_identity":                      {bucket()},
		"who_nobody":                               {bucket()},
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(cases()) {
		t.Fatalf("%d samples for %d cases (%v): every sample needs a case", len(files), len(cases()), err)
	}
	for name, want := range cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []seen
			for _, s := range parse(t, name) {
				if s.EventName == "" || s.EventSource == "" || s.EventID == "" || s.Time.IsZero() {
					t.Errorf("event name, source, id or time is missing: %+v", s)
				}
				got = append(got, seen{s.Class, s.ResourceType, s.ResourceID, s.Account, s.Region, s.Partition, s.Reason, s.Relevant})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("signals (-want +got):\n%s", diff)
			}
		})
	}
}

// What a request says of a dry run proves nothing: S3 and IAM take no notice of it, and EC2 answers a real one with an error.
func TestOnlyAnErrorMakesADryRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		source, name, request, code string
		relevant                    bool
	}{
		{"s3", "PutBucketPolicy", `"bucketName":"b","DryRun":true`, "", true},
		{"s3", "PutBucketPolicy", `"bucketName":"b","dryRun":"true"`, "", true},
		{"s3", "PutBucketPolicy", `"bucketName":"b","xRequest":{"DryRun":true}`, "", true},
		{"iam", "PutRolePolicy", `"roleName":"r","dryRun":true`, "", true},
		{"ec2", "AuthorizeSecurityGroupIngress", `"groupId":"sg-1","dryRun":true`, "", true},
		{"ec2", "ModifySecurityGroupRules", `"ModifySecurityGroupRulesRequest":{"GroupId":"sg-1","DryRun":true}`, "", true},
		{"ec2", "AuthorizeSecurityGroupIngress", `"groupId":"sg-1"`, "Client.DryRunOperation", false},
		{"ec2", "AuthorizeSecurityGroupIngress", `"groupId":"sg-1","dryRun":true`, "Client.UnauthorizedOperation", false},
		{"ec2", "AuthorizeSecurityGroupIngress", `"groupId":"sg-1","dryRun":false`, "", true},
		{"kms", "DisableKeyRotation", `"keyId":"k","dryRun":true`, "DryRunOperationException", false},
	} {
		detail := `{"eventSource":"` + c.source + `.amazonaws.com","eventName":"` + c.name + `","requestParameters":{` + c.request + `}`
		if c.code != "" {
			detail += `,"errorCode":"` + c.code + `"`
		}
		out, err := Parse(wire.Envelope{Source: "aws." + c.source, Account: "111122223333", Region: "eu-west-1", Detail: []byte(detail + "}")}, Options{IDs: watched()})
		if err != nil || len(out) != 1 || out[0].Relevant != c.relevant {
			t.Errorf("%s with {%s} and error %q: %+v, %v", c.name, c.request, c.code, out, err)
		}
	}
}

func TestTagKeys(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"s3_put_bucket_tagging": "data\nowner", "ec2_create_tags": "data", "s3_put_bucket_policy": ""} {
		for _, s := range parse(t, name) {
			if s.TagKeys != want {
				t.Errorf("%s: %q, want %q", name, s.TagKeys, want)
			}
		}
	}
	rec := record{"requestParameters": map[string]any{"tags": map[string]any{"b": "1", "a": "2"}}}
	if got := (IDPath{TagKeys: []string{"requestParameters.tags{}"}}).tagKeys(rec); got != "a\nb" {
		t.Errorf("the names of an object's members are %q", got)
	}
}

func TestEveryWatchedServiceHasSamples(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for name := range cases() {
		prefix, _, _ := strings.Cut(name, "_")
		names[prefix+".amazonaws.com"] = true
	}
	for source := range watched() {
		if !names[source] {
			t.Errorf("no sample of %s", source)
		}
	}
}

func TestTimeAndIDFallBackToTheEnvelope(t *testing.T) {
	t.Parallel()
	got := parse(t, "s3_put_bucket_policy")[0]
	if want := time.Date(2026, 3, 1, 10, 0, 5, 0, time.UTC); !got.Time.Equal(want) || got.EventID != "a77db1c8-4820-4408-e666-0df498676f97" {
		t.Errorf("got time %v id %s", got.Time, got.EventID)
	}
	env := wire.Envelope{ID: "envelope-id", Source: "aws.s3", Account: "111122223333", Region: "us-east-1", Time: "2026-03-01T10:00:07Z",
		Detail: []byte(`{"eventSource":"s3.amazonaws.com","eventName":"PutBucketPolicy","eventTime":"yesterday","requestParameters":{"bucketName":"b"}}`)}
	out, err := Parse(env, Options{IDs: watched()})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 3, 1, 10, 0, 7, 0, time.UTC); !out[0].Time.Equal(want) || out[0].EventID != "envelope-id" || !out[0].Relevant {
		t.Errorf("got %+v", out[0])
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, detail := range []string{``, `null`, `"x"`, `[]`, `{}`, `{"eventSource":"s3.amazonaws.com"}`, `{"eventName":1,"eventSource":[]}`, `{"a":`} {
		_, err := Parse(wire.Envelope{ID: "the-id", Source: "aws.s3", Detail: []byte(detail)}, Options{})
		if !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), "the-id") {
			t.Errorf("detail %q: got error %v, want one that wraps ErrMalformed and names the event", detail, err)
		}
	}
}

func parse(t *testing.T, name string) []signal.Signal {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	env, err := wire.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Parse(env, Options{IDs: watched(), OwnRoles: ownRoles})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
