// Package tableencryption puts DynamoDB tables under a KMS key of the customer's account. DynamoDB encrypts every table; the question is whose key it is.
package tableencryption

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// The owners of a table's key.
const (
	awsOwned = "aws-owned" // in an account of DynamoDB's own: no log, no policy, no charge
	kms      = "kms"       // in the customer's account: aws/dynamodb, or a key of the customer's own
)

// State is whose key encrypts the table. Policy and tags are read only once it is AWS's.
type State struct {
	Key string `json:"key"` // aws-owned or kms

	KeyARN   string            `json:"keyArn" aws:"assigned"`
	Status   string            `json:"status" aws:"context"`
	Replicas []string          `json:"replicas" aws:"context"` // other Regions of a global table
	Policy   string            `json:"policy" aws:"context"`
	Tags     map[string]string `json:"tags" aws:"context"`
}

// Context says whose table it is.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Tags, Owner: s.Tags["owner"]}
	if len(s.Replicas) > 0 {
		c.Facts = append(c.Facts, "global table with replicas in "+strings.Join(s.Replicas, ", "))
	}
	return c
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "dynamodb-table-encrypted", Version: 1, Title: "Encrypt DynamoDB tables with a key of your own account",
		Service: "dynamodb", Family: "storage", Type: dynamodbapi.TableType,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		ConfigRules: []string{"DYNAMODB_TABLE_ENCRYPTED_KMS"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.DS-01"}, "pci_dss_v4": {"3.5.1", "8.3.2"}},
		Events: []string{
			"dynamodb.amazonaws.com:CreateTable", "dynamodb.amazonaws.com:UpdateTable",
			"dynamodb.amazonaws.com:RestoreTableFromBackup", "dynamodb.amazonaws.com:RestoreTableToPointInTime",
		},
		Reads:  []awsapi.Op{dynamodbapi.DescribeTable.Op, dynamodbapi.GetResourcePolicy.Op, dynamodbapi.ListTagsOfResource.Op},
		Writes: []awsapi.Op{dynamodbapi.UpdateTable.Op},
		Undoes: []awsapi.Op{dynamodbapi.UpdateTable.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes one request for a table under a KMS key, and two more for another. While a key is being changed it fails with an error of class Conflict.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	t, err := dynamodbapi.ReadTable(ctx, s, r.ID)
	if err != nil {
		return State{}, err
	}
	state := State{Key: kms, KeyARN: t.KMSKey, Status: t.Status, Replicas: t.Replicas}
	if t.KMSKey != "" {
		return state, nil
	}
	state.Key = awsOwned
	arn := dynamodbapi.TableType.ARN(r)
	if state.Policy, err = dynamodbapi.ReadTablePolicy(ctx, s, arn); err != nil {
		return State{}, err
	}
	state.Tags, err = dynamodbapi.ReadTableTags(ctx, s, arn)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.Key != awsOwned {
		return nil
	}
	return []core.Violation{{Rule: "aws-owned-key", Where: "encryption key", Reason: "the table is encrypted with a key that AWS owns: its use is in no log of yours, and no policy of yours can stop it"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	if others := outsiders(s.Policy, r.Account); len(others) > 0 {
		return core.Fix[State]{Advice: []core.Advice{customerKey(r, others)}}, nil
	}
	return core.Fix[State]{
		After: State{Key: kms},
		Changes: []core.Change{{
			Why: "put the table under the account's AWS managed key (aws/dynamodb); no other setting is sent",
			Do:  dynamodbapi.SetManagedKey(r.ID, true), Undo: []awsapi.Call{dynamodbapi.SetManagedKey(r.ID, false)},
		}},
		NeverAuto: cautions(s),
		Notes: []string{
			"the table stays readable and writable while DynamoDB changes the key, which takes minutes; until it is done the fix cannot be verified",
			"backups and exports that exist keep the key they were made with",
		},
	}, nil
}

// cautions are the reasons why a person has to look first. Source: DynamoDB developer guide, "DynamoDB encryption at rest".
func cautions(s State) []string {
	out := []string{
		"KMS requests are charged from now on, every caller comes to depend on KMS and on the key, and DynamoDB allows only a few changes of the key in a day: a key of your own may be the better choice, and now is the time to say so",
	}
	if len(s.Replicas) > 0 {
		out = append(out, "the table is a global table: the change reaches its replicas in "+strings.Join(s.Replicas, ", ")+", each with the AWS managed key of its Region")
	}
	if s.Status != "" && s.Status != "ACTIVE" {
		out = append(out, fmt.Sprintf("the table is %s: DynamoDB refuses the change until it is ACTIVE", s.Status))
	}
	return out
}
