package core

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Decision is what the rules say about a plan.
type Decision struct {
	Mode   string `json:"mode"` // report, approve, auto, exception, refuse
	Reason string `json:"reason"`
	Rule   string `json:"rule"` // the entry of the rules file that decided, or "default"
}

// Cause says where a finding came from.
type Cause struct {
	Origin string    `json:"origin"` // event, sweep, config, securityhub, guardduty, cli
	Actor  string    `json:"actor,omitempty"`
	Person string    `json:"person,omitempty"` // who that is, where AWS vouches for it: see approval.IdentityOf
	Event  string    `json:"event,omitempty"`  // "s3.amazonaws.com:PutBucketPolicy"
	ID     string    `json:"id,omitempty"`     // of the event, to tell duplicates
	Time   time.Time `json:"time,omitzero"`    // when the causing call was made, as far as known

	// Asked is what a person, nobody knows who, picked in Security Hub: plan or fix.
	Asked string `json:"asked,omitempty"`
	// Finding and Product name the Security Hub finding behind it, ConfigRule the AWS Config rule; empty: none.
	Finding    string `json:"finding,omitempty"`
	Product    string `json:"product,omitempty"`
	ConfigRule string `json:"config_rule,omitempty"`
}

// ShownChange is a change as people and programs are shown it.
type ShownChange struct {
	Call  string          `json:"call"`
	Input json.RawMessage `json:"input"`
	Why   string          `json:"why"`
	Undo  []awsapi.Call   `json:"undo"`
	Diff  []DiffLine      `json:"diff"`
}

// Finding is all that is known after looking at one resource with one control: what is wrong, the plan, and what the rules say about it.
// It is what reports, messages and the command line show. Plan is the part that the hash covers; nothing here is ever a source of calls.
type Finding struct {
	ID           string          `json:"id"`   // of the plan; empty where nothing is wrong
	Hash         string          `json:"hash"` // of the plan
	Control      string          `json:"control"`
	Version      int             `json:"version"`
	Title        string          `json:"title"`
	Family       string          `json:"family"`
	Severity     Severity        `json:"severity"`
	ResourceType string          `json:"resource_type"`
	Resource     string          `json:"resource"`
	ARN          string          `json:"arn"`
	Account      string          `json:"account"`
	Region       string          `json:"region"`
	Outcome      Outcome         `json:"outcome"`
	Reason       string          `json:"reason"` // why this outcome, in a sentence
	Violations   []Violation     `json:"violations"`
	Changes      []ShownChange   `json:"changes"`
	Advice       []Advice        `json:"advice"`
	NeverAuto    []string        `json:"never_auto"`
	Notes        []string        `json:"notes"`
	Decision     Decision        `json:"decision"`
	RulesVersion string          `json:"rules_version"`
	RulesHash    string          `json:"rules_hash"`
	Context      Context         `json:"context"`
	Cause        Cause           `json:"cause"`
	ConfigRules  []string        `json:"config_rules,omitempty"` // identifiers of AWS's managed rules behind the control
	Quiet        bool            `json:"quiet,omitempty"`        // for AWS services' own records: people have heard, or need not
	Reversible   Reversal        `json:"reversible"`
	Disruption   Disruption      `json:"disruption"`
	Exposure     float64         `json:"exposure_seconds,omitempty"` // from the cause to the verified fix
	Record       Record          `json:"record"`                     // the last audit entry about it
	Occurrence   string          `json:"occurrence,omitempty"`       // the one time that this is wrong; what people decide about
	Since        time.Time       `json:"since,omitzero"`             // when it went wrong first, as far as known: the cause may be of something later
	About        []byte          `json:"-"`                          // what the rules were asked about, as JSON
	Plan         Plan            `json:"-"`
	Expected     json.RawMessage `json:"-"`
	LookBack     LookBack        `json:"-"`
	Err          error           `json:"-"` // behind the outcomes blind and error, to tell what may pass from what will not
}

// Record points to an audit entry.
type Record struct {
	Chain string `json:"chain,omitempty"`
	Seq   int64  `json:"seq,omitempty"`
	Hash  string `json:"hash,omitempty"`
}

// Show fills what people see from a control's proposal.
func (f *Finding) Show(p Proposal) {
	f.Plan, f.Expected, f.LookBack = p.Plan, p.Expected, p.LookBack
	f.Violations, f.Advice, f.NeverAuto, f.Notes = p.Plan.Violations, p.Advice, p.NeverAuto, p.Notes
	f.Reversible = cmp.Or(p.Reversible, f.Reversible)
	f.Changes = make([]ShownChange, len(p.Plan.Changes))
	for i, c := range p.Plan.Changes {
		f.Changes[i] = ShownChange{c.Do.Op, c.Do.Input, c.Why, c.Undo, p.Diffs[i]}
	}
}

// Complete returns the finding with empty lists in the place of missing ones, so that programs find every key with its list behind it.
func (f Finding) Complete() Finding {
	f.Violations, f.Changes = some(f.Violations), some(f.Changes)
	f.Advice, f.NeverAuto, f.Notes = some(f.Advice), some(f.NeverAuto), some(f.Notes)
	f.Changes = slices.Clone(f.Changes)
	for i, c := range f.Changes {
		f.Changes[i].Undo, f.Changes[i].Diff = some(c.Undo), some(c.Diff)
	}
	return f
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
