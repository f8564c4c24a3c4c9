// Package bucketpublic closes S3 buckets that anybody can reach through their policy or their ACL.
package bucketpublic

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is what decides whether a bucket is public. Once Block Public Access takes the effect from policy and ACL nothing else matters, and nothing else is read.
type State struct {
	Block        *s3api.Block    `json:"block"`
	AccountBlock *s3api.Block    `json:"accountBlock"`
	Policy       json.RawMessage `json:"policy"`
	Grants       []s3api.Grant   `json:"grants"`  // those that have an effect
	Website      bool            `json:"website"` // looked for only where something settled is wrong

	PolicyText string            `json:"policyText" aws:"assigned"` // the exact text, to be edited
	Owner      string            `json:"owner" aws:"assigned"`      // canonical user id
	Account    string            `json:"account" aws:"context"`
	Front      string            `json:"front" aws:"context"` // why CloudFront asks for a person; looked for only where nothing else does
	Tags       map[string]string `json:"tags" aws:"context"`
}

// Context says whose bucket it is.
func (s State) Context() core.Context {
	c := core.Context{Tags: s.Tags, Owner: s.Tags["owner"]}
	if s.Website {
		c.Facts = append(c.Facts, "serves a website")
	}
	return c
}

func (s State) effective() s3api.Block {
	var b s3api.Block
	for _, level := range []*s3api.Block{s.Block, s.AccountBlock} {
		if level != nil {
			b = b.Or(*level)
		}
	}
	return b
}

// neutralised: what is known of Block Public Access takes the effect from any public policy and any public ACL. The other two settings only refuse new ones.
func (s State) neutralised() bool {
	b := s.effective()
	return b.IgnorePublicAcls && b.RestrictPublicBuckets
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "s3-bucket-public", Version: 1, Title: "Close buckets that anybody can read or write",
		Service: "s3", Family: "storage", Type: s3api.Bucket,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"S3.2", "S3.3", "S3.8"},
		ConfigRules: []string{"S3_BUCKET_PUBLIC_READ_PROHIBITED", "S3_BUCKET_PUBLIC_WRITE_PROHIBITED", "S3_BUCKET_LEVEL_PUBLIC_ACCESS_PROHIBITED"},
		Frameworks:  map[string][]string{"cis_v3": {"2.1.4"}, "cis_v5": {"2.1.4"}, "nist_csf_2": {"PR.AA-05", "PR.DS-01"}},
		Events: []string{
			"s3.amazonaws.com:CreateBucket", "s3.amazonaws.com:PutBucketAcl", "s3.amazonaws.com:PutBucketPolicy",
			"s3.amazonaws.com:PutBucketPublicAccessBlock", "s3.amazonaws.com:DeleteBucketPublicAccessBlock", "s3.amazonaws.com:PutBucketOwnershipControls",
			"s3.amazonaws.com:DeleteBucketOwnershipControls",
		},
		Reads: []awsapi.Op{
			s3api.GetPublicAccess.Op, s3api.GetAccountPublicAccess.Op, s3api.GetBucketPolicy.Op, s3api.GetBucketACL.Op, s3api.GetBucketOwnership.Op,
			s3api.GetBucketWebsite.Op, s3api.GetBucketTagging.Op, cloudfrontapi.ListDistributions.Op,
		},
		Writes: []awsapi.Op{s3api.PutPublicAccess.Op, s3api.PutBucketPolicy.Op, s3api.DeleteBucketPolicy.Op, s3api.PutBucketACL.Op},
		Undoes: []awsapi.Op{s3api.PutPublicAccess.Op, s3api.DeletePublicAccess.Op, s3api.PutBucketPolicy.Op, s3api.PutBucketACL.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read stops as soon as the answer is known: a bucket that blocks public access costs one request, one that the account blocks costs two.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	state := State{Account: r.Account}
	var err error
	if state.Block, err = s3api.ReadBlock(ctx, s, r.ID); err != nil || state.neutralised() {
		return state, err
	}
	if state.AccountBlock, err = s3api.ReadAccountBlock(ctx, s); err != nil || state.neutralised() {
		return state, err
	}
	if err = state.readDocuments(ctx, s, r); err != nil {
		return state, err
	}
	violations := judge(state, core.Settings{})
	if len(violations) == 0 {
		return state, nil
	}
	website := func() (err error) { state.Website, err = s3api.ReadWebsite(ctx, s, r.ID); return err }
	if !anySettled(violations) {
		website = func() error { return nil }
	}
	if err = together(website, func() (err error) { state.Tags, err = s3api.ReadTags(ctx, s, r.ID); return err }); err != nil {
		return state, err
	}
	return state, state.readFront(ctx, s, r.ID, violations)
}

// readDocuments reads policy and ACL.
func (s *State) readDocuments(ctx context.Context, session awsapi.Session, r awsapi.Resource) error {
	return together(
		func() error { return s.readPolicy(ctx, session, r) },
		func() error { return s.readACL(ctx, session, r) },
	)
}

func (s *State) readPolicy(ctx context.Context, session awsapi.Session, r awsapi.Resource) (err error) {
	s.PolicyText, err = s3api.ReadPolicy(ctx, session, r.ID)
	s.Policy = iampolicy.Value(s.PolicyText)
	return err
}

// readACL reads the ACL, and whether it counts where it is public.
func (s *State) readACL(ctx context.Context, session awsapi.Session, r awsapi.Resource) (err error) {
	if s.Owner, s.Grants, err = s3api.ReadACL(ctx, session, r.ID); err != nil {
		return err
	}
	if !s.publicACL() {
		return nil
	}
	disabled, err := s3api.ReadACLsDisabled(ctx, session, r.ID)
	if disabled { // only the owner has access then, whatever the ACL says
		s.Grants = slices.DeleteFunc(s.Grants, func(g s3api.Grant) bool { return g.Grantee != s.Owner })
	}
	return err
}

// together reads what does not depend on each other at the same time: each read is a round trip, and people wait for the fix.
func together(reads ...func() error) error {
	var g errgroup.Group
	for _, read := range reads {
		g.Go(read)
	}
	return g.Wait()
}

// publicACL reports whether the ACL lets everybody in.
func (s State) publicACL() bool {
	return !s.effective().IgnorePublicAcls && slices.ContainsFunc(s.Grants, s3api.Grant.Public)
}

func anySettled(vs []core.Violation) bool {
	return slices.ContainsFunc(vs, func(v core.Violation) bool { return !v.Unsettled })
}

const ruleACL = "acl-public"

func judge(s State, _ core.Settings) []core.Violation {
	var out []core.Violation
	if !s.effective().RestrictPublicBuckets {
		out = judgePolicy(s)
	}
	if !s.publicACL() {
		return out
	}
	for _, g := range s.Grants {
		if g.Public() {
			out = append(out, core.Violation{
				Rule: ruleACL, Where: fmt.Sprintf("ACL grant %s", g.Permission),
				Reason: fmt.Sprintf("the ACL gives %s to %s", g.Permission, who(g)),
			})
		}
	}
	return out
}

func judgePolicy(s State) []core.Violation {
	if len(s.Policy) == 0 {
		return nil
	}
	doc, err := iampolicy.ParseValue(s.Policy)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	}
	use := usesIn(s, doc)
	var out []core.Violation
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3Bucket) {
		v := core.Violation{Rule: "policy-public", Where: doc.Statements[e.Statement].Name(), Reason: e.Reason, Unsettled: e.Verdict == iampolicy.Unsettled}
		v.Manual = !v.Unsettled && use.stuck()
		out = append(out, v)
	}
	return out
}

func who(g s3api.Grant) string {
	if g.Grantee == s3api.AllUsers {
		return "everyone on the internet"
	}
	return "everyone with an AWS account"
}
