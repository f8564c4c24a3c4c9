package deployed

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/localcloud/iamsim"
	"github.com/shoreup/shoreup/shared/localcloud/stack"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// byAWS is what AWS itself does with a function's role: Lambda writes its log, and polls and empties the queues that feed it. No function asks for it.
var byAWS = []string{"logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}

// guard is what IAM must refuse: the function behind the review URL asks about a role that is called as if IAM Identity Center had made it, and lies elsewhere.
const guard = "shoreup-review may not iam:GetRole on arn:aws:iam::"

// judge has all calls that were recorded judged by the policies of the templates. What no call needed must be in the list.
func judge(t *testing.T, worlds []*world) {
	t.Helper()
	all := iamsim.World{Roles: map[string]iamsim.Role{}, Resources: map[string]json.RawMessage{}, Organization: organization}
	var calls []wiretap.Call
	roles := map[string][]stack.Role{} // by name
	for _, w := range worlds {
		deployed, err := w.Roles()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range deployed {
			of := iamsim.Role{Trust: r.Trust, Boundary: r.Boundary, ByAWS: byAWS}
			if strings.HasSuffix(r.Name, "-event-delivery") {
				of.ByAWS = []string{"events:PutEvents"} // EventBridge takes this role itself; package stack asks its policy for every event
			}
			for _, p := range r.Policies {
				of.Policies = append(of.Policies, iamsim.Policy{Name: p.Name, Document: p.Document})
			}
			all.Roles[r.ARN] = of
			roles[r.Name] = append(roles[r.Name], r)
		}
		policies, err := w.ResourcePolicies()
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(all.Resources, policies)
		calls = append(calls, w.tap.Calls()...)
	}
	sim, err := iamsim.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := sim.Stop(); err != nil {
			t.Error(err)
		}
	}()
	report, err := all.Evaluate(sim, calls)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls of %d roles came to %d different requests", len(calls), len(all.Roles), report.Asked)
	guarded := 0
	for _, r := range report.Refused {
		if strings.Contains(r.String(), guard) {
			guarded++
			continue
		}
		t.Errorf("IAM would refuse: %s", r)
	}
	if guarded != 1 {
		t.Errorf("%d refusals of %q, want the one that a test provokes", guarded, guard)
	}
	// Calls without a principal are the test's own, by which roles are taken for the functions.
	if diff := cmp.Diff([]string{""}, report.Others); diff != "" {
		t.Errorf("calls of principals that no template has (-want +got):\n%s", diff)
	}
	wantUnused(t, slices.Sorted(slices.Values(append(unused(t, roles, report.Unused), unsent(t, roles, calls)...))))
}

const send = "sqs:SendMessage"

// unsent are the queues that roles of one name may send to and never did: a role that sends to one queue would otherwise hide what it may send to others.
// "role sqs:SendMessage on queue".
func unsent(t *testing.T, roles map[string][]stack.Role, calls []wiretap.Call) []string {
	t.Helper()
	sent := map[string]bool{}
	for _, c := range calls {
		if !strings.HasPrefix(c.Operation, "SendMessage") {
			continue
		}
		requests, err := iamsim.Map(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range requests {
			sent[c.Principal+" "+r.Resource] = true
		}
	}
	needed := map[string]bool{} // by what is granted
	for name, list := range roles {
		for _, r := range list {
			for _, p := range r.Policies {
				for _, arn := range mayOn(t, p.Document, send) {
					what := name + " " + send + " on " + arn[strings.LastIndex(arn, ":")+1:]
					needed[what] = needed[what] || sent[r.ARN+" "+arn]
				}
			}
		}
	}
	return slices.Collect(func(yield func(string) bool) {
		for what, yes := range needed {
			if !yes && !yield(what) {
				return
			}
		}
	})
}

// unused are the actions that roles of one name, in all accounts, were granted and none of them needed: "role action".
func unused(t *testing.T, roles map[string][]stack.Role, by map[string][]string) []string {
	t.Helper()
	var out []string
	for name, list := range roles {
		needed, granted := map[string]bool{}, map[string]bool{}
		for _, r := range list {
			for _, p := range r.Policies {
				for _, action := range grants(t, p.Document) {
					granted[action] = action != send // see unsent
					if !slices.Contains(by[r.ARN], action) {
						needed[action] = true
					}
				}
			}
		}
		for action, counts := range granted {
			if counts && !needed[action] {
				out = append(out, name+" "+action)
			}
		}
	}
	slices.Sort(out)
	return out
}

// grants are the actions that a policy allows.
func grants(t *testing.T, raw json.RawMessage) []string {
	t.Helper()
	var out []string
	for _, s := range allows(t, raw) {
		out = append(out, texts(s.Action)...)
	}
	return out
}

// mayOn are the resources on which a policy allows an action.
func mayOn(t *testing.T, raw json.RawMessage, action string) []string {
	t.Helper()
	var out []string
	for _, s := range allows(t, raw) {
		if slices.Contains(texts(s.Action), action) {
			out = append(out, texts(s.Resource)...)
		}
	}
	return out
}

type allow struct{ Effect, Action, Resource any }

func allows(t *testing.T, raw json.RawMessage) []allow {
	t.Helper()
	var doc struct{ Statement []allow }
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(doc.Statement, func(s allow) bool { return s.Effect != "Allow" })
}

// texts is a text or a list of texts as a list.
func texts(v any) []string {
	list, several := v.([]any)
	if !several {
		list = []any{v}
	}
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// wantUnused compares with the list, of which each line is "role action: why it is granted all the same".
func wantUnused(t *testing.T, got []string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/unused.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		what, why, ok := strings.Cut(line, ": ")
		if !ok || strings.TrimSpace(why) == "" {
			t.Errorf("testdata/unused.txt gives no reason for %q", line)
		}
		want = append(want, strings.TrimSpace(what))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("granted and never needed (- testdata/unused.txt, + found): take it out of the policy, or say why it is needed\n%s", diff)
	}
}
