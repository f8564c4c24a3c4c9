package infra

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
)

const (
	// lateAfter is the age in seconds of the oldest message in a queue that somebody should know of.
	lateAfter = 15 * 60
	// sweepLate is that of the queues that a sweep fills in one go: the last of what it lists waits for all before it. By the figures of package cost that is 67
	// minutes to list 1,000 accounts and 125 to look at what is there; a sweep that has not ended after three hours, half of what lies between two, does not keep up.
	sweepLate = 3 * hour
	minutes5  = 5 * 60
	hour      = 60 * 60

	// The metrics that functions count themselves, in the namespace shoreup.
	metricFindings = "Findings"
	metricAudit    = "AuditFailures"
	metricLimits   = "LimitsReached"
	metricForged   = "SlackForged"
	metricStrange  = "UnexplainedCalls"
)

// alarm is one CloudWatch alarm: it goes off when the metric is above the limit in one period.
type alarm struct {
	name, does              string
	namespace, metric, stat string
	dimensions              map[string]string
	above                   float64
	period, periods         float64 // s; how many in a row. 0: five minutes, one
	expected                bool    // it goes off when the metric is not above the limit, or missing
	condition               string  // it exists only where this holds
}

// alarms adds what people must hear of: fixes that did not take, an audit log that does not verify or is not verified, limits that were reached,
// messages that nobody will look at again, queues that do not drain, and functions that fail.
func (s stack) alarms() {
	for _, a := range slices.Concat(ownAlarms(), s.queueAlarms(), s.functionAlarms()) {
		only(s.alarm(a, topicID), s, a.condition)
	}
}

func ownAlarms() []alarm {
	return []alarm{
		{
			name: "unverified", does: "A fix was made and did not take: see the audit trail", namespace: prefix, metric: metricFindings, stat: "Sum",
			dimensions: map[string]string{"Outcome": string(core.Unverified)},
		},
		{name: "audit-failures", does: "The audit log does not verify: somebody changed it, or it is damaged", namespace: prefix, metric: metricAudit, stat: "Sum"},
		{
			name: "audit-silent", does: "The audit log was not verified for three hours", namespace: prefix, metric: metricAudit, stat: "SampleCount",
			period: hour, periods: 3, expected: true,
		},
		{name: "limits-reached", does: "A limit of the rules file stopped fixes: many resources are wrong at once, or the limit is low", namespace: prefix, metric: metricLimits, stat: "Sum"},
		{
			name: "unexplained-calls", does: "One of our own roles did what the audit log does not explain: somebody else may have taken it", namespace: prefix,
			metric: metricStrange, stat: "Sum",
		},
		{
			name: "slack-forged", does: "Somebody else than Slack knows the address that Slack tells of clicks, or the signing secret is not the app's", namespace: prefix,
			metric: metricForged, stat: "Sum", condition: ifClicks,
		},
	}
}

func (s stack) queueAlarms() []alarm {
	out := []alarm{depth(deadLetters, "Messages that no function can read"), depth(undelivered, "Events that EventBridge could not deliver")}
	for _, f := range s.fleet {
		for _, from := range f.feeds {
			out = append(out, depth(dlq(from.queue), "Messages that the function "+f.name+" gave up on"), alarm{
				name: from.queue + "-late", does: "The function " + f.name + " does not keep up", namespace: "AWS/SQS", metric: "ApproximateAgeOfOldestMessage", stat: "Maximum",
				dimensions: map[string]string{"QueueName": name(from.queue)}, above: max(from.late, lateAfter),
			})
		}
		if f.async() && len(f.feeds) == 0 {
			out = append(out, depth(dlq(f.name), "Invocations that the function "+f.name+" gave up on"))
		}
	}
	return out
}

// depth goes off when anything is in a queue that should be empty.
func depth(queue, does string) alarm {
	return alarm{
		name: queue, does: does, namespace: "AWS/SQS", metric: "ApproximateNumberOfMessagesVisible", stat: "Maximum", dimensions: map[string]string{"QueueName": name(queue)},
	}
}

func (s stack) functionAlarms() []alarm {
	var out []alarm
	for _, f := range s.fleet {
		for _, metric := range []struct{ part, name, does string }{{"errors", "Errors", " fails"}, {"throttles", "Throttles", " is throttled"}} {
			out = append(out, alarm{
				name: f.name + "-" + metric.part, does: "The function " + f.name + metric.does, namespace: "AWS/Lambda", metric: metric.name, stat: "Sum",
				dimensions: map[string]string{"FunctionName": name(f.name)}, condition: f.condition,
			})
		}
	}
	return out
}

// alarm adds an alarm that goes to a topic: a resource, or a parameter that holds its ARN.
func (s stack) alarm(a alarm, topic string) awscdk.CfnResource {
	props := &awscloudwatch.CfnAlarmProps{
		AlarmName: jsii.String(name(a.name)), AlarmDescription: &a.does,
		Namespace: &a.namespace, MetricName: &a.metric, Statistic: &a.stat,
		Period: jsii.Number(max(a.period, minutes5)), EvaluationPeriods: jsii.Number(max(a.periods, 1)), Threshold: jsii.Number(a.above),
		ComparisonOperator: jsii.String("GreaterThanThreshold"), TreatMissingData: jsii.String("notBreaching"),
	}
	if a.expected {
		props.ComparisonOperator, props.TreatMissingData = jsii.String("LessThanOrEqualToThreshold"), jsii.String("breaching")
	}
	if len(a.dimensions) > 0 {
		var dimensions []any
		for _, d := range slices.Sorted(maps.Keys(a.dimensions)) {
			dimensions = append(dimensions, &awscloudwatch.CfnAlarm_DimensionProperty{Name: &d, Value: jsii.String(a.dimensions[d])})
		}
		props.Dimensions = dimensions
	}
	props.AlarmActions = &[]any{*text(ref(topic))}
	return awscloudwatch.NewCfnAlarm(s.in, jsii.String(id(a.name, "alarm")), props)
}
