// Package sqsapi declares what shoreup uses of Amazon SQS: operations with the IAM actions that each needs, the queue as a resource type,
// and its reader and call builder. Source of actions: Service Authorization Reference, "Amazon SQS".
package sqsapi

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	ListQueues         = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).ListQueues, "sqs:ListQueues")
	GetQueueURL        = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).GetQueueUrl, "sqs:GetQueueUrl")
	GetQueueAttributes = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).GetQueueAttributes, "sqs:GetQueueAttributes")
	ListQueueTags      = awsapi.NewRead(sqs.NewFromConfig, (*sqs.Client).ListQueueTags, "sqs:ListQueueTags")
)

// SetQueueAttributes is the write.
var SetQueueAttributes = awsapi.NewWrite(sqs.NewFromConfig, (*sqs.Client).SetQueueAttributes, "QueueUrl", "sqs:SetQueueAttributes")

const queueType = "AWS::SQS::Queue"

// Queue is a queue; its id is its URL at the Region's own endpoint, in one form however the queue was named.
var Queue = awsapi.ResourceType{
	Name: queueType,
	ARN: func(r awsapi.Resource) string {
		return "arn:" + r.Partition + ":sqs:" + r.Region + ":" + r.Account + ":" + r.ID[strings.LastIndex(r.ID, "/")+1:]
	},
	List:       listQueues,
	ListOps:    []awsapi.Op{ListQueues.Op},
	Resolve:    resolve,
	ResolveOps: []awsapi.Op{GetQueueURL.Op},
	Normalize:  wirecloudtrail.CanonicalQueueURL,
	Tagging:    map[string]awsapi.Tagging{"sqs.amazonaws.com:TagQueue": {Paths: []string{"requestParameters.queueUrl"}, Keys: []string{"requestParameters.tags{}"}}},
	Events: map[string][]string{
		"sqs.amazonaws.com:CreateQueue":        {"responseElements.queueUrl"},
		"sqs.amazonaws.com:SetQueueAttributes": {"requestParameters.queueUrl"},
	},
}

// Attributes are a queue's attributes that matter here.
type Attributes struct {
	ManagedSSE bool   // encrypted with a key that SQS owns (SSE-SQS)
	KMSKey     string // encrypted with this key (SSE-KMS); empty: not
	Policy     string
}

// ReadAttributes returns the queue's attributes, or an error that wraps [awsapi.ErrGone].
func ReadAttributes(ctx context.Context, s awsapi.Session, url string) (Attributes, error) {
	out, err := GetQueueAttributes.Do(ctx, s, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{
		sqstypes.QueueAttributeNameKmsMasterKeyId, sqstypes.QueueAttributeNameSqsManagedSseEnabled, sqstypes.QueueAttributeNamePolicy,
	}})
	if err != nil {
		return Attributes{}, gone(err)
	}
	return Attributes{
		out.Attributes[string(sqstypes.QueueAttributeNameSqsManagedSseEnabled)] == "true",
		out.Attributes[string(sqstypes.QueueAttributeNameKmsMasterKeyId)], out.Attributes[string(sqstypes.QueueAttributeNamePolicy)],
	}, nil
}

// ReadTags returns the queue's tags.
func ReadTags(ctx context.Context, s awsapi.Session, url string) (map[string]string, error) {
	out, err := ListQueueTags.Do(ctx, s, &sqs.ListQueueTagsInput{QueueUrl: &url})
	if err != nil {
		return nil, gone(err)
	}
	return out.Tags, nil
}

// SetManagedSSE describes the call that turns encryption with SQS's own key on or off. No other attribute is sent, and none changes.
func SetManagedSSE(url string, on bool) awsapi.Call {
	return SetQueueAttributes.Call(&sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: map[string]string{
		string(sqstypes.QueueAttributeNameSqsManagedSseEnabled): strconv.FormatBool(on),
	}})
}

func listQueues(ctx context.Context, s awsapi.Session) ([]string, error) {
	var urls []string
	in := &sqs.ListQueuesInput{MaxResults: aws.Int32(1000)} // without it there are no pages, and at most 1,000 queues
	for {
		out, err := ListQueues.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, raw := range out.QueueUrls {
			url, err := canonical(s, raw)
			if err != nil {
				return nil, err
			}
			urls = append(urls, url)
		}
		if aws.ToString(out.NextToken) == "" {
			return urls, nil
		}
		in.NextToken = out.NextToken
	}
}

// resolve takes an ARN, any URL or the name of a queue. Only a name costs a request.
func resolve(ctx context.Context, s awsapi.Session, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") {
		a, err := signal.ParseARN(id)
		if err != nil {
			return "", err
		}
		url, ok := signal.IDFromARN(queueType, a)
		if !ok {
			return "", fmt.Errorf("resolving %s: it is not the ARN of a queue", id)
		}
		return url, nil
	}
	if strings.Contains(id, "://") {
		return canonical(s, id)
	}
	out, err := GetQueueURL.Do(ctx, s, &sqs.GetQueueUrlInput{QueueName: &id})
	if err != nil {
		return "", gone(err)
	}
	return canonical(s, aws.ToString(out.QueueUrl))
}

// canonical gives a queue's one URL: old, private and local endpoints name the same queue by other hosts.
func canonical(s awsapi.Session, raw string) (string, error) {
	_, rest, _ := strings.Cut(raw, "://")
	parts := strings.Split(rest, "/")
	if len(parts) < 3 {
		return "", fmt.Errorf("reading queue URL %q: it does not end in /account/name", raw)
	}
	account, name := parts[len(parts)-2], parts[len(parts)-1]
	if !signal.IsAccountID(account) || name == "" || strings.ContainsAny(name, ":?#") {
		return "", fmt.Errorf("reading queue URL %q: it does not end in /account/name", raw)
	}
	return signal.QueueURL(s.Partition(), s.Region, account, name), nil
}

// gone marks the error of a queue that does not exist.
func gone(err error) error {
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
