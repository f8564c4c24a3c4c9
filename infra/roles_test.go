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
			if r.Properties["Path"] != "/shoreup/" || single(r.Properties["PermissionsBoundary"]) != c.boundary {
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
			"shoreup-configrule": {role + "read"}, "shoreup-actions": nil,
			"shoreup-apply": {role + "read", role + "remediate-iam", role + "remediate-network", role + "remediate-storage", role + "restore"},
		} {
			var got []string
			for _, s := range full()[stack].roleStatements()[function] {
				if slices.Contains(s.actions, "sts:AssumeRole") {
					got = append(got, s.resources...)
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

// TestApprovalsAreOnlyRead keeps every function of today from writing what people decide.
func TestApprovalsAreOnlyRead(t *testing.T) {
	t.Parallel()
	readers := []string{}
	for role, all := range full()["shoreup"].roleStatements() {
		for _, s := range all {
			if !slices.ContainsFunc(s.resources, func(r string) bool { return strings.HasSuffix(r, ":table/shoreup-approvals") }) {
				continue
			}
			readers = append(readers, role)
			// Who writes an intent makes it depend on them, which reads and changes nothing.
			want := map[string][]string{"shoreup-apply": {"dynamodb:ConditionCheckItem", "dynamodb:GetItem"}, "shoreup-evaluate": {"dynamodb:GetItem"}}[role]
			if !cmp.Equal(s.actions, want) || len(s.resources) != 1 {
				t.Errorf("%s may %v the approvals", role, s.actions)
			}
		}
	}
	if !cmp.Equal(sorted(readers), []string{"shoreup-apply", "shoreup-evaluate"}) {
		t.Errorf("%v read the approvals", readers)
	}
}
