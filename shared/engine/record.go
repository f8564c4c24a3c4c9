package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
)

// What entries say besides their common fields.
type (
	reasonDetail struct {
		Reason string `json:"reason"`
	}
	planEntry struct {
		Hash         string          `json:"hash"`
		Plan         json.RawMessage `json:"plan"`
		RulesVersion string          `json:"rules_version"`
		RulesHash    string          `json:"rules_hash"`
		Cause        core.Cause      `json:"cause"`
		Owner        string          `json:"owner,omitempty"` // for reports that are made of the log alone
		NeverAuto    []string        `json:"never_auto"`
		Advice       []core.Advice   `json:"advice"`
	}
	// intentEntry is written before anything is done; undo reads its plan.
	intentEntry struct {
		Hash     string          `json:"hash"`
		Plan     json.RawMessage `json:"plan"`
		Approver string          `json:"approver"`
		Undoes   int64           `json:"undoes,omitempty"` // seq of the intent that is taken back
	}
	resultEntry struct {
		Reason   string            `json:"reason"`
		Intent   int64             `json:"intent"` // seq of the intent
		Made     int               `json:"made"`   // calls that were made
		Outputs  []json.RawMessage `json:"outputs"`
		Before   string            `json:"before"`
		After    string            `json:"after"` // fingerprint read back; empty: could not be read
		Wanted   string            `json:"wanted"`
		Exposure float64           `json:"exposure_seconds,omitempty"`
	}
)

func planDetail(f core.Finding) any {
	b, err := f.Plan.Bytes()
	if err != nil {
		return reasonDetail{err.Error()}
	}
	return planEntry{Hash: f.Hash, Plan: b, RulesVersion: f.RulesVersion, RulesHash: f.RulesHash, Cause: f.Cause, Owner: f.Context.Owner, NeverAuto: f.NeverAuto, Advice: f.Advice}
}

func reason(f core.Finding) any { return reasonDetail{f.Reason} }

// append writes one audit entry about a finding, in one transaction with the given items, and notes it in the finding.
func (e *Engine) append(ctx context.Context, f *core.Finding, occurrence string, kind audit.Kind, outcome core.Outcome, detail any, with ...dynamodbapi.Item) (audit.Entry, error) {
	entry, err := e.entry(f, occurrence, kind, outcome, detail)
	if err != nil {
		return entry, err
	}
	return e.write(ctx, f, []audit.Entry{entry}, with)
}

// appendPlan writes a plan and the decision about it, in one transaction with the given items: there is none without the other.
func (e *Engine) appendPlan(ctx context.Context, f *core.Finding, occurrence string, with ...dynamodbapi.Item) error {
	plan, err := e.entry(f, occurrence, audit.Plan, f.Outcome, planDetail(*f))
	if err != nil {
		return err
	}
	decision, err := e.entry(f, occurrence, audit.Decision, f.Outcome, f.Decision)
	if err != nil {
		return err
	}
	_, err = e.write(ctx, f, []audit.Entry{plan, decision}, with)
	return err
}

func (e *Engine) write(ctx context.Context, f *core.Finding, entries []audit.Entry, with []dynamodbapi.Item) (audit.Entry, error) {
	out, err := e.Log.AppendAll(ctx, f.Account, entries, with...)
	if err != nil {
		return audit.Entry{}, err
	}
	last := out[len(out)-1]
	f.Record = core.Record{Chain: last.Chain, Seq: last.Seq, Hash: last.Hash}
	return last, nil
}

func (e *Engine) entry(f *core.Finding, occurrence string, kind audit.Kind, outcome core.Outcome, detail any) (audit.Entry, error) {
	raw, err := canon.Marshal(detail)
	if err != nil {
		return audit.Entry{}, fmt.Errorf("recording a %s: %w", kind, err)
	}
	actor := e.Owner
	switch in, isIntent := detail.(intentEntry); {
	case kind == audit.Plan:
		actor = f.Cause.Actor
	case isIntent && in.Approver != "":
		actor = in.Approver
	}
	return audit.Entry{
		Kind: kind, Occurrence: occurrence, Plan: f.ID, Control: f.Control, Resource: f.ARN, Actor: actor, Outcome: string(outcome), Detail: raw,
	}, nil
}

// tell records an ending and tells people.
func (e *Engine) tell(ctx context.Context, f core.Finding, occurrence string, kind audit.Kind, outcome core.Outcome, detail any, with ...dynamodbapi.Item) (core.Finding, error) {
	f.Outcome = outcome
	if _, err := e.append(ctx, &f, occurrence, kind, outcome, detail, with...); err != nil {
		return f, err
	}
	return e.notify(ctx, f)
}

// notify tells people. That it failed is recorded, and changes nothing about the finding.
func (e *Engine) notify(ctx context.Context, f core.Finding) (core.Finding, error) {
	if e.Notify == nil {
		return f, nil
	}
	if err := e.Notify(ctx, f); err != nil {
		told := f
		_, err = e.append(ctx, &told, "", audit.Error, f.Outcome, reasonDetail{"telling people failed: " + err.Error()})
		return f, err
	}
	return f, nil
}
