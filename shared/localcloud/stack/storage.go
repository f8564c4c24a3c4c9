package stack

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// call makes one AWS call in the stack's account.
func (d *deployment) call(operation string, input map[string]any) error {
	raw, err := json.Marshal(input)
	if err != nil {
		return err
	}
	_, err = setup.Call(d.ctx, d.session, operation, raw)
	return err
}

// queueState is a queue at the emulator, with the policies that admit senders.
type queueState struct {
	arn, url string
	source   queue.Source
	send     func(body string, attributes map[string]string) error
	policies []document
}

func makeQueue(d *deployment, r resource) error {
	arn, err := d.arn(r)
	if err != nil {
		return err
	}
	if fifo, _ := r.props["FifoQueue"].(bool); fifo {
		return errors.New("first-in-first-out queues are not known here")
	}
	attributes := map[string]any{}
	for _, name := range []string{"VisibilityTimeout", "MessageRetentionPeriod", "DelaySeconds", "ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "KmsMasterKeyId"} {
		if v, ok := r.props[name]; ok && name != "ReceiveMessageWaitTimeSeconds" { // a long poll would stop the emulator
			attributes[name] = fmt.Sprint(v)
		}
	}
	if v, ok := r.props["RedrivePolicy"]; ok {
		redrive, err := json.Marshal(v)
		if err != nil {
			return err
		}
		attributes["RedrivePolicy"] = string(redrive)
	}
	if err := d.call("sqs:CreateQueue", map[string]any{"QueueName": r.name, "Attributes": attributes}); err != nil {
		return err
	}
	url, err := d.fill(kinds()[r.kind].ref, r.id, r.id)
	if err != nil {
		return err
	}
	cfg := d.cloud.opts.Emulator.Config(d.account, d.region)
	d.cloud.queues[arn] = &queueState{
		arn: arn, url: url, source: queue.SQS(cfg, url, arn),
		send: func(body string, attributes map[string]string) error {
			return queue.Send(d.cloud.ctx, cfg, url, body, attributes)
		},
	}
	return nil
}

func makeQueuePolicy(d *deployment, r resource) error {
	doc, err := parseDocument(r.props["PolicyDocument"])
	if err != nil {
		return err
	}
	urls, _ := r.props["Queues"].([]any)
	for _, url := range urls {
		q := d.cloud.queueByURL(fmt.Sprint(url))
		if q == nil {
			return fmt.Errorf("there is no queue %v", url)
		}
		q.policies = append(q.policies, doc)
	}
	return nil
}

func (c *Cloud) queueByURL(url string) *queueState {
	for _, q := range c.queues {
		if q.url == url {
			return q
		}
	}
	return nil
}

// makeTable leaves out the encryption key: the emulator would make one of AWS's own that looks like a customer's.
func makeTable(d *deployment, r resource) error {
	in := map[string]any{"TableName": r.name}
	for _, name := range []string{"AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "ProvisionedThroughput", "DeletionProtectionEnabled"} {
		if v, ok := r.props[name]; ok {
			in[name] = v
		}
	}
	return d.call("dynamodb:CreateTable", in)
}

// makeBucket makes a bucket with what our own controls judge of it, so that a sweep of the account sees it as it will be.
func makeBucket(d *deployment, r resource) error {
	in := map[string]any{"Bucket": r.name}
	if d.region != "us-east-1" {
		in["CreateBucketConfiguration"] = map[string]any{"LocationConstraint": d.region}
	}
	if lock, _ := r.props["ObjectLockEnabled"].(bool); lock {
		in["ObjectLockEnabledForBucket"] = true
	}
	if err := d.call("s3:CreateBucket", in); err != nil {
		return err
	}
	for _, p := range []struct{ property, operation, field string }{
		{"PublicAccessBlockConfiguration", "s3:PutPublicAccessBlock", "PublicAccessBlockConfiguration"},
		{"OwnershipControls", "s3:PutBucketOwnershipControls", "OwnershipControls"},
		{"VersioningConfiguration", "s3:PutBucketVersioning", "VersioningConfiguration"},
	} {
		v, ok := r.props[p.property]
		if !ok {
			continue
		}
		if err := d.call(p.operation, map[string]any{"Bucket": r.name, p.field: v}); err != nil {
			return err
		}
	}
	return d.encryptBucket(r)
}

func (d *deployment) encryptBucket(r resource) error {
	encryption, ok := r.props["BucketEncryption"].(map[string]any)
	if !ok {
		return nil
	}
	rules := []any{}
	list, _ := encryption["ServerSideEncryptionConfiguration"].([]any)
	for _, v := range list {
		declared, _ := v.(map[string]any)
		rules = append(rules, map[string]any{"ApplyServerSideEncryptionByDefault": declared["ServerSideEncryptionByDefault"]})
	}
	return d.call("s3:PutBucketEncryption", map[string]any{"Bucket": r.name, "ServerSideEncryptionConfiguration": map[string]any{"Rules": rules}})
}

// makeBucketPolicy keeps the policy for those who judge calls. The emulator does not get it: it heeds what a policy denies but not under which conditions, so
// that "only over TLS" would be "never".
func makeBucketPolicy(d *deployment, r resource) error {
	doc, err := parseDocument(r.props["PolicyDocument"])
	if err != nil {
		return err
	}
	arn := "arn:" + d.partition + ":s3:::" + fmt.Sprint(r.props["Bucket"])
	d.cloud.buckets[arn] = append(d.cloud.buckets[arn], doc)
	return nil
}

func makeSecret(d *deployment, r resource) error {
	in := map[string]any{"Name": r.name, "SecretString": "generated"}
	if v, ok := r.props["SecretString"]; ok {
		in["SecretString"] = v
	}
	return d.call("secretsmanager:CreateSecret", in)
}
