package review

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/tests/browser/browsertest"
)

// visit is what one person does on the page, which the script plays.
type visit struct {
	Who  string            `json:"who"`
	Link string            `json:"link"`
	View string            `json:"view"`
	Do   map[string]string `json:"do"`             // resource to approve, reject, ask about again or undo
	Keep string            `json:"keep,omitempty"` // folder for screenshots
}

// seen is what the script saw on a visit.
type seen struct {
	Who     string            `json:"who"`
	Forged  []string          `json:"forged"`  // how requests ended that the page did not send
	Waiting []string          `json:"waiting"` // what waits after those
	Answers map[string]string `json:"answers"` // what the page said, by resource
}

// TestDecidingInABrowser presses the page's own buttons in a real browser: requests that the page did not send are refused, who may not decide is told so, what
// is approved is fixed, what was rejected is asked again, and a fix is asked to be taken back.
func TestDecidingInABrowser(t *testing.T) {
	t.Parallel()
	where, without := browsertest.Install(t)
	if without != "" {
		t.Logf("NOT CHECKED, no browser (%s): deciding on the page", without)
		return
	}
	w := newWorld(t, "")
	record := w.fixed("fixed-" + w.account)
	yes, no := w.public("one-"+w.account, w.eve), w.public("two-"+w.account, w.eve)
	one, two := yes.Request.Where.ID, no.Request.Where.ID
	keep := os.Getenv("SHOREUP_SCREENSHOTS") // a folder, for people who want to look at them
	visits := []visit{
		{Who: "eve", Link: w.link(w.eve, nil).String(), View: "waiting", Do: map[string]string{one: "approve"}},
		{Who: "zoe", Link: w.link(w.zoe, nil).String(), View: "waiting", Do: map[string]string{one: "approve"}},
		{Who: "ada", Link: w.link(w.ada, nil).String(), View: "waiting", Do: map[string]string{one: "approve", two: "reject"}},
		{Who: "bo", Link: w.link(w.bo, nil).String(), View: "refused", Do: map[string]string{two: "ask"}},
	}
	w.sameCredentials()
	visits = append(visits, visit{
		Who: "owner", Link: w.link(w.ada, append(w.operator(), "SHOREUP_REVIEW_URL="+w.url), "--table", "shoreup").String(), View: "fixes", Do: map[string]string{"fixed-" + w.account: "undo"},
	})
	var got []seen
	for _, v := range visits {
		v.Keep = keep
		plan, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		cmd := where.Script(t.Context(), "decide.mjs", string(plan))
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		var s seen
		if bad := json.Unmarshal(out, &s); err != nil || bad != nil || stderr.Len() > 0 {
			t.Fatalf("the visit of %s ended with %v, %v\n%s%s", v.Who, err, bad, out, stderr.Bytes())
		}
		if v.Who == "eve" && (w.state(yes).State != approval.Pending || len(w.state(yes).Votes) > 0) {
			t.Errorf("after requests that the page did not send: %+v", w.state(yes))
		}
		if r := w.state(no); v.Who == "ada" && (r.State != approval.Rejected || r.Why != "rejected by ada: the site needs it") {
			t.Errorf("%+v", r)
		}
		got = append(got, s)
	}
	w.until("what was approved is fixed", func() bool { return w.state(yes).State == approval.Applied })
	forged := []string{
		"no token: 403", "another token: 403", "another method: 405", "as a form: 403", "no JSON: 415", "from another origin: not answered", "from another origin without CORS: not answered", "by another name: 421",
	}
	both := []string{one, two}
	want := []seen{
		{"eve", forged, both, map[string]string{one: "Not accepted: eve caused the finding; somebody else has to decide."}},
		{"zoe", forged, both, map[string]string{one: "Not accepted: " + w.zoe.ARN + " is nobody of the list people in the rules file; whoever keeps it can add you."}},
		{"ada", forged, both, map[string]string{one: "Recorded: approved by ada; applied: fixed. Load the page again", two: "Recorded: rejected by ada. Load the page again"}},
	}
	want = append(want, seen{"bo", []string{}, []string{}, map[string]string{two: "Recorded: asked again by bo; now somebody else must agree: shoreup approve " + short(no) + ". Load the page again"}})
	if diff := cmp.Diff(want, got[:4]); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if answer := got[4].Answers["fixed-"+w.account]; !strings.HasPrefix(answer, "Recorded: asked for by ada; now somebody else must agree: shoreup approve ") {
		t.Errorf("the undo of %s: %q", record, answer)
	}
	if undo := w.asked(approval.Undo); undo.Request.Record != record || undo.Request.Requester != "ada" {
		t.Errorf("asked was %+v", undo.Request)
	}
	if r := w.state(no); r.State != approval.Pending || r.Round != 2 || r.Requester != "bo" || !w.open(two) || w.open(one) {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]string{"four-eyes " + w.eve.ARN, "stranger " + w.zoe.ARN}, w.refusals()); diff != "" {
		t.Errorf("refusals on record (-want +got)\n%s", diff)
	}
}
