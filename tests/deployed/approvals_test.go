package deployed

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/review"
)

// asked is a thing that people can decide, from the event to the record.
type asked struct {
	name string
	run  func(*testing.T, *world, reviewSite)
}

// The installations in which people are asked: two, so that they do not wait for each other's Slack channel.
var (
	atOne = []asked{
		{"a click becomes a fix, and nothing else does", approveInSlack},
		{"a fix is taken back when people agree", takeBack},
	}
	atOther = []asked{
		{"people decide in their own ways", decideApart},
		{"the kill switch stops what is approved", stopApproved},
		{"the report is written and told of", report},
	}
)

func runAsking(t *testing.T, w *world, all []asked) {
	site := w.review("shoreup")
	for _, tt := range all {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			tt.run(t, w, site)
			w.settle()
			w.noDeadLetters()
			if refused := w.slack.Refused(); len(refused) > 0 {
				t.Errorf("Slack refused %v", refused)
			}
		})
	}
}

// opened makes buckets public, and has eve be the one who did it.
func (w *world) opened(account string, buckets ...string) {
	w.t.Helper()
	for i, bucket := range buckets {
		w.openBucket(account, bucket)
		event := bucketPolicy(account, bucket, user(w.account, "eve"))
		event.id = i
		w.put(event.envelope(w.t))
	}
	w.settle()
	for _, bucket := range buckets {
		if w.isClosed(account, bucket) {
			w.t.Errorf("bucket %s was closed without being asked about", bucket)
		}
	}
}

func approveInSlack(t *testing.T, w *world, site reviewSite) {
	bucket := "asked-first-" + w.account
	w.opened(w.account, bucket)
	m := w.message(slackapp.Approve, "s3-bucket-public on "+bucket)
	if text, _ := w.now(m); !strings.Contains(text, "*May decide* ada, bo (eve caused it)") || !strings.Contains(text, "for 1 of 1") {
		t.Errorf("the message does not say who is asked:\n%s", text)
	}
	w.hostile(t, bucket)
	if w.isClosed(w.account, bucket) {
		t.Fatal("the bucket was closed by a word that does not count")
	}
	if err := w.press(m, ada, slackapp.Approve); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.wantApproved(t, w.account, bucket, "ada")
	text, thread := w.now(m)
	if !strings.Contains(text, "Applied: s3-bucket-public") || strings.Contains(text, "[ Approve ]") {
		t.Errorf("the message reads\n%s\nand the thread\n%s", text, thread)
	}
	if !strings.Contains(thread, "*Approved* by `ada`") || !strings.Contains(thread, "*Applied*") {
		t.Errorf("the thread reads\n%s", thread)
	}
	if list, err := site.as(t, "ada").Pending(t.Context(), ""); err != nil || len(list.Items) != 0 || list.You != "sso:ada@example.com" {
		t.Errorf("there waits %+v, %v", list, err)
	}
}

// hostile has everybody try who may not. None of it changes anything; what comes from Slack and from people whom AWS knows is on the record.
func (w *world) hostile(t *testing.T, bucket string) {
	m := w.message(slackapp.Approve, "s3-bucket-public on "+bucket)
	for who, what := range map[string]string{mallory: "a stranger", eve: "who caused it"} {
		err := w.press(m, who, slackapp.Approve)
		if refusedAtOnce := err != nil; refusedAtOnce != (who == mallory) {
			t.Errorf("%s clicked, and was answered %v", what, err)
		}
	}
	signed, body, err := w.slack.Interaction(map[string]any{"type": "block_actions"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	forged := maps.Clone(signed)
	forged["x-slack-signature"] = "v0=" + strings.Repeat("0", 64)
	for _, c := range []struct {
		name    string
		headers map[string]string
		status  int
	}{
		{"forged", forged, http.StatusUnauthorized}, {"without a signature", map[string]string{"content-type": "application/x-www-form-urlencoded"}, http.StatusUnauthorized},
		{"of nobody", signed, http.StatusForbidden}, {"the same again", signed, http.StatusConflict},
	} {
		if status, answer, _ := w.deliver(t.Context(), c.headers, body); status != c.status {
			t.Errorf("%s: answered %d %s", c.name, status, answer)
		}
	}
	out := httptest.NewRecorder()
	w.clicks.ServeHTTP(out, httptest.NewRequest(http.MethodGet, "/", nil))
	if out.Code != http.StatusMethodNotAllowed && out.Code != http.StatusNotFound {
		t.Errorf("a GET was answered %d", out.Code)
	}
	w.settle()
	// The first rules file of an installation says who may decide; that it does is on the record, too.
	want := []string{
		"awaiting_approval shoreup asked", "planned shoreup asked", "refused eve approve four-eyes", "refused unknown approve stranger", "refused unknown forged", "refused unknown replay", "refused unknown stranger",
	}
	if out.Code == http.StatusMethodNotAllowed { // the function itself has answered, and not the API in front of it
		want = append(want, "refused unknown malformed")
		slices.Sort(want)
	}
	got := said(t, w.records(w.account), func(audit.Entry) bool { return true })
	slices.Sort(got)
	got = slices.Compact(got) // a stranger is on the record once a minute, and there may be two of them
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on the record (-want +got):\n%s", diff)
	}
	if !strings.Contains(w.log.tail(1<<20), `"SlackForged":1`) {
		t.Error("requests that are not Slack's were not counted")
	}
}

// wantApproved checks that a bucket was fixed once, on the word of a person: in the log, in the role's session, and in the bucket.
func (w *world) wantApproved(t *testing.T, account, bucket, person string) {
	t.Helper()
	if !w.isClosed(account, bucket) {
		t.Errorf("bucket %s is still public", bucket)
	}
	entries := w.records(account)
	if got := fixes(entries); got["arn:aws:s3:::"+bucket+" s3-bucket-public"] != 1 {
		t.Errorf("records of fixes %v, want one of %s", got, bucket)
	}
	if got := said(t, entries, of(bucket)); !slices.Contains(got, "planned "+person+" approve") {
		t.Errorf("words on the record about %s: %q, want the yes of %s", bucket, got, person)
	}
	for _, c := range w.tap.Calls() {
		if c.Operation == "PutPublicAccessBlock" && c.Resources[0].ARN == "arn:aws:s3:::"+bucket && c.SourceIdentity != person {
			t.Errorf("%s was written in the name of %q", bucket, c.SourceIdentity)
		}
	}
}

// takeBack has somebody ask for the undo of the first fix, and somebody else agree.
func takeBack(t *testing.T, w *world, site reviewSite) {
	bucket := "asked-first-" + w.account
	entries := w.records(w.account)
	i := slices.IndexFunc(entries, func(e audit.Entry) bool {
		return of(bucket)(e) && e.Kind == audit.Result && e.Outcome == string(core.Fixed)
	})
	if i < 0 {
		t.Fatal("no record of a fix")
	}
	ask := review.Word{Verdict: review.Undo, Record: fmt.Sprintf("%s/%d", w.account, entries[i].Seq), Reason: "the press kit is gone", Via: "cli"}
	if _, err := site.as(t, "bo").Say(t.Context(), ask); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if !w.isClosed(w.account, bucket) {
		t.Error("the fix was taken back without being asked about")
	}
	m := w.message(slackapp.Approve, "Take back")
	if err := w.press(m, ada, slackapp.Approve); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if w.isClosed(w.account, bucket) {
		t.Error("the fix was not taken back")
	}
	entries = w.records(w.account)
	undone := func(e audit.Entry) bool { return of(bucket)(e) && e.Outcome == string(core.Undone) }
	if !slices.ContainsFunc(entries, undone) {
		t.Error("no record says that the fix was taken back")
	}
	if text, _ := w.now(m); !strings.Contains(text, "Applied: ") {
		t.Errorf("the message reads\n%s", text)
	}
}
