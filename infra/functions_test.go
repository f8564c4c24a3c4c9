package infra

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryFunctionHasItsOwn role, log group and dead-letter queue, queues that are hidden for long enough, and nothing else that another has.
func TestEveryFunctionHasItsOwn(t *testing.T) {
	t.Parallel()
	for stack, want := range map[string][]string{
		"shoreup": {
			"ActionsFunction", "ApplyFunction", "ConfigruleFunction", "DecideFunction", "EvaluateFunction", "InteractFunction", "NotifyFunction", "ReconcileFunction", "ReportFunction",
			"ReviewFunction", "SealFunction", "SweepFunction",
		},
		"shoreup-hub": {
			"ActionsFunction", "ApplyFunction", "DecideFunction", "EvaluateFunction", "InteractFunction", "NotifyFunction", "ReconcileFunction", "ReportFunction", "ReviewFunction",
			"SealFunction", "SweepFunction",
		},
	} {
		tpl := full()[stack]
		roles := map[string]bool{}
		found := tpl.of("AWS::Lambda::Function")
		if !cmp.Equal(want, sortedKeys(found)) {
			t.Fatalf("%s: functions %v, want %v", stack, sortedKeys(found), want)
		}
		for logical, f := range found {
			role := single(f.Properties["Role"])
			if roles[role] || tpl.Resources[strings.TrimSuffix(strings.Trim(role, "${}"), ".Arn")].Type != "AWS::IAM::Role" {
				t.Errorf("%s: role %s is not its own", logical, role)
			}
			roles[role] = true
			logs := tpl.Resources[strings.Trim(single(at(f.Properties, "LoggingConfig", "LogGroup")), "${}")]
			if logs.Properties["LogGroupName"] != "/aws/lambda/"+single(f.Properties["FunctionName"]) || logs.Properties["RetentionInDays"] != 365.0 || logs.DeletionPolicy != "Retain" {
				t.Errorf("%s: log group %v", logical, logs)
			}
			runtime := "provided.al2023"
			if logical == "ActionsFunction" { // its code is in the template: CloudFormation has no type for what it makes
				runtime = "python3.14"
			}
			if single(f.Properties["Runtime"]) != runtime || single(f.Properties["Architectures"]) != "arm64" {
				t.Errorf("%s runs on %v %v", logical, f.Properties["Runtime"], f.Properties["Architectures"])
			}
			name := strings.TrimSuffix(logical, "Function")
			dead := single(at(f.Properties, "DeadLetterConfig", "TargetArn"))
			if slices.Contains([]string{"Sweep", "Seal", "Configrule", "Actions", "Decide", "Interact", "Review", "Report"}, name) && dead != "${"+name+"DlqQueue.Arn}" {
				t.Errorf("%s is started without a queue, and its dead letters go to %q", logical, dead)
			}
			if len(feedsOf[name]) == 0 && dead == "" {
				t.Errorf("%s has no way for what it fails on", logical)
			}
			for _, queue := range feedsOf[name] {
				checkQueueOf(t, tpl, name, queue, f.Properties["Timeout"].(float64))
			}
		}
		if got := len(tpl.of("AWS::Lambda::EventSourceMapping")); got != 11 {
			t.Errorf("%s: %d event sources", stack, got)
		}
	}
}

// feedsOf are the queues that start functions.
var feedsOf = map[string][]string{
	"Evaluate": {"Events", "Evaluate", "Commands"}, "Apply": {"Apply", "Approved", "Again"}, "Notify": {"Notify"}, "Sweep": {"Sweep"}, "Decide": {"Decide", "Words"}, "Reconcile": {"Reconciliation"},
}

func checkQueueOf(t *testing.T, tpl template, function, name string, timeout float64) {
	t.Helper()
	queue := tpl.Resources[name+"Queue"].Properties
	if got := queue["VisibilityTimeout"].(float64); got < 6*timeout {
		t.Errorf("%s: messages are hidden for %v s, the function may take %v", name, got, timeout)
	}
	if got := single(at(queue, "RedrivePolicy", "deadLetterTargetArn")); got != "${"+name+"DlqQueue.Arn}" || at(queue, "RedrivePolicy", "maxReceiveCount") != 5.0 {
		t.Errorf("%s: redrive %v", name, queue["RedrivePolicy"])
	}
	source := tpl.Resources[name+"Source"].Properties
	if single(source["FunctionName"]) != "${"+function+"Function}" || single(source["EventSourceArn"]) != "${"+name+"Queue.Arn}" || single(source["FunctionResponseTypes"]) != "ReportBatchItemFailures" {
		t.Errorf("%s: event source %v", name, source)
	}
	if at(source, "ScalingConfig", "MaximumConcurrency").(float64) < 2 {
		t.Errorf("%s: no concurrency", name)
	}
	dead := tpl.Resources[name+"DlqQueue"].Properties["RedriveAllowPolicy"]
	if own := "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + single(queue["QueueName"]); at(dead, "redrivePermission") != "byQueue" || single(at(dead, "sourceQueueArns")) != own {
		t.Errorf("%s: its dead-letter queue is for %v", name, dead)
	}
}

func TestEnvironmentOfFunctions(t *testing.T) {
	t.Parallel()
	common := []string{"SHOREUP_ACCOUNT", "SHOREUP_RULES", "SHOREUP_TABLES"}
	for function, own := range map[string][]string{
		"Evaluate":   {"SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_DECIDE_QUEUE", "SHOREUP_EVENTS_QUEUE", "SHOREUP_NOTIFY_QUEUE", "SHOREUP_READ_ROLE"},
		"Apply":      {"SHOREUP_APPLY_QUEUE", "SHOREUP_APPROVED_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_DECIDE_QUEUE", "SHOREUP_NOTIFY_QUEUE", "SHOREUP_READ_ROLE", "SHOREUP_WRITE_ROLE"},
		"Notify":     {"SHOREUP_ANNOTATE_ROLE", "SHOREUP_DECIDE_QUEUE", "SHOREUP_SLACK_CHANNEL", "SHOREUP_SLACK_SECRET", "SHOREUP_SLACK_SIGNING"},
		"Decide":     {"SHOREUP_APPLY_QUEUE", "SHOREUP_DEAD_LETTERS", "SHOREUP_NOTIFY_QUEUE", "SHOREUP_WORDS_QUEUE"},
		"Interact":   {"SHOREUP_SLACK_CHANNEL", "SHOREUP_SLACK_SECRET", "SHOREUP_SLACK_SIGNING", "SHOREUP_WORDS_QUEUE_URL"},
		"Review":     {"SHOREUP_WORDS_QUEUE_URL"},
		"Report":     {"SHOREUP_NOTIFY_QUEUE", "SHOREUP_REPORT_BUCKET"},
		"Reconcile":  {"SHOREUP_DEAD_LETTERS", "SHOREUP_NOTIFY_QUEUE"},
		"Sweep":      {"SHOREUP_DEAD_LETTERS", "SHOREUP_EVALUATE_QUEUE", "SHOREUP_READ_ROLE", "SHOREUP_REGIONS", "SHOREUP_SWEEP_QUEUE"},
		"Seal":       {"SHOREUP_AUDIT_BUCKET"},
		"Configrule": {"SHOREUP_READ_ROLE"},
	} {
		env, _ := at(full()["shoreup"].Resources[function+"Function"].Properties, "Environment", "Variables").(map[string]any)
		want := append(slices.Clone(common), own...)
		slices.Sort(want)
		if diff := cmp.Diff(want, sortedKeys(env)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", function, diff)
		}
		// A function that takes from a queue is told its ARN, one that sends to it the URL.
		for key, want := range map[string]string{"SHOREUP_WORDS_QUEUE": "${WordsQueue.Arn}", "SHOREUP_WORDS_QUEUE_URL": "${WordsQueue}", "SHOREUP_DECIDE_QUEUE": "${DecideQueue}", "SHOREUP_REPORT_BUCKET": "${ReportsBucket}"} {
			if got := single(env[key]); got != "" && got != want {
				t.Errorf("%s: %s is %s, want %s", function, key, got, want)
			}
		}
		if got, want := single(env["SHOREUP_APPLY_QUEUE"]), map[string]string{"Evaluate": "${ApplyQueue}", "Decide": "${ApprovedQueue}", "Apply": "${AgainQueue}"}[function]; got != want {
			t.Errorf("%s orders in queue %q, want its own, %q", function, got, want)
		}
		if got := single(env["SHOREUP_APPROVED_QUEUE"]); got != "" && got != "${ApprovedQueue.Arn}" {
			t.Errorf("%s takes what people agreed to from %s", function, got)
		}
		if got := single(env["SHOREUP_RULES"]); got != "s3://${RulesBucket}/shoreup.yaml" {
			t.Errorf("%s reads its rules from %s", function, got)
		}
	}
}

// TestFunctionsAtOnce holds how many functions queues keep running at the same time, as infra/DEPLOY.md says: it has to fit into the account's concurrency.
func TestFunctionsAtOnce(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("DEPLOY.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, stack := range installations {
		most, apply := 0.0, 0.0
		for _, source := range today()[stack].of("AWS::Lambda::EventSourceMapping") {
			n, _ := at(source.Properties, "ScalingConfig", "MaximumConcurrency").(float64)
			most += n
			if single(source.Properties["FunctionName"]) == "${ApplyFunction}" {
				apply += n
			}
		}
		if most != 44 || apply != 9 || !strings.Contains(string(doc), "at most 44 at a time") {
			t.Errorf("%s: %v at a time, %v of them apply", stack, most, apply)
		}
	}
}

// TestFunctionsGetWhatTheyAskFor reads the functions' own sources for the variables without which they do not start.
func TestFunctionsGetWhatTheyAskFor(t *testing.T) {
	t.Parallel()
	variable := regexp.MustCompile(`"(SHOREUP_[A-Z_]+)"`)
	for _, name := range Functions() {
		source, err := os.ReadFile(filepath.Join("..", "functions", name, "main.go"))
		if err != nil {
			t.Errorf("function %s: %v", name, err)
			continue
		}
		env, _ := at(full()["shoreup"].Resources[functionID(name)].Properties, "Environment", "Variables").(map[string]any)
		for _, asked := range variable.FindAllStringSubmatch(string(source), -1) {
			if env[asked[1]] == nil {
				t.Errorf("function %s asks for %s, which its template does not set", name, asked[1])
			}
		}
	}
}
