package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// callers looks at who may call the functions without a policy of their own: by the functions' resource policies, and at their URLs. What identities may do
// by policies of theirs cannot be listed from here; infra/DEPLOY.md says whose matters.
func callers(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, want := range v.Want.Functions {
		if _, err := v.deployed(ctx, want.Name); awsapi.IsNotFound(err) {
			continue // check functions says so
		}
		out = append(out, v.callersOf(ctx, want)...)
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "function")+" can be called by whom the template says; whom policies of identities let call them is not seen from here")
}

func (v *visit) callersOf(ctx context.Context, want blueprint.Function) []Finding {
	f := v.here(OK, want.Name, "", "")
	policy, err := lambdaapi.ReadPolicy(ctx, v.Own, want.Name)
	if err != nil {
		return []Finding{failed(f, err, needs(lambdaapi.GetPolicy.Op)...)}
	}
	auth, err := lambdaapi.ReadURLAuth(ctx, v.Own, want.Name)
	if err != nil {
		return []Finding{failed(f, err, needs(lambdaapi.GetFunctionURLConfig.Op)...)}
	}
	out := []Finding{v.urlFinding(want, auth)}
	for _, statement := range policy {
		if who, ok := unwanted(want, statement); ok {
			out = append(out, v.unwantedFinding(want, who, statement))
		}
	}
	return rest(append(out, v.reservedFinding(ctx, want)), f)
}

// urlFinding compares the auth type of the function's URL. Review believes what AWS says about who signed a request, so without signatures it believes anybody.
func (v *visit) urlFinding(want blueprint.Function, auth string) Finding {
	again := deployAgain
	switch {
	case auth == want.URL:
		return v.here(OK, want.Name, "", "")
	case auth == "":
		return v.here(Problem, want.Name, "it has no URL: nobody reaches it", again)
	case want.URL == "":
		return v.here(Problem, want.Name, "it answers at a URL ("+auth+"), which the template does not give it", v.aws()+"lambda delete-function-url-config --function-name "+want.Name)
	case auth == "NONE":
		return v.here(Problem, want.Name, "its URL asks for no signature: whoever finds it can say to be anybody, and approve",
			v.aws()+"lambda update-function-url-config --auth-type "+want.URL+" --function-name "+want.Name)
	}
	return v.here(Problem, want.Name, "its URL has auth type "+auth+" and not "+want.URL+": those who should cannot reach it",
		v.aws()+"lambda update-function-url-config --auth-type "+want.URL+" --function-name "+want.Name)
}

// unwanted returns whom a statement of a function's resource policy lets call it, if the template does not.
func unwanted(want blueprint.Function, s map[string]any) (who string, bad bool) {
	if s["Effect"] != "Allow" {
		return "", false
	}
	var names []string
	switch p := s["Principal"].(type) {
	case string:
		names = []string{p}
	case map[string]any:
		for _, v := range p {
			names = append(names, blueprint.Texts(v)...)
		}
	}
	viaURL := strings.Contains(fmt.Sprint(s["Condition"]), "lambda:InvokedViaFunctionUrl:true")
	for _, action := range blueprint.Texts(s["Action"]) {
		for _, name := range names {
			let := slices.ContainsFunc(want.Callers, func(c blueprint.Caller) bool {
				return c.Principal == name && c.Action == action && (viaURL || !c.ViaURL || action == "lambda:InvokeFunctionUrl")
			})
			if !let {
				return name + " (" + action + ")", true
			}
		}
	}
	return "", false
}

func (v *visit) unwantedFinding(want blueprint.Function, who string, s map[string]any) Finding {
	seen := "its resource policy lets " + who + " call it, and the template does not"
	if strings.HasSuffix(want.Name, "-review") {
		seen = "its resource policy lets " + who + " call it without its URL: whoever may do that can say to be anybody, and is every approver"
	}
	sid, _ := s["Sid"].(string)
	return v.here(Problem, want.Name, seen, v.aws()+"lambda remove-permission --function-name "+want.Name+" --statement-id "+sid)
}

// reservedFinding looks how many of a function may run at a time: none of it is as good as no function, and of the one with a public URL not all.
func (v *visit) reservedFinding(ctx context.Context, want blueprint.Function) Finding {
	n, err := lambdaapi.ReadReserved(ctx, v.Own, want.Name)
	free := v.aws() + "lambda delete-function-concurrency --function-name " + want.Name
	if want.Reserved {
		free = v.aws() + "lambda put-function-concurrency --reserved-concurrent-executions 5 --function-name " + want.Name
	}
	switch {
	case err != nil:
		return failed(v.here(OK, want.Name, "", ""), err, needs(lambdaapi.GetFunctionConcurrency.Op)...)
	case n == 0:
		return v.here(Problem, want.Name, "none of it may run: its share of the account's concurrency is 0", free)
	case n > 0 && !want.Reserved:
		return v.here(Warning, want.Name, fmt.Sprintf("no more than %d of it may run at a time: it has a share of the account's concurrency, and the template gives it none", n), free)
	case n < 0 && want.Reserved:
		return v.here(Warning, want.Name, "it has no share of the account's concurrency of its own: a flood of requests to its public URL leaves none to the other functions",
			"set the stack's parameter SlackConcurrency; it can only be 0 where the account's quota is too low")
	}
	return v.here(OK, want.Name, "", "")
}

// optional reports whether a function that is not there may be missing: a parameter of the template decides.
func optional(f blueprint.Function, err error) bool {
	return f.Condition != "" && awsapi.IsNotFound(err)
}
