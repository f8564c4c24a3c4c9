package doctor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// ours is what the names of all our rules begin with. Our queues take messages from rules whose ARNs have that behind "rule/", whoever made them.
const ours = "shoreup-"

// busAt is an event bus; an empty name is the default one.
type busAt struct{ account, region, bus string }

// listed are the rules of a bus, and the session that they were read with.
type listed struct {
	rules   []eventsapi.Rule
	session awsapi.Session
}

// rulesOn returns the rules of a bus, which is asked once: those with our name on the default one, all on our own. No such bus: no rules.
func (v *visit) rulesOn(ctx context.Context, s awsapi.Session, bus string) ([]eventsapi.Rule, error) {
	at, prefix := busAt{s.Account, s.Region, bus}, ""
	if bus == "" {
		prefix = ours
	}
	if l, ok := v.listed[at]; ok {
		return l.rules, nil
	}
	rules, err := eventsapi.ReadRules(ctx, s, bus, prefix)
	if err != nil && !awsapi.IsNotFound(err) {
		return nil, err
	}
	v.listed[at] = listed{rules, s}
	return rules, nil
}

// strangeRules looks for rules that no template has, on the installation's buses and on all others that were looked at.
func (v *visit) strangeRules(ctx context.Context) []Finding {
	var out []Finding
	for _, bus := range append([]blueprint.Bus{{}}, v.Want.Buses...) { // those on which the template has no rule are looked at, too
		if _, err := v.rulesOn(ctx, v.Own, bus.Name); err != nil {
			return []Finding{failed(v.here(OK, bus.Name, "", ""), err, needs(eventsapi.ListRules.Op)...)}
		}
	}
	for _, at := range slices.SortedFunc(maps.Keys(v.listed), func(a, b busAt) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region), cmp.Compare(a.bus, b.bus))
	}) {
		known, judged := v.rulesKnown(at)
		for _, r := range v.listed[at].rules {
			if judged && !slices.ContainsFunc(known, func(k blueprint.Rule) bool { return k.Name == r.Name }) {
				out = append(out, strangeRule(ctx, v.listed[at].session, at, r))
			}
		}
	}
	return append(out, v.strangeBuses(ctx)...)
}

// strangeBuses looks for buses of the installation's account whose rules our queues would take for ours.
func (v *visit) strangeBuses(ctx context.Context) []Finding {
	var out []Finding
	buses, err := eventsapi.ReadBuses(ctx, v.Own, ours)
	if err != nil {
		return []Finding{failed(v.here(OK, "", "", ""), err, needs(eventsapi.ListEventBuses.Op)...)}
	}
	for _, name := range buses {
		if !slices.ContainsFunc(v.Want.Buses, func(b blueprint.Bus) bool { return b.Name == name }) {
			out = append(out, v.here(Problem, name, "an event bus that the template does not have: what its rules send to our queues is taken there for events that our own rules heard",
				v.aws()+"events list-rules --event-bus-name "+name+"; delete them and it, "+whoDid("CreateEventBus", "PutRule", "PutTargets")))
		}
	}
	return out
}

// rulesKnown returns the rules that templates have for a bus, and whether any template is known for that place.
func (v *visit) rulesKnown(at busAt) (out []blueprint.Rule, judged bool) {
	here, home := at.account == v.Account && at.region == v.Region, at.region == v.HomeRegion
	if here {
		out, judged = append(out, v.Want.Rules...), true
	}
	if at.account == v.Account && home && v.Home != nil {
		out, judged = append(out, v.Home.Rules...), true
	}
	if v.Member != nil {
		out, judged = append(out, homeOnly(v.Member.Rules, home)...), true
	}
	return slices.DeleteFunc(out, func(r blueprint.Rule) bool { return r.Bus != at.bus }), judged
}

func strangeRule(ctx context.Context, s awsapi.Session, at busAt, r eventsapi.Rule) Finding {
	f := Finding{Status: Problem, Account: at.account, Region: at.region, Subject: r.Name}
	leads := "it could not be seen where it leads"
	if targets, err := eventsapi.ReadTargets(ctx, s, at.bus, r.Name); err == nil {
		var arns []string
		for _, t := range targets {
			arns = append(arns, t.ARN)
		}
		leads = "it leads to " + cmp.Or(strings.Join(arns, ", "), "nothing yet")
	}
	f.Seen = "a rule that the template does not have, and that our queues take for one of ours: on " + cmp.Or(short(r.Pattern), r.Schedule) + " " + leads
	f.Do = "aws --region " + at.region + " events disable-rule --name " + r.Name + bus(at.bus) + "; " + whoDid("PutRule", "PutTargets") + ", and delete it"
	return f
}
