// Package wireconfigrule reads "Config Rules Compliance Change" events: AWS Config's verdict on one resource changed, or was given for the first time.
// The verdict is a hint where to look; our own judgement follows.
package wireconfigrule

import (
	"cmp"
	"fmt"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// Source and DetailType pick these events.
const (
	Source     = "aws.config"
	DetailType = "Config Rules Compliance Change"
)

// Detail is the event's detail as far as we read it. A first evaluation has no oldEvaluationResult; we read neither form of it.
// Source: AWS Config developer guide, "Example Amazon EventBridge events from AWS Config rules".
type Detail struct {
	MessageType    string `json:"messageType"`
	ConfigRuleName string `json:"configRuleName"`
	AWSAccountID   string `json:"awsAccountId"`
	AWSRegion      string `json:"awsRegion"`
	ResourceType   string `json:"resourceType"`
	ResourceID     string `json:"resourceId"`
	New            *struct {
		ComplianceType string `json:"complianceType"`
		Identifier     struct {
			Qualifier struct {
				ConfigRuleName string `json:"configRuleName"`
				ResourceType   string `json:"resourceType"`
				ResourceID     string `json:"resourceId"`
			} `json:"evaluationResultQualifier"`
		} `json:"evaluationResultIdentifier"`
	} `json:"newEvaluationResult"`
}

const (
	wantMessage  = "ComplianceChangeNotification"
	nonCompliant = "NON_COMPLIANT"
)

// Parse gives the one signal of the event. Account and Region are the detail's, and must be those of the envelope.
// IAM entities come by unique id and keep it. Errors wrap wire.ErrMalformed.
func Parse(env wire.Envelope) ([]signal.Signal, error) {
	var d Detail
	if err := env.DecodeDetail(&d); err != nil {
		return nil, err
	}
	if d.New != nil {
		q := d.New.Identifier.Qualifier
		d.ResourceType = cmp.Or(d.ResourceType, q.ResourceType)
		d.ResourceID = cmp.Or(d.ResourceID, q.ResourceID)
		d.ConfigRuleName = cmp.Or(d.ConfigRuleName, q.ConfigRuleName)
	}
	s := wire.Within(wire.Settle(signal.Signal{
		Class: signal.ClassConfigCompliance, Relevant: true, ResourceType: d.ResourceType, ResourceID: d.ResourceID,
		Account: cmp.Or(d.AWSAccountID, env.Account), Region: cmp.Or(d.AWSRegion, env.Region),
		Time: env.When(), EventID: env.ID, ConfigRule: d.ConfigRuleName,
	}), env)
	if reason := uninteresting(d); s.Relevant && reason != "" {
		s = s.Drop(reason)
	}
	return []signal.Signal{s}, nil
}

func uninteresting(d Detail) string {
	switch {
	case d.MessageType != wantMessage:
		return fmt.Sprintf("message type %.64q is not %s", d.MessageType, wantMessage)
	case d.New == nil:
		return "no new evaluation result"
	case d.New.ComplianceType != nonCompliant:
		return fmt.Sprintf("evaluated as %.64q, not %s", d.New.ComplianceType, nonCompliant)
	case d.ResourceType == "" || d.ResourceID == "":
		return "no resource in event"
	}
	return ""
}
