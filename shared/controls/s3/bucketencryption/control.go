// Package bucketencryption gives S3 buckets without a default encryption configuration SSE-S3.
package bucketencryption

import (
	"context"
	_ "embed"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is the algorithm of the bucket's default encryption, empty where it has no configuration.
type State struct {
	Algorithm string            `json:"algorithm"`
	Tags      map[string]string `json:"tags" aws:"context"`
}

// Context says whose bucket it is.
func (s State) Context() core.Context { return core.Context{Tags: s.Tags, Owner: s.Tags["owner"]} }

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "s3-bucket-encryption", Version: 1, Title: "Encrypt new objects by default",
		Service: "s3", Family: "storage", Type: s3api.Bucket,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsNothing,
		ConfigRules: []string{"S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.DS-01"}, "pci_dss_v4": {"3.5.1", "8.3.2"}},
		Events: []string{
			"s3.amazonaws.com:CreateBucket", "s3.amazonaws.com:PutBucketEncryption", "s3.amazonaws.com:DeleteBucketEncryption",
		},
		Reads:  []awsapi.Op{s3api.GetBucketEncryption.Op, s3api.GetBucketTagging.Op},
		Writes: []awsapi.Op{s3api.PutBucketEncryption.Op},
		Undoes: []awsapi.Op{s3api.DeleteBucketEncryption.Op},
		Doc:    doc,
	}, read, judge, plan)
}

func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	algorithm, err := s3api.ReadEncryption(ctx, s, r.ID)
	if err != nil || algorithm != "" {
		return State{Algorithm: algorithm}, err
	}
	tags, err := s3api.ReadTags(ctx, s, r.ID)
	return State{Tags: tags}, err
}

// judge accepts any algorithm: whether a key of the customer's own is needed is not this control's question.
func judge(s State, _ core.Settings) []core.Violation {
	if s.Algorithm != "" {
		return nil
	}
	return []core.Violation{{Rule: "no-default-encryption", Where: "bucket", Reason: "objects that are written without an encryption header are not encrypted by the bucket"}}
}

// plan chooses SSE-S3 always. SSE-KMS would shut out readers without rights on the key, and log delivery, which needs SSE-S3 in its target buckets.
func plan(r awsapi.Resource, _ State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	return core.Fix[State]{
		After: State{Algorithm: string(s3types.ServerSideEncryptionAes256)},
		Changes: []core.Change{{
			Why: "encrypt new objects with keys that S3 manages (SSE-S3)",
			Do:  s3api.EncryptWithS3Keys(r.ID, r.Account), Undo: []awsapi.Call{s3api.ForgetEncryption(r.ID, r.Account)},
		}},
		Notes: []string{"objects that are there already stay as they are; copy them onto themselves to encrypt them"},
	}, nil
}
