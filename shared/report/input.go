package report

import (
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Soon is how long before its end an exception is said to run out.
const Soon = 14 * 24 * time.Hour

// Input is all that a report is made of. Whoever has less leaves the rest empty: findings alone make a report of what is wrong now, a log and
// open occurrences alone make one without looking at any resource.
type Input struct {
	Now  time.Time // when the report is made
	Only string    // "waiting": what waits for people is all that is given
	Days int       // how many days the trend goes back; 0: 30

	Accounts []Account   // that were looked at; others that findings name are added
	Rules    Rules       // empty: what the findings say
	Controls []core.Meta // declarations, for what the log does not say
	// Owners says who owns what, by ARN, where neither findings nor the log do.
	Owners map[string]string

	// Findings are what a sweep or a plan found. If a resource is there twice for a control, the later counts.
	Findings []core.Finding
	// Judged counts by control what was looked at, what is in order included. Nil: not known.
	Judged map[string]map[core.Outcome]int
	// Entries are the audit entries of the time that the report covers, each chain in order.
	Entries []audit.Entry
	// Open are the occurrences that are not closed.
	Open []Occurrence
	// Approvals are what was asked of people and is not decided, and what was rejected or has expired.
	Approvals  []Approval
	Exceptions []ExceptionInput
}

// Occurrence is one time that a resource is wrong, as it is kept while it is open.
type Occurrence struct {
	ID       string
	Control  string
	Resource awsapi.Resource
	State    string // open, waiting, applying
	PlanID   string
	PlanHash string
	Decision string          // mode
	Plan     json.RawMessage // canonical bytes of a core.Plan, or empty
	Opened   time.Time
	Cause    time.Time // zero: not known
	Actor    string
	Origin   string
	// Fixed is when the one before was fixed, if it was: then this one is a regression. Zero: it was not.
	Fixed time.Time
	// Exempt says why people agreed that nobody may fix it now; empty: they did not.
	Exempt string
}

// Approval is one question to people.
type Approval struct {
	ID          string
	Kind        string // plan, undo, exempt, switch, approvers; empty: plan
	Occurrence  string
	PlanID      string
	Control     string // with the next four: for what has no plan in the report
	Resource    string
	ARN         string
	Account     string
	Region      string
	For         []string // people or groups who may decide
	RequestedBy string
	Hash        string          // of what is decided about
	About       string          // what a yes leads to, in a sentence; empty where a plan says it
	Details     []string        // the same, point by point
	Plan        json.RawMessage // canonical bytes of the plan that takes a fix back
	Since       time.Time
	Expires     time.Time
	Given       []Verdict
	Needed      int
	Was         *Was
	Again       *Again
	Fix         string // id of the plan that an undo takes back
	Target      string // what a kind other than plan names it by: "people"

	// State is how it ended: rejected, expired; empty: it has not. Why and when it ended, and whether it may be asked again.
	State   string
	Why     string
	Ended   time.Time
	Askable bool
}

// ExceptionInput is one exception, of the rules file or made by people.
type ExceptionInput struct {
	Rule     string // what a decision names it by: "exceptions[0]"
	Controls []string
	Resource string
	Account  string
	Region   string
	Owner    string
	Reason   string
	Approver string
	Source   string // "rules file, line 12"
	Since    time.Time
	Until    time.Time // the instant it ends
}
