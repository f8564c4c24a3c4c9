// Package engine takes a signal to its end: look, judge, plan, decide, apply, verify, record, tell. It knows no control and no AWS service;
// controls, sessions, stores and the clock are given to it, so that functions, the command line and tests run the same code.
//
// The way of a fix: [Engine.Evaluate] finds what is wrong, records plan and decision, and opens an occurrence; [Engine.Apply] reads and plans
// again, and only if the hash is the one that was decided, journals the intent, makes the calls, reads back and records the result.
package engine

import (
	"context"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// Engine is the dependencies of one process. Fields that a use does not need may stay nil: planning needs Controls, Rules, Read and Now.
type Engine struct {
	Controls []core.Control
	// Rules returns the rules file in force. Nil means that it cannot be read: everything is refused.
	Rules func(context.Context) *rules.File
	// Read returns a session that may read the account in the Region.
	Read func(ctx context.Context, account, region string) (awsapi.Session, error)
	// Write returns a session that may make the given control's writes on the resource, and nothing else.
	Write func(context.Context, WriteRequest) (awsapi.Session, error)

	State *occurrence.Book
	Log   *audit.Log
	// Granted returns the approval of a plan, if there is one that counts. Nil: nothing is ever approved but by the caller of [Engine.ApplyApproved].
	Granted func(context.Context, approval.Key) (approval.Grant, bool, error)
	// Exempted returns what people agreed on beside the rules file's exceptions. Nil: nothing.
	Exempted func(ctx context.Context, control string, r awsapi.Resource) (approval.Exemption, bool, error)
	// NotExempted is the same as a condition of the transaction that records an intent. Nil: none.
	NotExempted func(control string, r awsapi.Resource) dynamodbapi.Item
	// InForce returns the file whose people decide in the installation, where the one at hand is the newest. Nil: the one at hand.
	InForce func(context.Context, *rules.File) (*rules.File, error)
	// Ask points the deciding function to a resource whose plan waits for people, or does not any more. It says only where to look, and when somebody
	// clicked for a fix of it in Security Hub, nobody knows who: the zero time if nobody did.
	Ask func(ctx context.Context, control string, r awsapi.Resource, clicked time.Time) error
	// Enqueue hands an automatic plan to the function that applies it. Nil: it is applied at once, in this process.
	Enqueue func(context.Context, Order) error
	// Notify tells people. Its failure never fails a fix.
	Notify func(context.Context, core.Finding) error
	// Count adds to a metric, by control and outcome.
	Count func(control string, outcome core.Outcome)
	// Limited counts a plan that was refused because a limit is reached.
	Limited func()

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Go does something beside what is going on. Nil: in a goroutine. A test whose requests have to come in one order does it at once.
	Go func(func())
	// Owner names this process in claims and leases.
	Owner string
	// Protected are ARN patterns of the installation's own tables and queues, which are never written.
	Protected []string
}

// WriteRequest says what a write session is for; its policy is made from it, never from a plan's calls.
type WriteRequest struct {
	Control  core.Meta
	Resource awsapi.Resource
	Undo     bool
	Plan     string // plan id
	Approver string // pseudonymous; becomes the source identity
}

// Order asks for one decided plan to be applied. It names the plan; it is never a source of calls.
type Order struct {
	Occurrence string          `json:"occurrence"`
	Control    string          `json:"control"`
	Resource   awsapi.Resource `json:"resource"`
	Hash       string          `json:"hash"`
	Undo       int64           `json:"undo,omitempty"` // instead of an occurrence: the number of the intent that is to be taken back
}

// Settings returns what controls may depend on, from the rules file.
func (e *Engine) settings(f *rules.File) core.Settings {
	s := core.Settings{Now: e.Now(), Own: e.Protected}
	if f == nil {
		return s
	}
	s.KeepPorts, s.Protected = f.KeepPorts, f.ProtectedPrincipals
	s.Replacement = append(append(s.Replacement, f.ReplacementIPv4...), f.ReplacementIPv6...)
	s.UnusedKeyDays = int(f.KeyAge() / (24 * time.Hour))
	return s
}

// Control returns the control with that id.
func (e *Engine) Control(id string) (core.Control, bool) {
	for _, c := range e.Controls {
		if c.ID == id {
			return c, true
		}
	}
	return core.Control{}, false
}

func (e *Engine) count(control string, o core.Outcome) {
	if e.Count != nil {
		e.Count(control, o)
	}
}
