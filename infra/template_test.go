package infra

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/occurrence"
)

func onlyTLS(s allowed) bool {
	return s.effect == "Deny" && single(at(s.condition, "Bool", "aws:SecureTransport")) == "false" && strings.HasSuffix(s.actions[0], ":*")
}

func TestBucketsAreClosed(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		tpl := today()[stack]
		if got := sortedKeys(tpl.of("AWS::S3::Bucket")); !cmp.Equal(got, []string{"AccessLogsBucket", "AuditBucket", "ReportsBucket", "RulesBucket"}) {
			t.Errorf("%s: buckets %v", stack, got)
		}
		for logical, b := range tpl.of("AWS::S3::Bucket") {
			for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
				if at(b.Properties, "PublicAccessBlockConfiguration", setting) != true {
					t.Errorf("%s: %s is off", logical, setting)
				}
			}
			if at(b.Properties, "VersioningConfiguration", "Status") != "Enabled" {
				t.Errorf("%s is not versioned", logical)
			}
			if !strings.Contains(fmt.Sprint(b.Properties["BucketEncryption"]), "AES256") {
				t.Errorf("%s is not encrypted with SSE-S3", logical)
			}
			if !slices.ContainsFunc(statements(tpl.Resources[logical+"Policy"].Properties["PolicyDocument"]), onlyTLS) {
				t.Errorf("%s takes requests without TLS", logical)
			}
			if got := single(at(b.Properties, "LoggingConfiguration", "DestinationBucketName")); (got == "${AccessLogsBucket}") == (logical == "AccessLogsBucket") {
				t.Errorf("access to %s is logged to %q", logical, got)
			}
		}
		checkWriters(t, tpl)
	}
}

// checkWriters holds who alone may write rules and sealed audit logs, and that the latter are locked.
func checkWriters(t *testing.T, tpl template) {
	t.Helper()
	role := "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/shoreup-"
	for bucket, want := range map[string]string{"RulesBucket": "${DeployRole}", "AuditBucket": role + "seal", "ReportsBucket": role + "report"} {
		deny := statements(tpl.Resources[bucket+"Policy"].Properties["PolicyDocument"])[0]
		if got := single(at(deny.condition, "ArnNotEquals", "aws:PrincipalArn")); deny.effect != "Deny" || deny.actions[0] != "s3:PutObject" || got != want {
			t.Errorf("%s: %+v", bucket, deny)
		}
	}
	once := map[string]any{
		"Sid": "OnlyOnce", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": map[string]any{"Fn::Sub": "${AuditBucket.Arn}/chains/*"},
		"Condition": map[string]any{"Null": map[string]any{"s3:if-none-match": "true"}},
	}
	all, _ := at(tpl.Resources["AuditBucketPolicy"].Properties["PolicyDocument"], "Statement").([]any)
	if !slices.ContainsFunc(all, func(s any) bool { return cmp.Equal(s, any(once)) }) {
		t.Error("sealed parts of the audit log could be written over")
	}
	var sources []string
	for _, s := range statements(tpl.Resources["AccessLogsBucketPolicy"].Properties["PolicyDocument"]) {
		sources = append(sources, list(at(s.condition, "ArnLike", "aws:SourceArn"))...)
	}
	if !cmp.Equal(sorted(sources), []string{"${AuditBucket.Arn}", "${ReportsBucket.Arn}", "${RulesBucket.Arn}"}) {
		t.Errorf("access logs come from %v", sources)
	}
	for _, bucket := range []string{"AccessLogsBucket", "ReportsBucket"} {
		rules, _ := at(tpl.Resources[bucket].Properties, "LifecycleConfiguration", "Rules").([]any)
		if len(rules) != 1 || at(rules[0], "ExpirationInDays") != 400.0 || at(rules[0], "Status") != "Enabled" {
			t.Errorf("%s: what is deleted: %v", bucket, rules)
		}
	}
	lock := at(tpl.Resources["AuditBucket"].Properties, "ObjectLockConfiguration", "Rule", "DefaultRetention")
	if single(at(lock, "Days")) != "${AuditRetentionDays}" || single(at(lock, "Mode")) != "${AuditLockMode}" || tpl.Parameters["AuditLockMode"].Default != "COMPLIANCE" {
		t.Errorf("the audit bucket is locked for %v", lock)
	}
	if tpl.Parameters["DeployRole"].Default != nil {
		t.Error("who may write the rules has a default")
	}
}

// TestEvidenceOutlivesTheStack: records, sealed records, the rules that decided, who read and wrote them, and what the functions logged.
func TestEvidenceOutlivesTheStack(t *testing.T) {
	t.Parallel()
	for stack, tpl := range full() {
		for logical, r := range tpl.Resources {
			switch r.Type {
			case "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy", "AWS::Logs::LogGroup":
				if r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
					t.Errorf("%s %s goes with the stack: %q, %q", stack, logical, r.DeletionPolicy, r.UpdateReplacePolicy)
				}
			}
		}
	}
}

func TestTablesAreProtected(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		found := today()[stack].of("AWS::DynamoDB::Table")
		if len(found) != len(occurrence.Tables()) {
			t.Errorf("%d tables, want %d", len(found), len(occurrence.Tables()))
		}
		for _, want := range occurrence.Tables() {
			p := found[tableID(want.Suffix)].Properties
			if p["TableName"] != "shoreup-"+want.Suffix || p["BillingMode"] != "PAY_PER_REQUEST" || p["DeletionProtectionEnabled"] != true ||
				at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true {
				t.Errorf("%s: %+v", want.Suffix, p)
			}
			if expires := at(p, "TimeToLiveSpecification", "AttributeName") == "ttl"; expires != want.Expires {
				t.Errorf("%s: expires %v, want %v", want.Suffix, expires, want.Expires)
			}
		}
	}
}

var (
	accountID  = regexp.MustCompile(`\b\d{12}\b`)
	regionName = regexp.MustCompile(`\b(us|eu|ap|sa|ca|me|af|il|mx|cn)-[a-z]+-\d\b|us-gov-[a-z]+-\d`)
)

func TestNothingIsHardCoded(t *testing.T) {
	t.Parallel()
	for stack, tpl := range full() {
		text := string(tpl.raw)
		if m := accountID.FindString(text); m != "" {
			t.Errorf("%s names account %s", stack, m)
		}
		if strings.Contains(text, "arn:aws") {
			t.Errorf("%s names a partition", stack)
		}
		// The mapping of partitions to the Region of their global services is AWS's, and the only place.
		want := 0
		if _, has := tpl.Mappings[homeRegions]; has {
			want = 3
		}
		if got := regionName.FindAllString(text, -1); len(got) != want {
			t.Errorf("%s names Regions %v", stack, got)
		}
		for _, word := range []string{"BootstrapVersion", "AssetParameters", "CDKMetadata", "aws:cdk:path", "aws:asset"} {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %s: it is no plain template", stack, word)
			}
		}
	}
}

func TestSourcesCanBeLeftOut(t *testing.T) {
	t.Parallel()
	with, without := today()["shoreup"].of("AWS::Events::Rule"), bare()["shoreup"].of("AWS::Events::Rule")
	var left []string
	for id := range with {
		if _, there := without[id]; !there {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	want := []string{"ConfigComplianceRule", "ConfigItemRule", "ConfigSummaryRule", "GuarddutyRule", "SecurityhubActionRule", "SecurityhubImportedRule"}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Errorf("without optional sources (-want +got):\n%s", diff)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
