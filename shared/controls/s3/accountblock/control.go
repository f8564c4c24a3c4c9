// Package accountblock turns on the account's own S3 Block Public Access, which no bucket can undercut.
package accountblock

import (
	"context"
	_ "embed"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
)

//go:embed doc.md
var doc string

// State is the account's configuration, nil where it has none.
type State struct {
	Block *s3api.Block `json:"block"`
}

// Control is the declaration.
func Control() core.Control {
	return core.Define(core.Meta{
		ID: "s3-account-block", Version: 1, Title: "Block public S3 access for the whole account",
		Service: "s3", Family: "storage", Type: s3api.AccountBlock, AccountWide: true,
		Severity: core.Medium, Reversible: core.Reversible, Disruption: core.DisruptsMuch,
		SecurityHub: []string{"S3.1"},
		ConfigRules: []string{"S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS_PERIODIC", "S3_ACCOUNT_LEVEL_PUBLIC_ACCESS_BLOCKS"},
		Frameworks:  map[string][]string{"cis_v3": {"2.1.4"}, "cis_v5": {"2.1.4"}, "nist_csf_2": {"PR.AA-05", "PR.DS-01"}, "pci_dss_v4": {"1.4.4"}},
		Events:      []string{"s3.amazonaws.com:PutAccountPublicAccessBlock", "s3.amazonaws.com:DeleteAccountPublicAccessBlock"},
		Reads:       []awsapi.Op{s3api.GetAccountPublicAccess.Op},
		Writes:      []awsapi.Op{s3api.PutAccountPublicAccess.Op},
		Undoes:      []awsapi.Op{s3api.PutAccountPublicAccess.Op, s3api.DeleteAccountPublicAccess.Op},
		Doc:         doc,
	}, read, judge, plan)
}

func read(ctx context.Context, s awsapi.Session, _ awsapi.Resource) (State, error) {
	block, err := s3api.ReadAccountBlock(ctx, s)
	return State{block}, err
}

func judge(s State, _ core.Settings) []core.Violation {
	var b s3api.Block // no configuration is all four settings off
	if s.Block != nil {
		b = *s.Block
	}
	var out []core.Violation
	for _, setting := range []struct {
		on           bool
		name, reason string
	}{
		{b.BlockPublicAcls, "BlockPublicAcls", "new public ACLs are accepted in every bucket of the account"},
		{b.IgnorePublicAcls, "IgnorePublicAcls", "existing public ACLs have effect in every bucket of the account"},
		{b.BlockPublicPolicy, "BlockPublicPolicy", "new public policies are accepted on every bucket and access point of the account"},
		{b.RestrictPublicBuckets, "RestrictPublicBuckets", "existing public policies have effect on every bucket and access point of the account"},
	} {
		if !setting.on {
			out = append(out, core.Violation{Rule: "setting-off", Where: setting.name, Reason: setting.reason})
		}
	}
	return out
}

func plan(r awsapi.Resource, s State, violations []core.Violation, _ core.Settings) (core.Fix[State], error) {
	if len(violations) == 0 {
		return core.Fix[State]{}, nil
	}
	full := s3api.FullBlock
	return core.Fix[State]{
		After: State{&full},
		Changes: []core.Change{{
			Why: "turn on the account's Block Public Access; policies and ACLs stay as they are",
			Do:  s3api.SetAccountBlock(r.Account, &full), Undo: []awsapi.Call{s3api.SetAccountBlock(r.Account, s.Block)},
		}},
		NeverAuto: []string{"every bucket and access point of the account is affected, in all Regions: look for websites and downloads that are public on purpose first"},
		Notes: []string{
			"whatever is public in the account stops being public, objects by an ACL of their own included",
			"a bucket whose policy is public also loses its access for other accounts, which only RestrictPublicBuckets shuts out",
		},
	}, nil
}
