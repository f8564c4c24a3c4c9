package doctor

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// runsAs compares whom a function runs as. Whoever may call it does what that role may do.
func (v *visit) runsAs(want blueprint.Function, have lambdaapi.Function) Finding {
	if blueprint.Fits(want.Role, have.Role) {
		return v.here(OK, want.Name, "", "")
	}
	return v.here(Problem, want.Name, fmt.Sprintf("it runs as %s, and the template says as %s: whoever may call it does what that role may do", have.Role, want.Role),
		v.aws()+"lambda update-function-configuration --function-name "+want.Name+" --role "+want.Role+"; "+whoDid("UpdateFunctionConfiguration"))
}

// layers looks for code beside the function's own. No template of ours has any.
func (v *visit) layers(want blueprint.Function, have lambdaapi.Function) Finding {
	if len(have.Layers) == 0 {
		return v.here(OK, want.Name, "", "")
	}
	return v.here(Problem, want.Name, "it has layers, and the template gives it none: "+strings.Join(have.Layers, ", ")+": their code runs as the function's role",
		v.aws()+"lambda update-function-configuration --function-name "+want.Name+" --layers []; "+whoDid("UpdateFunctionConfiguration"))
}

// environment compares a function's settings: they say whom it believes, whose rules it follows, and which roles it takes. What parameters decide cannot be
// compared from here; see parameters.
func (v *visit) environment(want blueprint.Function, have lambdaapi.Function) Finding {
	var seen []string
	if lacks := absent(want.Exact, have.Environment); len(lacks) > 0 {
		seen = append(seen, "its environment lacks "+strings.Join(lacks, ", "))
	}
	if more := absent(have.Environment, want.Exact); len(more) > 0 {
		seen = append(seen, "its environment has what the template does not give it: "+strings.Join(more, ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(want.Exact)) {
		if value, ok := have.Environment[name]; ok && !blueprint.Fits(want.Exact[name], value) {
			seen = append(seen, fmt.Sprintf("%s is %q, and the template says %q", name, short(value), want.Environment[name]))
		}
	}
	if len(seen) == 0 {
		return v.here(OK, want.Name, "", "")
	}
	return v.here(Problem, want.Name, strings.Join(seen, "; ")+": what it reads, whom it believes and whom it tells may not be what you deployed", upgrade)
}

// absent returns the names in one environment that are not in another, sorted.
func absent[A, B any](in map[string]A, from map[string]B) []string {
	var out []string
	for name := range in {
		if _, ok := from[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// parameters looks whether a parameter of the stack has the same value wherever it is used: which one it should be is not known from here, but if it is two,
// somebody changed one by hand.
func (v *visit) parameters(ctx context.Context) []Finding {
	type use struct{ value, function, setting string }
	first := map[string]use{} // by parameter
	var out []Finding
	for _, want := range v.Want.Functions {
		have, err := v.deployed(ctx, want.Name)
		if err != nil {
			continue // said of the function itself
		}
		for _, name := range undecided(want) {
			parameter, now := fmt.Sprint(want.Exact[name]), use{have.Environment[name], want.Name, name}
			before, known := first[parameter]
			if !known {
				first[parameter] = now
			} else if before.value != now.value {
				out = append(out, v.here(Problem, want.Name, fmt.Sprintf("%s is %q, and of %s %s is %q: one parameter decides both, so that one of them was changed by hand",
					name, short(now.value), before.function, before.setting, short(before.value)), upgrade))
			}
		}
	}
	return out
}

// uncompared says which settings parameters of the stack decide.
func (v *visit) uncompared() string {
	var names []string
	for _, f := range v.Want.Functions {
		names = append(names, undecided(f)...)
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return " (the stack's parameters decide " + strings.Join(slices.Compact(names), ", ") + ": compared with each other alone)"
}

// wholly is a setting of which nothing is known before somebody deploys.
var wholly = regexp.MustCompile(`^\$\{[^}]*\}$`)

// undecided returns the names of a function's settings that parameters decide, sorted.
func undecided(f blueprint.Function) []string {
	var out []string
	for name, value := range f.Exact {
		if c, ok := value.(blueprint.Choice); ok {
			value = c[0]
		}
		if text, ok := value.(string); ok && wholly.MatchString(text) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// rest returns the findings that something is not in order; if there is none, the one that all is.
func rest(all []Finding, good Finding) []Finding {
	out := slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Status == OK })
	if len(out) == 0 {
		return []Finding{good}
	}
	return out
}

// short bounds what is shown of a text that somebody else wrote.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "..."
}

// whoDid says where to find out who changed something.
func whoDid(calls ...string) string {
	return "and look up in CloudTrail who did that (" + strings.Join(calls, ", ") + ")"
}
