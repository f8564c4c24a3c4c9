package deployed

import (
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

func runMember(t *testing.T, w *world, member string) {
	w.t = t
	bucket := "member-" + member
	w.openBucket(member, bucket)
	wantRules(t, w.put(bucketPolicy(member, bucket, nil).envelope(t)), "shoreup-calls-s3", "shoreup/shoreup-calls-s3")
	w.settle()
	if !w.isClosed(member, bucket) {
		t.Error("the member's bucket is still public")
	}
	if got := fixes(w.records(member)); got["arn:aws:s3:::"+bucket+" s3-bucket-public"] != 1 {
		t.Errorf("records of fixes %v, want one of the bucket", got)
	}
	if !w.told(bucket) {
		t.Error("no message speaks of the member's bucket")
	}
	approveMember(t, w, member)
	// Of two Regions with the same rules only the home Region hears of IAM.
	event := happened{account: member, region: home, service: "iam", name: "PutUserPolicy", params: map[string]any{"userName": "x", "policyName": "y"}}
	wantRules(t, w.put(event.envelope(t)), "shoreup-calls-iam", "shoreup/shoreup-calls-iam")
	event.region = region
	wantRules(t, w.put(event.envelope(t)))
	wantRules(t, w.put(ownCall(member, bucket, "dana", "shoreup").envelope(t)), "shoreup-reconciliation", "shoreup/shoreup-reconciliation")
	w.settle()
	if !w.told(unexplained) {
		t.Error("a call with a member's role that nothing explains was not told of")
	}
	w.noDeadLetters()
}

// asksAboutPress adds to rules that people are asked about what has the tag of a team.
func asksAboutPress(rules string) string {
	const ask = "rules:\n  - { name: ask, match: { tags: { team: [press] } }, mode: approve }\n"
	return strings.Replace(rules, "rules:\n", ask, 1) + "  team: T00000000\n" + `people:
  - { name: ada, slack: ` + ada + ` }
  - { name: eve, slack: ` + eve + `, aws: ["sso:eve@example.com"] }
`
}

// approveMember asks about a bucket of a member, and takes a click that comes over the HTTP API.
func approveMember(t *testing.T, w *world, member string) {
	bucket := "press-" + member
	w.openBucket(member, bucket)
	tags := map[string]any{"TagSet": []any{map[string]string{"Key": "team", "Value": "press"}}}
	w.call(member, region, "s3:PutBucketTagging", map[string]any{"Bucket": bucket, "Tagging": tags})
	wantRules(t, w.put(bucketPolicy(member, bucket, person(member, "eve@example.com")).envelope(t)), "shoreup-calls-s3", "shoreup/shoreup-calls-s3")
	w.settle()
	if w.isClosed(member, bucket) {
		t.Error("the member's bucket was closed without being asked about")
	}
	m := w.message(slackapp.Approve, "s3-bucket-public on "+bucket)
	if err := w.press(m, eve, slackapp.Approve); err != nil {
		t.Error(err)
	}
	if err := w.press(m, ada, slackapp.Approve); err != nil {
		t.Error(err)
	}
	w.settle()
	w.wantApproved(t, member, bucket, "ada")
	if got := said(t, w.records(member), of(bucket)); !slices.Contains(got, "refused eve approve four-eyes") {
		t.Errorf("on the record: %q", got)
	}
	if text, _ := w.now(m); !strings.Contains(text, "Applied: ") {
		t.Errorf("the message reads\n%s", text)
	}
}
