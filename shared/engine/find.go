package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// Find looks at one resource with one control, plans and decides. It writes nothing anywhere. What goes wrong on the way is an outcome of the
// finding, so that one failing control never stops the others.
func (e *Engine) Find(ctx context.Context, c core.Control, r awsapi.Resource, cause core.Cause) core.Finding {
	s := e.see(ctx, c, r)
	if !s.wrong() {
		return e.found(ctx, c, s, cause, nil)
	}
	return e.found(ctx, c, s, cause, e.askExemption(ctx, c.ID, s.resource))
}

// sighting is one look at a resource.
type sighting struct {
	resource awsapi.Resource // its id resolved
	sight    core.Sight
	file     *rules.File // in force when it was looked at
	origin   string      // of the look by which it was decided; empty: the cause's
	err      error
}

func (e *Engine) see(ctx context.Context, c core.Control, r awsapi.Resource) sighting {
	s := sighting{file: e.Rules(ctx)}
	s.resource, s.sight, s.err = e.look(ctx, c, r, e.settings(s.file))
	return s
}

func (s sighting) wrong() bool { return s.err == nil && len(s.sight.Violations) > 0 }

// found makes a finding of what was seen: with a plan and a decision if something is wrong, for which the exemption was asked for.
func (e *Engine) found(ctx context.Context, c core.Control, s sighting, cause core.Cause, a *ahead) core.Finding {
	r, sight, file := s.resource, s.sight, s.file
	f := core.Finding{
		Control: c.ID, Version: c.Version, Title: c.Title, Family: c.Family, Severity: c.Severity, Reversible: c.Reversible, Disruption: c.Disruption,
		ConfigRules: c.ConfigRules, ResourceType: r.Type, Resource: r.ID, Account: r.Account, Region: r.Region, Cause: cause,
		RulesVersion: file.Version(), RulesHash: file.Hash(), ARN: c.Type.ARN(r),
	}
	f.Plan.Resource = r
	if s.err != nil {
		f.Outcome, f.Reason = outcomeOf(s.err)
		f.Err = s.err
		return f
	}
	f.Context, f.Violations = sight.Context, sight.Violations
	if len(sight.Violations) == 0 {
		f.Outcome = core.Compliant
		f.Plan = core.Plan{Before: sight.Fingerprint, After: sight.Fingerprint, Resource: r}
		return f
	}
	e.propose(ctx, &f, c, s, a)
	return f
}

// look resolves the resource's id and reads and judges it.
func (e *Engine) look(ctx context.Context, c core.Control, r awsapi.Resource, set core.Settings) (awsapi.Resource, core.Sight, error) {
	session, err := e.Read(ctx, r.Account, r.Region)
	if err != nil {
		return r, core.Sight{}, err
	}
	if c.Type.Resolve != nil {
		if r.ID, err = c.Type.Resolve(ctx, session, r.ID); err != nil {
			return r, core.Sight{}, err
		}
	}
	sight, err := c.Look(ctx, session, r, set)
	return r, sight, err
}

func (e *Engine) propose(ctx context.Context, f *core.Finding, c core.Control, s sighting, a *ahead) {
	r, file := s.resource, s.file
	p, err := c.Propose(s.sight, r, e.settings(file))
	if err != nil {
		f.Outcome, f.Reason = core.Errored, err.Error()
		return
	}
	f.Show(p)
	if f.Hash, err = p.Plan.Hash(); err != nil {
		f.Outcome, f.Reason = core.Errored, err.Error()
		return
	}
	f.ID = e.newID()
	about := Subject(f, c.Meta, e.settings(file).ProtectedBy(f.ARN))
	about.TagChanges = e.tagChanges(ctx, f, r, file)
	if s.origin != "" {
		about.Origin = s.origin
	}
	f.About = kept(about)
	f.Decision = e.decide(file, about)
	if p.Refused != "" && f.Decision.Mode != rules.Exempt.String() && f.Decision.Mode != rules.Refuse.String() {
		f.Decision = core.Decision{Mode: rules.Refuse.String(), Reason: p.Refused, Rule: "control"}
	}
	if err := exempt(f, a); err != nil {
		f.Outcome, f.Reason, f.Err = core.Errored, err.Error(), err
		return
	}
	if f.Cause.Asked == signal.AskedPlan && (f.Decision.Mode == rules.Auto.String() || f.Decision.Mode == rules.Approve.String()) {
		f.Decision.Mode = rules.Report.String()
		f.Decision.Reason = "only the plan was asked for; otherwise: " + f.Decision.Reason
	}
	f.Outcome, f.Reason = decided(f)
}

// exempt lets what people agreed on stand beside the rules file's exceptions. What forbids a write stays as it is.
func exempt(f *core.Finding, a *ahead) error {
	if f.Decision.Mode == rules.Exempt.String() || f.Decision.Mode == rules.Refuse.String() {
		return nil
	}
	x, err := a.exempted()
	if err != nil {
		return fmt.Errorf("looking for an exemption of %s: %w", f.Resource, err)
	}
	if x.found {
		f.Decision = core.Decision{Mode: rules.Exempt.String(), Rule: "exemption",
			Reason: fmt.Sprintf("exempt until %s: %s (%s; agreed by %s)", x.Until.UTC().Format(time.DateOnly), x.Reason, x.Owner, x.Approver)}
	}
	return nil
}

// maxAbout bounds in bytes what is kept beside a plan; 50 tags with their history take half of it.
const maxAbout = 48 << 10

// kept is a subject as it is kept, so that the rules can be asked again where nobody may look at the resource. What is too long is not kept.
func kept(about rules.Subject) []byte {
	raw, err := json.Marshal(about)
	if err != nil || len(raw) > maxAbout {
		return nil
	}
	return raw
}

// decidedBy is the origin of the look by which an occurrence's plan was decided; empty: nothing is kept of it. The cause may have come in another way, for which
// other rules hold: applying by these would ask people for ever.
func decidedBy(occ occurrence.Occurrence) string {
	var about rules.Subject
	if len(occ.About) == 0 || json.Unmarshal(occ.About, &about) != nil {
		return ""
	}
	return about.Origin
}

// decide asks the rules about the finding.
func (e *Engine) decide(file *rules.File, about rules.Subject) core.Decision {
	d := file.Decide(about, e.Now())
	return core.Decision{Mode: d.Mode.String(), Reason: d.Reason, Rule: d.Rule}
}

// Subject is a finding in the words of the rules file. Whoever asks what the rules say about something, asks with this. A global resource's Region is
// the home Region, in which it is read.
func Subject(f *core.Finding, m core.Meta, protected string) rules.Subject {
	return rules.Subject{
		Control: f.Control, Family: m.Family, Service: m.Service, Severity: string(m.Severity), Account: f.Account, Region: f.Region,
		ResourceType: f.ResourceType, ResourceID: f.Resource, ResourceARN: f.ARN, Tags: f.Context.Tags, CausedBy: f.Cause.Actor,
		Origin: f.Cause.Origin, EventTime: f.Cause.Time, Global: m.Type.Global, AccountWide: m.AccountWide, IAM: m.Family == core.FamilyIAM,
		NeverAuto: f.NeverAuto, Protected: protected, Asked: f.Cause.Asked != "",
	}
}

// decided says what a decision means for this finding: a plan without calls can only be reported, whatever the rules would allow.
func decided(f *core.Finding) (core.Outcome, string) {
	switch f.Decision.Mode {
	case rules.Exempt.String():
		return core.Excepted, f.Decision.Reason
	case rules.Refuse.String():
		return core.Refused, f.Decision.Reason
	}
	if len(f.Changes) == 0 {
		if f.Decision.Mode != rules.Report.String() { // there is nothing to approve or to apply
			f.Decision.Mode, f.Decision.Reason = rules.Report.String(), "there is no call to make; for one, "+f.Decision.Reason
		}
		reason := "no call can mend this safely: people have to"
		if len(f.Advice) == 0 {
			reason = "whether this is wrong is not settled by AWS's documents: people have to judge it"
		}
		return core.Reported, reason
	}
	switch f.Decision.Mode {
	case rules.Auto.String():
		return core.Planned, f.Decision.Reason
	case rules.Approve.String():
		return core.AwaitingApproval, f.Decision.Reason
	}
	return core.Reported, f.Decision.Reason
}

// outcomeOf says what an error on the way to a judgement means.
func outcomeOf(err error) (core.Outcome, string) {
	var not core.NotApplicable
	switch {
	case errors.As(err, &not):
		return core.NotApplicableHere, string(not)
	case errors.Is(err, awsapi.ErrGone), awsapi.IsNotFound(err):
		return core.NotApplicableHere, "the resource does not exist"
	case awsapi.IsAccessDenied(err):
		return core.Blind, fmt.Sprintf("we may not look: %v; grant the read role this action", err)
	}
	return core.Errored, err.Error()
}

// passing reports whether a finding failed for a reason that may be gone at the next delivery.
func passing(f core.Finding) bool { return f.Outcome == core.Errored && awsapi.Retryable(f.Err) }

// newID returns an id for a plan: it sorts by time.
func (e *Engine) newID() string {
	return "p-" + ulid.MustNew(ulid.Timestamp(e.Now()), ulid.DefaultEntropy()).String()
}
