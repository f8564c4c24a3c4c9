package infra

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

// prefix begins the name of all that belongs to shoreup: protected resources are told by it.
const prefix = "shoreup"

// What CloudFormation fills in; it stands for text in ARNs and is resolved by Fn::Sub.
const (
	partition = "${AWS::Partition}"
	account   = "${AWS::AccountId}"
	region    = "${AWS::Region}"
)

// The names of queues that infra itself knows.
const (
	eventsQueue    = "events"         // what EventBridge's rules hear
	commandsQueue  = "commands"       // messages of the one role that people may send with
	applyQueue     = "apply"          // automatic plans, from the function that evaluates
	approvedQueue  = "approved"       // what people agreed to, from the function that decides
	againQueue     = "again"          // automatic plans that took the place of others while they were applied, from the function that applies to itself
	decideQueue    = "decide"         // plans to ask people about
	wordsQueue     = "words"          // what people said
	deadLetters    = "dead-letters"   // messages that a function cannot read, with the reason
	undelivered    = "undelivered"    // events that EventBridge could not put into a queue
	reconciliation = "reconciliation" // calls made with our own roles, to be compared with the journal
)

// rulesKey is the object in the rules bucket that decides.
const rulesKey = "shoreup.yaml"

func name(part string) string { return prefix + "-" + part }

// id makes a logical id of a name: "dead-letters" becomes "DeadLetters".
func id(parts ...string) string {
	var b strings.Builder
	for _, word := range strings.FieldsFunc(strings.Join(parts, "-"), func(r rune) bool { return r == '-' || r == '.' || r == '_' }) {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

// path is the IAM path of our roles and policies, "/shoreup/".
const path = "/" + hub.RolePath

// roleName is the name of a role that hub gives with its path.
func roleName(role string) string { return strings.TrimPrefix(role, hub.RolePath) }

// families returns the families that have something to write, sorted.
func families(controls []core.Control) []string {
	var out []string
	for _, c := range controls {
		if len(c.Writes) > 0 && !slices.Contains(out, c.Family) {
			out = append(out, c.Family)
		}
	}
	slices.Sort(out)
	return out
}

// The roles that are not package hub's: it never takes them itself.
const (
	annotateRole = hub.RolePath + "shoreup-annotate"       // tells AWS Config and Security Hub what became of a finding
	deliveryRole = hub.RolePath + "shoreup-event-delivery" // puts events on the bus that the installation hears
)

// ownRoles returns the names, with their path, of the roles that shoreup takes in an account.
func ownRoles(controls []core.Control) []string {
	out := []string{annotateRole}
	for _, arn := range hub.OwnRoles("", "", slices.Sorted(slices.Values(hub.Families(controls)))) {
		_, role, _ := strings.Cut(arn, ":role/")
		out = append(out, role)
	}
	return distinct(out)
}

// roleARN returns the ARN of a role that is given with its path, or a pattern of it where the account is one.
func roleARN(account, role string) string {
	return "arn:" + partition + ":iam::" + account + ":role/" + role
}

// functionRole returns the name, with its path, of the role that a function runs in.
func functionRole(function string) string { return hub.RolePath + name(function) }

func queueARN(queue string) string {
	return "arn:" + partition + ":sqs:" + region + ":" + account + ":" + name(queue)
}

// The intrinsics as plain data, for documents that the CDK passes through.

func sub(s string) any {
	if !strings.Contains(s, "${") {
		return s
	}
	return map[string]any{"Fn::Sub": s}
}

func subs(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = sub(s)
	}
	return out
}

func ref(logical string) any { return map[string]any{"Ref": logical} }

func att(logical, name string) any { return map[string]any{"Fn::GetAtt": []any{logical, name}} }

func choose(condition string, yes, no any) any {
	return map[string]any{"Fn::If": []any{condition, yes, no}}
}

// text makes an intrinsic a string for the CDK's typed properties.
func text(v any) *string {
	if s, ok := v.(string); ok {
		return &s
	}
	return awscdk.Token_AsString(v, nil)
}

func texts(list ...string) *[]*string { return jsii.Strings(list...) }
