// Package snsapi declares what shoreup uses of Amazon SNS: operations with the IAM actions that each needs, the topic as a resource type,
// and its reader and call builder. Source of actions: Service Authorization Reference, "Amazon SNS".
package snsapi

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	ListTopics          = awsapi.NewRead(sns.NewFromConfig, (*sns.Client).ListTopics, "sns:ListTopics")
	GetTopicAttributes  = awsapi.NewRead(sns.NewFromConfig, (*sns.Client).GetTopicAttributes, "sns:GetTopicAttributes")
	ListTagsForResource = awsapi.NewRead(sns.NewFromConfig, (*sns.Client).ListTagsForResource, "sns:ListTagsForResource")
)

// SetTopicAttributes is the write. Setting the AWS managed key needs no right on the key: its policy lets in whoever may use SNS in the account.
var SetTopicAttributes = awsapi.NewWrite(sns.NewFromConfig, (*sns.Client).SetTopicAttributes, "TopicArn", "sns:SetTopicAttributes")

// ManagedKey is the alias of the AWS managed key for SNS. Its key policy cannot be changed.
const ManagedKey = "alias/aws/sns"

// keyAttribute names the attribute that holds a topic's KMS key.
const keyAttribute = "KmsMasterKeyId"

const topicType = "AWS::SNS::Topic"

// Topic is a topic; its id is its ARN.
var Topic = awsapi.ResourceType{
	Name: topicType, Prefix: "arn:",
	ARN:       func(r awsapi.Resource) string { return r.ID },
	List:      listTopics,
	ListOps:   []awsapi.Op{ListTopics.Op},
	Resolve:   resolve,
	Normalize: wirecloudtrail.OnlyFromARN,
	Tagging:   map[string]awsapi.Tagging{"sns.amazonaws.com:TagResource": {Paths: []string{"requestParameters.resourceArn"}, Keys: []string{"requestParameters.tags[].key"}}},
	Events: map[string][]string{
		"sns.amazonaws.com:CreateTopic":        {"responseElements.topicArn"},
		"sns.amazonaws.com:SetTopicAttributes": {"requestParameters.topicArn"},
	},
}

// Attributes are a topic's attributes that matter here.
type Attributes struct {
	KMSKey string // id, ARN or alias, as it was set; empty: not encrypted with KMS
	Policy string
}

// ReadAttributes returns the topic's attributes, or an error that wraps [awsapi.ErrGone].
func ReadAttributes(ctx context.Context, s awsapi.Session, arn string) (Attributes, error) {
	out, err := GetTopicAttributes.Do(ctx, s, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return Attributes{}, gone(err)
	}
	return Attributes{out.Attributes[keyAttribute], out.Attributes["Policy"]}, nil
}

// ReadTags returns the topic's tags.
func ReadTags(ctx context.Context, s awsapi.Session, arn string) (map[string]string, error) {
	out, err := ListTagsForResource.Do(ctx, s, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, gone(err)
	}
	tags := make(map[string]string, len(out.Tags))
	for _, t := range out.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags, nil
}

// SetKey describes the call that encrypts the topic with this key; an empty key takes encryption away.
func SetKey(arn, key string) awsapi.Call {
	return SetTopicAttributes.Call(&sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: aws.String(keyAttribute), AttributeValue: &key})
}

func listTopics(ctx context.Context, s awsapi.Session) ([]string, error) {
	var arns []string
	in := &sns.ListTopicsInput{}
	for {
		out, err := ListTopics.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, t := range out.Topics {
			arns = append(arns, aws.ToString(t.TopicArn))
		}
		if aws.ToString(out.NextToken) == "" {
			return arns, nil
		}
		in.NextToken = out.NextToken
	}
}

// resolve makes the ARN of a topic that is named by its name alone.
func resolve(_ context.Context, s awsapi.Session, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") {
		a, err := signal.ParseARN(id)
		if err != nil {
			return "", err
		}
		if _, ok := signal.IDFromARN(topicType, a); !ok {
			return "", fmt.Errorf("resolving %s: it is not the ARN of a topic", id)
		}
		return id, nil
	}
	return "arn:" + s.Partition() + ":sns:" + s.Region + ":" + s.Account + ":" + id, nil
}

// gone marks the error of a topic that does not exist.
func gone(err error) error {
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
