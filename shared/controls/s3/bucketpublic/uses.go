package bucketpublic

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// uses is who else a bucket's policy and ACL serve, besides everybody.
type uses struct {
	doc       iampolicy.Document
	public    []int    // statements that are certainly public
	partners  []string // other accounts, canonical users and CloudFront identities
	unsettled []int    // statements that may serve somebody on purpose
	services  []string
	opening   iampolicy.Opening // what of them has to go
	deleted   string            // a deleted principal that a surviving statement names
	delivery  bool              // log delivery by ACL
}

// cloudFrontLogs is the account awslogsdelivery, by which CloudFront delivers standard logs. Source: CloudFront developer guide, "Access logs" (aws, aws-cn).
var cloudFrontLogs = []string{
	"c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0", "a52cb28745c0c06e84ec548334e44bfa7fc2a85c54af20cd59e4969344b7af56",
}

func usesOf(s State) (uses, error) {
	if len(s.Policy) == 0 {
		return usesIn(s, iampolicy.Document{}), nil
	}
	doc, err := iampolicy.Parse([]byte(s.PolicyText))
	if err != nil {
		return uses{}, fmt.Errorf("reading the bucket policy: %w", err)
	}
	return usesIn(s, doc), nil
}

func usesIn(s State, doc iampolicy.Document) uses {
	u := uses{doc: doc}
	for _, g := range s.Grants {
		switch {
		case g.Grantee == s3api.LogDelivery:
			u.delivery = true
		case g.Type == "CanonicalUser" && g.Grantee != s.Owner, g.Type == "AmazonCustomerByEmail":
			u.partners = append(u.partners, "canonical user "+g.Grantee)
			u.delivery = u.delivery || slices.Contains(cloudFrontLogs, g.Grantee)
		}
	}
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3Bucket) {
		if e.Verdict == iampolicy.Public {
			u.public = append(u.public, e.Statement)
		} else {
			u.unsettled = append(u.unsettled, e.Statement)
		}
	}
	u.opening = doc.Opening(u.public, notPublic)
	u.partners = append(u.partners, u.beside(s.Account)...)
	for _, st := range doc.Statements {
		g := iampolicy.StatementGrantees(st, iampolicy.S3Bucket, s.Account)
		u.partners = append(append(append(u.partners, g.Foreign()...), g.CanonicalUsers...), g.OAIs...)
		u.services = append(u.services, g.Services...)
	}
	for _, d := range doc.DeletedPrincipals() {
		if !slices.Contains(u.opening.Whole, d.Statement) {
			u.deleted = d.ID
		}
	}
	return u
}

// beside returns the outsiders who are named beside everybody in statements that stay without "*".
func (u uses) beside(own string) []string {
	var out []string
	for _, i := range u.opening.Narrow {
		for _, p := range u.doc.Statements[i].BesideAnyone() {
			if p.Type != iampolicy.Service && !strings.Contains(p.ID, own) { // services and our own account keep their access whatever is blocked
				out = append(out, p.ID)
			}
		}
	}
	return out
}

func notPublic(s iampolicy.Statement) bool {
	return iampolicy.JudgePublic(s, iampolicy.S3Bucket).Verdict == iampolicy.NotPublic
}

// outsiders reports whether turning on RestrictPublicBuckets could cut off somebody whom the policy or the ACL names: while a policy is public that
// setting stops all cross-account access (S3 user guide, "Blocking public access"). Without a public statement it stops nothing; a statement that AWS does not
// settle may be one.
func (u uses) outsiders() bool {
	return len(u.public) > 0 && len(u.partners) > 0 || len(u.unsettled) > 0
}

// stuck: outsiders have to keep what the policy gives them, so it has to be edited, and S3 would refuse it for a deleted principal in what stays.
func (u uses) stuck() bool { return u.outsiders() && len(u.public) > 0 && u.deleted != "" }

func (u uses) text() string {
	parts := slices.Compact(slices.Sorted(slices.Values(u.partners)))
	if len(u.unsettled) > 0 {
		parts = append(parts, fmt.Sprintf("%d statements whose meaning AWS does not settle", len(u.unsettled)))
	}
	return strings.Join(parts, ", ")
}

// cautions are the reasons why a person has to look first.
func (u uses) cautions(s State) []string {
	var out []string
	if s.Website {
		out = append(out, "the bucket serves a website, which would answer 403")
	}
	cloudFront := func(p string) bool { return strings.Contains(p, "cloudfront") || strings.Contains(p, "CloudFront") }
	if slices.ContainsFunc(u.services, cloudFront) || slices.ContainsFunc(u.partners, cloudFront) {
		out = append(out, "a CloudFront distribution reads from the bucket")
	}
	logs := func(p string) bool {
		return strings.HasPrefix(p, "logging.s3.") || strings.HasPrefix(p, "delivery.logs.") || strings.HasPrefix(p, "cloudtrail.") || strings.HasPrefix(p, "config.")
	}
	if u.delivery || slices.ContainsFunc(u.services, logs) {
		out = append(out, "logs are delivered to the bucket")
	}
	return out
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
