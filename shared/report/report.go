// Package report gathers what is wrong, what waits, what is exempt, what was refused and what was fixed into one plain value, the [Report], that
// the writers below this folder make a page, a table or a text of. It reads nothing itself: [Build] is a pure function of what it is given, so
// that the command line, a scheduled function and the review page show the same.
//
// Names, tags, policies, reasons and actors come from whoever made a resource. All text in a report is on one line, valid UTF-8 and free of
// characters that cannot be seen; values that look like secrets are hidden. Only the inputs of calls are kept as the JSON they are.
package report

import (
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Schema is the version of the report's form. It is raised when a key changes its meaning or goes; new keys do not raise it.
const Schema = 1

// Report is everything that is shown, in the order in which it is shown. Lists are never nil, times are UTC, durations are seconds.
type Report struct {
	Schema     int         `json:"schema"`
	Only       string      `json:"only,omitempty"` // "waiting": made of what waits for people alone, so that nothing is known of the rest; empty: of all
	Generated  time.Time   `json:"generated"`
	Since      time.Time   `json:"since,omitzero"` // from when on the log was read; zero: it was not
	Accounts   []Account   `json:"accounts"`
	Regions    []string    `json:"regions"`
	Rules      Rules       `json:"rules"`
	Figures    Figures     `json:"figures"`
	Controls   []Control   `json:"controls"`
	Waiting    []Waiting   `json:"waiting"`
	Exceptions []Exception `json:"exceptions"`
	Refused    []Refusal   `json:"refused"`
	Fixes      []Fix       `json:"fixes"`
	Plans      []Plan      `json:"plans"` // last, because it is the long one
}

// Account is one account that was looked at, with the head of its audit chain when the report was made.
type Account struct {
	ID      string   `json:"id"`
	Name    string   `json:"name,omitempty"`
	Regions []string `json:"regions,omitempty"`
	Head    Head     `json:"head,omitzero"`
}

// Head is the last entry of an audit chain: whoever keeps it can tell later whether the log was cut or rewritten.
type Head struct {
	Seq  int64     `json:"seq"`
	Hash string    `json:"hash"`
	Time time.Time `json:"time,omitzero"`
}

// Rules names the rules file that decided.
type Rules struct {
	Version string `json:"version"`
	Hash    string `json:"hash"`
}

// Control is what is said once about all findings of a control.
type Control struct {
	ID      string              `json:"id"`
	Title   string              `json:"title"`
	Service string              `json:"service"`
	Family  string              `json:"family"`
	Why     string              `json:"why,omitempty"`    // why it matters
	Breaks  string              `json:"breaks,omitempty"` // what could break
	Undo    string              `json:"undo,omitempty"`   // how to undo
	Hub     []string            `json:"security_hub,omitempty"`
	Config  []string            `json:"config_rules,omitempty"`
	Frames  map[string][]string `json:"frameworks,omitempty"`
}

// Subject is what a row is about. It is the same in all lists, so that all are filtered alike.
type Subject struct {
	Control  string        `json:"control"`
	Title    string        `json:"title"`
	Severity core.Severity `json:"severity"`
	Service  string        `json:"service"`
	Family   string        `json:"family"`
	Type     string        `json:"resource_type"`
	Resource string        `json:"resource"`
	ARN      string        `json:"arn"`
	Account  string        `json:"account"`
	Region   string        `json:"region"`
	Owner    string        `json:"owner"` // "unknown" where nobody is known
}

// Plan is one finding: what is wrong with a resource, what would be or was changed, and who decides.
type Plan struct {
	Key string `json:"key"` // unique in the report, the same in the next one for the same plan: links use it
	ID  string `json:"id"`
	// Hash covers the plan; whoever approves means this hash. Empty: there is no plan.
	Hash       string `json:"hash"`
	Occurrence string `json:"occurrence,omitempty"`
	Version    int    `json:"version"` // of the control
	Subject
	Tags        map[string]string `json:"tags,omitempty"`
	Facts       []string          `json:"facts,omitempty"`
	Outcome     core.Outcome      `json:"outcome"`
	Headline    string            `json:"headline"` // the outcome in words: "Would fix"
	Open        bool              `json:"open"`     // it is wrong at this moment, and nobody agreed to that
	Reason      string            `json:"reason"`
	Decision    core.Decision     `json:"decision"`
	Rules       Rules             `json:"rules,omitzero"`
	Violations  []core.Violation  `json:"violations"`
	Changes     []Change          `json:"changes"`
	Reversible  core.Reversal     `json:"reversible"`
	Disruption  core.Disruption   `json:"disruption"`
	UndoCommand string            `json:"undo_command,omitempty"`
	NeverAuto   []string          `json:"never_auto"`
	Notes       []string          `json:"notes"`
	Advice      []core.Advice     `json:"advice"`
	Cause       core.Cause        `json:"cause"`
	CausedBy    string            `json:"caused_by"` // the cause in words
	FirstSeen   time.Time         `json:"first_seen,omitzero"`
	Age         float64           `json:"age_seconds"`      // since first seen
	Exposure    float64           `json:"exposure_seconds"` // since the cause, or since first seen where it is not known; to the verified fix where there is one
	Record      core.Record       `json:"record,omitzero"`
	AskAgain    string            `json:"ask_again,omitempty"` // id of the question that was rejected or has expired and can be asked again
}

// Change is one call of a plan with its part of the difference and what takes it back.
type Change struct {
	Call  string          `json:"call"`
	Input json.RawMessage `json:"input"`
	Why   string          `json:"why"`
	Diff  []DiffLine      `json:"diff"` // as people read it; empty where the plan's states are not known
	Undo  []Call          `json:"undo"`
}

// Call is one call as data.
type Call struct {
	Call  string          `json:"call"`
	Input json.RawMessage `json:"input"`
	Bind  []awsapi.Bind   `json:"bind,omitempty"`
}

// DiffLine is one line of a difference. Mark is "+" (only After), "-" (only Before) or "~" (both).
type DiffLine struct {
	Mark   string `json:"mark"`
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Exception is a thing that nobody may fix until a date.
type Exception struct {
	Key      string    `json:"key"`
	Controls []string  `json:"controls"` // patterns; empty: all
	Resource string    `json:"resource"` // pattern; empty: all of the account
	Account  string    `json:"account"`  // empty: any
	Region   string    `json:"region"`   // empty: any
	Owner    string    `json:"owner"`
	Reason   string    `json:"reason"`
	Approver string    `json:"approver,omitempty"`
	Source   string    `json:"source"` // "rules file, line 12", "Slack"
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until"`     // the instant it ends
	EndsSoon bool      `json:"ends_soon"` // within [Soon]
	Ended    bool      `json:"ended"`
	Plans    []string  `json:"plans"` // keys of what it holds off now
}

// Refusal is something that was not done, and why.
type Refusal struct {
	Key  string `json:"key"`
	Plan string `json:"plan"` // key of the plan, if it is still there
	Subject
	When   time.Time   `json:"when,omitzero"`
	Reason string      `json:"reason"`
	Rule   string      `json:"rule"`
	Record core.Record `json:"record,omitzero"`

	Kind     string `json:"kind"`                // rules: by the rules or a limit; rejected: by a person; expired: nobody decided in time; word: a person's word changed nothing
	By       string `json:"by,omitempty"`        // person, or the identity of somebody whom the rules file does not know
	Verdict  string `json:"verdict,omitempty"`   // of a word: what it was
	Via      string `json:"via,omitempty"`       // slack, review, cli
	Code     string `json:"code,omitempty"`      // of a word: why it changed nothing, for programs
	AskAgain string `json:"ask_again,omitempty"` // id of the question, if it can be asked again
}

// Fix is one plan that was carried out, or taken back.
type Fix struct {
	Key  string `json:"key"`
	Plan string `json:"plan"` // key of the plan, if it is still there
	Subject
	PlanID      string       `json:"plan_id"`
	Hash        string       `json:"hash"`
	Outcome     core.Outcome `json:"outcome"`  // fixed (verified), unverified, failed, undone
	Headline    string       `json:"headline"` // in words
	Verified    time.Time    `json:"verified,omitzero"`
	Reason      string       `json:"reason"`
	Approver    string       `json:"approver,omitempty"` // empty: nobody was asked
	Calls       int          `json:"calls"`
	Opened      time.Time    `json:"opened,omitzero"` // when it was found
	Took        float64      `json:"took_seconds"`    // from found to verified
	Exposure    float64      `json:"exposure_seconds"`
	UndoCommand string       `json:"undo_command,omitempty"`
	Undone      time.Time    `json:"undone,omitzero"`
	Record      core.Record  `json:"record,omitzero"`

	// What was wrong and what was done, where the report has no plan that says so.
	Violations []core.Violation `json:"violations,omitempty"`
	Changes    []Change         `json:"changes,omitempty"`
}
