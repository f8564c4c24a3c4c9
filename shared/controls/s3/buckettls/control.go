// Package buckettls adds a statement to S3 bucket policies that denies every request without TLS.
package buckettls

import (
	"context"
	_ "embed"
	"encoding/json"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is the bucket's policy. What the bucket is used for is read once the policy lacks the statement.
type State struct {
	Policy     json.RawMessage   `json:"policy"`
	PolicyText string            `json:"policyText" aws:"assigned"` // the exact text, to be edited
	ARN        string            `json:"arn" aws:"context"`
	Website    bool              `json:"website" aws:"context"`
	Front      string            `json:"front" aws:"context"` // why CloudFront asks for a person; looked for only where nothing else does
	Grants     []s3api.Grant     `json:"grants" aws:"context"`
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

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "s3-bucket-tls-only", Version: 1, Title: "Refuse requests to buckets without TLS",
		Service: "s3", Family: "storage", Type: s3api.Bucket,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsLittle,
		SecurityHub: []string{"S3.5"},
		ConfigRules: []string{"S3_BUCKET_SSL_REQUESTS_ONLY"},
		Frameworks:  map[string][]string{"cis_v3": {"2.1.1"}, "cis_v5": {"2.1.1"}, "nist_csf_2": {"PR.DS-02"}, "pci_dss_v4": {"4.2.1"}},
		Events:      []string{"s3.amazonaws.com:CreateBucket", "s3.amazonaws.com:PutBucketPolicy", "s3.amazonaws.com:DeleteBucketPolicy"},
		Reads: []awsapi.Op{
			s3api.GetBucketPolicy.Op, s3api.GetBucketWebsite.Op, s3api.GetBucketACL.Op, s3api.GetBucketTagging.Op, cloudfrontapi.ListDistributions.Op,
		},
		Writes: []awsapi.Op{s3api.PutBucketPolicy.Op},
		Undoes: []awsapi.Op{s3api.PutBucketPolicy.Op, s3api.DeleteBucketPolicy.Op},
		Doc:    doc,
	}, read, judge, plan)
}

// read makes one request for a bucket that refuses plain HTTP already.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	state := State{ARN: s3api.Bucket.ARN(r)}
	var err error
	if state.PolicyText, err = s3api.ReadPolicy(ctx, s, r.ID); err != nil {
		return state, err
	}
	state.Policy = iampolicy.Value(state.PolicyText)
	if len(judge(state, core.Settings{})) == 0 {
		return state, nil
	}
	var g errgroup.Group // none depends on another, and people wait
	g.Go(func() (err error) { state.Website, err = s3api.ReadWebsite(ctx, s, r.ID); return err })
	g.Go(func() (err error) { _, state.Grants, err = s3api.ReadACL(ctx, s, r.ID); return err })
	g.Go(func() (err error) { state.Tags, err = s3api.ReadTags(ctx, s, r.ID); return err })
	if err = g.Wait(); err != nil || !automatic(r, state) {
		return state, err
	}
	state.Front, err = duties.Front(ctx, s, r.ID)
	return state, err
}

// automatic: so far nothing asks for a person.
func automatic(r awsapi.Resource, s State) bool {
	fix, err := plan(r, s, judge(s, core.Settings{}), core.Settings{})
	return err == nil && len(fix.Changes) > 0 && len(fix.NeverAuto) == 0
}

func judge(s State, _ core.Settings) []core.Violation {
	if len(s.Policy) == 0 {
		return []core.Violation{{Rule: "plain-http", Where: "policy", Reason: "the bucket has no policy that refuses requests without TLS"}}
	}
	doc, err := iampolicy.ParseValue(s.Policy)
	switch {
	case err != nil:
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	case iampolicy.EnforcesTLS(doc, s.ARN):
		return nil
	}
	return []core.Violation{{Rule: "plain-http", Where: "policy", Reason: "no statement of the policy refuses every request without TLS to the bucket and its objects"}}
}
