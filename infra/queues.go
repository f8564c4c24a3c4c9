package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/jsii-runtime-go"
)

const (
	day = 24 * 60 * 60
	// kept is how long a dead letter waits for people: SQS's longest.
	kept = 14 * day
	// receives is how often a message is tried before it is a dead letter. Source: Lambda developer guide, "Using Lambda with Amazon SQS".
	receives = 5
	// patience is how many times a function's timeout a message stays hidden. Source: the same.
	patience = 6
)

// queues adds each function's queue with its dead-letter queue, and those that are not a function's.
func (s stack) queues() {
	for _, f := range functions {
		dead := dlq(f.name)
		s.queue(dead, queueProps())
		s.queuePolicy(dead)
		if f.batch == 0 {
			continue
		}
		props := queueProps()
		props.VisibilityTimeout = jsii.Number(patience*f.timeout + f.window)
		props.RedrivePolicy = object{"deadLetterTargetArn": att(queueID(dead), "Arn"), "maxReceiveCount": receives}
		s.queue(f.name, props)
		s.queuePolicy(f.name, senders(f)...)
	}
	for _, q := range []string{deadLetters, undelivered, reconciliation} {
		s.queue(q, queueProps())
	}
	s.queuePolicy(deadLetters)
	s.queuePolicy(undelivered, fromRules(undelivered))
	s.queuePolicy(reconciliation, fromRules(reconciliation))
}

func dlq(function string) string { return function + "-dlq" }

func queueID(queue string) string { return id(queue, "queue") }

func (s stack) queue(queue string, props *awssqs.CfnQueueProps) {
	props.QueueName = jsii.String(name(queue))
	awssqs.NewCfnQueue(s.in, jsii.String(queueID(queue)), props)
}

func queueProps() *awssqs.CfnQueueProps {
	return &awssqs.CfnQueueProps{SqsManagedSseEnabled: true, MessageRetentionPeriod: jsii.Number(kept)}
}

// senders says who may put messages into a function's queue. The queue that hears EventBridge's rules is open to it, and to whoever in the account
// may send at all: its messages only say where to look. The others take the word of a function, so that nobody else may send, administrators included.
func senders(f function) []any {
	if f.hears {
		return []any{fromRules(f.name)}
	}
	var from []string
	for _, other := range functions {
		if other.sendsTo(f.name) {
			from = append(from, roleARN(name(other.name)))
		}
	}
	return []any{object{
		"Sid": "OnlyFunctions", "Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": att(queueID(f.name), "Arn"),
		"Condition": object{"ArnNotEquals": object{"aws:PrincipalArn": one(from)}},
	}}
}

// fromRules allows EventBridge to send for rules of ours in this account.
func fromRules(queue string) any {
	return object{
		"Sid": "FromRules", "Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
		"Resource": att(queueID(queue), "Arn"),
		"Condition": object{
			"ArnLike":      object{"aws:SourceArn": sub("arn:" + partition + ":events:" + region + ":" + account + ":rule/" + prefix + "-*")},
			"StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")},
		},
	}
}

// queuePolicy sets a queue's policy: what is given, and no request without TLS.
func (s stack) queuePolicy(queue string, statements ...any) {
	statements = append(statements, object{
		"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": att(queueID(queue), "Arn"), "Condition": withoutTLS(),
	})
	awssqs.NewCfnQueuePolicy(s.in, jsii.String(queueID(queue)+"Policy"), &awssqs.CfnQueuePolicyProps{
		Queues: &[]*string{text(ref(queueID(queue)))}, PolicyDocument: object{"Version": "2012-10-17", "Statement": statements},
	})
}
