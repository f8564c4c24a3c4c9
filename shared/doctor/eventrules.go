package doctor

import (
	"context"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// eventRules looks at the rules of every account and Region that is looked after.
func eventRules(ctx context.Context, v *visit) []Finding {
	out := v.rulesIn(ctx, v.Own, v.Want.Rules)
	for _, p := range v.places(ctx) {
		for _, region := range p.regions {
			out = append(out, v.rulesAt(ctx, p.account, region)...)
		}
	}
	out = append(out, v.strangeRules(ctx)...)
	return summed(out, v.Account, "", plural(count(out, OK), "rule")+" are enabled, hear what they should and lead where they should")
}

// rulesAt looks at what forwards events to the installation from another place than its own.
func (v *visit) rulesAt(ctx context.Context, account, region string) []Finding {
	elsewhere := account != v.Account || region != v.Region
	var want []blueprint.Rule
	switch {
	case v.Member != nil:
		want = homeOnly(v.Member.Rules, region == v.HomeRegion)
	case !elsewhere:
		return nil // those of the template, looked at already
	case account == v.Account && region == v.HomeRegion && v.Home != nil:
		want = v.Home.Rules
	}
	s, err := v.session(ctx, account)
	if err != nil {
		return []Finding{failed(Finding{Account: account, Region: region}, err, "sts:AssumeRole")}
	}
	if len(want) == 0 {
		return v.anyRules(ctx, s.In(region))
	}
	return v.rulesIn(ctx, s.In(region), want)
}

// homeOnly leaves out the rules that exist only in the home Region, elsewhere.
func homeOnly(rules []blueprint.Rule, home bool) []blueprint.Rule {
	if home {
		return rules
	}
	return slices.DeleteFunc(slices.Clone(rules), func(r blueprint.Rule) bool { return r.Condition != "" })
}

// anyRules is for places of which no template is known.
func (v *visit) anyRules(ctx context.Context, s awsapi.Session) []Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region}
	have, err := v.rulesOn(ctx, s, "")
	if err != nil {
		return []Finding{failed(f, err, needs(eventsapi.ListRules.Op)...)}
	}
	if len(have) == 0 {
		f.Status, f.Seen = Warning, "no rule of shoreup's is here: only sweeps look at this Region"
		f.Do = "deploy the template that forwards events (infra/DEPLOY.md), or take the Region out of the rules file"
		return []Finding{f}
	}
	var out []Finding
	for _, r := range have {
		out = append(out, v.ruleFinding(ctx, s, blueprint.Rule{Name: r.Name}, have))
	}
	return out
}

// rulesIn compares the rules of one place with those that should be there.
func (v *visit) rulesIn(ctx context.Context, s awsapi.Session, want []blueprint.Rule) []Finding {
	var out []Finding
	for _, w := range want {
		have, err := v.rulesOn(ctx, s, w.Bus)
		if err != nil {
			return append(out, failed(Finding{Account: s.Account, Region: s.Region}, err, needs(eventsapi.ListRules.Op)...))
		}
		out = append(out, v.ruleFinding(ctx, s, w, have))
	}
	return out
}

func (v *visit) ruleFinding(ctx context.Context, s awsapi.Session, want blueprint.Rule, have []eventsapi.Rule) Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region, Subject: want.Name}
	i := slices.IndexFunc(have, func(r eventsapi.Rule) bool { return r.Name == want.Name })
	if i < 0 {
		f.Status, f.Seen, f.Do = Problem, "there is no such rule: what it hears of is only found by sweeps", "deploy the stack again in this account and Region"
		return f
	}
	if !have[i].Enabled {
		f.Status, f.Seen = Problem, "it is disabled: what it hears of is only found by sweeps"
		f.Do = "aws events enable-rule --region " + s.Region + " --name " + want.Name + bus(want.Bus)
		return f
	}
	targets, err := eventsapi.ReadTargets(ctx, s, want.Bus, want.Name)
	if err != nil {
		return failed(f, err, needs(eventsapi.ListTargetsByRule.Op)...)
	}
	if f = leadsFinding(f, want, targets); f.Status != OK {
		return f
	}
	return hearsFinding(f, want, have[i])
}

// leadsFinding compares where a rule leads with where it should. Of a rule of which no template is known it is enough that it leads somewhere.
func leadsFinding(f Finding, want blueprint.Rule, have []eventsapi.Target) Finding {
	again := "deploy the stack again in this account and Region"
	for _, w := range want.Targets {
		if !slices.ContainsFunc(have, func(t eventsapi.Target) bool { return blueprint.Fits(w, t.ARN) }) {
			f.Status, f.Seen, f.Do = Problem, "it does not lead to "+w, again
			return f
		}
	}
	if len(have) == 0 {
		f.Status, f.Seen, f.Do = Problem, "it leads nowhere", again
		return f
	}
	if len(want.Targets) == 0 {
		return f
	}
	for _, t := range have {
		switch {
		case !slices.ContainsFunc(want.Targets, func(w string) bool { return blueprint.Fits(w, t.ARN) }):
			f.Status, f.Seen = Problem, "it also leads to "+t.ARN+", which the template does not say: whoever that is hears all that it hears"
			f.Do = "aws --region " + f.Region + " events remove-targets --rule " + want.Name + bus(want.Bus) + " --ids with the id that list-targets-by-rule shows; " + whoDid("PutTargets")
		case t.Reworded:
			f.Status, f.Seen = Problem, "what it passes on to "+t.ARN+" is not the event but an input of its own, which the template does not say: events that never were may be told there"
			f.Do = again + "; " + whoDid("PutTargets")
		}
	}
	return f
}

func bus(name string) string {
	if name == "" {
		return ""
	}
	return " --event-bus-name " + name
}
