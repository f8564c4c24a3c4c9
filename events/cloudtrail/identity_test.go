package wirecloudtrail

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/events/signal"
)

func TestActor(t *testing.T) {
	t.Parallel()
	const ip = "198.51.100.7"
	for name, want := range map[string]signal.Actor{
		"s3_put_bucket_policy": {Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/Deployer/alice", Principal: "arn:aws:iam::111122223333:role/Deployer",
			Role: "Deployer", SessionName: "alice", SourceIP: ip},
		"s3_delete_bucket_policy": {Type: "IAMUser", ARN: "arn:aws:iam::111122223333:user/bob", Principal: "arn:aws:iam::111122223333:user/bob", SourceIP: ip},
		"iam_create_role": {Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/Deployer/alice", Principal: "arn:aws:iam::111122223333:role/Deployer",
			Role: "Deployer", SessionName: "alice", SourceIP: "cloudformation.amazonaws.com", InvokedBy: "cloudformation.amazonaws.com"},
		"s3_put_bucket_policy_own_role": {Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/shoreup-remediate-storage/plan-01JNEXAMPLE",
			Principal: "arn:aws:iam::111122223333:role/shoreup/shoreup-remediate-storage", Role: "shoreup-remediate-storage", SessionName: "plan-01JNEXAMPLE", SourceIP: ip},
		"who_root":          {Type: "Root", ARN: "arn:aws:iam::111122223333:root", Principal: "arn:aws:iam::111122223333:root", SourceIP: ip},
		"who_service":       {Type: "AWSService", Principal: "config.amazonaws.com", InvokedBy: "config.amazonaws.com", SourceIP: "config.amazonaws.com"},
		"who_other_account": {Type: "AWSAccount", Principal: "AIDAEXAMPLEUSERID0009", SourceIP: ip},
		"who_federated": {Type: "FederatedUser", ARN: "arn:aws:sts::111122223333:federated-user/temp",
			Principal: "arn:aws:iam::111122223333:user/bob", SourceIP: ip},
		"who_identity_center": {Type: "IdentityCenterUser", Principal: "544894e8-80c1-707f-60e3-3ba6510dfac1", SourceIP: ip},
		"who_assumed_role_without_session_context": {Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/Deployer/alice",
			Principal: "arn:aws:sts::111122223333:assumed-role/Deployer/alice", Role: "Deployer", SessionName: "alice", SourceIP: ip},
		"who_source_identity": {Type: "AssumedRole", ARN: "arn:aws:sts::111122223333:assumed-role/Deployer/deploy-1842", Principal: "arn:aws:iam::111122223333:role/ci/Deployer",
			Role: "Deployer", SessionName: "deploy-1842", SourceIdentity: "ada@example.com", SourceIP: ip},
		"who_nobody": {},
	} {
		if diff := cmp.Diff(want, parse(t, name)[0].Actor); diff != "" {
			t.Errorf("%s: actor (-want +got):\n%s", name, diff)
		}
	}
}

func TestOwnRoles(t *testing.T) {
	t.Parallel()
	const issuer = `{"userIdentity":{"type":"AssumedRole","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/p/fix","userName":"fix"}}}}`
	const bare = `{"userIdentity":{"type":"AssumedRole","arn":"arn:aws:sts::111122223333:assumed-role/fix/s"}}`
	const asUser = `{"userIdentity":{"type":"FederatedUser","sessionContext":{"sessionIssuer":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/fix"}}}}`
	for _, c := range []struct {
		doc, entry, account string
		want                bool
	}{
		{issuer, "arn:aws:iam::111122223333:role/p/fix", "111122223333", true},
		{issuer, "arn:aws:iam::111122223333:role/fix", "111122223333", false},
		{issuer, "arn:aws:iam::111122223333:role/p/fix", "444455556666", true},
		{issuer, "fix", "111122223333", true},
		{issuer, "fix", "444455556666", false},
		{issuer, "fi", "111122223333", false},
		{issuer, "", "111122223333", false},
		{bare, "arn:aws:iam::111122223333:role/p/fix", "111122223333", true},
		{bare, "arn:aws:iam::444455556666:role/p/fix", "111122223333", false},
		{bare, "arn:aws:iam::111122223333:user/fix", "111122223333", false},
		{bare, "fix", "111122223333", true},
		{bare, "fix", "444455556666", false},
		{asUser, "fix", "111122223333", false},
		{`{"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/fix","userName":"fix"}}`, "fix", "111122223333", false},
		{`{}`, "", "111122223333", false},
	} {
		var rec record
		if err := json.Unmarshal([]byte(c.doc), &rec); err != nil {
			t.Fatal(err)
		}
		if got := byOwnRole(rec, []string{c.entry}, place{c.account, "us-east-1", "aws"}); got != c.want {
			t.Errorf("%s by own role %q in account %s: got %v", c.doc, c.entry, c.account, got)
		}
	}
}
