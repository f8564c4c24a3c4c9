// Package publicsnapshot is what the controls of RDS's two kinds of snapshots have in common: RDS knows those of instances and of clusters by different
// operations, and shares them alike.
package publicsnapshot

import (
	"context"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/rdsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Kind is how one kind of snapshot is read and shared.
type Kind struct {
	Holds     string // what is restored from it: "the whole database"
	Shares    func(context.Context, awsapi.Session, string) ([]string, error)
	Origin    func(context.Context, awsapi.Session, string) (rdsapi.SnapshotOrigin, error)
	SetPublic func(id string, public bool) awsapi.Call
}

// State is who may copy and restore the snapshot. What it is of is read only once it is public.
type State struct {
	Shares []string `json:"shares"` // account ids, and "all"

	Origin rdsapi.SnapshotOrigin `json:"origin" aws:"context"`
}

// Context says whose snapshot it is and what of.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Origin.Tags, Owner: s.Origin.Tags["owner"]}
	if text := s.Origin.String(); text != "" {
		c.Facts = append(c.Facts, text)
	}
	return c
}

// Control makes the control of a declaration.
func (k Kind) Control(m core.Meta) core.Control { return core.Define(m, k.read, k.judge, k.plan) }

// read makes one request for a private snapshot, and one more for a public one.
func (k Kind) read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	shares, err := k.Shares(ctx, s, r.ID)
	state := State{Shares: shares}
	if err != nil || !slices.Contains(shares, rdsapi.Everyone) {
		return state, err
	}
	state.Origin, err = k.Origin(ctx, s, r.ID)
	return state, err
}

func (k Kind) judge(s State, _ core.Settings) []core.Violation {
	if !slices.Contains(s.Shares, rdsapi.Everyone) {
		return nil
	}
	return []core.Violation{{Rule: "snapshot-public", Where: "restore attribute", Reason: "every AWS account can copy the snapshot and restore " + k.Holds + " from it"}}
}

func (k Kind) plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	after := State{Shares: slices.DeleteFunc(slices.Clone(s.Shares), func(v string) bool { return v == rdsapi.Everyone })}
	fix := core.Fix[State]{
		After: after,
		Changes: []core.Change{{
			Why: "take everyone away from those who may restore the snapshot",
			Do:  k.SetPublic(r.ID, false), Undo: []awsapi.Call{k.SetPublic(r.ID, true)},
		}},
		Notes: []string{"copies that others took while it was public stay theirs and cannot be recalled: treat the data and the passwords in it as known"},
	}
	if len(after.Shares) > 0 {
		fix.Notes = append(fix.Notes, "accounts that are named keep access: "+strings.Join(after.Shares, ", "))
	}
	return fix, nil
}
