package emulator_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// A queue counts what waits, what is being worked on and what is delayed apart, and a message that was given back comes again.
func TestAQueueCountsItsMessages(t *testing.T) {
	t.Parallel()
	c := sqs.NewFromConfig(emulatortest.ForTest(t).Config(emulatortest.Account(t), region))
	made, err := c.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q"), Attributes: map[string]string{"VisibilityTimeout": "600"}})
	if err != nil {
		t.Fatal(err)
	}
	url := made.QueueUrl
	for i := range 12 {
		in := &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String(fmt.Sprint(i))}
		if i >= 10 {
			in.DelaySeconds = 600
		}
		if _, err := c.SendMessage(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 4})
	if err != nil || len(got.Messages) != 4 {
		t.Fatalf("received %v, %v", got, err)
	}
	wantCounts(t, c, url, "6 4 2")
	if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got.Messages[0].ReceiptHandle}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: got.Messages[1].ReceiptHandle, VisibilityTimeout: 0}); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, c, url, "7 2 2")
	if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("none")}); err == nil {
		t.Error("a message without a handle was deleted")
	}
	_, err = c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"Colour"}})
	if err == nil || !strings.Contains(err.Error(), "InvalidAttributeName") {
		t.Errorf("of an attribute that there is not it says %v", err)
	}
}

func wantCounts(t *testing.T, c *sqs.Client, url *string, want string) {
	t.Helper()
	names := []types.QueueAttributeName{
		types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
	}
	for _, ask := range [][]types.QueueAttributeName{names, {types.QueueAttributeNameAll}} {
		got, err := c.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: ask})
		if err != nil {
			t.Fatal(err)
		}
		var counts []string
		for _, n := range names {
			counts = append(counts, got.Attributes[string(n)])
		}
		if s := strings.Join(counts, " "); s != want {
			t.Errorf("waiting, under way, delayed: %s, want %s", s, want)
		}
	}
}
