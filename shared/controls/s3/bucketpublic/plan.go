package bucketpublic

import (
	"context"
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// objectACLs goes with a plan that turns on Block Public Access. Nothing is read of the objects: there may be millions of them, and each has an ACL of its own.
const objectACLs = "objects that are public by an ACL of their own are closed, too, and nobody looked whether there are any: where requests came in through one, " +
	"aclRequired is Yes in S3's server access logs and CloudTrail's data events"

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	var fix core.Fix[State]
	if !anySettled(violations) {
		return fix, nil
	}
	use := usesOf(s)
	fix.NeverAuto = use.cautions(s)
	if s.Front != "" {
		fix.NeverAuto = append(fix.NeverAuto, s.Front)
	}
	if use.blockable(s) {
		return blockAll(r, s, fix), nil
	}
	fix.Notes = []string{"kept as they are: " + use.text()}
	if use.stuck() {
		fix.Advice = []core.Advice{deletedPrincipal(r, use)}
		use.public = nil // the ACL is mended all the same
	}
	return removePublic(r, s, use, fix)
}

// blockAll turns on the bucket's Block Public Access: one reversible call that leaves policy and ACL as they are.
func blockAll(r awsapi.Resource, s State, fix core.Fix[State]) core.Fix[State] {
	full := s3api.FullBlock
	fix.Notes = []string{objectACLs}
	fix.After = State{Block: &full}
	fix.Changes = []core.Change{{
		Why: "turn on the bucket's Block Public Access; policy and ACL stay as they are", Touches: []string{"block"},
		Do: s3api.SetBlock(r.ID, r.Account, &full), Undo: []awsapi.Call{s3api.SetBlock(r.ID, r.Account, s.Block)},
	}}
	return fix
}

// removePublic takes out just the public statements and grants: Block Public Access would shut out the others that the policy names, too.
func removePublic(r awsapi.Resource, s State, use uses, fix core.Fix[State]) (core.Fix[State], error) {
	after := s
	var back []func(*State, context.Context, awsapi.Session, awsapi.Resource) error // what proves the fix: the calls change nothing else
	if len(use.public) > 0 {
		text, _, err := use.opening.Closed()
		if err != nil {
			return fix, fmt.Errorf("taking the public out of the policy: %w", err)
		}
		after.PolicyText, after.Policy = string(text), iampolicy.Value(string(text))
		fix.Changes = append(fix.Changes, core.Change{
			Why: use.opening.Why("public", "policy"), Touches: []string{"policy"},
			Do: s3api.SetPolicy(r.ID, r.Account, after.PolicyText), Undo: []awsapi.Call{s3api.SetPolicy(r.ID, r.Account, s.PolicyText)},
		})
		back = append(back, (*State).readPolicy)
		if use.gone != "" {
			fix.Reversible = core.PartlyReversible
			fix.Notes = append(fix.Notes, fmt.Sprintf("undo will be refused by S3: the public statement names %s, a principal that was deleted", use.gone))
		}
		if s.effective().BlockPublicPolicy {
			fix.Notes = append(fix.Notes, "BlockPublicPolicy is on: undo cannot put the public statements back before it is turned off")
		}
	}
	after.Grants = slices.DeleteFunc(slices.Clone(s.Grants), s3api.Grant.Public)
	if s.publicACL() {
		back = append(back, (*State).readACL)
		fix.Changes = append(fix.Changes, core.Change{
			Why: "take the public grants out of the ACL", Touches: []string{"grants"},
			Do: s3api.SetACL(r.ID, r.Account, s.Owner, after.Grants), Undo: []awsapi.Call{s3api.SetACL(r.ID, r.Account, s.Owner, s.Grants)},
		})
		if s.effective().BlockPublicAcls {
			fix.Notes = append(fix.Notes, "BlockPublicAcls is on: undo cannot put public grants back before it is turned off")
		}
	} else {
		after.Grants = s.Grants
	}
	if !anySettled(judge(after, core.Settings{})) {
		after.Website = false // the next read has no reason to look
	}
	fix.After = after
	// With a policy and an ACL that are in order the bucket is not public whatever blocks it. What the calls do not touch was read right before them.
	fix.ReadBack = func(ctx context.Context, session awsapi.Session) (State, error) {
		state := after
		reads := make([]func() error, len(back))
		for i, read := range back {
			reads[i] = func() error { return read(&state, ctx, session, r) }
		}
		err := together(reads...)
		return state, err
	}
	return fix, nil
}
