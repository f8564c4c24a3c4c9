// Package queueencryption encrypts SQS queues that store their messages in the clear.
package queueencryption

import (
	"context"
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is how the queue is encrypted, if at all. Its policy says who sends without a signature, and its tags are read only once it is not encrypted.
type State struct {
	ManagedSSE bool   `json:"managedSse"` // with a key that SQS owns
	KMSKey     string `json:"kmsKey"`

	Policy string            `json:"policy" aws:"context"`
	Tags   map[string]string `json:"tags" aws:"context"`
}

// Context says whose queue it is.
func (s State) Context() core.Context { return core.Context{Tags: s.Tags, Owner: s.Tags["owner"]} }

func (s State) encrypted() bool { return s.ManagedSSE || s.KMSKey != "" }

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "sqs-queue-encrypted", Version: 1, Title: "Encrypt the messages of SQS queues",
		Service: "sqs", Family: "storage", Type: sqsapi.Queue,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsNothing,
		SecurityHub: []string{"SQS.1"},
		Frameworks:  map[string][]string{"nist_csf_2": {"PR.DS-01"}},
		Events:      []string{"sqs.amazonaws.com:CreateQueue", "sqs.amazonaws.com:SetQueueAttributes"},
		Reads:       []awsapi.Op{sqsapi.GetQueueAttributes.Op, sqsapi.ListQueueTags.Op},
		Writes:      []awsapi.Op{sqsapi.SetQueueAttributes.Op},
		Undoes:      []awsapi.Op{sqsapi.SetQueueAttributes.Op},
		Doc:         doc,
	}, read, judge, plan)
}

// read makes one request for an encrypted queue, and one more for another.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	a, err := sqsapi.ReadAttributes(ctx, s, r.ID)
	state := State{ManagedSSE: a.ManagedSSE, KMSKey: a.KMSKey, Policy: a.Policy}
	if err != nil || state.encrypted() {
		return state, err
	}
	state.Tags, err = sqsapi.ReadTags(ctx, s, r.ID)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.encrypted() {
		return nil
	}
	return []core.Violation{{Rule: "queue-unencrypted", Where: "server-side encryption", Reason: "the queue stores its messages without encryption, neither with SQS's own key nor with a KMS key"}}
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	return core.Fix[State]{
		After: State{ManagedSSE: true},
		Changes: []core.Change{{
			Why: "turn on encryption with SQS's own key (SSE-SQS); no other attribute is sent",
			Do:  sqsapi.SetManagedSSE(r.ID, true), Undo: []awsapi.Call{sqsapi.SetManagedSSE(r.ID, false)},
		}},
		NeverAuto: unsigned(s.Policy),
		Notes:     []string{"messages that are in the queue already stay as they are; requests over plain HTTP are refused from now on"},
	}, nil
}
