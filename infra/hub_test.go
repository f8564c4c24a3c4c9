package infra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/infra/cost"
)

// TestOnlyMembersDeliver holds the policy of the hub's bus: the delivery roles of the organisation's accounts and nobody else.
func TestOnlyMembersDeliver(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup-hub"]
	from := map[string]any{"aws:PrincipalArn": map[string]any{"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/shoreup/shoreup-event-delivery"}}
	bus := map[string]any{"Fn::GetAtt": []any{"Bus", "Arn"}}
	want := map[string]any{
		"FromMembers": map[string]any{
			"Sid": "FromMembers", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": bus,
			"Condition": map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": map[string]any{"Ref": "OrganizationId"}}, "ArnLike": from},
		},
		"OnlyFromMembers": map[string]any{
			"Sid": "OnlyFromMembers", "Effect": "Deny", "Principal": "*", "Action": "events:PutEvents", "Resource": bus, "Condition": map[string]any{"ArnNotLike": from},
		},
	}
	got := map[string]any{}
	for _, p := range tpl.of("AWS::Events::EventBusPolicy") {
		got[single(p.Properties["StatementId"])] = p.Properties["Statement"]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if tpl.Parameters["OrganizationId"].Default != nil {
		t.Error("the organisation has a default")
	}
}

// TestHubHearsAWSOnly finds no rule that would match an event which somebody else than AWS can make.
func TestHubHearsAWSOnly(t *testing.T) {
	t.Parallel()
	for stack, tpl := range full() {
		for id, r := range tpl.of("AWS::Events::Rule") {
			if r.Properties["ScheduleExpression"] != nil {
				if r.Properties["EventBusName"] != nil {
					t.Errorf("%s %s: schedules are for the default bus", stack, id)
				}
				continue
			}
			bus := single(r.Properties["EventBusName"])
			if want := map[bool]string{true: "${Bus}"}[stack == "shoreup-hub" && id != "SecurityhubActionHereRule"]; bus != want {
				t.Errorf("%s %s is on bus %q, want %q", stack, id, bus, want)
			}
			sources, _ := at(r.Properties, "EventPattern", "source").([]any)
			for _, source := range sources {
				text, exact := source.(string)
				if !exact {
					text = single(at(source, "prefix"))
				}
				if !strings.HasPrefix(text, "aws.") {
					t.Errorf("%s %s hears %v", stack, id, source)
				}
			}
			if len(sources) == 0 {
				t.Errorf("%s %s hears every source", stack, id)
			}
		}
	}
}

func TestHubHoldsNoRoleThatIsTaken(t *testing.T) {
	t.Parallel()
	var got []string
	for _, r := range today()["shoreup-hub"].of("AWS::IAM::Role") {
		got = append(got, single(r.Properties["RoleName"]))
	}
	want := []string{
		"shoreup-apply", "shoreup-decide", "shoreup-evaluate", "shoreup-interact", "shoreup-notify", "shoreup-reconcile", "shoreup-report", "shoreup-review", "shoreup-seal", "shoreup-sweep",
	}
	if diff := cmp.Diff(want, sorted(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHubAndMemberStandSideBySide: where the hub's own account is looked after, all three templates are deployed in it.
func TestHubAndMemberStandSideBySide(t *testing.T) {
	t.Parallel()
	named := map[string]string{}
	for _, stack := range []string{"shoreup-hub", "shoreup-member-global", "shoreup-member-regional"} {
		for logical, r := range full()[stack].Resources {
			if r.Type == "AWS::Lambda::EventSourceMapping" { // it names a function, and has no name
				continue
			}
			for _, property := range []string{"RoleName", "ManagedPolicyName", "QueueName", "FunctionName", "LogGroupName", "AlarmName", "TableName", "BucketName", "TopicName", "ConfigRuleName", "DashboardName", "Name"} {
				name := single(r.Properties[property])
				if name == "" {
					continue
				}
				key := r.Type + " " + single(r.Properties["EventBusName"]) + " " + name
				if other := named[key]; other != "" {
					t.Errorf("%s %s and %s are both %s", stack, logical, other, key)
				}
				named[key] = stack + " " + logical
			}
		}
	}
}

// TestDashboard reads the page as CloudWatch would: a chart for each thing to see, in the Region it is in.
func TestDashboard(t *testing.T) {
	t.Parallel()
	var page struct {
		Widgets []struct {
			Type       string
			X, Y       int
			Properties struct {
				Title, Region, Stat string
				Metrics             [][]string
			}
		}
	}
	if err := json.Unmarshal([]byte(single(today()["shoreup-hub"].Resources["Dashboard"].Properties["DashboardBody"])), &page); err != nil {
		t.Fatal(err)
	}
	if len(page.Widgets) != 8 {
		t.Errorf("%d charts", len(page.Widgets))
	}
	places := map[[2]int]bool{}
	for _, w := range page.Widgets {
		if places[[2]int{w.X, w.Y}] || w.Type != "metric" || w.Properties.Region != "${AWS::Region}" || w.Properties.Title == "" || len(w.Properties.Metrics) == 0 {
			t.Errorf("%+v", w)
		}
		places[[2]int{w.X, w.Y}] = true
	}
}

// TestAlarms lists what people hear of, and that all of it goes to the encrypted topic.
func TestAlarms(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		tpl := today()[stack]
		metrics := map[string][]string{}
		for id, a := range tpl.of("AWS::CloudWatch::Alarm") {
			if got := single(a.Properties["AlarmActions"]); got != "${AlarmTopic}" {
				t.Errorf("%s %s goes to %s", stack, id, got)
			}
			metric := single(a.Properties["MetricName"])
			metrics[metric] = append(metrics[metric], strings.TrimPrefix(single(a.Properties["AlarmName"]), "shoreup-"))
		}
		for _, m := range metrics {
			slices.Sort(m)
		}
		want := map[string][]string{
			"Findings": {"unverified"}, "AuditFailures": {"audit-failures", "audit-silent"}, "LimitsReached": {"limits-reached"},
			"SlackForged": {"slack-forged"}, "UnexplainedCalls": {"unexplained-calls"},
			"ApproximateNumberOfMessagesVisible": {
				"again-dlq", "apply-dlq", "approved-dlq", "commands-dlq", "dead-letters", "decide-dlq", "evaluate-dlq", "events-dlq", "interact-dlq", "notify-dlq", "reconciliation-dlq", "report-dlq", "review-dlq",
				"seal-dlq", "sweep-dlq", "undelivered", "words-dlq",
			},
			"ApproximateAgeOfOldestMessage": {
				"again-late", "apply-late", "approved-late", "commands-late", "decide-late", "evaluate-late", "events-late", "notify-late", "reconciliation-late", "sweep-late", "words-late",
			},
			"Errors": {
				"apply-errors", "decide-errors", "evaluate-errors", "interact-errors", "notify-errors", "reconcile-errors", "report-errors", "review-errors", "seal-errors", "sweep-errors",
			},
			"Throttles": {
				"apply-throttles", "decide-throttles", "evaluate-throttles", "interact-throttles", "notify-throttles", "reconcile-throttles", "report-throttles", "review-throttles",
				"seal-throttles", "sweep-throttles",
			},
		}
		if diff := cmp.Diff(want, metrics); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stack, diff)
		}
		silent := tpl.Resources["AuditSilentAlarm"].Properties
		if silent["TreatMissingData"] != "breaching" || silent["ComparisonOperator"] != "LessThanOrEqualToThreshold" {
			t.Errorf("%s: nobody hears of an audit log that is not verified: %v", stack, silent)
		}
		if got := single(tpl.Resources["AlarmTopic"].Properties["KmsMasterKeyId"]); got != "${AlarmKey}" {
			t.Errorf("%s: alarms are encrypted with %q", stack, got)
		}
		topic := statements(tpl.Resources["AlarmTopicPolicy"].Properties["PolicyDocument"])
		if topic[1].effect != "Deny" || single(at(topic[1].condition, "Bool", "aws:SecureTransport")) != "false" {
			t.Errorf("%s: the topic takes requests without TLS", stack)
		}
		for _, s := range statements(tpl.Resources["AlarmKey"].Properties["KeyPolicy"]) {
			if slices.ContainsFunc(s.actions, func(a string) bool { return strings.Contains(a, "*") }) {
				t.Errorf("%s: the key's policy allows %v", stack, s.actions)
			}
		}
	}
}

// TestLate: what just happened waits a quarter of an hour at most before people hear of it; what a sweep fills in one go has the time that the largest fleet of
// COST.md takes, and people still hear of it before the next sweep.
func TestLate(t *testing.T) {
	t.Parallel()
	list, evaluate := cost.Fleets[len(cost.Fleets)-1].Sweep(5, 10)
	if list.Round(time.Minute) != 67*time.Minute || evaluate.Round(time.Minute) != 125*time.Minute {
		t.Errorf("the largest fleet is listed in %s and looked at in %s", list, evaluate)
	}
	for _, stack := range installations {
		tpl := today()[stack]
		for id, want := range map[string]float64{"SweepSource": 5, "EvaluateSource": 10} {
			if got := at(tpl.Resources[id].Properties, "ScalingConfig", "MaximumConcurrency"); got != want {
				t.Errorf("%s: %s has %v functions at a time, not %v", stack, id, got, want)
			}
		}
		for id, a := range tpl.of("AWS::CloudWatch::Alarm") {
			if !strings.HasSuffix(id, "LateAlarm") {
				continue
			}
			want := 15 * time.Minute
			if id == "SweepLateAlarm" || id == "EvaluateLateAlarm" {
				want = 3 * time.Hour
			}
			if got := time.Duration(a.Properties["Threshold"].(float64)) * time.Second; got != want || want > 15*time.Minute && (want < evaluate || want > 6*time.Hour) {
				t.Errorf("%s: %s goes off after %s, want %s", stack, id, got, want)
			}
		}
	}
}
