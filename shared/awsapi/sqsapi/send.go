package sqsapi

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Send puts a message into a queue of our own. Reason, if given, goes along as an attribute: why a message lies in a dead-letter queue.
func Send(ctx context.Context, s awsapi.Session, queue, body, reason string) error {
	c, err := awsapi.Client(s, sqs.NewFromConfig)
	if err != nil {
		return err
	}
	in := &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: &body}
	if reason != "" {
		in.MessageAttributes = map[string]types.MessageAttributeValue{"reason": {DataType: aws.String("String"), StringValue: aws.String(cut(reason))}}
	}
	if _, err := c.SendMessage(ctx, in); err != nil {
		return fmt.Errorf("sending to queue %s: %w", queue, err)
	}
	return nil
}

// cut bounds a reason; a message and its attributes share SQS's size limit.
func cut(s string) string {
	const most = 1024
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
