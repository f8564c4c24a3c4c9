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

func TestEveryFunctionHasItsOwn(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup"]
	roles := map[string]bool{}
	found := tpl.of("AWS::Lambda::Function")
	if want := []string{"ApplyFunction", "EvaluateFunction", "NotifyFunction", "SweepFunction"}; !cmp.Equal(want, sortedKeys(found)) {
		t.Fatalf("functions %v, want %v", sortedKeys(found), want)
	}
	for logical, f := range found {
		role := single(f.Properties["Role"])
		if roles[role] || tpl.Resources[strings.TrimSuffix(strings.Trim(role, "${}"), ".Arn")].Type != "AWS::IAM::Role" {
			t.Errorf("%s: role %s is not its own", logical, role)
		}
		roles[role] = true
		logs := tpl.Resources[strings.Trim(single(at(f.Properties, "LoggingConfig", "LogGroup")), "${}")]
		if logs.Properties["LogGroupName"] != "/aws/lambda/"+single(f.Properties["FunctionName"]) || logs.Properties["RetentionInDays"] != 365.0 {
			t.Errorf("%s: log group %v", logical, logs.Properties)
		}
		if single(f.Properties["Runtime"]) != "provided.al2023" || single(f.Properties["Architectures"]) != "arm64" {
			t.Errorf("%s runs on %v %v", logical, f.Properties["Runtime"], f.Properties["Architectures"])
		}
		name := strings.TrimSuffix(logical, "Function")
		if logical == "SweepFunction" { // started by a schedule, without a queue
			if got := single(at(f.Properties, "DeadLetterConfig", "TargetArn")); got != "${SweepDlqQueue.Arn}" {
				t.Errorf("%s: dead letters go to %q", logical, got)
			}
			continue
		}
		checkQueueOf(t, tpl, name, f.Properties["Timeout"].(float64))
	}
}

func checkQueueOf(t *testing.T, tpl template, name string, timeout float64) {
	t.Helper()
	queue := tpl.Resources[name+"Queue"].Properties
	if got := queue["VisibilityTimeout"].(float64); got < 6*timeout {
		t.Errorf("%s: messages are hidden for %v s, the function may take %v", name, got, timeout)
	}
	if got := single(at(queue, "RedrivePolicy", "deadLetterTargetArn")); got != "${"+name+"DlqQueue.Arn}" || at(queue, "RedrivePolicy", "maxReceiveCount") != 5.0 {
		t.Errorf("%s: redrive %v", name, queue["RedrivePolicy"])
	}
	source := tpl.Resources[name+"Source"].Properties
	if single(source["EventSourceArn"]) != "${"+name+"Queue.Arn}" || single(source["FunctionResponseTypes"]) != "ReportBatchItemFailures" {
		t.Errorf("%s: event source %v", name, source)
	}
	if at(source, "ScalingConfig", "MaximumConcurrency").(float64) < 2 {
		t.Errorf("%s: no concurrency", name)
	}
}

func TestQueuesAreClosed(t *testing.T) {
	t.Parallel()
	for stack, tpl := range today() {
		policies := map[string][]allowed{}
		for _, p := range tpl.of("AWS::SQS::QueuePolicy") {
			policies[single(p.Properties["Queues"])] = statements(p.Properties["PolicyDocument"])
		}
		for logical, q := range tpl.of("AWS::SQS::Queue") {
			if q.Properties["SqsManagedSseEnabled"] != true || q.Properties["MessageRetentionPeriod"] != 1209600.0 {
				t.Errorf("%s %s: %v", stack, logical, q.Properties)
			}
			if !slices.ContainsFunc(policies["${"+logical+"}"], onlyTLS) {
				t.Errorf("%s %s takes requests without TLS", stack, logical)
			}
		}
	}
	for queue, want := range map[string][]string{"Apply": {"shoreup-evaluate"}, "Notify": {"shoreup-evaluate", "shoreup-apply"}} {
		deny := statements(today()["shoreup"].Resources[queue+"QueuePolicy"].Properties["PolicyDocument"])[0]
		var got []string
		for _, arn := range list(at(deny.condition, "ArnNotEquals", "aws:PrincipalArn")) {
			got = append(got, strings.TrimPrefix(arn, "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/"))
		}
		if deny.effect != "Deny" || !cmp.Equal(deny.actions, []string{"sqs:SendMessage"}) || !cmp.Equal(got, want) {
			t.Errorf("%s queue: %+v", queue, deny)
		}
	}
}

func onlyTLS(s allowed) bool {
	return s.effect == "Deny" && single(at(s.condition, "Bool", "aws:SecureTransport")) == "false" && strings.HasSuffix(s.actions[0], ":*")
}

func TestBucketsAreClosed(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup"]
	for logical, b := range tpl.of("AWS::S3::Bucket") {
		for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(b.Properties, "PublicAccessBlockConfiguration", setting) != true {
				t.Errorf("%s: %s is off", logical, setting)
			}
		}
		if at(b.Properties, "VersioningConfiguration", "Status") != "Enabled" || b.DeletionPolicy != "Retain" || b.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s is not kept: %+v", logical, b)
		}
		if !strings.Contains(fmt.Sprint(b.Properties["BucketEncryption"]), "AES256") {
			t.Errorf("%s is not encrypted with SSE-S3", logical)
		}
		if !slices.ContainsFunc(statements(tpl.Resources[logical+"Policy"].Properties["PolicyDocument"]), onlyTLS) {
			t.Errorf("%s takes requests without TLS", logical)
		}
	}
	if got := single(at(tpl.Resources["RulesBucket"].Properties, "LoggingConfiguration", "DestinationBucketName")); got != "${AccessLogsBucket}" {
		t.Errorf("access to the rules is logged to %q", got)
	}
}

func TestTablesAreKept(t *testing.T) {
	t.Parallel()
	found := today()["shoreup"].of("AWS::DynamoDB::Table")
	if len(found) != len(occurrence.Tables()) {
		t.Errorf("%d tables, want %d", len(found), len(occurrence.Tables()))
	}
	for _, want := range occurrence.Tables() {
		r := found[tableID(want.Suffix)]
		p := r.Properties
		if p["TableName"] != "shoreup-"+want.Suffix || p["BillingMode"] != "PAY_PER_REQUEST" || p["DeletionProtectionEnabled"] != true ||
			at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true || r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s: %+v", want.Suffix, r)
		}
		if expires := at(p, "TimeToLiveSpecification", "AttributeName") == "ttl"; expires != want.Expires {
			t.Errorf("%s: expires %v, want %v", want.Suffix, expires, want.Expires)
		}
	}
}

func TestEnvironmentOfFunctions(t *testing.T) {
	t.Parallel()
	common := []string{"SHOREUP_ACCOUNT", "SHOREUP_RULES", "SHOREUP_TABLES"}
	for function, own := range map[string][]string{
		"Evaluate": {"SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_NOTIFY_QUEUE", "SHOREUP_READ_ROLE"},
		"Apply":    {"SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_NOTIFY_QUEUE", "SHOREUP_READ_ROLE", "SHOREUP_WRITE_ROLE"},
		"Notify":   {"SHOREUP_SLACK_CHANNEL", "SHOREUP_SLACK_SECRET"},
		"Sweep":    {"SHOREUP_EVALUATE_QUEUE", "SHOREUP_READ_ROLE", "SHOREUP_REGIONS"},
	} {
		env, _ := at(today()["shoreup"].Resources[function+"Function"].Properties, "Environment", "Variables").(map[string]any)
		want := append(slices.Clone(common), own...)
		slices.Sort(want)
		if diff := cmp.Diff(want, sortedKeys(env)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", function, diff)
		}
		if got := single(env["SHOREUP_RULES"]); got != "s3://${RulesBucket}/shoreup.yaml" {
			t.Errorf("%s reads its rules from %s", function, got)
		}
	}
}

var (
	accountID  = regexp.MustCompile(`\b\d{12}\b`)
	regionName = regexp.MustCompile(`\b(us|eu|ap|sa|ca|me|af|il|mx|cn)-[a-z]+-\d\b|us-gov-[a-z]+-\d`)
)

func TestNothingIsHardCoded(t *testing.T) {
	t.Parallel()
	for stack, tpl := range today() {
		text := string(tpl.raw)
		if m := accountID.FindString(text); m != "" {
			t.Errorf("%s names account %s", stack, m)
		}
		if strings.Contains(text, "arn:aws") {
			t.Errorf("%s names a partition", stack)
		}
		// The mapping of partitions to the Region of their global services is AWS's, and the only place.
		want := 0
		if stack == "shoreup" {
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
