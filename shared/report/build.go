package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Build makes the report. The same input gives the same report.
func Build(in Input) Report {
	in.Now = in.Now.UTC()
	b := &builder{in: in, metas: map[string]core.Meta{}, byOccurrence: map[string]string{}, byID: map[string]string{}, plans: map[string]*Plan{}}
	for _, m := range in.Controls {
		b.metas[m.ID] = m
	}
	b.log = readLog(in.Entries)
	b.over = map[question]Approval{}
	for _, a := range in.Approvals {
		if a.State != "" {
			b.over[questionOf(a)] = a
		}
	}
	r := Report{Schema: Schema, Only: in.Only, Generated: in.Now, Since: b.log.since, Plans: b.allPlans()}
	for i := range r.Plans {
		b.plans[r.Plans[i].Key] = &r.Plans[i]
	}
	r.Waiting, r.Exceptions, r.Refused, r.Fixes = b.waiting(r.Plans), b.exceptions(r.Plans), b.refused(r.Plans), b.fixes(r.Plans)
	r.Accounts, r.Regions, r.Rules = b.accounts(r.Plans), b.regions(r.Plans), b.rules()
	r.Controls = b.controls(r)
	r.Figures = b.figures(r)
	return r
}

type builder struct {
	in    Input
	metas map[string]core.Meta
	log   history

	byOccurrence, byID map[string]string // to the plan's key
	plans              map[string]*Plan
	over               map[question]Approval // what was rejected or has expired
}

// planOf finds a plan by what others know of it.
func (b *builder) planOf(id, occurrence string) *Plan {
	if key, ok := b.byOccurrence[occurrence]; ok && occurrence != "" {
		return b.plans[key]
	}
	if key, ok := b.byID[id]; ok && id != "" {
		return b.plans[key]
	}
	return nil
}

// subject says what an entry of the log is about; what only a declaration knows is empty where that was not given.
func (b *builder) subject(control, resource, arn, account, region string) Subject {
	m := b.metas[control]
	s := Subject{
		Control: seen(control), Title: seen(cmp.Or(m.Title, control)), Severity: m.Severity, Service: service(control, m), Family: m.Family, Type: m.Type.Name,
		Resource: seen(cmp.Or(resource, lastOf(arn))), ARN: seen(arn), Account: seen(account), Region: seen(region), Owner: cmp.Or(b.owner(arn), "unknown"),
	}
	if s.Region == "" {
		s.Region = seen(regionOf(arn))
	}
	return s
}

// owner is who owns a resource: what was looked at last says it best, then the last plan on record. Empty: nobody knows.
func (b *builder) owner(arn string) string {
	return seen(cmp.Or(b.in.Owners[arn], b.log.owners[arn]))
}

// service is the declared one, or what a control's id begins with.
func service(control string, m core.Meta) string {
	first, _, _ := strings.Cut(control, "-")
	return seen(cmp.Or(m.Service, first))
}

// lastOf is the name at the end of an ARN: after the last slash or colon.
func lastOf(arn string) string {
	return arn[strings.LastIndexAny(arn, "/:")+1:]
}

func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return parts[3]
}

// accounts are those that were given and those that plans name.
func (b *builder) accounts(plans []Plan) []Account {
	out := map[string]Account{}
	regions := map[string]map[string]bool{}
	for _, p := range plans {
		if p.Account == "" {
			continue
		}
		out[p.Account] = Account{ID: p.Account}
		if regions[p.Account] == nil {
			regions[p.Account] = map[string]bool{}
		}
		regions[p.Account][p.Region] = true
	}
	for _, a := range b.in.Accounts {
		a.ID, a.Name = seen(a.ID), seen(a.Name)
		out[a.ID] = a
	}
	list := make([]Account, 0, len(out))
	for _, id := range slices.Sorted(maps.Keys(out)) {
		a := out[id]
		if len(a.Regions) == 0 {
			a.Regions = filled(slices.Sorted(maps.Keys(regions[id])))
		}
		list = append(list, a)
	}
	return list
}

func (b *builder) regions(plans []Plan) []string {
	all := map[string]bool{}
	for _, p := range plans {
		all[p.Region] = true
	}
	for _, a := range b.in.Accounts {
		for _, r := range a.Regions {
			all[seen(r)] = true
		}
	}
	return filled(slices.Sorted(maps.Keys(all)))
}

func filled(list []string) []string {
	return slices.DeleteFunc(some(list), func(s string) bool { return s == "" })
}

func (b *builder) rules() Rules {
	out := b.in.Rules
	for _, f := range b.in.Findings {
		if out == (Rules{}) {
			out = Rules{f.RulesVersion, f.RulesHash}
		}
	}
	return Rules{seen(out.Version), seen(out.Hash)}
}

// controls are those that the report names, with what is said once about all their findings.
func (b *builder) controls(r Report) []Control {
	named := map[string]Subject{}
	for _, p := range r.Plans {
		named[p.Control] = p.Subject
	}
	for _, f := range r.Fixes {
		named[f.Control] = f.Subject
	}
	out := make([]Control, 0, len(named))
	for _, id := range slices.Sorted(maps.Keys(named)) {
		m, s := b.metas[id], named[id]
		out = append(out, Control{
			ID: id, Title: seen(cmp.Or(m.Title, s.Title)), Service: s.Service, Family: s.Family, Hub: m.SecurityHub, Config: m.ConfigRules, Frames: m.Frameworks,
			Why: chapter(m.Doc, "Why it matters"), Breaks: chapter(m.Doc, "What could break"), Undo: chapter(m.Doc, "How to undo"),
		})
	}
	return out
}

// chapter returns the text under a heading of a control's document, on one line.
func chapter(doc, heading string) string {
	_, rest, found := strings.Cut(doc, "\n## "+heading+"\n")
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return seen(strings.TrimSpace(text))
}

func seen(s string) string { return show.Visible(s) }

func allSeen(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = seen(s)
	}
	return out
}

func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seconds between two times, 0 where one is missing or they stand the wrong way round.
func seconds(from, to time.Time) float64 {
	if from.IsZero() || to.Before(from) {
		return 0
	}
	return to.Sub(from).Round(time.Second).Seconds()
}
