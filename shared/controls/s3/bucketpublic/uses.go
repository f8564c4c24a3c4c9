package bucketpublic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// uses is who else a bucket's policy and ACL serve, besides everybody.
type uses struct {
	doc        iampolicy.Document
	public     []int             // statements that are certainly public
	partners   []string          // other accounts, canonical users and CloudFront identities
	unsettled  []int             // statements that may serve somebody on purpose
	opening    iampolicy.Opening // what of them has to go
	deleted    string            // a deleted principal that a surviving statement names
	unreadable bool              // the policy is no policy by IAM's grammar
	gone       string            // one that a statement names which has to go: S3 would not take it back
}

// usesOf is [usesIn] for a state. Of a policy that cannot be read nobody knows whom it serves.
func usesOf(s State) uses {
	if len(s.Policy) == 0 {
		return usesIn(s, iampolicy.Document{})
	}
	doc, err := iampolicy.Parse([]byte(s.PolicyText))
	u := usesIn(s, doc)
	u.unreadable = err != nil
	return u
}

func usesIn(s State, doc iampolicy.Document) uses {
	u := uses{doc: doc}
	for _, g := range s.Grants {
		if g.Type == "CanonicalUser" && g.Grantee != s.Owner || g.Type == "AmazonCustomerByEmail" {
			u.partners = append(u.partners, "canonical user "+g.Grantee)
		}
	}
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3Bucket) {
		if e.Verdict == iampolicy.Public {
			u.public = append(u.public, e.Statement)
		} else {
			u.unsettled = append(u.unsettled, e.Statement)
		}
	}
	u.opening = doc.Opening(u.public, notSurelyPublic)
	for _, st := range doc.Statements {
		if slices.Contains(u.opening.Narrow, st.Index) {
			st.Principals = st.BesideAnyone() // who is left once wildcards are taken out
		}
		g := iampolicy.StatementGrantees(st, iampolicy.S3Bucket, s.Account)
		u.partners = append(append(append(u.partners, g.Foreign()...), g.CanonicalUsers...), g.OAIs...)
	}
	for _, d := range doc.DeletedPrincipals() {
		if slices.Contains(u.opening.Whole, d.Statement) {
			u.gone = d.ID
		} else {
			u.deleted = d.ID
		}
	}
	return u
}

// notSurelyPublic: what AWS does not settle may serve somebody on purpose, and is reported as long as it stays.
func notSurelyPublic(s iampolicy.Statement) bool {
	return iampolicy.JudgePublic(s, iampolicy.S3Bucket).Verdict != iampolicy.Public
}

// outsiders reports whether turning on RestrictPublicBuckets could cut off somebody whom the policy or the ACL names: while a policy is public that
// setting stops all cross-account access (S3 user guide, "Blocking public access"). Without a public statement it stops nothing; a statement that AWS does not
// settle may be one.
func (u uses) outsiders() bool {
	return len(u.public) > 0 && len(u.partners) > 0 || len(u.unsettled) > 0 || u.unreadable
}

// blockable: Block Public Access cuts off nobody but everybody. Where public policies are restricted already, whoever could be cut off is.
func (u uses) blockable(s State) bool { return s.effective().RestrictPublicBuckets || !u.outsiders() }

// editsPolicy: the public statements have to be taken out of the policy, and can be.
func (u uses) editsPolicy(s State) bool { return len(u.public) > 0 && !u.blockable(s) && !u.stuck() }

// stuck: outsiders have to keep what the policy gives them, so it has to be edited, and S3 would refuse it for a deleted principal in what stays.
func (u uses) stuck() bool { return u.outsiders() && len(u.public) > 0 && u.deleted != "" }

func (u uses) text() string {
	parts := slices.Compact(slices.Sorted(slices.Values(u.partners)))
	if len(u.unsettled) > 0 {
		parts = append(parts, core.Count(len(u.unsettled), "statement")+" whose meaning AWS does not settle")
	}
	if u.unreadable {
		parts = append(parts, "a policy that cannot be read")
	}
	return strings.Join(parts, ", ")
}

// cautions are the reasons why a person has to look first.
func (u uses) cautions(s State) []string {
	var out []string
	if s.Website {
		out = append(out, "the bucket serves a website, which would answer 403")
	}
	if u.unreadable {
		out = append(out, "the policy cannot be read, and may be there for CloudFront or for logs")
	}
	if u.gone != "" && u.editsPolicy(s) {
		out = append(out, "it could not be taken back: the public statement names "+u.gone+", a principal that was deleted")
	}
	return append(out, duties.Cautions(u.doc, s.Grants)...)
}

func deletedPrincipal(r awsapi.Resource, u uses) core.Advice {
	return core.Advice{
		Title: "Mend the policy of bucket " + r.ID + " by hand",
		Steps: []string{
			fmt.Sprintf("A statement that has to stay names %s, a principal that was deleted: S3 refuses to write such a policy back, and dropping the statement silently is not for a tool to decide.", u.deleted),
			"Ask its owner whom the statement is for, and replace or remove that principal: aws s3api get-bucket-policy --bucket " + r.ID,
			fmt.Sprintf("Remove the public statements (%d) in the same edit: aws s3api put-bucket-policy --bucket %s --policy file://policy.json", len(u.public), r.ID),
			"If nobody outside needs the bucket, turn on its Block Public Access instead; it would also shut out: " + u.text(),
		},
		Outage: "none, if the other statements stay as they are",
		Cost:   "none",
	}
}
