package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

// IDPaths returns where the watched CloudTrail events hold their resources' ids, from the controls' declarations.
func IDPaths(controls []core.Control) events.IDPaths {
	out := events.IDPaths{}
	for _, c := range controls {
		for _, name := range c.Events {
			source, event := c.SplitEvent(name)
			if out[source] == nil {
				out[source] = map[string][]events.IDPath{}
			}
			path := events.IDPath{ResourceType: c.Type.Name, Paths: c.Type.Events[name], Normalize: c.Type.Normalize}
			same := func(p events.IDPath) bool {
				return p.ResourceType == path.ResourceType && slices.Equal(p.Paths, path.Paths)
			}
			if !slices.ContainsFunc(out[source][event], same) {
				out[source][event] = append(out[source][event], path)
			}
		}
	}
	return out
}

// Enrolled tells of a signal whether the rules file has its account and Region. A global resource counts as enrolled wherever its account is:
// its events come from the home Region, which need not be one that the account uses.
func Enrolled(controls []core.Control, file *rules.File) func(signal.Signal) bool {
	return func(s signal.Signal) bool {
		if file == nil {
			return true // looked at, and then refused with the reason that the rules cannot be read
		}
		global := func(c core.Control) bool { return c.Type.Global && leads(c, s) }
		if s.Region == awsapi.HomeRegion(s.Partition) && slices.ContainsFunc(controls, global) {
			return file.Enrolled(s.Account, "")
		}
		return file.Enrolled(s.Account, s.Region)
	}
}

// Route returns the controls that a signal leads to, and why there are none.
func Route(controls []core.Control, s signal.Signal) ([]core.Control, string) {
	if !s.Relevant {
		return nil, s.Reason
	}
	var out []core.Control
	for _, c := range controls {
		if leads(c, s) {
			out = append(out, c)
		}
	}
	switch {
	case len(out) > 0:
		return out, ""
	case s.SecurityControlID != "":
		return nil, "no control covers " + s.SecurityControlID
	}
	return nil, "no control judges " + s.ResourceType
}

// leads reports whether the signal may say something about the control: by event, by Security Hub id, or by resource type.
func leads(c core.Control, s signal.Signal) bool {
	switch {
	case s.Class == signal.ClassCloudTrail:
		return c.Type.Is(s.ResourceType) && slices.Contains(c.Events, s.EventSource+":"+s.EventName)
	case s.SecurityControlID != "":
		return slices.Contains(c.SecurityHub, s.SecurityControlID)
	}
	if s.Class == signal.ClassSweep && c.Type.Global && s.Region != awsapi.HomeRegion(s.Partition) {
		return false // swept once, from the home Region
	}
	return c.Type.Is(s.ResourceType)
}

// Resources returns what the control is to look at for a signal: the signal's resource, or for a sweep (and for a finding about the account
// whose control judges single resources) all resources of the type.
func (e *Engine) Resources(ctx context.Context, c core.Control, s signal.Signal) ([]awsapi.Resource, error) {
	r := awsapi.Resource{Type: c.Type.Name, ID: s.ResourceID, Account: s.Account, Region: s.Region, Partition: s.Partition}
	if c.Type.Global {
		r.Region = awsapi.HomeRegion(r.Partition)
	}
	if r.ID != signal.AllIDs && c.Type.Is(s.ResourceType) {
		return []awsapi.Resource{r}, nil
	}
	return e.List(ctx, c.Type, r)
}

// List returns all resources of a type in the account and Region that r names.
func (e *Engine) List(ctx context.Context, t awsapi.ResourceType, r awsapi.Resource) ([]awsapi.Resource, error) {
	session, err := e.Read(ctx, r.Account, r.Region)
	if err != nil {
		return nil, fmt.Errorf("listing %s in %s/%s: %w", t.Name, r.Account, r.Region, err)
	}
	ids, err := t.List(ctx, session)
	if err != nil {
		return nil, fmt.Errorf("listing %s in %s/%s: %w", t.Name, r.Account, r.Region, err)
	}
	out := make([]awsapi.Resource, len(ids))
	for i, id := range ids {
		out[i] = r
		out[i].ID = id
	}
	return out, nil
}

// CauseOf returns what a signal says about the cause of a finding.
func CauseOf(s signal.Signal) core.Cause {
	c := core.Cause{Origin: originOf(s.Class), Actor: s.Actor.Principal, ID: s.EventID, Time: s.Time}
	if s.EventName != "" {
		c.Event = s.EventSource + ":" + s.EventName
	}
	return c
}

func originOf(class string) string {
	switch class {
	case signal.ClassCloudTrail:
		return rules.OriginEvent
	case signal.ClassConfigCompliance, signal.ClassConfigItem:
		return rules.OriginConfig
	case signal.ClassSecurityHub, signal.ClassSecurityHubAction:
		return rules.OriginSecurityHub
	case signal.ClassGuardDuty:
		return rules.OriginGuardDuty
	}
	return rules.OriginSweep
}
