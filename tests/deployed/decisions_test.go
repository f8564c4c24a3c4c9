package deployed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
	"github.com/shoreup/shoreup/shared/review"
)

// decideApart asks about several buckets at once, which become a message with a thread, and has people decide about each in another way.
func decideApart(t *testing.T, w *world, site reviewSite) {
	signed, rejected, exempt := "signed-"+w.account, "rejected-"+w.account, "exempt-"+w.account
	w.opened(w.account, signed, rejected, exempt)
	w.knock(t, site, signed)

	item := w.item(site.as(t, "ada"), w.account, signed)
	if item.Plan == "" || item.Wants != 1 || item.Request.Cause != "arn:aws:iam::"+w.account+":user/eve" {
		t.Errorf("shown is %+v", item)
	}
	receipt, err := site.as(t, "ada").Say(t.Context(), word(review.Approve, "", item))
	if err != nil {
		t.Fatal(err)
	}
	refusal := w.message(slackapp.Reject, rejected)
	w.fill(refusal, bo, slackapp.Reject, map[string]string{slackapp.Reason: "it is a website"})
	w.fill(w.message(slackapp.Exempt, exempt), ada, slackapp.Exempt, map[string]string{
		slackapp.Reason: "press pictures", slackapp.Owner: "press@example.com", slackapp.Until: time.Now().AddDate(0, 0, 60).UTC().Format(time.DateOnly),
	})
	w.settle()

	w.wantApproved(t, w.account, signed, "ada")
	if out, err := site.as(t, "ada").Outcome(t.Context(), word(review.Approve, "", item), receipt, 0); err != nil || !out.Word.Known || out.Word.Person != "ada" || out.Word.Refused != "" {
		t.Errorf("what became of the word: %+v, %v", out, err)
	}
	entries := w.records(w.account)
	if got := said(t, entries, of(rejected)); !slices.Contains(got, "rejected bo reject") || w.isClosed(w.account, rejected) {
		t.Errorf("about what was rejected: %q", got)
	}
	if text, _ := w.now(refusal); !strings.Contains(text, "Rejected: s3-bucket-public") || !strings.Contains(text, "it is a website") || strings.Contains(text, "[ Approve ]") {
		t.Errorf("the message about what was rejected reads\n%s", text)
	}
	// The exemption waits for somebody else than who asked for it.
	ask := w.message(slackapp.Approve, exempt)
	if err := w.press(ask, bo, slackapp.Approve); err != nil {
		t.Fatal(err)
	}
	w.settle()
	again := bucketPolicy(w.account, exempt, user(w.account, "eve"))
	again.id = 100
	w.put(again.envelope(t))
	w.settle()
	about := slices.DeleteFunc(w.records(w.account), func(e audit.Entry) bool { return !of(exempt)(e) || e.Control != "s3-bucket-public" })
	if last := about[len(about)-1]; last.Outcome != string(core.Excepted) || w.isClosed(w.account, exempt) {
		t.Errorf("of what is exempt the last record is %s %s by %s", last.Kind, last.Outcome, last.Actor)
	}
}

// knock has people at the review URL who may not decide.
func (w *world) knock(t *testing.T, site reviewSite, bucket string) {
	item := w.item(site.as(t, "bo"), w.account, bucket)
	for who, want := range map[string]string{"guest": "aws", "forger": "stranger", "eve": ""} {
		_, err := site.as(t, who).Say(t.Context(), word(review.Approve, "", item))
		code := ""
		if err != nil {
			code = codeOf(err)
		}
		if code != want {
			t.Errorf("%s said yes, and was answered %v, want %q", who, err, want)
		}
	}
	w.settle()
	got := said(t, w.records(w.account), of(bucket))
	if !slices.Contains(got, "refused eve approve four-eyes") || slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "planned") }) {
		t.Errorf("on the record: %q", got)
	}
	strangers := said(t, w.records(w.account), func(e audit.Entry) bool { return strings.Contains(string(e.Detail), "AWSReservedSSO_Forged") })
	if !slices.Equal(strangers, []string{"refused unknown approve stranger"}) {
		t.Errorf("of the stranger is on the record: %q", strangers)
	}
}

// stopApproved engages the kill switch before a yes, and has people lift it.
func stopApproved(t *testing.T, w *world, site reviewSite) {
	bucket := "stopped-" + w.account
	w.opened(w.account, bucket)
	if err := w.book().Engage(t.Context(), "test", "an incident"); err != nil {
		t.Fatal(err)
	}
	item := w.item(site.as(t, "bo"), w.account, bucket)
	if _, err := site.as(t, "bo").Say(t.Context(), word(review.Approve, "", item)); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if w.isClosed(w.account, bucket) {
		t.Fatal("the bucket was closed while the kill switch was engaged")
	}
	refusals := slices.DeleteFunc(w.records(w.account), func(e audit.Entry) bool { return !of(bucket)(e) || e.Outcome != string(core.Refused) })
	if len(refusals) == 0 || !strings.Contains(string(refusals[0].Detail), "kill switch") {
		t.Errorf("refusals on the record: %+v", refusals)
	}
	if _, err := site.as(t, "bo").Say(t.Context(), review.Word{Verdict: review.Lift, Reason: "it is over", Via: "cli"}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if err := w.press(w.message(slackapp.Approve, "Lift the kill switch"), ada, slackapp.Approve); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if s, err := w.book().Engaged(t.Context()); err != nil || s.Engaged || s.By != "ada" {
		t.Errorf("the kill switch: %+v, %v", s, err)
	}
	// The yes is as good as before. The schedule hands it over again, though only when applying it cannot be under way any more: here that is not waited for.
	if err := w.Tick(t.Context(), "shoreup-decide"); err != nil {
		t.Fatal(err)
	}
	request := item.Request
	order, err := json.Marshal(engine.Order{Occurrence: request.Key.ID, Control: request.Control, Resource: request.Where, Hash: request.Key.Hash})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SendAs("arn:aws:iam::"+w.account+":role/shoreup/shoreup-decide", w.queue("approved"), string(order)); err != nil {
		t.Fatal(err)
	}
	w.settle()
	w.wantApproved(t, w.account, bucket, "bo")
}

// report has the report written on its schedule, into its bucket, and told of in Slack.
func report(t *testing.T, w *world, _ reviewSite) {
	where, err := w.Output("shoreup", "Reports")
	if err != nil {
		t.Fatal(err)
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(where, "s3://"), "/")
	if err := w.Tick(t.Context(), "shoreup-report"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	page, _, err := s3api.GetObject(t.Context(), w.session(w.account, region), bucket, "latest.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rejected-" + w.account, "exempt-" + w.account, "press@example.com"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the report does not speak of %s", want)
		}
	}
	if !w.told("https://" + region + ".console.aws.amazon.com/s3/object/" + bucket) {
		t.Error("no message links to the report")
	}
}
