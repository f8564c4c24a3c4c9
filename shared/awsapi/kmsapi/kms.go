// Package kmsapi declares what shoreup uses of AWS KMS: operations with the IAM actions that each needs, the key as a resource type, and its
// readers and call builder. Source of actions: Service Authorization Reference, "AWS Key Management Service".
package kmsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	ListKeys             = awsapi.NewRead(kms.NewFromConfig, (*kms.Client).ListKeys, "kms:ListKeys")
	DescribeKey          = awsapi.NewRead(kms.NewFromConfig, (*kms.Client).DescribeKey, "kms:DescribeKey")
	GetKeyRotationStatus = awsapi.NewRead(kms.NewFromConfig, (*kms.Client).GetKeyRotationStatus, "kms:GetKeyRotationStatus")
	ListResourceTags     = awsapi.NewRead(kms.NewFromConfig, (*kms.Client).ListResourceTags, "kms:ListResourceTags")
)

// The writes.
var (
	EnableKeyRotation  = awsapi.NewWrite(kms.NewFromConfig, (*kms.Client).EnableKeyRotation, "KeyId", "kms:EnableKeyRotation")
	DisableKeyRotation = awsapi.NewWrite(kms.NewFromConfig, (*kms.Client).DisableKeyRotation, "KeyId", "kms:DisableKeyRotation")
)

const keyType = "AWS::KMS::Key"

// Key is a KMS key; its id is its key id, a UUID or mrk-….
var Key = awsapi.ResourceType{
	Name: keyType,
	ARN: func(r awsapi.Resource) string {
		return "arn:" + r.Partition + ":kms:" + r.Region + ":" + r.Account + ":key/" + r.ID
	},
	List:       listKeys,
	ListOps:    []awsapi.Op{ListKeys.Op},
	Resolve:    resolve,
	ResolveOps: []awsapi.Op{DescribeKey.Op},
	Normalize:  wirecloudtrail.KeyIDFromARN,
	Tagging:    map[string]awsapi.Tagging{"kms.amazonaws.com:TagResource": {Paths: []string{"requestParameters.keyId"}, Keys: []string{"requestParameters.tags[].tagKey"}}},
	Events: map[string][]string{
		"kms.amazonaws.com:CreateKey": {"responseElements.keyMetadata.keyId"},
		// The request may name an alias; then the list of resources holds the key.
		"kms.amazonaws.com:DisableKeyRotation": {"requestParameters.keyId", "resources[].ARN"},
	},
}

// Facts are what KMS says about a key. Source of the values: KMS API reference, KeyMetadata.
type Facts struct {
	Manager     string // AWS or CUSTOMER
	State       string // Enabled, Disabled, PendingDeletion, PendingImport, ...
	Spec        string // SYMMETRIC_DEFAULT, RSA_2048, HMAC_256, ...
	Origin      string // AWS_KMS, EXTERNAL (imported), AWS_CLOUDHSM, EXTERNAL_KEY_STORE
	Replica     bool   // of a multi-Region key whose primary is in another Region
	Replicas    []string
	Description string
}

// ReadKey returns what KMS says about the key, or an error that wraps [awsapi.ErrGone].
func ReadKey(ctx context.Context, s awsapi.Session, id string) (Facts, error) {
	out, err := DescribeKey.Do(ctx, s, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return Facts{}, gone(err)
	}
	if out.KeyMetadata == nil {
		return Facts{}, fmt.Errorf("reading key %s: KMS answered without metadata", id)
	}
	m := out.KeyMetadata
	f := Facts{Manager: string(m.KeyManager), State: string(m.KeyState), Spec: string(m.KeySpec), Origin: string(m.Origin), Description: aws.ToString(m.Description)}
	if c := m.MultiRegionConfiguration; c != nil {
		f.Replica = c.MultiRegionKeyType == kmstypes.MultiRegionKeyTypeReplica
		for _, r := range c.ReplicaKeys {
			f.Replicas = append(f.Replicas, aws.ToString(r.Region))
		}
		slices.Sort(f.Replicas)
	}
	return f, nil
}

// ReadRotation reports whether KMS rotates the key by itself.
func ReadRotation(ctx context.Context, s awsapi.Session, id string) (bool, error) {
	out, err := GetKeyRotationStatus.Do(ctx, s, &kms.GetKeyRotationStatusInput{KeyId: &id})
	if err != nil {
		return false, gone(err)
	}
	return out.KeyRotationEnabled, nil
}

// ReadTags returns the key's tags.
func ReadTags(ctx context.Context, s awsapi.Session, id string) (map[string]string, error) {
	tags := map[string]string{}
	in := &kms.ListResourceTagsInput{KeyId: &id}
	for {
		out, err := ListResourceTags.Do(ctx, s, in)
		if err != nil {
			return nil, gone(err)
		}
		for _, t := range out.Tags {
			tags[aws.ToString(t.TagKey)] = aws.ToString(t.TagValue)
		}
		if !out.Truncated {
			return tags, nil
		}
		in.Marker = out.NextMarker
	}
}

// SetRotation describes the call that turns yearly rotation on, or off.
func SetRotation(id string, on bool) awsapi.Call {
	if on {
		return EnableKeyRotation.Call(&kms.EnableKeyRotationInput{KeyId: &id})
	}
	return DisableKeyRotation.Call(&kms.DisableKeyRotationInput{KeyId: &id})
}

// listKeys returns all keys: which of them the customer manages, only DescribeKey says.
func listKeys(ctx context.Context, s awsapi.Session) ([]string, error) {
	var ids []string
	in := &kms.ListKeysInput{Limit: aws.Int32(1000)}
	for {
		out, err := ListKeys.Do(ctx, s, in)
		if err != nil {
			return nil, err
		}
		for _, k := range out.Keys {
			ids = append(ids, aws.ToString(k.KeyId))
		}
		if !out.Truncated {
			return ids, nil
		}
		in.Marker = out.NextMarker
	}
}

// resolve takes a key's ARN, an alias or an alias's ARN. Only an alias costs a request.
func resolve(ctx context.Context, s awsapi.Session, id string) (string, error) {
	if strings.HasPrefix(id, "arn:") {
		a, err := signal.ParseARN(id)
		if err != nil {
			return "", err
		}
		if key, ok := signal.IDFromARN(keyType, a); ok {
			return key, nil
		}
		if !strings.HasPrefix(a.Resource, "alias/") {
			return "", fmt.Errorf("resolving %s: it is the ARN of neither a key nor an alias", id)
		}
	} else if !strings.HasPrefix(id, "alias/") {
		return id, nil
	}
	out, err := DescribeKey.Do(ctx, s, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return "", gone(err)
	}
	if out.KeyMetadata == nil {
		return "", fmt.Errorf("resolving %s: KMS answered without metadata", id)
	}
	return aws.ToString(out.KeyMetadata.KeyId), nil
}

// gone marks the error of a key that does not exist.
func gone(err error) error {
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("%w: %w", awsapi.ErrGone, err)
	}
	return err
}
