package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// takersOf are the functions that take each role, by the end of its name.
func takersOf(role string) []string {
	switch role {
	case "shoreup-read":
		return []string{"apply", "evaluate", "sweep"}
	case "shoreup-annotate":
		return []string{"notify"}
	}
	return []string{"apply"}
}

// TestWhomRolesTrust holds what a role asks of whoever takes it: one of our functions by its full name, a source identity, and, of another account, the organisation.
func TestWhomRolesTrust(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ stack, boundary, hub, organization string }{
		{"shoreup", "${Boundary}", "${AWS::AccountId}", ""}, {"shoreup-member-global", "${Boundary}", "${HubAccount}", "${OrganizationId}"}, {"shoreup-hub", "${Boundary}", "", ""},
		{"shoreup-home", "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/shoreup/shoreup-boundary", "", ""},
	} {
		for _, r := range today()[c.stack].of("AWS::IAM::Role") {
			name := single(r.Properties["RoleName"])
			if r.Properties["Path"] != "/shoreup/" || !slices.Contains([]string{c.boundary, "${WritesBoundary}"}, single(r.Properties["PermissionsBoundary"])) {
				t.Errorf("%s %s: path %v, boundary %v", c.stack, name, r.Properties["Path"], r.Properties["PermissionsBoundary"])
			}
			statement := r.Properties["AssumeRolePolicyDocument"].(map[string]any)["Statement"].([]any)[0]
			switch single(at(statement, "Principal", "Service")) {
			case "lambda.amazonaws.com":
				continue
			case "events.amazonaws.com":
				if name != "shoreup-event-delivery" || single(at(statement, "Condition", "StringEquals", "aws:SourceAccount")) != "${AWS::AccountId}" {
					t.Errorf("%s %s trusts EventBridge: %v", c.stack, name, statement)
				}
				continue
			}
			var want []string
			for _, f := range takersOf(name) {
				want = append(want, "arn:${AWS::Partition}:iam::"+c.hub+":role/shoreup/shoreup-"+f)
			}
			condition := at(statement, "Condition")
			if got := sorted(list(at(condition, "ArnEquals", "aws:PrincipalArn"))); !cmp.Equal(got, want) {
				t.Errorf("%s %s trusts %v, want %v", c.stack, name, got, want)
			}
			if got := single(at(statement, "Principal", "AWS")); got != "arn:${AWS::Partition}:iam::"+c.hub+":root" || single(at(condition, "StringEquals", "aws:PrincipalOrgID")) != c.organization {
				t.Errorf("%s %s trusts %s of organisation %v", c.stack, name, got, at(condition, "StringEquals"))
			}
			if single(at(condition, "StringLike", "sts:SourceIdentity")) != "?*" || !cmp.Equal(list(at(statement, "Action")), []string{"sts:AssumeRole", "sts:SetSourceIdentity"}) {
				t.Errorf("%s %s can be taken without a source identity: %v", c.stack, name, statement)
			}
		}
	}
}

// TestWhichRolesFunctionsTake is the other side: who is allowed to ask. A hub's functions take the roles in any account whose roles trust them.
func TestWhichRolesFunctionsTake(t *testing.T) {
	t.Parallel()
	for stack, account := range map[string]string{"shoreup": "${AWS::AccountId}", "shoreup-hub": "*"} {
		role := "arn:${AWS::Partition}:iam::" + account + ":role/shoreup/shoreup-"
		for function, want := range map[string][]string{
			"shoreup-evaluate": {role + "read"}, "shoreup-sweep": {role + "read"}, "shoreup-notify": {role + "annotate"}, "shoreup-seal": nil,
			"shoreup-configrule": {role + "read"}, "shoreup-actions": nil, "shoreup-decide": nil, "shoreup-interact": nil, "shoreup-review": nil, "shoreup-report": nil,
			"shoreup-reconcile": nil,
			"shoreup-apply":     {role + "read", role + "remediate-iam", role + "remediate-network", role + "remediate-storage", role + "restore"},
		} {
			var got []string
			for _, s := range full()[stack].roleStatements()[function] {
				if slices.Contains(s.actions, "sts:AssumeRole") {
					got = append(got, s.resources...)
					if inside := single(at(s.condition, "StringEquals", "aws:ResourceOrgID")) == "${OrganizationId}"; inside != (stack == "shoreup-hub") {
						t.Errorf("%s: %s takes roles under the condition %v", stack, function, s.condition)
					}
				}
			}
			if stack == "shoreup-hub" && function == "shoreup-configrule" {
				want = nil // there is none: AWS Config asks in each account
			}
			if !cmp.Equal(sorted(got), want) {
				t.Errorf("%s: %s may take %v, want %v", stack, function, got, want)
			}
		}
	}
}

// TestWhoWritesWhat holds what the functions may do with the tables: only decide writes approvals and the kill switch, only interact what was heard of
// Slack, and nobody who only shows or compares writes at all.
func TestWhoWritesWhat(t *testing.T) {
	t.Parallel()
	const get, put, update, del, check, query = "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:Query"
	want := map[string]map[string][]string{
		"approvals": {
			"apply":    {check, get}, // who writes an intent makes it depend on them, which reads and changes nothing
			"evaluate": {get}, "notify": {get}, "decide": {get, put, query}, "review": {get, query}, "report": {query},
		},
		"audit": {
			"apply": {get, put, query}, "evaluate": {get, put}, "decide": {get, put, query}, "review": {get, query}, "report": {get, query}, "seal": {get, query}, "reconcile": {get, query},
		},
		"state":                   {"apply": {check, get, query}, "evaluate": {get, query}, "decide": {get, query}, "review": {get, query}, "report": {query}},
		"state but others' keys":  {"apply": {del, put, update}, "evaluate": {del, put}},
		"state, the switch alone": {"decide": {put}},
		"state, heard alone":      {"interact": {put}},
		"people alone":            {"interact": {get}},
	}
	keys := map[string]map[string]any{
		"state but others' keys":  {"ForAllValues:StringNotLike": map[string]any{"dynamodb:LeadingKeys": []any{"heard#*", "switch"}}, "Null": map[string]any{"dynamodb:LeadingKeys": "false"}},
		"state, the switch alone": {"ForAllValues:StringEquals": map[string]any{"dynamodb:LeadingKeys": "switch"}, "Null": map[string]any{"dynamodb:LeadingKeys": "false"}},
		"people alone":            {"ForAllValues:StringEquals": map[string]any{"dynamodb:LeadingKeys": "people"}, "Null": map[string]any{"dynamodb:LeadingKeys": "false"}},
		"state, heard alone":      {"ForAllValues:StringLike": map[string]any{"dynamodb:LeadingKeys": "heard#*"}, "Null": map[string]any{"dynamodb:LeadingKeys": "false"}},
	}
	for _, stack := range installations {
		got := map[string]map[string][]string{}
		for role, all := range full()[stack].roleStatements() {
			for _, s := range all {
				_, table, of := strings.Cut(s.resources[0], ":table/shoreup-")
				if !of {
					continue
				}
				if len(s.resources) != 1 {
					t.Errorf("%s %s: %v in one statement", stack, role, s.resources)
				}
				for name, condition := range keys {
					if cmp.Equal(s.condition, any(condition)) {
						table = name
					}
				}
				if (s.condition != nil) != (keys[table] != nil) {
					t.Errorf("%s %s: an unknown condition on %s: %v", stack, role, table, s.condition)
				}
				if got[table] == nil {
					got[table] = map[string][]string{}
				}
				got[table][strings.TrimPrefix(role, "shoreup-")] = s.actions
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stack, diff)
		}
	}
}
