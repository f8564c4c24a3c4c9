package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sendersOf says, for each queue by its logical id, who alone may send: functions by name, or one of the words below.
var sendersOf = map[string][]string{
	"Events": {"rules"}, "Reconciliation": {"rules"}, "Undelivered": {"rules"}, "Unforwarded": {"rules"}, "Commands": {"operator"},
	"Evaluate": {"sweep"}, "Sweep": {"sweep"}, "Apply": {"evaluate"}, "Approved": {"decide"}, "Again": {"apply"}, "Notify": {"evaluate", "apply", "decide", "report", "reconcile"},
	"Decide": {"evaluate", "apply", "notify"}, "Words": {"interact", "review"}, "DeadLetters": {"evaluate", "apply", "sweep", "decide", "reconcile"},
	"EventsDlq": {"evaluate"}, "EvaluateDlq": {"evaluate"}, "CommandsDlq": {"evaluate"}, "ApplyDlq": {"apply"}, "ApprovedDlq": {"apply"}, "AgainDlq": {"apply"}, "NotifyDlq": {"notify"}, "SweepDlq": {"sweep"}, "SealDlq": {"seal"},
	"ConfigruleDlq": {"configrule"}, "ActionsDlq": {"actions"}, "DecideDlq": {"decide"}, "WordsDlq": {"decide"}, "InteractDlq": {"interact"}, "ReviewDlq": {"review"},
	"ReportDlq": {"report"}, "ReconciliationDlq": {"reconcile"},
}

func TestQueuesAreClosed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for stack, tpl := range full() {
		policies := map[string][]allowed{}
		for _, p := range tpl.of("AWS::SQS::QueuePolicy") {
			policies[single(p.Properties["Queues"])] = statements(p.Properties["PolicyDocument"])
		}
		for logical, q := range tpl.of("AWS::SQS::Queue") {
			if q.Properties["SqsManagedSseEnabled"] != true || q.Properties["MessageRetentionPeriod"] != 1209600.0 {
				t.Errorf("%s %s: %v", stack, logical, q.Properties)
			}
			policy := policies["${"+logical+"}"]
			if !slices.ContainsFunc(policy, onlyTLS) {
				t.Errorf("%s %s takes requests without TLS", stack, logical)
			}
			name := strings.TrimSuffix(logical, "Queue")
			seen[name] = true
			if got := refused(policy); !cmp.Equal(got, sendersOf[name]) {
				t.Errorf("%s %s is open to %v, want %v", stack, logical, got, sendersOf[name])
			}
		}
	}
	for name := range sendersOf {
		if !seen[name] {
			t.Errorf("there is no queue %s", name)
		}
	}
}

// TestOrdersNameOneSender holds that a message which has something looked at, swept or applied says by its queue who sent it: the policy of each queue that
// feeds these functions lets one sender in, and no other role of ours is allowed to try.
func TestOrdersNameOneSender(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"Events": "rules", "Evaluate": "sweep", "Commands": "operator", "Sweep": "sweep", "Apply": "evaluate", "Approved": "decide", "Again": "apply",
	}
	for stack, tpl := range full() {
		fed := map[string]string{}
		for _, source := range tpl.of("AWS::Lambda::EventSourceMapping") {
			switch single(source.Properties["FunctionName"]) {
			case "${EvaluateFunction}", "${SweepFunction}", "${ApplyFunction}":
			default:
				continue
			}
			queue := strings.TrimSuffix(strings.TrimPrefix(single(source.Properties["EventSourceArn"]), "${"), "Queue.Arn}")
			policy := statements(tpl.Resources[queue+"QueuePolicy"].Properties["PolicyDocument"])
			let := refused(policy)
			if len(let) != 1 {
				t.Errorf("%s: queue %s lets in %v, and not one", stack, queue, let)
				continue
			}
			fed[queue] = let[0]
			sends := senderRoles(tpl, single(tpl.Resources[queue+"Queue"].Properties["QueueName"]))
			if function := tpl.Resources[functionID(let[0])].Type != ""; function && !cmp.Equal(sends, []string{"shoreup-" + let[0]}) || !function && sends != nil {
				t.Errorf("%s: queue %s lets in %s, and the roles that may send there are %v", stack, queue, let[0], sends)
			}
		}
		if slices.Contains(installations, stack) != (len(fed) > 0) {
			t.Errorf("%s feeds %v", stack, fed)
		}
		if len(fed) > 0 && !cmp.Equal(fed, want) {
			t.Errorf("%s (-want +got):\n%s", stack, cmp.Diff(want, fed))
		}
	}
}

// senderRoles are the roles of a template whose own policies allow them to send to a queue.
func senderRoles(tpl template, queue string) []string {
	var out []string
	for role, all := range tpl.roleStatements() {
		if slices.ContainsFunc(all, func(s allowed) bool {
			return s.effect == "Allow" && slices.Contains(s.actions, "sqs:SendMessage") && slices.ContainsFunc(s.resources, func(arn string) bool { return strings.HasSuffix(arn, ":"+queue) })
		}) {
			out = append(out, role)
		}
	}
	slices.Sort(out)
	return out
}

// refused reads from the denials of a queue's policy who may send.
func refused(policy []allowed) []string {
	for _, s := range policy {
		if s.effect != "Deny" || !cmp.Equal(s.actions, []string{"sqs:SendMessage"}) {
			continue
		}
		var out []string
		for _, arn := range list(at(s.condition, "ArnNotEquals", "aws:PrincipalArn")) {
			if arn == "${OperatorRole}" {
				return []string{"operator"}
			}
			out = append(out, strings.TrimPrefix(arn, "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/shoreup-"))
		}
		if rules := list(at(s.condition, "ArnNotLike", "aws:SourceArn")); len(rules) > 0 && strings.HasPrefix(rules[0], "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/shoreup-") {
			out = append(out, "rules")
		}
		return out
	}
	return nil
}

// TestCommandsWithoutOperator holds the other branch: where no role is named, nobody can send.
func TestCommandsWithoutOperator(t *testing.T) {
	t.Parallel()
	all := today()["shoreup"].Resources["CommandsQueuePolicy"].Properties["PolicyDocument"].(map[string]any)["Statement"].([]any)
	want := map[string]any{
		"Sid": "OnlyOperator", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": map[string]any{"Fn::GetAtt": []any{"CommandsQueue", "Arn"}},
	}
	if diff := cmp.Diff([]any{"HasOperatorRole", want}, []any{at(all[1], "Fn::If").([]any)[0], at(all[1], "Fn::If").([]any)[2]}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
