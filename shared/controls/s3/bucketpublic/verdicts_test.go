package bucketpublic

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
)

// TestExposure combines what a bucket's policy and ACL say with Block Public Access of the bucket and the account.
func TestExposure(t *testing.T) {
	t.Parallel()
	const (
		everybody = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`
		partner   = `{"Statement":{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}`
		unclear   = `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:SourceOrgID":"o-a1b2c3d4e5"}}}}`
	)
	grant := func(to, permission string) []s3api.Grant {
		kind := "Group"
		if !strings.HasPrefix(to, "http") {
			kind = "CanonicalUser"
		}
		return []s3api.Grant{{Type: "CanonicalUser", Grantee: "me", Permission: "FULL_CONTROL"}, {Type: kind, Grantee: to, Permission: permission}}
	}
	only := func(set func(*s3api.Block)) *s3api.Block {
		var b s3api.Block
		set(&b)
		return &b
	}
	blockACLs := only(func(b *s3api.Block) { b.BlockPublicAcls = true })
	ignoreACLs := only(func(b *s3api.Block) { b.IgnorePublicAcls = true })
	blockPolicy := only(func(b *s3api.Block) { b.BlockPublicPolicy = true })
	restrict := only(func(b *s3api.Block) { b.RestrictPublicBuckets = true })
	full := s3api.FullBlock
	for name, c := range map[string]struct {
		state State
		want  string // rules, with a question mark for what is unsettled
	}{
		"nothing":                          {State{}, ""},
		"public policy":                    {State{Policy: json.RawMessage(everybody)}, "policy-public"},
		"blocked for new ones":             {State{Policy: json.RawMessage(everybody), Block: blockPolicy}, "policy-public"},
		"restricted":                       {State{Policy: json.RawMessage(everybody), Block: restrict}, ""},
		"restricted by the account":        {State{Policy: json.RawMessage(everybody), AccountBlock: restrict}, ""},
		"only its ACLs are ignored":        {State{Policy: json.RawMessage(everybody), Block: ignoreACLs}, "policy-public"},
		"a partner":                        {State{Policy: json.RawMessage(partner)}, ""},
		"unclear":                          {State{Policy: json.RawMessage(unclear)}, "policy-public?"},
		"unclear and restricted":           {State{Policy: json.RawMessage(unclear), Block: restrict}, ""},
		"unreadable":                       {State{Policy: json.RawMessage(`{"Statement":1}`)}, "policy-unreadable?"},
		"ACL for everybody":                {State{Grants: grant(s3api.AllUsers, "READ")}, "acl-public"},
		"ACL for every account":            {State{Grants: grant(s3api.AuthenticatedUsers, "WRITE")}, "acl-public"},
		"ACL that shows itself":            {State{Grants: grant(s3api.AllUsers, "READ_ACP")}, "acl-public"},
		"ACL for every account, ACP":       {State{Grants: grant(s3api.AuthenticatedUsers, "WRITE_ACP")}, "acl-public"},
		"ACL for all":                      {State{Grants: grant(s3api.AllUsers, "FULL_CONTROL")}, "acl-public"},
		"ACL for log delivery":             {State{Grants: append(grant(s3api.LogDelivery, "WRITE"), s3api.Grant{Type: "Group", Grantee: s3api.LogDelivery, Permission: "READ_ACP"})}, ""},
		"ACL for another account":          {State{Grants: grant("somebody", "FULL_CONTROL")}, ""},
		"ACL, new ones blocked":            {State{Grants: grant(s3api.AllUsers, "READ"), Block: blockACLs}, "acl-public"},
		"ACL, ignored":                     {State{Grants: grant(s3api.AllUsers, "READ"), Block: ignoreACLs}, ""},
		"ACL, ignored by the account":      {State{Grants: grant(s3api.AllUsers, "READ"), AccountBlock: ignoreACLs}, ""},
		"ACL, only its policy restricted":  {State{Grants: grant(s3api.AllUsers, "READ"), Block: restrict, AccountBlock: blockPolicy}, "acl-public"},
		"each level does a part":           {State{Policy: json.RawMessage(everybody), Grants: grant(s3api.AllUsers, "READ"), Block: restrict, AccountBlock: ignoreACLs}, ""},
		"policy and ACL":                   {State{Policy: json.RawMessage(everybody), Grants: grant(s3api.AllUsers, "READ")}, "acl-public policy-public"},
		"policy and ACL, all is off":       {State{Policy: json.RawMessage(everybody), Grants: grant(s3api.AllUsers, "READ"), Block: &s3api.Block{}, AccountBlock: &s3api.Block{}}, "acl-public policy-public"},
		"policy and ACL, the account full": {State{Policy: json.RawMessage(everybody), Grants: grant(s3api.AllUsers, "READ"), AccountBlock: &full}, ""},
	} {
		var got []string
		for _, v := range judge(c.state, core.Settings{}) {
			rule := v.Rule
			if v.Unsettled {
				rule += "?"
			}
			got = append(got, rule)
		}
		slices.Sort(got)
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %q, want %q", name, g, c.want)
		}
	}
}
