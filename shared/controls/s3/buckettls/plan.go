package buckettls

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// maxPolicy is the largest bucket policy in bytes (S3 user guide, "Bucket policies").
const maxPolicy = 20 * 1024

const sid = "DenyPlainHTTP"

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	var fix core.Fix[State]
	if len(violations) == 0 || violations[0].Unsettled {
		return fix, nil
	}
	if s.Website {
		fix.NeverAuto = []string{"the bucket serves a website: the website endpoint speaks plain HTTP only and would answer 403"}
	}
	if s.Front != "" {
		fix.NeverAuto = append(fix.NeverAuto, s.Front)
	}
	text, err := denied(r, s, &fix)
	if err != nil || text == "" {
		return fix, err
	}
	if len(text) > maxPolicy {
		fix.Refused = fmt.Sprintf("with the statement the policy would have %d bytes, more than the %d that S3 accepts: shorten it first", len(text), maxPolicy)
	}
	why := "add one statement that denies requests without TLS; the others stay as they are, byte for byte"
	if s.PolicyText == "" {
		why = "give the bucket a policy of one statement, which denies requests without TLS"
	}
	fix.Notes = []string{"clients and presigned links that use http:// are refused"}
	fix.After = State{PolicyText: text, Policy: iampolicy.Value(text), ARN: s.ARN}
	fix.Changes = []core.Change{{
		Why: why, Do: s3api.SetPolicy(r.ID, r.Account, text), Undo: []awsapi.Call{s3api.SetPolicy(r.ID, r.Account, s.PolicyText)},
	}}
	return fix, nil
}

// denied returns the policy with the statement, or nothing and an advice in the fix if S3 would not take it back.
func denied(r awsapi.Resource, s State, fix *core.Fix[State]) (string, error) {
	if s.PolicyText == "" {
		fix.NeverAuto = append(fix.NeverAuto, duties.Cautions(iampolicy.Document{}, s.Grants)...)
		return `{"Version":"2012-10-17","Statement":[` + string(iampolicy.TLSDenyStatement(r.Partition, r.ID, sid)) + `]}`, nil
	}
	doc, err := iampolicy.Parse([]byte(s.PolicyText))
	if err != nil {
		return "", fmt.Errorf("reading the bucket policy: %w", err)
	}
	if gone := doc.DeletedPrincipals(); len(gone) > 0 {
		fix.Advice = []core.Advice{deletedPrincipal(r, gone[0].ID)}
		return "", nil
	}
	fix.NeverAuto = append(fix.NeverAuto, duties.Cautions(doc, s.Grants)...)
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3Bucket) {
		if e.Verdict == iampolicy.Public {
			fix.NeverAuto = append(fix.NeverAuto, "the policy is public: where Block Public Access refuses public policies S3 will not take it back, so close the bucket first")
			break
		}
	}
	text, err := doc.WithStatement(iampolicy.TLSDenyStatement(r.Partition, r.ID, iampolicy.UniqueSid(doc, sid)))
	if err != nil {
		return "", fmt.Errorf("adding the statement to the bucket policy: %w", err)
	}
	return string(text), nil
}

func deletedPrincipal(r awsapi.Resource, id string) core.Advice {
	return core.Advice{
		Title: "Mend the policy of bucket " + r.ID + " by hand",
		Steps: []string{
			fmt.Sprintf("A statement names %s, a principal that was deleted: S3 refuses to write such a policy back, and dropping the statement silently is not for a tool to decide.", id),
			"Ask its owner whom the statement is for, and replace or remove that principal: aws s3api get-bucket-policy --bucket " + r.ID,
			"Add this statement in the same edit: " + string(iampolicy.TLSDenyStatement(r.Partition, r.ID, sid)),
			"Write it back: aws s3api put-bucket-policy --bucket " + r.ID + " --policy file://policy.json",
		},
		Outage: "clients that use http:// are refused",
		Cost:   "none",
	}
}
