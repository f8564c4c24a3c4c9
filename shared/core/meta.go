// Package core holds the words of the house as Go types: Control, Violation, Fix, Plan, Outcome. It decides nothing and calls nothing.
//
// A control is one thing that can be wrong and its fix: a declaration ([Meta]) and three functions. Read gets the live state, Judge
// says what is wrong in a state, Plan says which calls mend it. Judge and Plan are pure: no I/O, no clock but the one in [Settings].
package core

import (
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// Severity is Security Hub's label, in lower case.
type Severity string

// The severities, worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Disruption says what a fix may do to running work at its usual worst.
type Disruption string

// The disruptions.
const (
	DisruptsNothing Disruption = "none"
	DisruptsLittle  Disruption = "low"
	DisruptsMuch    Disruption = "high"
)

// Reversal says how far undo gets back to the state before.
type Reversal string

// The reversals.
const (
	Reversible       Reversal = "yes"
	PartlyReversible Reversal = "partly" // what is lost is said in the plan's notes
	AdviceOnly       Reversal = "advice" // the control changes nothing itself
)

// Meta is a control's declaration, the only place where these facts are written: event patterns, IAM policies, documentation and listings are derived from it.
type Meta struct {
	ID          string              // "s3-bucket-public"; permanent
	Version     int                 // raised when Judge or Plan changes its answer
	Title       string              // a short sentence in the imperative
	Service     string              // "s3"
	Family      string              // storage, network, iam, ...: which function serves it and which role fixes it
	Type        awsapi.ResourceType // of the resource that is judged
	Severity    Severity
	Reversible  Reversal
	Disruption  Disruption
	AccountWide bool                // changes a setting of the whole account: never automatic
	SecurityHub []string            // Security Hub control ids
	ConfigRules []string            // AWS Config managed rule identifiers
	Frameworks  map[string][]string // "cis_v3": {"2.1.4"}
	Events      []string            // CloudTrail, "s3.amazonaws.com:PutBucketPolicy": where to look
	Reads       []awsapi.Op
	Writes      []awsapi.Op
	Undoes      []awsapi.Op
	Doc         string // doc.md
}

// FamilyIAM is the family whose fixes change who may do what; nothing in it is ever automatic.
const FamilyIAM = "iam"

// SplitEvent splits "s3.amazonaws.com:PutBucketPolicy" into event source and name.
func (m Meta) SplitEvent(event string) (source, name string) {
	source, name, _ = strings.Cut(event, ":")
	return source, name
}
