package accesspointpublic

import (
	"fmt"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// plan takes just the public statements out of the policy: an access point's Block Public Access cannot be changed after it was created.
func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	var fix core.Fix[State]
	if !slices.ContainsFunc(violations, func(v core.Violation) bool { return !v.Unsettled }) {
		return fix, nil
	}
	doc, err := iampolicy.Parse([]byte(s.PolicyText))
	if err != nil {
		return fix, fmt.Errorf("reading the access point policy: %w", err)
	}
	var public []int
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3AccessPoint) {
		if e.Verdict == iampolicy.Public {
			public = append(public, e.Statement)
		}
	}
	opening := doc.Opening(public, func(s iampolicy.Statement) bool {
		return iampolicy.JudgePublic(s, iampolicy.S3AccessPoint).Verdict != iampolicy.Public // what AWS does not settle stays, and is reported
	})
	gone := ""
	for _, d := range doc.DeletedPrincipals() {
		if !slices.Contains(opening.Whole, d.Statement) {
			fix.Advice = []core.Advice{deletedPrincipal(r, d.ID, len(public))}
			return fix, nil
		}
		gone = d.ID
	}
	text, empty, err := opening.Closed()
	if err != nil {
		return fix, fmt.Errorf("taking the public statements out of the policy: %w", err)
	}
	why := opening.Why("public", "policy")
	if empty {
		why, text = "delete the policy: every statement of it is public", nil
	}
	fix.NeverAuto, fix.Notes = cautions(s), notes(s)
	if gone != "" {
		fix.Reversible = core.PartlyReversible
		fix.NeverAuto = append(fix.NeverAuto, "it could not be taken back: the public statement names "+gone+", a principal that was deleted")
		fix.Notes = append(fix.Notes, fmt.Sprintf("undo will be refused by S3: the public statement names %s, a principal that was deleted", gone))
	}
	fix.After = after(s, string(text))
	fix.Changes = []core.Change{{
		Why: why, Do: s3api.SetAccessPointPolicy(r.ID, r.Account, string(text)),
		Undo: []awsapi.Call{s3api.SetAccessPointPolicy(r.ID, r.Account, s.PolicyText)},
	}}
	return fix, nil
}

func after(s State, text string) State {
	s.PolicyText, s.Policy = text, iampolicy.Value(text)
	if len(judge(s, core.Settings{})) == 0 {
		s.AccountBlock, s.BucketBlock = nil, nil // the next read has no reason to look
	}
	return s
}

func cautions(s State) []string {
	if s.foreign() {
		return []string{fmt.Sprintf("the bucket belongs to account %s, whose Block Public Access cannot be seen from here", s.BucketOwner)}
	}
	if s.Front != "" {
		return []string{s.Front}
	}
	return nil
}

func notes(s State) []string {
	out := []string{"the bucket's own policy and other access points stay as they are"}
	for _, level := range []*s3api.Block{&s.Block, s.AccountBlock, s.BucketBlock} {
		if level != nil && level.BlockPublicPolicy {
			return append(out, "undo would be refused while Block Public Access refuses new public policies")
		}
	}
	return out
}

func deletedPrincipal(r awsapi.Resource, id string, public int) core.Advice {
	at := " --account-id " + r.Account + " --name " + r.ID
	return core.Advice{
		Title: "Mend the policy of access point " + r.ID + " by hand",
		Steps: []string{
			fmt.Sprintf("A statement that has to stay names %s, a principal that was deleted: S3 refuses to write such a policy back, and dropping the statement silently is not for a tool to decide.", id),
			"Ask its owner whom the statement is for, and replace or remove that principal: aws s3control get-access-point-policy" + at,
			fmt.Sprintf("Remove the public statements (%d) in the same edit: aws s3control put-access-point-policy%s --policy file://policy.json", public, at),
			"If nobody needs the access point, delete it: aws s3control delete-access-point" + at,
		},
		Outage: "none, if the other statements stay as they are",
		Cost:   "none",
	}
}
