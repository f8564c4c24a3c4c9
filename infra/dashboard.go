package infra

import (
	"encoding/json"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/core"
)

// dashboard adds one page with what there is to see: what became of findings, whether queues drain, how the functions do, and the alarms.
// Its form is CloudWatch's. Source: CloudWatch API reference, "Dashboard body structure and syntax".
func (s stack) dashboard() {
	body, err := json.Marshal(object{"widgets": s.widgets()})
	if err != nil {
		panic("writing the dashboard: " + err.Error()) // it is made of texts and numbers only
	}
	awscloudwatch.NewCfnDashboard(s.in, jsii.String("Dashboard"), &awscloudwatch.CfnDashboardProps{
		DashboardName: jsii.String(prefix), DashboardBody: text(sub(string(body))),
	})
}

// shown are the outcomes that somebody may have to do something about, or be glad of.
var shown = []core.Outcome{
	core.Reported, core.AwaitingApproval, core.Fixed, core.Unverified, core.Failed, core.Refused, core.Undone, core.Regressed, core.Blind, core.Errored,
}

// widgets are two in a row, each half of CloudWatch's 24 columns wide.
func (s stack) widgets() []any {
	var outcomes, ages, depths, dead, errors, durations []any
	for _, o := range shown {
		outcomes = append(outcomes, []any{prefix, metricFindings, "Outcome", string(o)})
	}
	for _, f := range s.fleet {
		for _, from := range f.feeds {
			ages = append(ages, []any{"AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", name(from.queue)})
			depths = append(depths, []any{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name(from.queue)})
			dead = append(dead, []any{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name(dlq(from.queue))})
		}
		errors = append(errors, []any{"AWS/Lambda", "Errors", "FunctionName", name(f.name)})
		durations = append(durations, []any{"AWS/Lambda", "Duration", "FunctionName", name(f.name)})
	}
	for _, q := range []string{deadLetters, undelivered} {
		dead = append(dead, []any{"AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name(q)})
	}
	charts := []struct {
		title, stat string
		metrics     []any
	}{
		{"What became of findings", "Sum", outcomes},
		{"People's words in Slack", "Sum", []any{[]any{prefix, "SlackHeard"}, []any{prefix, "SlackRefused"}, []any{prefix, metricForged}}},
		{"Audit log, unexplained calls and limits", "Sum", []any{[]any{prefix, metricAudit}, []any{prefix, metricStrange}, []any{prefix, metricLimits}}},
		{"Age of the oldest message (s)", "Maximum", ages}, {"Messages waiting", "Maximum", depths},
		{"Dead letters", "Maximum", dead}, {"Errors of functions", "Sum", errors}, {"Time of functions (ms), 99 of 100", "p99", durations},
	}
	var out []any
	for i, c := range charts {
		out = append(out, object{"type": "metric", "x": i % 2 * 12, "y": i / 2 * 6, "width": 12, "height": 6, "properties": object{
			"title": c.title, "stat": c.stat, "metrics": c.metrics, "period": minutes5, "region": region, "view": "timeSeries",
		}})
	}
	return out
}
