package core

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// Violation is one thing that is wrong in a state.
type Violation struct {
	Rule   string `json:"rule"`   // which rule of the control: "policy-public"
	Where  string `json:"where"`  // which part: `statement 2 (Sid "Everyone")`; no ids that AWS assigns anew
	Reason string `json:"reason"` // one sentence for people
	// Unsettled marks what AWS's documents do not settle: it is reported and never changed.
	Unsettled bool `json:"unsettled,omitempty"`
	// Manual marks what is certainly wrong and no call of ours can mend without taking away more: people get advice, and the rest is mended.
	Manual bool `json:"manual,omitempty"`
}

// Change is one call that a plan makes, and the calls that take it back.
type Change struct {
	Why  string        `json:"why"`
	Do   awsapi.Call   `json:"do"`
	Undo []awsapi.Call `json:"undo,omitempty"`
	// Expect is the fingerprint that must be read back before the next call is made; empty: no need to look in between.
	Expect string `json:"expect,omitempty"`
	// Step is the state that Expect is the fingerprint of; the control sets it, and Define makes the fingerprint.
	Step any `json:"-"`
	// Touches names the top-level fields of the state that the call changes, to show each call with its own part of the diff. Empty: all.
	Touches []string `json:"-"`
}

// Advice is what people must do themselves. It has no hash, no approval and no way to the executor.
type Advice struct {
	Title  string   `json:"title"`
	Steps  []string `json:"steps"` // in order; shown numbered
	Outage string   `json:"outage"`
	Cost   string   `json:"cost"`
}

// Fix is what a control's Plan answers. Either After is clean of what is settled and ours to mend, or there are no Changes: half a fix is no fix.
type Fix[S any] struct {
	After     S        // the state as Read will see it once all changes are made
	Changes   []Change // in order
	Advice    []Advice
	NeverAuto []string // why a person has to look first: a website, a partner, a shared image
	Refused   string   // why this must not be changed at all: a protected principal, a quota
	Notes     []string // who is affected and what undo cannot bring back
	// Reversible is how far undo gets back from this fix, where it is less far than the control's declaration says. The notes say what is lost.
	Reversible Reversal
	// ReadBack reads what proves the fix, and takes the rest from After: what the violation does not depend on once the changes are made. nil: Read is used.
	ReadBack func(context.Context, awsapi.Session) (S, error)
}

// Context is shown with a plan and not part of it.
type Context struct {
	Tags  map[string]string `json:"tags,omitempty"`
	Owner string            `json:"owner,omitempty"`
	Facts []string          `json:"facts,omitempty"` // "attached to role deploy", "last used 2026-01-02"
}

// Contexter is a state that knows its context.
type Contexter interface{ Context() Context }

// Settings are what judging and planning may depend on besides the state.
type Settings struct {
	Now           time.Time
	KeepPorts     []int          // ports that may stay open to the world
	Replacement   []netip.Prefix // sources that take the world's place in a security group
	UnusedKeyDays int            // an access key that was not used for so long is unused; 0: 90
	Protected     []string       // ARN patterns of break-glass principals, besides the built-in ones
	Own           []string       // ARN patterns of the installation's own tables and queues
}

// NotApplicable is Read's answer for a resource that the control does not concern, with the reason: a key that AWS manages, say.
type NotApplicable string

func (n NotApplicable) Error() string { return string(n) }

// Sight is what looking at a resource showed.
type Sight struct {
	State       json.RawMessage // canonical, without assigned and context fields
	Fingerprint string
	Violations  []Violation
	Context     Context
	state       any
}

// Wrong reports whether anything is wrong that is settled and ours to mend.
func (s Sight) Wrong() bool { return settled(s.Violations) > 0 }

// Proposal is a control's answer to a sight: a plan and what is shown with it.
type Proposal struct {
	Plan      Plan
	Expected  json.RawMessage // the state as it will be read afterwards
	Diffs     [][]DiffLine    // one for each change
	Advice    []Advice
	NeverAuto []string
	Refused   string
	Notes     []string
	// Reversible is of this fix alone; empty: as the control declares.
	Reversible Reversal
	LookBack   LookBack // nil: Look is the only way
}

// LookBack looks at what a plan's calls can have changed: cheaper than a control's Look, and as good once they are made.
type LookBack func(context.Context, awsapi.Session, Settings) (Sight, error)

// Control is a declaration with its functions, their state type hidden behind the codec.
type Control struct {
	Meta
	// Look reads the resource and judges it.
	Look func(context.Context, awsapi.Session, awsapi.Resource, Settings) (Sight, error)
	// Propose plans the smallest fix of what was seen.
	Propose func(Sight, awsapi.Resource, Settings) (Proposal, error)
	// JudgeState judges a state given as JSON: a test case or a template.
	JudgeState func(json.RawMessage, Settings) (Sight, error)
}

// Define makes a control of its declaration and its three functions.
func Define[S any](
	m Meta,
	read func(context.Context, awsapi.Session, awsapi.Resource) (S, error),
	judge func(S, Settings) []Violation,
	plan func(awsapi.Resource, S, []Violation, Settings) (Fix[S], error),
) Control {
	d := definition[S]{m, judge, plan}
	return Control{
		Meta: m,
		Look: func(ctx context.Context, s awsapi.Session, r awsapi.Resource, set Settings) (Sight, error) {
			state, err := read(ctx, s, r)
			if err != nil {
				return Sight{}, err
			}
			return d.see(state, set)
		},
		Propose: d.propose,
		JudgeState: func(raw json.RawMessage, set Settings) (Sight, error) {
			var state S
			if err := json.Unmarshal(raw, &state); err != nil {
				return Sight{}, fmt.Errorf("reading a state of %s: %w", m.ID, err)
			}
			return d.see(state, set)
		},
	}
}

type definition[S any] struct {
	meta  Meta
	judge func(S, Settings) []Violation
	plan  func(awsapi.Resource, S, []Violation, Settings) (Fix[S], error)
}

func (d definition[S]) see(state S, set Settings) (Sight, error) {
	raw, err := canon.Stable(state)
	if err != nil {
		return Sight{}, err
	}
	sight := Sight{State: raw, Fingerprint: canon.Hash(raw), Violations: d.judge(state, set), state: state}
	if c, ok := any(state).(Contexter); ok {
		sight.Context = c.Context()
	}
	return sight, nil
}

func (d definition[S]) propose(before Sight, r awsapi.Resource, set Settings) (Proposal, error) {
	state, ok := before.state.(S)
	if !ok {
		return Proposal{}, fmt.Errorf("planning %s: the sight is of another control", d.meta.ID)
	}
	fix, err := d.plan(r, state, before.Violations, set)
	if err != nil {
		return Proposal{}, fmt.Errorf("planning %s for %s: %w", d.meta.ID, r.ID, err)
	}
	p := Proposal{Advice: fix.Advice, NeverAuto: fix.NeverAuto, Refused: fix.Refused, Notes: fix.Notes, Reversible: fix.Reversible}
	p.Plan = Plan{Schema: Schema, Control: d.meta.ID, Version: d.meta.Version, Resource: r, Before: before.Fingerprint, After: before.Fingerprint, Violations: before.Violations}
	if len(fix.Changes) == 0 || fix.Refused != "" {
		return p, nil
	}
	after, err := d.see(fix.After, set)
	if err != nil {
		return Proposal{}, err
	}
	if after.Wrong() {
		return Proposal{}, fmt.Errorf("planning %s for %s: the planned state would still be wrong: %s", d.meta.ID, r.ID, after.Violations[0].Reason)
	}
	for i, c := range fix.Changes {
		if c.Step == nil {
			continue
		}
		step, err := canon.Stable(c.Step)
		if err != nil {
			return Proposal{}, err
		}
		fix.Changes[i].Expect = canon.Hash(step)
	}
	p.Notes = slices.Concat(p.Notes, left(after.Violations))
	p.Plan.After, p.Plan.Changes, p.Expected = after.Fingerprint, fix.Changes, after.State
	p.Diffs = diffs(before.State, after.State, fix.Changes)
	if fix.ReadBack != nil {
		p.LookBack = func(ctx context.Context, s awsapi.Session, set Settings) (Sight, error) {
			state, err := fix.ReadBack(ctx, s)
			if err != nil {
				return Sight{}, err
			}
			return d.see(state, set)
		}
	}
	return p, d.checkCalls(p.Plan)
}

// left tells people what a fix leaves to them: the resource is reported for it afterwards.
func left(vs []Violation) []string {
	var places []string
	for _, v := range vs {
		if !slices.Contains(places, v.Where) {
			places = append(places, v.Where)
		}
	}
	if len(places) == 0 {
		return nil
	}
	return []string{"left to people, and reported until they have looked: " + strings.Join(places, "; ")}
}

// checkCalls refuses a plan with a call that the control did not declare, or that acts on another resource.
func (d definition[S]) checkCalls(p Plan) error {
	for _, c := range p.Changes {
		if err := d.meta.CheckWrite(c.Do, p.Resource); err != nil {
			return err
		}
		for _, u := range c.Undo {
			if err := d.meta.CheckUndo(u, p.Resource); err != nil {
				return err
			}
		}
	}
	return nil
}

func settled(vs []Violation) int {
	n := 0
	for _, v := range vs {
		if !v.Unsettled && !v.Manual {
			n++
		}
	}
	return n
}
