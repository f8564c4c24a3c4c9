package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
)

// lateAfter is the age in seconds of the oldest message in a queue that somebody should know of.
const lateAfter = 15 * 60

// alarm is one CloudWatch alarm: it goes off when the metric is above the limit in one period of five minutes.
type alarm struct {
	name, does              string
	namespace, metric, stat string
	dimension, value        string
	above                   float64
}

// alarms adds what people must hear of: messages that nobody will look at again, queues that do not drain, and fixes that did not take.
func (s stack) alarms() {
	list := []alarm{{
		"unverified", "A fix was made and did not take: see the audit trail", prefix, "Findings", "Sum", "Outcome", string(core.Unverified), 0,
	}}
	depth := func(queue, does string) {
		list = append(list, alarm{queue, does, "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", "QueueName", name(queue), 0})
	}
	depth(deadLetters, "Messages that no function can read")
	depth(undelivered, "Events that EventBridge could not deliver")
	for _, f := range functions {
		depth(dlq(f.name), "Messages that the function "+f.name+" gave up on")
		if f.batch > 0 {
			list = append(list, alarm{f.name + "-late", "The function " + f.name + " does not keep up", "AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", "QueueName", name(f.name), lateAfter})
		}
	}
	for _, a := range list {
		s.alarm(a)
	}
}

func (s stack) alarm(a alarm) {
	awscloudwatch.NewCfnAlarm(s.in, jsii.String(id(a.name, "alarm")), &awscloudwatch.CfnAlarmProps{
		AlarmName: jsii.String(name(a.name)), AlarmDescription: &a.does,
		Namespace: &a.namespace, MetricName: &a.metric, Statistic: &a.stat,
		Dimensions: []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: &a.dimension, Value: &a.value}},
		Period:     jsii.Number(300), EvaluationPeriods: jsii.Number(1), Threshold: jsii.Number(a.above),
		ComparisonOperator: jsii.String("GreaterThanThreshold"), TreatMissingData: jsii.String("notBreaching"),
		AlarmActions: &[]any{*text(choose(ifAlarmTopic, ref(paramAlarmTopic), ref("AWS::NoValue")))},
	})
}
