// Package topicencryption encrypts SNS topics that store their messages in the clear.
package topicencryption

import (
	"context"
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/snsapi"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is the key that encrypts the topic, if any. Its policy says who publishes, and its tags are read only once it is not encrypted.
type State struct {
	KMSKey string `json:"kmsKey"`

	Policy string            `json:"policy" aws:"context"`
	Tags   map[string]string `json:"tags" aws:"context"`
}

// Context says whose topic it is.
func (s State) Context() core.Context { return core.Context{Tags: s.Tags, Owner: s.Tags["owner"]} }

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "sns-topic-encrypted", Version: 1, Title: "Encrypt the messages of SNS topics",
		Service: "sns", Family: "storage", Type: snsapi.Topic,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"SNS.1"}, ConfigRules: []string{"SNS_ENCRYPTED_KMS"},
		Frameworks: map[string][]string{"nist_csf_2": {"PR.DS-01"}, "pci_dss_v4": {"3.5.1", "8.3.2"}},
		Events:     []string{"sns.amazonaws.com:CreateTopic", "sns.amazonaws.com:SetTopicAttributes"},
		Reads:      []awsapi.Op{snsapi.GetTopicAttributes.Op, snsapi.ListTagsForResource.Op},
		Writes:     []awsapi.Op{snsapi.SetTopicAttributes.Op},
		Undoes:     []awsapi.Op{snsapi.SetTopicAttributes.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request for an encrypted topic, and one more for another.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	a, err := snsapi.ReadAttributes(ctx, s, r.ID)
	state := State{KMSKey: a.KMSKey, Policy: a.Policy}
	if err != nil || state.KMSKey != "" {
		return state, err
	}
	state.Tags, err = snsapi.ReadTags(ctx, s, r.ID)
	return state, err
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.KMSKey != "" {
		return nil
	}
	return []core.Violation{{Rule: "topic-unencrypted", Where: "KmsMasterKeyId", Reason: "the topic stores its messages without a KMS key"}}
}

// plan chooses the AWS managed key only where everybody who may publish can use it: its key policy lets in the own account and nobody else, and cannot be
// changed. Where a service or another account publishes, messages would be lost without a word, so that the way there is advice.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	who := publishersOf(s.Policy, r.Account)
	if len(who.shutOut) > 0 {
		return core.Fix[State]{Advice: []core.Advice{customerKey(r, who)}}, nil
	}
	return core.Fix[State]{
		After: State{KMSKey: snsapi.ManagedKey},
		Changes: []core.Change{{
			Why: "encrypt the topic with the account's AWS managed key for SNS; no other attribute is sent",
			Do:  snsapi.SetKey(r.ID, snsapi.ManagedKey), Undo: []awsapi.Call{snsapi.SetKey(r.ID, "")},
		}},
		NeverAuto: append(who.doubts, "AWS services cannot use the AWS managed key: a CloudWatch alarm, an EventBridge rule, AWS Config or an S3 event that publishes to this topic goes silent, so look for them first"),
		Notes:     []string{"only messages that are published from now on are encrypted; requests over plain HTTP are refused from now on", "KMS requests are charged"},
	}, nil
}
