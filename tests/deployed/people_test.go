package deployed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/localcloud/stack"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/client"
)

// The people of the rules file, and one who is nobody there, by their Slack member ids.
const (
	ada     = "U0ADA00001"
	bo      = "U0BO000001"
	eve     = "U0EVE00001"
	mallory = "U0MALLORY1"
)

// askingRules has people asked about public buckets. What else is wrong with a bucket is nobody's business here.
func askingRules(hub string, accounts ...string) string {
	out := "version: 1\n"
	if len(accounts) > 0 {
		out += "accounts:\n"
	}
	for _, a := range accounts {
		out += fmt.Sprintf("  - { id: %q, regions: [%s] }\n", a, region)
	}
	out += "exceptions:\n"
	for _, a := range append([]string{hub}, accounts...) {
		out += fmt.Sprintf("  - { control: s3-bucket-tls-only, resource: \"arn:aws:s3:::*-%s\", owner: test@example.com, reason: not of interest, expires: 2036-01-01 }\n", a)
	}
	return out + fmt.Sprintf(`rules:
  - { name: ask, match: { controls: [s3-bucket-public] }, mode: approve }
people:
  - { name: ada, slack: %s, aws: ["sso:ada@example.com"] }
  - { name: bo, slack: %s, aws: ["arn:aws:iam::%s:user/bo"] }
  - { name: eve, slack: %s, aws: ["arn:aws:iam::%s:user/eve"] }
approvals:
  - { name: all, within_hours: 10 }
slack:
  channel: "#cloud-security"
  team: T00000000
`, ada, bo, hub, eve, hub)
}

// listen has Slack tell the installation of clicks, at the address that its stack puts out.
func (w *world) listen(stackName string) {
	w.t.Helper()
	w.clicks = w.site(stackName, "InteractUrl")
}

// site is what answers at an address that a stack puts out.
func (w *world) site(stackName, output string, callers ...stack.Caller) http.Handler {
	w.t.Helper()
	address, err := w.Output(stackName, output)
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := w.Web(address, callers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// deliver brings Slack's request to the installation.
func (w *world) deliver(ctx context.Context, headers map[string]string, body []byte) (int, []byte, error) {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(string(body)))
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	out := httptest.NewRecorder()
	w.clicks.ServeHTTP(out, r)
	return out.Code, out.Body.Bytes(), nil
}

// message is the newest message that has a button and speaks of something.
func (w *world) message(button, about string) slacksink.Message {
	w.t.Helper()
	for _, m := range slices.Backward(w.slack.Messages()) {
		text := slacksink.Render(m)
		if strings.Contains(text, about) && strings.Contains(string(m.Blocks), `"action_id":"`+button+`"`) {
			return m
		}
	}
	var all strings.Builder
	for _, m := range w.slack.Messages() {
		all.WriteString(slacksink.Render(m))
	}
	w.t.Fatalf("no message about %s has the button %s; refused: %v; there are\n%s", about, button, w.slack.Refused(), &all)
	return slacksink.Message{}
}

// now is how a message reads by now, and what stands in its thread.
func (w *world) now(m slacksink.Message) (text, thread string) {
	for _, other := range w.slack.Messages() {
		switch {
		case other.Channel == m.Channel && other.TS == m.TS:
			text = slacksink.Render(other)
		case other.Channel == m.Channel && other.Thread == m.TS && other.Thread != "":
			thread += slacksink.Render(other)
		}
	}
	return text, thread
}

// press lets somebody click a button of a message.
func (w *world) press(m slacksink.Message, who, button string) error {
	w.t.Helper()
	return w.slack.Press(w.t.Context(), slacksink.Click{Channel: m.Channel, TS: m.TS, Action: button, User: who})
}

// fill lets somebody click a button that opens a form, and send the form.
func (w *world) fill(m slacksink.Message, who, button string, values map[string]string) {
	w.t.Helper()
	if err := w.press(m, who, button); err != nil {
		w.t.Fatal(err)
	}
	views := w.slack.Views()
	if len(views) != 1 || views[0].Callback != button {
		w.t.Fatalf("the button %s opened %+v; refused: %v", button, views, w.slack.Refused())
	}
	if wrong, err := w.slack.Submit(w.t.Context(), views[0], values); err != nil || len(wrong) > 0 {
		w.t.Fatalf("the form %s was refused: %v, %v", button, wrong, err)
	}
}

const mayReview = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunctionUrl","Resource":"arn:aws:lambda:*:*:function:shoreup-review"},
	{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:shoreup-review","Condition":{"Bool":{"lambda:InvokedViaFunctionUrl":"true"}}}]}`

// reviewers are who may call the review URL: each an access key that people sign with.
func (w *world) reviewers() map[string]stack.Caller {
	w.t.Helper()
	vars := map[string]string{"account": w.account}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"${account}"},"Action":"sts:AssumeRole"}]}`
	const name = "AWSReservedSSO_Reviewers_0123456789abcdef"
	if err := setup.Run(w.t.Context(), w.session(w.account, home), `
sso = iam:CreateRole {"RoleName":"`+name+`","Path":"/aws-reserved/sso.amazonaws.com/","AssumeRolePolicyDocument":`+trust+`} Role.RoleId
`, vars); err != nil {
		w.t.Fatal(err)
	}
	user := func(who string) stack.Caller {
		return stack.Caller{ARN: "arn:aws:iam::" + w.account + ":user/" + who, UserID: "AIDA" + strings.ToUpper(who)}
	}
	session := func(role, id, who string) stack.Caller {
		return stack.Caller{ARN: "arn:aws:sts::" + w.account + ":assumed-role/" + role + "/" + who, UserID: id + ":" + who}
	}
	out := map[string]stack.Caller{
		"ada": session(name, vars["sso"], "ada@example.com"), "bo": user("bo"), "eve": user("eve"), "guest": user("guest"),
		// A role that somebody called as one of Identity Center's, and a session that somebody called as ada's.
		"forger": session("AWSReservedSSO_Forged_0123456789abcdef", "AROAFORGED", "ada@example.com"),
	}
	for who, c := range out {
		c.AccessKey, c.Policy = "AKIA"+strings.ToUpper(who), json.RawMessage(mayReview)
		if who == "guest" {
			c.Policy = nil
		}
		out[who] = c
	}
	return out
}

// reviewSite is the review URL as people's own programs reach it.
type reviewSite struct{ url string }

func (w *world) review(stackName string) reviewSite {
	w.t.Helper()
	var callers []stack.Caller
	for _, c := range w.reviewers() {
		callers = append(callers, c)
	}
	server := httptest.NewServer(w.site(stackName, "ReviewUrl", callers...))
	w.t.Cleanup(server.Close)
	return reviewSite{server.URL}
}

// as is the client of somebody.
func (s reviewSite) as(t testing.TB, who string) *client.Client {
	t.Helper()
	c, err := client.New(s.url, aws.Config{Region: region, Credentials: credentials.NewStaticCredentialsProvider("AKIA"+strings.ToUpper(who), "secret", "")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// item is the request about a bucket that somebody finds among what waits.
func (w *world) item(c *client.Client, account, bucket string) review.Item {
	w.t.Helper()
	list, err := c.Pending(w.t.Context(), account)
	if err != nil {
		w.t.Fatal(err)
	}
	i := slices.IndexFunc(list.Items, func(it review.Item) bool { return it.Request.Where.ID == bucket })
	if i < 0 {
		w.t.Fatalf("nothing waits about %s: %+v", bucket, list.Items)
	}
	return list.Items[i]
}

// word is what is said about a request.
func word(verdict, reason string, it review.Item) review.Word {
	return review.Word{Verdict: verdict, Ref: it.Ref, Hash: it.Request.Key.Hash, Reason: reason, Via: "cli"}
}

// said are the records of people's words in an account: "OUTCOME ACTOR VERDICT CODE", the last of what was refused.
func said(t testing.TB, entries []audit.Entry, about func(audit.Entry) bool) []string {
	t.Helper()
	var out []string
	for _, e := range entries {
		if e.Kind != audit.Verdict || !about(e) {
			continue
		}
		var detail struct{ Code, News, Verdict string }
		if err := json.Unmarshal(e.Detail, &detail); err != nil {
			t.Fatal(err)
		}
		out = append(out, strings.Join(strings.Fields(e.Outcome+" "+e.Actor+" "+detail.Verdict+detail.News+" "+detail.Code), " "))
	}
	return out
}

func of(bucket string) func(audit.Entry) bool {
	return func(e audit.Entry) bool { return e.Resource == "arn:aws:s3:::"+bucket }
}

func (w *world) book() *occurrence.Book {
	store := dynamodbapi.NewStore(w.session(w.account, region))
	return occurrence.New(store, dynamodbapi.Table{Suffix: occurrence.StateTable}.Name(prefix), time.Now)
}

// codeOf is the code of an answer that says why a word was not heard.
func codeOf(err error) string {
	var r *client.Refused
	if errors.As(err, &r) {
		return r.Code
	}
	return "no answer"
}
