// Package wiresecurityhub reads "Security Hub Findings - Imported" (a finding was made or updated) and "- Custom Action" (a person pressed a button
// on findings). An event holds several findings and a finding several resources; each resource is a signal of its own.
package wiresecurityhub

import (
	"encoding/json"
	"fmt"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// Source and the detail types pick these events.
const (
	Source             = "aws.securityhub"
	DetailTypeImported = "Security Hub Findings - Imported"
	DetailTypeAction   = "Security Hub Findings - Custom Action"
)

// NoteAuthor is what shoreup writes into Note.UpdatedBy. Each update that we make of a finding comes back as an import; these are not acted on. The note stays on
// the finding for good, so what its provider says later is told by the time: BatchUpdateFindings leaves the finding's UpdatedAt alone.
const NoteAuthor = "shoreup"

// The names of our custom actions, at most 20 characters each. Which actions reach us is settled by the rule that forwards them; one that a team has made itself
// and forwards is a request for a fix like ours, which nobody's click approves.
const (
	ActionPlan = "Plan with shoreup"
	ActionFix  = "Request fix"
)

// Parse gives a signal for each resource of each finding. Account and Region are the finding's and the resource's, never the envelope's, which
// in an administrator account or aggregation Region says something else. One finding that cannot be read is invalid and does not hide the others.
// Errors wrap wire.ErrMalformed: no detail, no list of findings.
func Parse(env wire.Envelope) ([]signal.Signal, error) {
	var d struct {
		ActionName string            `json:"actionName"`
		Findings   []json.RawMessage `json:"findings"`
	}
	if err := env.DecodeDetail(&d); err != nil {
		return nil, err
	}
	if len(d.Findings) == 0 {
		return nil, env.Malformed("no findings")
	}
	byHand := env.DetailType == DetailTypeAction
	base := signal.Signal{Class: signal.ClassSecurityHub, Relevant: true, Time: env.When(), EventID: env.ID}
	if byHand {
		base.Class, base.Asked = signal.ClassSecurityHubAction, signal.AskedFix
		if d.ActionName == ActionPlan {
			base.Asked = signal.AskedPlan
		}
	}
	var out []signal.Signal
	for _, raw := range d.Findings {
		var f Finding
		if err := json.Unmarshal(raw, &f); err != nil {
			out = append(out, base.Invalid("reading finding: "+err.Error()))
			continue
		}
		out = append(out, fromFinding(base, f, byHand)...)
	}
	return wire.Unique(out), nil
}

func fromFinding(s signal.Signal, f Finding, byHand bool) []signal.Signal {
	s.FindingID, s.ProductARN, s.Account = f.ID, f.ProductARN, f.AWSAccountID
	s.SecurityControlID, s.ConfigRule = f.controlID(), f.configRule()
	reason := uninteresting(f, byHand)
	if len(f.Resources) == 0 {
		s.Region = region(f, Resource{})
		if reason == "" {
			reason = "no resource in finding"
		}
		return []signal.Signal{wire.Settle(s.Drop(reason))}
	}
	var out []signal.Signal
	for _, r := range f.Resources {
		one := point(s, f, r)
		if reason != "" && one.Relevant {
			one = one.Drop(reason)
		}
		out = append(out, one)
	}
	return out
}

// uninteresting says why a finding needs nothing, "" if it does. A person's choice of a finding overrides its workflow (a resolved or new one alike)
// and our own note on it, but not a suppression: that is another person's decision, to be taken back first. A finding without Compliance
// is acted on, since the product that sent it judges no control.
func uninteresting(f Finding, byHand bool) string {
	status := f.Workflow.Status
	switch {
	case f.RecordState != "ACTIVE":
		return fmt.Sprintf("record state is %.64q, not ACTIVE", f.RecordState)
	case byHand && status == "SUPPRESSED":
		return "the finding is suppressed"
	case !byHand && f.Note.UpdatedBy == NoteAuthor && !wire.Time(f.UpdatedAt).After(wire.Time(f.Note.UpdatedAt)):
		return "updated by shoreup itself"
	case !byHand && status != "NEW" && status != "NOTIFIED":
		return fmt.Sprintf("workflow status is %.64q, not NEW or NOTIFIED", status)
	case f.Compliance != nil && f.Compliance.Status != "FAILED":
		return fmt.Sprintf("compliance is %.64q, not FAILED", f.Compliance.Status)
	}
	return ""
}
