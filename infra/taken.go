package infra

import (
	"slices"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

// taken returns the roles that functions take in an account that is looked after: one to read, one for each family to fix, one to take fixes
// back, and one to tell AWS Config and Security Hub.
func (s stack) taken() []role {
	apply := s.trust(s.fleet.those(func(f function) bool { return f.writes }))
	out := []role{
		{
			name: roleName(hub.ReadRole), does: "Reads what the controls judge", trust: s.trust(s.fleet.takers(hub.ReadRole)),
			grants: []grant{{statements: []statement{reads(s.props.Controls)}}},
		},
		{
			name: roleName(annotateRole), does: "Tells AWS Config and Security Hub what became of a finding", trust: s.trust(s.fleet.takers(annotateRole)),
			grants: []grant{{statements: annotates()}},
		},
	}
	restore := role{name: roleName(hub.RestoreRole), does: "Takes fixes back", trust: apply, writes: true}
	for _, family := range families(s.props.Controls) {
		out = append(out, role{
			name: roleName(hub.WriteRole + family), does: "Fixes " + family, trust: apply, writes: true, condition: optional(family),
			grants: []grant{{statements: writing(s.props.Controls, family, writes)}},
		})
		restore.grants = append(restore.grants, grant{writing(s.props.Controls, family, undoes), optional(family)})
	}
	restore.grants = merged(restore.grants)
	return append(out, restore)
}

// optional returns the condition under which a family is fixed at all.
func optional(family string) string {
	if family == core.FamilyIAM {
		return ifIAM
	}
	return ""
}

// trust lets the functions' roles take a role, by name, and only with a source identity: it says in CloudTrail on whose decision. Where the
// functions are in another account, it must belong to the organisation.
func (s stack) trust(functions []string) object {
	var arns []string
	for _, f := range functions {
		arns = append(arns, roleARN(s.hub, functionRole(f)))
	}
	condition := object{"ArnEquals": object{"aws:PrincipalArn": one(arns)}, "StringLike": object{"sts:SourceIdentity": "?*"}}
	if s.hub != account {
		condition["StringEquals"] = object{"aws:PrincipalOrgID": ref(paramOrganization)}
	}
	return object{"Version": "2012-10-17", "Statement": []any{object{
		"Effect": "Allow", "Principal": object{"AWS": sub("arn:" + partition + ":iam::" + s.hub + ":root")},
		"Action": []any{"sts:AssumeRole", "sts:SetSourceIdentity"}, "Condition": condition,
	}}}
}

// annotates is what the annotate role may do. Findings and rules are of the account that the role is in; which of them it is about is known
// only when it happens.
func annotates() []statement {
	var out []statement
	for _, op := range annotations() {
		for _, action := range op.Actions {
			out = append(out, statement{actions: []string{action}, resources: annotated(action), condition: narrowed(op, action)})
		}
	}
	slices.SortFunc(out, func(a, b statement) int { return slices.Compare(a.actions, b.actions) })
	return out
}
