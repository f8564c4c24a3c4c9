package deployed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// identities are CloudTrail's userIdentity, by who made a call. Source: CloudTrail user guide, "CloudTrail userIdentity element".
func role(account, name string) map[string]any {
	short := name[strings.LastIndex(name, "/")+1:]
	return map[string]any{
		"type": "AssumedRole", "principalId": "AROAEXAMPLEID:dana", "arn": "arn:aws:sts::" + account + ":assumed-role/" + short + "/dana", "accountId": account,
		"sessionContext": map[string]any{"sessionIssuer": map[string]any{"type": "Role", "arn": "arn:aws:iam::" + account + ":role/" + name, "accountId": account, "userName": short}},
	}
}

func root(account string) map[string]any {
	return map[string]any{"type": "Root", "principalId": account, "arn": "arn:aws:iam::" + account + ":root", "accountId": account, "accessKeyId": ""}
}

func user(account, name string) map[string]any {
	return map[string]any{
		"type": "IAMUser", "principalId": "AIDAEXAMPLEID", "arn": "arn:aws:iam::" + account + ":user/" + name, "accountId": account, "userName": name,
		"sessionContext": map[string]any{"attributes": map[string]any{"creationDate": "2026-01-01T00:00:00Z", "mfaAuthenticated": "true"}},
	}
}

// person is somebody who signed in through IAM Identity Center.
func person(account, name string) map[string]any {
	const permissionSet = "AWSReservedSSO_Developers_0123456789abcdef"
	who := role(account, "aws-reserved/sso.amazonaws.com/"+permissionSet)
	who["arn"] = "arn:aws:sts::" + account + ":assumed-role/" + permissionSet + "/" + name
	return who
}

// happened is a call that CloudTrail reports.
type happened struct {
	account, region, service, name string
	who                            any
	params                         map[string]any
	id                             int // distinguishes events; equal ones are duplicates
	at                             time.Time
}

// envelope is the event as it is on the bus. Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
func (h happened) envelope(t testing.TB) []byte {
	t.Helper()
	if h.at.IsZero() {
		h.at = time.Now().Add(-10 * time.Second)
	}
	if h.who == nil {
		h.who = role(h.account, "developers")
	}
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", h.id)
	b, err := json.Marshal(map[string]any{
		"version": "0", "id": id, "detail-type": "AWS API Call via CloudTrail", "source": "aws." + h.service, "account": h.account, "region": h.region,
		"time": h.at.UTC().Format(time.RFC3339), "resources": []string{},
		"detail": map[string]any{
			"eventVersion": "1.11", "eventTime": h.at.UTC().Format(time.RFC3339), "eventSource": h.service + ".amazonaws.com", "eventName": h.name, "awsRegion": h.region,
			"sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.17", "eventID": id, "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
			"recipientAccountId": h.account, "requestParameters": h.params, "responseElements": nil, "userIdentity": h.who,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// bucketPolicy is somebody's putting a policy on a bucket.
func bucketPolicy(account, bucket string, who any) happened {
	return happened{account: account, region: region, service: "s3", name: "PutBucketPolicy", who: who, params: map[string]any{"bucketName": bucket}}
}

// ownCall is a call that closes a bucket with our own role, in a session of some name, on somebody's decision.
func ownCall(account, bucket, session, identity string) happened {
	who := role(account, "shoreup/shoreup-remediate-storage")
	who["arn"] = "arn:aws:sts::" + account + ":assumed-role/shoreup-remediate-storage/" + session
	who["sessionContext"].(map[string]any)["sourceIdentity"] = identity
	return happened{account: account, region: region, service: "s3", name: "PutBucketPublicAccessBlock", who: who, params: map[string]any{"bucketName": bucket}, at: time.Now()}
}

// put sends an event and returns the names of the rules that matched.
func (w *world) put(raw []byte) []string {
	w.t.Helper()
	matched, err := w.Put(w.t.Context(), raw)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := range matched {
		matched[i] = matched[i][strings.Index(matched[i], ":rule/")+len(":rule/"):]
	}
	return matched
}

// openBucket makes a public bucket.
func (w *world) openBucket(account, name string) {
	w.t.Helper()
	w.script(account, region, `
s3:CreateBucket {"Bucket":"${bucket}","CreateBucketConfiguration":{"LocationConstraint":"${region}"}}
s3:PutBucketPolicy {"Bucket":"${bucket}","Policy":{"Version":"2012-10-17","Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::${bucket}/*"}]}}
`, map[string]string{"bucket": name})
}

// isClosed tells whether all public access to a bucket is blocked.
func (w *world) isClosed(account, bucket string) bool {
	w.t.Helper()
	block, err := s3api.ReadBlock(w.t.Context(), w.session(account, region), bucket)
	if err != nil {
		w.t.Fatal(err)
	}
	return block != nil && *block == s3api.FullBlock
}

func (w *world) auditLog() *audit.Log {
	store := dynamodbapi.NewStore(w.session(w.account, region))
	return audit.New(store, dynamodbapi.Table{Suffix: occurrence.AuditTable}.Name(prefix), time.Now, "test")
}

// records returns an account's chain of audit records, after it has been verified.
func (w *world) records(account string) []audit.Entry {
	w.t.Helper()
	log := w.auditLog()
	var exported bytes.Buffer
	if err := log.Export(w.t.Context(), &exported, account, 0); err != nil {
		w.t.Fatal(err)
	}
	report, err := verify.Read(&exported, verify.Options{Chain: account})
	if err != nil || len(report.Findings) > 0 {
		w.t.Fatalf("verifying the audit log of %s: %v %v", account, report.Findings, err)
	}
	entries, err := log.List(w.t.Context(), account, 0, 1_000_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return entries
}

// fixes returns the results of outcome fixed, by resource ARN and control.
func fixes(entries []audit.Entry) map[string]int {
	out := map[string]int{}
	for _, e := range entries {
		if e.Kind == audit.Result && e.Outcome == string(core.Fixed) {
			out[e.Resource+" "+e.Control]++
		}
	}
	return out
}

// told reports whether a Slack message speaks of this.
func (w *world) told(what string) bool {
	for _, m := range w.slack.Messages() {
		if strings.Contains(m.Text, what) || strings.Contains(string(m.Blocks), what) {
			return true
		}
	}
	return false
}

// wantRules compares the names of rules that matched.
func wantRules(t testing.TB, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("the event matched %q, want %q", got, want)
	}
}

// reason is why a message is a dead letter.
func reason(attributes map[string]queue.Attribute) string {
	var out strings.Builder
	for name, a := range attributes {
		if a.StringValue != nil {
			fmt.Fprintf(&out, "%s=%s ", name, *a.StringValue)
		}
	}
	return out.String()
}
