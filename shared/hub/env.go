// Package hub puts the engine together from what an installation consists of: tables, queues, roles and the rules file. Functions, the command
// line and the demo all run the engine that is made here.
package hub

import (
	"fmt"
	"os"
	"strings"
)

// Env is an installation as its functions see it, from environment variables.
type Env struct {
	Account     string // SHOREUP_ACCOUNT: the account that the installation is in
	Region      string // AWS_REGION
	Tables      string // SHOREUP_TABLES: the tables' prefix, such as "shoreup"
	Rules       string // SHOREUP_RULES: s3://bucket/key, or the path of a file
	ReadRole    string // SHOREUP_READ_ROLE: path and name, such as "shoreup/shoreup-read"; empty: the process's own credentials
	WriteRole   string // SHOREUP_WRITE_ROLE: path and beginning of the name; the family is appended, or "restore" to undo
	Annotate    string // SHOREUP_ANNOTATE_ROLE: path and name; empty: findings of Security Hub and AWS Config are not annotated
	Events      string // SHOREUP_EVENTS_QUEUE: ARN of the queue that EventBridge's rules write into
	Evaluate    string // SHOREUP_EVALUATE_QUEUE: URL
	Sweep       string // SHOREUP_SWEEP_QUEUE: URL
	Apply       string // SHOREUP_APPLY_QUEUE: URL of the queue in which this function alone orders plans to be applied
	Approved    string // SHOREUP_APPROVED_QUEUE: ARN of the queue of what people agreed to
	Decide      string // SHOREUP_DECIDE_QUEUE: URL; empty: plans that wait for people are told of, and nobody can decide about them here
	Words       string // SHOREUP_WORDS_QUEUE: ARN of the queue of what people said
	Notify      string // SHOREUP_NOTIFY_QUEUE; empty: nobody is told
	DeadLetters string // SHOREUP_DEAD_LETTERS: for messages that cannot be read
	SlackSecret string // SHOREUP_SLACK_SECRET: name of the secret that holds a bot token or a webhook
	Signing     string // SHOREUP_SLACK_SIGNING: name of the secret that only the function reads which hears clicks; empty: nobody hears them
	SlackURL    string // SHOREUP_SLACK_URL: another address than Slack's, for tests
	Channel     string // SHOREUP_SLACK_CHANNEL
	AuditBucket string // SHOREUP_AUDIT_BUCKET: name of the bucket that keeps the sealed audit log
	Function    string // AWS_LAMBDA_FUNCTION_NAME
}

// FromEnv reads the variables and says which of the needed ones are missing.
func FromEnv(needed ...string) (Env, error) {
	var missing []string
	get := func(name string) string { return os.Getenv(name) }
	for _, name := range append([]string{"SHOREUP_ACCOUNT", "AWS_REGION", "SHOREUP_TABLES", "SHOREUP_RULES"}, needed...) {
		if get(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return Env{}, fmt.Errorf("reading the environment: %s not set", strings.Join(missing, ", "))
	}
	return Env{
		Account: get("SHOREUP_ACCOUNT"), Region: get("AWS_REGION"), Tables: get("SHOREUP_TABLES"), Rules: get("SHOREUP_RULES"),
		ReadRole: get("SHOREUP_READ_ROLE"), WriteRole: get("SHOREUP_WRITE_ROLE"), Annotate: get("SHOREUP_ANNOTATE_ROLE"), AuditBucket: get("SHOREUP_AUDIT_BUCKET"),
		Events: get("SHOREUP_EVENTS_QUEUE"), Evaluate: get("SHOREUP_EVALUATE_QUEUE"), Sweep: get("SHOREUP_SWEEP_QUEUE"), Apply: get("SHOREUP_APPLY_QUEUE"), Approved: get("SHOREUP_APPROVED_QUEUE"),
		Decide: get("SHOREUP_DECIDE_QUEUE"), Words: get("SHOREUP_WORDS_QUEUE"), Notify: get("SHOREUP_NOTIFY_QUEUE"), DeadLetters: get("SHOREUP_DEAD_LETTERS"), SlackSecret: get("SHOREUP_SLACK_SECRET"), Signing: get("SHOREUP_SLACK_SIGNING"),
		SlackURL: get("SHOREUP_SLACK_URL"), Channel: get("SHOREUP_SLACK_CHANNEL"), Function: get("AWS_LAMBDA_FUNCTION_NAME"),
	}, nil
}
