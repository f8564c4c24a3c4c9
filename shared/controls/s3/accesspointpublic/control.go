// Package accesspointpublic closes S3 access points that anybody can use through their policy.
package accesspointpublic

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

//go:embed doc.md
var doc string

// State is what decides whether an access point is public. One that only its VPC reaches, or that restricts public access itself, is judged by
// that alone; the account's and the bucket's Block Public Access are read only once the policy is public.
type State struct {
	VPC          bool            `json:"vpc"`
	Block        s3api.Block     `json:"block"`
	AccountBlock *s3api.Block    `json:"accountBlock"`
	BucketBlock  *s3api.Block    `json:"bucketBlock"`
	Policy       json.RawMessage `json:"policy"`

	PolicyText  string `json:"policyText" aws:"assigned"` // the exact text, to be edited
	Account     string `json:"account" aws:"context"`
	Bucket      string `json:"bucket" aws:"context"`
	Front       string `json:"front" aws:"context"`       // why CloudFront asks for a person; looked for only where nothing else does
	BucketOwner string `json:"bucketOwner" aws:"context"` // an account id, empty where S3 does not say
}

// Context says which bucket the access point leads to.
func (s State) Context() core.Context {
	return core.Context{Facts: []string{"leads to bucket " + s.Bucket}}
}

// foreign reports whether the bucket belongs to another account, whose settings cannot be seen from here.
func (s State) foreign() bool { return s.BucketOwner != "" && s.BucketOwner != s.Account }

// restricted reports whether a level of Block Public Access takes the policy's public effect away: S3 refuses a request
// that any level forbids (S3 user guide, "Managing public access to access points for general purpose buckets").
func (s State) restricted() bool {
	return s.Block.RestrictPublicBuckets || s.AccountBlock != nil && s.AccountBlock.RestrictPublicBuckets ||
		s.BucketBlock != nil && s.BucketBlock.RestrictPublicBuckets
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "s3-access-point-public", Version: 1, Title: "Close access points that anybody can use",
		Service: "s3", Family: "storage", Type: s3api.AccessPoint,
		Severity: core.Critical, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		Frameworks: map[string][]string{"nist_csf_2": {"PR.AA-05", "PR.DS-01"}},
		Events:     []string{"s3.amazonaws.com:CreateAccessPoint", "s3.amazonaws.com:PutAccessPointPolicy"},
		Reads:      []awsapi.Op{s3api.GetAccessPoint.Op, s3api.GetAccessPointPolicy.Op, s3api.GetAccountPublicAccess.Op, s3api.GetPublicAccess.Op, cloudfrontapi.ListDistributions.Op},
		Writes:     []awsapi.Op{s3api.PutAccessPointPolicy.Op, s3api.DeleteAccessPointPolicy.Op},
		Undoes:     []awsapi.Op{s3api.PutAccessPointPolicy.Op},
		Doc:        doc,
	}, read, judge, plan)
}

// read makes one request for an access point that its VPC or its own setting closes, and two for one whose policy is fine.
func read(ctx context.Context, s awsapi.Session, r awsapi.Resource) (State, error) {
	info, err := s3api.ReadAccessPoint(ctx, s, r.ID)
	state := State{VPC: info.VPC, Block: info.Block, Account: r.Account, Bucket: info.Bucket, BucketOwner: info.Owner}
	if err != nil || state.VPC || state.restricted() {
		return state, err
	}
	if state.PolicyText, err = s3api.ReadAccessPointPolicy(ctx, s, r.ID); err != nil {
		return state, err
	}
	state.Policy = iampolicy.Value(state.PolicyText)
	if len(judge(state, core.Settings{})) == 0 {
		return state, nil
	}
	if state.AccountBlock, err = s3api.ReadAccountBlock(ctx, s); err != nil || state.restricted() || state.foreign() {
		return state, err
	}
	// A bucket can be deleted while its access points stay; they lead nowhere until somebody makes it again.
	if state.BucketBlock, err = s3api.ReadBlock(ctx, s, state.Bucket); errors.Is(err, awsapi.ErrGone) {
		err = nil
	}
	if err == nil && info.Alias != "" && automatic(r, state) {
		state.Front, err = duties.Front(ctx, s, info.Alias)
	}
	return state, err
}

// automatic: so far nothing asks for a person.
func automatic(r awsapi.Resource, s State) bool {
	fix, err := plan(r, s, judge(s, core.Settings{}), core.Settings{})
	return err == nil && len(fix.Changes) > 0 && len(fix.NeverAuto) == 0
}

func judge(s State, _ core.Settings) []core.Violation {
	if s.VPC || s.restricted() || len(s.Policy) == 0 {
		return nil
	}
	doc, err := iampolicy.ParseValue(s.Policy)
	if err != nil {
		return []core.Violation{{Rule: "policy-unreadable", Where: "policy", Unsettled: true, Reason: "the policy cannot be judged: " + err.Error()}}
	}
	var out []core.Violation
	for _, e := range iampolicy.PublicStatements(doc, iampolicy.S3AccessPoint) {
		out = append(out, core.Violation{
			Rule: "policy-public", Where: doc.Statements[e.Statement].Name(), Reason: e.Reason, Unsettled: e.Verdict == iampolicy.Unsettled,
		})
	}
	return out
}
