package doctor_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/doctor"
)

// taken is one way to take an installation over or to silence it, and the finding that must come of it, and nothing else.
type taken struct {
	name   string
	do     func(*cloud)
	check  string
	status doctor.Status
	seen   string // how the finding begins, with its subject
	advice string // is part of what to do
}

func takenFunctions() []taken {
	return []taken{
		{"a public function runs as the one that writes", func(c *cloud) {
			_, err := lambda.NewFromConfig(c.cfg).UpdateFunctionConfiguration(c.t.Context(), &lambda.UpdateFunctionConfigurationInput{
				FunctionName: aws.String("shoreup-interact"), Role: c.here("arn:aws:iam::ACCOUNT:role/shoreup/shoreup-apply")})
			c.ok(err)
		}, "functions", doctor.Problem,
			"shoreup-interact: it runs as arn:aws:iam::ACCOUNT:role/shoreup/shoreup-apply, and the template says as arn:aws:iam::ACCOUNT:role/shoreup/shoreup-evaluate",
			"--function-name shoreup-interact --role arn:aws:iam::ACCOUNT:role/shoreup/shoreup-evaluate"},
		{"somebody's code runs beside a function's", func(c *cloud) { c.layer("shoreup-evaluate") },
			"functions", doctor.Problem, "shoreup-evaluate: it has layers, and the template gives it none: arn:aws:lambda:us-east-1:ACCOUNT:layer:theirs:1", "--layers []"},
		{"a function follows other rules", func(c *cloud) { c.setting("shoreup-evaluate", "SHOREUP_RULES", "s3://theirs/shoreup.yaml") },
			"functions", doctor.Problem, `shoreup-evaluate: SHOREUP_RULES is "s3://theirs/shoreup.yaml", and the template says "s3://shoreup-rules-ACCOUNT-us-east-1/shoreup.yaml"`, "somebody changed it by hand"},
		{"a function orders at somebody else's", func(c *cloud) {
			c.setting("shoreup-apply", "SHOREUP_APPLY_QUEUE", "https://sqs.us-east-1.amazonaws.com/444455556666/shoreup-apply")
		}, "functions", doctor.Problem, `shoreup-apply: SHOREUP_APPLY_QUEUE is "https://sqs.us-east-1.amazonaws.com/444455556666/shoreup-apply", and the template says "https://sqs.us-east-1.amazonaws.com/ACCOUNT/shoreup-apply"`, "find out who"},
		{"a function writes into other tables", func(c *cloud) { c.setting("shoreup-review", "SHOREUP_TABLES", "theirs") },
			"functions", doctor.Problem, `shoreup-review: SHOREUP_TABLES is "theirs", and the template says "shoreup"`, "deploy this version's template again"},
		{"one of two functions takes another secret", func(c *cloud) { c.setting("shoreup-interact", "SHOREUP_SLACK_SECRET", "theirs/slack") },
			"functions", doctor.Problem, `shoreup-interact: SHOREUP_SLACK_SECRET is "theirs/slack", and of shoreup-apply SHOREUP_SLACK_SECRET is "shoreup/slack"`, "deploy this version's template again"},
		{"none of a function may run", func(c *cloud) { c.reserve("shoreup-evaluate", 0) },
			"callers", doctor.Problem, "shoreup-evaluate: none of it may run", "delete-function-concurrency --function-name shoreup-evaluate"},
		{"hardly any of a function may run", func(c *cloud) { c.reserve("shoreup-apply", 1) },
			"callers", doctor.Warning, "shoreup-apply: no more than 1 of it may run at a time", "delete-function-concurrency --function-name shoreup-apply"},
	}
}

func takenQueues() []taken {
	return []taken{
		{"a queue's messages go to another function", func(c *cloud) { c.feed("shoreup-apply", "shoreup-review") },
			"sources", doctor.Problem, "shoreup-apply: an event source mapping that the template does not have (Enabled) takes its messages to arn:aws:lambda:us-east-1:ACCOUNT:function:shoreup-review", "delete-event-source-mapping --uuid "},
		{"a function is fed from a queue of somebody's", func(c *cloud) {
			_, err := sqs.NewFromConfig(c.cfg).CreateQueue(c.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("theirs")})
			c.ok(err)
			c.feed("theirs", "shoreup-evaluate")
		}, "sources", doctor.Problem, "theirs: an event source mapping that the template does not have (Enabled) takes its messages to arn:aws:lambda:us-east-1:ACCOUNT:function:shoreup-evaluate", "CreateEventSourceMapping"},
		{"what a filter does not let through is deleted", func(c *cloud) {
			c.mapping("shoreup-evaluate", func(api *lambda.Client, id string) {
				_, err := api.UpdateEventSourceMapping(c.t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: &id, FilterCriteria: &lambdatypes.FilterCriteria{Filters: []lambdatypes.Filter{{Pattern: aws.String(`{"body":["x"]}`)}}}})
				c.ok(err)
			})
		}, "sources", doctor.Problem, "shoreup-events: its event source mapping has a filter", "--filter-criteria '{}'"},
		{"messages come again too soon", func(c *cloud) { c.setQueue("shoreup-events", map[string]string{"VisibilityTimeout": "5"}) },
			"queues", doctor.Problem, "shoreup-events: its VisibilityTimeout is 5 seconds, and the template says 720", "deploy this version's template again"},
		{"messages go elsewhere after one try", func(c *cloud) {
			c.setQueue("shoreup-apply", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:` + c.account + `:shoreup-dead-letters","maxReceiveCount":1}`})
		}, "queues", doctor.Problem, "shoreup-apply: its messages go to arn:aws:sqs:us-east-1:ACCOUNT:shoreup-dead-letters when they were received 1 time, and the template says to arn:aws:sqs:us-east-1:ACCOUNT:shoreup-apply-dlq when 5 times", "find out who"},
		{"dead letters are forgotten", func(c *cloud) { c.setQueue("shoreup-dead-letters", map[string]string{"MessageRetentionPeriod": "60"}) },
			"dead-letters", doctor.Problem, "shoreup-dead-letters: its MessageRetentionPeriod is 60 seconds, and the template says 345600", "find out who"},
		{"messages that apply gave up on", func(c *cloud) { c.send("shoreup-apply-dlq") },
			"dead-letters", doctor.Problem, "shoreup-apply-dlq: 1 message that nobody", "sqs receive-message --max-number-of-messages 10 --message-attribute-names All --queue-url http"},
	}
}

func takenRules() []taken {
	return []taken{
		{"a rule leads to somebody, too", func(c *cloud) {
			c.targets("shoreup-calls-s3", eventtypes.Target{Id: aws.String("2"), Arn: aws.String("arn:aws:sqs:us-east-1:444455556666:evil")})
		}, "event-rules", doctor.Problem, "shoreup-calls-s3: it also leads to arn:aws:sqs:us-east-1:444455556666:evil, which the template does not say", "events remove-targets --rule shoreup-calls-s3"},
		{"a rule makes up events", func(c *cloud) {
			c.targets("shoreup-reconciliation", eventtypes.Target{Id: aws.String("1"), Arn: c.here("arn:aws:sqs:us-east-1:ACCOUNT:shoreup-reconciliation"), Input: aws.String(`{"detail":{}}`)})
		}, "event-rules", doctor.Problem, "shoreup-reconciliation: what it passes on to arn:aws:sqs:us-east-1:ACCOUNT:shoreup-reconciliation is not the event", "PutTargets"},
		{"a rule with our name", func(c *cloud) {
			c.pattern("shoreup-mine", `{"source":["mine"]}`)
			c.target("shoreup-mine", "arn:aws:sqs:us-east-1:"+c.account+":shoreup-events")
		}, "event-rules", doctor.Problem, `shoreup-mine: a rule that the template does not have, and that our queues take for one of ours: on {"source":["mine"]} it leads to arn:aws:sqs:us-east-1:ACCOUNT:shoreup-events`,
			"disable-rule --name shoreup-mine; "},
		{"a rule on our bus", func(c *cloud) {
			_, err := eventbridge.NewFromConfig(c.cfg).PutRule(c.t.Context(), &eventbridge.PutRuleInput{Name: aws.String("listener"), EventBusName: aws.String("shoreup"), EventPattern: aws.String(`{"source":["aws.iam"]}`)})
			c.ok(err)
		}, "event-rules", doctor.Problem, `listener: a rule that the template does not have, and that our queues take for one of ours: on {"source":["aws.iam"]} it leads to nothing yet`,
			"disable-rule --name listener --event-bus-name shoreup; "},
		{"a bus whose rules look like ours", func(c *cloud) {
			_, err := eventbridge.NewFromConfig(c.cfg).CreateEventBus(c.t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("shoreup-theirs")})
			c.ok(err)
		}, "event-rules", doctor.Problem, "shoreup-theirs: an event bus that the template does not have", "list-rules --event-bus-name shoreup-theirs"},
	}
}

// TestTakenOver does all of it to one installation. Each is found, and of what is in order nothing else is said.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	c := deployGuarded(t)
	var all []taken
	for _, list := range [][]taken{takenFunctions(), takenQueues(), takenRules()} {
		all = append(all, list...)
	}
	for _, b := range all {
		b.do(c)
	}
	found := map[string]bool{}
	for _, check := range c.run(t.Context()).Checks {
		for _, f := range check.Findings {
			if f.Status == doctor.OK {
				continue
			}
			expected := false
			for _, b := range all {
				if b.check == check.ID && b.status == f.Status && strings.HasPrefix(f.Subject+": "+f.Seen, *c.here(b.seen)) && strings.Contains(f.Do, *c.here(b.advice)) {
					found[b.name], expected = true, true
				}
			}
			if !expected {
				t.Errorf("%s found %+v", check.ID, f)
			}
		}
	}
	for _, b := range all {
		if !found[b.name] {
			t.Errorf("%s: it was not found", b.name)
		}
	}
}

func (c *cloud) setting(function, name, value string) {
	c.environment(function, func(env map[string]string) { env[name] = value })
}

func (c *cloud) reserve(function string, n int32) {
	_, err := lambda.NewFromConfig(c.cfg).PutFunctionConcurrency(c.t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: &function, ReservedConcurrentExecutions: &n})
	c.ok(err)
}

// layer puts code of somebody's beside a function's.
func (c *cloud) layer(function string) {
	var code bytes.Buffer
	c.ok(zip.NewWriter(&code).Close())
	api := lambda.NewFromConfig(c.cfg)
	out, err := api.PublishLayerVersion(c.t.Context(), &lambda.PublishLayerVersionInput{LayerName: aws.String("theirs"), Content: &lambdatypes.LayerVersionContentInput{ZipFile: code.Bytes()}})
	c.ok(err)
	_, err = api.UpdateFunctionConfiguration(c.t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &function, Layers: []string{*out.LayerVersionArn}})
	c.ok(err)
}

func (c *cloud) feed(queue, function string) {
	_, err := lambda.NewFromConfig(c.cfg).CreateEventSourceMapping(c.t.Context(), &lambda.CreateEventSourceMappingInput{
		FunctionName: &function, EventSourceArn: c.here("arn:aws:sqs:us-east-1:ACCOUNT:" + queue)})
	c.ok(err)
}

func (c *cloud) targets(rule string, targets ...eventtypes.Target) {
	_, err := eventbridge.NewFromConfig(c.cfg).PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{Rule: &rule, Targets: targets})
	c.ok(err)
}
