package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

// IDPaths returns where the watched CloudTrail events hold their resources' ids, from the controls' declarations.
func IDPaths(controls []core.Control) events.IDPaths {
	out := events.IDPaths{}
	for _, c := range controls {
		for _, name := range c.Events {
			path := events.IDPath{ResourceType: c.Type.Name, Paths: c.Type.Events[name], Normalize: c.Type.Normalize, TagKeys: c.Type.Tagging[name].Keys}
			if via, ok := c.Type.Via[name]; ok {
				path = events.IDPath{ResourceType: via.Type, Paths: via.Paths}
			}
			addPath(out, c.Meta, name, path)
		}
		for name, t := range c.Type.Tagging {
			if !slices.Contains(c.Events, name) {
				addPath(out, c.Meta, name, events.IDPath{ResourceType: c.Type.Name, Paths: t.Paths, Normalize: c.Type.Normalize, Prefix: c.Type.Prefix, TagKeys: t.Keys})
			}
		}
	}
	return out
}

// addPath adds a path to the table, once.
func addPath(table events.IDPaths, m core.Meta, event string, path events.IDPath) {
	source, name := m.SplitEvent(event)
	if table[source] == nil {
		table[source] = map[string][]events.IDPath{}
	}
	same := func(p events.IDPath) bool {
		return p.ResourceType == path.ResourceType && slices.Equal(p.Paths, path.Paths)
	}
	if !slices.ContainsFunc(table[source][name], same) {
		table[source][name] = append(table[source][name], path)
	}
}

// Enrolled tells of a signal whether the rules file has its account and Region. A global resource counts as enrolled wherever its account is:
// its events come from the home Region, which need not be one that the account uses.
func Enrolled(controls []core.Control, file *rules.File) func(signal.Signal) bool {
	return func(s signal.Signal) bool {
		if file == nil {
			return true // looked at, and then refused with the reason that the rules cannot be read
		}
		// What is watched for its tags alone leads to no control, and is about a global resource all the same.
		global := func(c core.Control) bool { return c.Type.Global && (leads(c, s) || c.Type.Is(s.ResourceType)) }
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
	out = named(out, s.SecurityControlID)
	switch {
	case len(out) > 0:
		return out, ""
	case s.TagKeys != "":
		return nil, "tags are noted; they lead to no evaluation"
	case s.SecurityControlID != "":
		return nil, "no control covers " + s.SecurityControlID
	}
	return nil, "no control judges " + s.ResourceType
}

// leads reports whether the signal may say something about the control: by event, by Security Hub id, or by resource type. A finding that
// none of our controls is named after is still about a resource, and worth a look; one about the whole account is not, and is about single resources
// of it only if Security Hub itself made it.
func leads(c core.Control, s signal.Signal) bool {
	ours := c.Type.Is(s.ResourceType)
	switch {
	case s.Class == signal.ClassCloudTrail:
		event := eventOf(s)
		return slices.Contains(c.Events, event) && (ours || c.Type.Via[event].Type == s.ResourceType)
	case s.Class == signal.ClassSweep && c.Type.Global && s.Region != awsapi.HomeRegion(s.Partition):
		return false // swept once, from the home Region
	case s.SecurityControlID != "" && s.ResourceType == signal.TypeAccount:
		return slices.Contains(c.SecurityHub, s.SecurityControlID) && (ours || byHub(s))
	}
	return ours
}

// byHub reports whether Security Hub itself made the finding: some of its controls (EC2.1) judge single resources and name the account. Whoever may import
// findings can write anything into theirs but this product. Source: Security Hub API reference, BatchImportFindings (who may call it).
func byHub(s signal.Signal) bool {
	a, err := signal.ParseARN(s.ProductARN)
	return err == nil && a.Partition == s.Partition && a.Service == "securityhub" && a.Account == "" && a.Resource == "product/aws/securityhub"
}

// eventOf names a CloudTrail event as controls do. In China some services call themselves by their domain there.
func eventOf(s signal.Signal) string {
	return strings.TrimSuffix(s.EventSource, ".cn") + ":" + s.EventName
}

// named keeps those of the controls that a Security Hub finding is named after, if there are any.
func named(controls []core.Control, id string) []core.Control {
	if id == "" {
		return controls
	}
	var out []core.Control
	for _, c := range controls {
		if slices.Contains(c.SecurityHub, id) {
			out = append(out, c)
		}
	}
	if len(out) == 0 {
		return controls
	}
	return out
}

// Resources returns what the control is to look at for a signal: the signal's resource, or for a sweep (and for a finding about the account
// whose control judges single resources) all resources of the type. What an outside event gives as id never stands for more than one of them.
func (e *Engine) Resources(ctx context.Context, c core.Control, s signal.Signal) ([]awsapi.Resource, error) {
	r := awsapi.Resource{Type: c.Type.Name, ID: s.ResourceID, Account: s.Account, Region: s.Region, Partition: s.Partition}
	if c.Type.Global {
		r.Region = awsapi.HomeRegion(r.Partition)
	}
	switch {
	case s.Everything():
		return e.List(ctx, c.Type, r)
	case signal.IsWild(s.ResourceType, s.ResourceID):
		return nil, fmt.Errorf("looking at %s %q: it is not the id of one resource", s.ResourceType, s.ResourceID)
	case c.Type.Is(s.ResourceType):
		return []awsapi.Resource{r}, nil
	case s.Class == signal.ClassCloudTrail:
		find := c.Type.Via[eventOf(s)].Find
		return e.list(ctx, c.Type, r, func(ctx context.Context, session awsapi.Session) ([]string, error) {
			return find(ctx, session, s.ResourceID)
		})
	case s.ResourceType == signal.TypeAccount:
		return e.List(ctx, c.Type, r)
	}
	return nil, fmt.Errorf("looking at %s %q with %s: it does not lead to any %s", s.ResourceType, s.ResourceID, c.ID, c.Type.Name)
}

// List returns all resources of a type in the account and Region that r names.
func (e *Engine) List(ctx context.Context, t awsapi.ResourceType, r awsapi.Resource) ([]awsapi.Resource, error) {
	return e.list(ctx, t, r, t.List)
}

func (e *Engine) list(ctx context.Context, t awsapi.ResourceType, r awsapi.Resource, ids func(context.Context, awsapi.Session) ([]string, error)) ([]awsapi.Resource, error) {
	session, err := e.Read(ctx, r.Account, r.Region)
	if err != nil {
		return nil, fmt.Errorf("listing %s in %s/%s: %w", t.Name, r.Account, r.Region, err)
	}
	found, err := ids(ctx, session)
	if err != nil {
		return nil, fmt.Errorf("listing %s in %s/%s: %w", t.Name, r.Account, r.Region, err)
	}
	out := make([]awsapi.Resource, len(found))
	for i, id := range found {
		out[i] = r
		out[i].ID = id
	}
	return out, nil
}

// CauseOf returns what a signal says about the cause of a finding.
func CauseOf(s signal.Signal) core.Cause {
	c := core.Cause{Origin: originOf(s.Class), Actor: Who(s.Actor), ID: s.EventID, Time: s.Time}
	who := approval.Caller{ARN: s.Actor.ARN, Issuer: s.Actor.Principal, SourceIdentity: s.Actor.SourceIdentity}
	if s.Actor.Type == "IdentityCenterUser" {
		who.UserID = s.Actor.Principal
	}
	c.Person = approval.IdentityOf(who)
	c.Asked, c.Finding, c.Product, c.ConfigRule = s.Asked, s.FindingID, s.ProductARN, s.ConfigRule
	if s.EventName != "" {
		c.Event = s.EventSource + ":" + s.EventName
	}
	return c
}

// Who names an actor: the ARN of the caller, whose session name often is a person's, or else what stands behind the call.
func Who(a signal.Actor) string {
	if a.ARN != "" {
		return a.ARN
	}
	return a.Principal
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
