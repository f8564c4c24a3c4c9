package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// ours is what the names of all our rules begin with.
const ours = "shoreup-"

func rulesFile(ctx context.Context, v *visit) []Finding {
	f := v.file(ctx)
	switch {
	case f.where == "":
		return []Finding{v.here(NotChecked, "", "nobody knows where it is", "name it with --rules s3://BUCKET/shoreup.yaml")}
	case awsapi.IsNotFound(f.err) || errors.Is(f.err, fs.ErrNotExist):
		return []Finding{v.here(Warning, f.where, "there is no rules file: everything is refused and nothing changed", "write one (shoreup rules check), and put it there")}
	case f.err != nil:
		return []Finding{failed(v.here(OK, f.where, "", ""), f.err, "s3:GetObject")}
	case f.wrong != nil:
		return []Finding{v.here(Problem, f.where, "it has a mistake, so nothing is changed: "+f.wrong.Error(), "correct it (shoreup rules check) and put it there again")}
	}
	seen := fmt.Sprintf("%s: %s, %s, version %s", f.where, plural(len(f.file.Rules), "rule"), plural(len(f.file.Exceptions), "exception"), f.file.Version())
	out := []Finding{v.here(OK, "", seen, "")}
	if strings.HasPrefix(f.where, "s3://") && (f.version == "" || f.version == "null") {
		out = append(out, v.here(Problem, f.where, "its bucket keeps no versions, so the file that a plan was made with cannot be found again", "turn versioning on in the bucket and put the file there again"))
	}
	for _, w := range f.file.Warnings(v.Now(), v.Known) {
		out = append(out, v.here(Warning, fmt.Sprintf("line %d", w.Line), w.Text, ""))
	}
	return out
}

// eventRules looks at the rules of every account and Region that is looked after.
func eventRules(ctx context.Context, v *visit) []Finding {
	var out []Finding
	out = append(out, v.rulesIn(ctx, v.Own, v.Want.Rules)...)
	for _, p := range v.places(ctx) {
		for _, region := range p.regions {
			out = append(out, v.rulesAt(ctx, p.account, region)...)
		}
	}
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
	have, err := eventsapi.ReadRules(ctx, s, "", ours)
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
	have := map[string][]eventsapi.Rule{} // by bus
	for _, w := range want {
		if _, ok := have[w.Bus]; !ok {
			rules, err := eventsapi.ReadRules(ctx, s, w.Bus, ours)
			if err != nil && !awsapi.IsNotFound(err) { // no such bus: no such rules
				return append(out, failed(Finding{Account: s.Account, Region: s.Region}, err, needs(eventsapi.ListRules.Op)...))
			}
			have[w.Bus] = rules
		}
		out = append(out, v.ruleFinding(ctx, s, w, have[w.Bus]))
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
	for _, t := range want.Targets {
		if !slices.Contains(targets, t) && !strings.Contains(t, "${") {
			f.Status, f.Seen, f.Do = Problem, "it does not lead to "+t, "deploy the stack again in this account and Region"
			return f
		}
	}
	if len(targets) == 0 {
		f.Status, f.Seen, f.Do = Problem, "it leads nowhere", "deploy the stack again in this account and Region"
		return f
	}
	return patternFinding(f, want, have[i].Pattern)
}

func bus(name string) string {
	if name == "" {
		return ""
	}
	return " --event-bus-name " + name
}
