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

// queues adds each function's queues with their dead-letter queues, and those that are not a function's. They go with the stack: what waits in
// them is journalled already, or found again by the next sweep, and CloudTrail has the calls that await reconciliation.
func (s stack) queues() {
	for _, f := range s.fleet {
		for _, from := range f.feeds {
			s.feedQueue(f, from)
		}
		if f.async() && len(f.feeds) == 0 {
			s.queue(dlq(f.name), queueProps())
			s.queuePolicy(dlq(f.name), onlyRoles(dlq(f.name), f.name))
		}
	}
	s.queue(undelivered, queueProps())
	s.queuePolicy(undelivered, s.fromRules(undelivered)...)
	s.queue(deadLetters, queueProps())
	s.queuePolicy(deadLetters, onlyRoles(deadLetters, s.fleet.those(func(f function) bool { return f.sendsTo(deadLetters) })...))
}

// feedQueue adds a queue that starts a function, and its dead-letter queue.
func (s stack) feedQueue(f function, from feed) {
	dead := dlq(from.queue)
	props := queueProps()
	props.RedriveAllowPolicy = object{"redrivePermission": "byQueue", "sourceQueueArns": []any{sub(queueARN(from.queue))}}
	s.queue(dead, props)
	s.queuePolicy(dead, onlyMoved(dead, f.name))
	props = queueProps()
	props.VisibilityTimeout = jsii.Number(patience*f.timeout + from.window)
	props.RedrivePolicy = object{"deadLetterTargetArn": att(queueID(dead), "Arn"), "maxReceiveCount": receives}
	s.queue(from.queue, props)
	s.queuePolicy(from.queue, s.senders(from.queue)...)
}

func dlq(of string) string { return of + "-dlq" }

func queueID(queue string) string { return id(queue, "queue") }

func (s stack) queue(queue string, props *awssqs.CfnQueueProps) {
	props.QueueName = jsii.String(name(queue))
	awssqs.NewCfnQueue(s.in, jsii.String(queueID(queue)), props)
}

func queueProps() *awssqs.CfnQueueProps {
	return &awssqs.CfnQueueProps{SqsManagedSseEnabled: true, MessageRetentionPeriod: jsii.Number(kept)}
}

// senders says who alone may put messages into a queue that starts a function; administrators are kept out, too. Events and our
// own calls come from EventBridge, commands from the one role that was named for it, all else from our own functions.
func (s stack) senders(queue string) []any {
	switch queue {
	case eventsQueue, reconciliation:
		return s.fromRules(queue)
	case commandsQueue:
		return fromOperator(queue)
	}
	return []any{onlyRoles(queue, s.fleet.those(func(f function) bool { return f.sendsTo(queue) })...)}
}

const send = "sqs:SendMessage"

// onlyRoles refuses messages of everybody but the functions. Those that may send have it in their roles.
func onlyRoles(queue string, functions ...string) object {
	var from []string
	for _, f := range functions {
		from = append(from, roleARN(account, functionRole(f)))
	}
	return object{
		"Sid": "OnlyFunctions", "Effect": "Deny", "Principal": "*", "Action": send, "Resource": att(queueID(queue), "Arn"),
		"Condition": object{"ArnNotEquals": object{"aws:PrincipalArn": one(from)}},
	}
}

// onlyMoved refuses messages that people or programs send to a dead-letter queue: SQS moves them there itself, and Lambda does with the function's role.
func onlyMoved(queue, function string) any {
	refusal := onlyRoles(queue, function)
	refusal["Sid"] = "OnlyMoved"
	refusal["Condition"].(object)["Bool"] = object{"aws:PrincipalIsAWSService": "false"}
	return refusal
}

// fromRules lets EventBridge send for rules of ours in this account, and nobody else: whoever sends without a rule has no source ARN, which
// the denial takes for a wrong one. Source: IAM user guide, "Condition operators" (negated operators match where the key is absent).
func (s stack) fromRules(queue string) []any {
	rules := []string{"arn:" + partition + ":events:" + region + ":" + account + ":rule/" + prefix + "-*"}
	if s.bus != "" {
		rules = append(rules, "arn:"+partition+":events:"+region+":"+account+":rule/"+s.bus+"/"+prefix+"-*")
	}
	from := one(rules)
	return []any{
		object{
			"Sid": "FromRules", "Effect": "Allow", "Principal": object{"Service": "events.amazonaws.com"}, "Action": send, "Resource": att(queueID(queue), "Arn"),
			"Condition": object{"ArnLike": object{"aws:SourceArn": from}, "StringEquals": object{"aws:SourceAccount": ref("AWS::AccountId")}},
		},
		object{
			"Sid": "OnlyRules", "Effect": "Deny", "Principal": "*", "Action": send, "Resource": att(queueID(queue), "Arn"),
			"Condition": object{"ArnNotLike": object{"aws:SourceArn": from}},
		},
	}
}

// fromOperator lets the role send that the parameter names; where it names none, nobody can.
func fromOperator(queue string) []any {
	allow := object{
		"Sid": "FromOperator", "Effect": "Allow", "Principal": object{"AWS": ref(paramOperator)}, "Action": send, "Resource": att(queueID(queue), "Arn"),
	}
	deny := func(condition object) object {
		o := object{"Sid": "OnlyOperator", "Effect": "Deny", "Principal": "*", "Action": send, "Resource": att(queueID(queue), "Arn")}
		if condition != nil {
			o["Condition"] = condition
		}
		return o
	}
	return []any{
		choose(ifOperator, allow, ref("AWS::NoValue")),
		choose(ifOperator, deny(object{"ArnNotEquals": object{"aws:PrincipalArn": ref(paramOperator)}}), deny(nil)),
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
