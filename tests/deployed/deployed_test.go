package deployed

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// rulesFile fixes what it may at once, whoever says that it is wrong. The installation's own buckets are left out: at the emulator they are without the policies
// that the template gives them.
func rulesFile(accounts ...string) string {
	out := "version: 1\n"
	if len(accounts) > 0 {
		out += "accounts:\n"
	}
	for _, a := range accounts {
		out += fmt.Sprintf("  - { id: %q, regions: [%s] }\n", a, region)
	}
	return out + `rules:
  - { name: everything, match: { families: [storage, network], origin: [event, late-event, sweep, cli, securityhub] }, mode: auto }
trusted_tags: [team]
exceptions:
  - { control: s3-bucket-tls-only, resource: "arn:aws:s3:::shoreup-*", owner: test@example.com, reason: the emulator has no policies of ours, expires: 2036-01-01 }
limits:
  - { controls: ["*"], max: 10000, per: hour }
slack:
  routes:
    - { match: { families: [iam] }, channel: "#identities" }
    - { match: { severities: [critical] }, channel: "#critical" }
  channel: "#cloud-security"
`
}

// TestDeployed sends events through both kinds of installation, and the catalogue through their roles; then all that was asked of AWS is judged.
func TestDeployed(t *testing.T) {
	var one, many, trials *world
	asking := make([]*world, 2)
	t.Run("shapes", func(t *testing.T) {
		t.Run("single", func(t *testing.T) {
			t.Parallel()
			one = single(t, rulesFile(), 0)
			runSingle(t, one)
			wantIgnored(t, one)
		})
		for i, all := range [][]asked{atOne, atOther} {
			t.Run(fmt.Sprintf("people %d", i+1), func(t *testing.T) {
				t.Parallel()
				asking[i] = singleFor(t, func(w *world) string { return askingRules(w.account) }, 0)
				runAsking(t, asking[i], all)
			})
		}
		t.Run("hub and member", func(t *testing.T) {
			t.Parallel()
			member := emulatortest.Account(t)
			many = security(t, emulatortest.ForTest(t), func(*world) string { return asksAboutPress(rulesFile(member)) })
			many.join(member, region, home)
			runMember(t, many, member)
		})
		t.Run("catalogue", func(t *testing.T) {
			t.Parallel()
			server, err := emulator.Start(t.Context(), emulator.Options{}) // which is asked most of all, so that nobody waits for it
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Stop(); err != nil {
					t.Error(err)
				}
			})
			trials = security(t, server, func(*world) string { return rulesFile() })
			exercise(t, trials)
		})
	})
	if chosen := flag.Lookup("test.run").Value.String(); t.Failed() || strings.Contains(chosen, "/") {
		return // what did not run cannot show what it needs
	}
	judge(t, append(asking, one, many, trials))
}

func runSingle(t *testing.T, w *world) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *world)
	}{
		{"an event becomes a verified fix", fixFromEvent},
		{"events of root and of users arrive", fixFromRootAndUsers},
		{"IAM's events come from the home Region", fixFromHome},
		{"what Security Hub found is fixed and noted", fixFromSecurityHub},
		{"what cannot be read becomes a dead letter", buryPoison},
		{"our own calls are compared with the audit log", compareOwn},
		{"a sweep looks at every Region", sweep},
		{"a command is taken from the operator alone", command},
		{"each who orders has one queue", ordersHaveOneSender},
		{"a plan that no longer fits is made again", planAgain},
		{"the audit log is sealed", seal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.t = t
			tt.run(t, w)
			w.settle()
			w.noDeadLetters()
		})
	}
}

func fixFromEvent(t *testing.T, w *world) {
	bucket := "invoices-" + w.account
	w.openBucket(w.account, bucket)
	tags := map[string]any{"TagSet": []any{map[string]string{"Key": "team", "Value": "payments"}}} // who set a trusted tag is looked up
	w.call(w.account, region, "s3:PutBucketTagging", map[string]any{"Bucket": bucket, "Tagging": tags})
	wantRules(t, w.put(bucketPolicy(w.account, bucket, nil).envelope(t)), "shoreup-calls-s3")
	w.settle()
	if !w.isClosed(w.account, bucket) {
		t.Error("the bucket is still public")
	}
	if got := fixes(w.records(w.account)); got["arn:aws:s3:::"+bucket+" s3-bucket-public"] != 1 {
		t.Errorf("records of fixes %v, want one of the bucket", got)
	}
	if !w.told(bucket) {
		t.Errorf("no message speaks of the bucket: %v; refused: %v", w.slack.Messages(), w.slack.Refused())
	}
	if n := w.invocations("evaluate"); n != 1 {
		t.Errorf("%d invocations of evaluate for one event", n)
	}
}

// A rule that excludes our own roles by name must not lose who has no role.
func fixFromRootAndUsers(t *testing.T, w *world) {
	callers := map[string]any{"root": root(w.account), "user": user(w.account, "dana")}
	for name, who := range callers {
		w.openBucket(w.account, name+"-"+w.account)
		wantRules(t, w.put(bucketPolicy(w.account, name+"-"+w.account, who).envelope(t)), "shoreup-calls-s3")
	}
	w.settle()
	for name := range callers {
		if !w.isClosed(w.account, name+"-"+w.account) {
			t.Errorf("what %s did was not mended", name)
		}
	}
}

func fixFromHome(t *testing.T, w *world) {
	w.script(w.account, home, `
iam:CreateUser {"UserName":"intern"}
iam:PutUserPolicy {"UserName":"intern","PolicyName":"temporary","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}}
`, nil)
	event := happened{account: w.account, region: home, service: "iam", name: "PutUserPolicy", params: map[string]any{"userName": "intern", "policyName": "temporary"}}
	wantRules(t, w.put(event.envelope(t)), "shoreup-calls-iam", "shoreup-calls-iam")
	w.settle()
	of := func(e audit.Entry) bool { return strings.HasSuffix(e.Resource, ":user/intern") }
	if !slices.ContainsFunc(w.records(w.account), of) {
		t.Error("no record speaks of the user")
	}
	// Somebody mends it by hand: nothing waits for approval any more.
	w.script(w.account, home, `
iam:PutUserPolicy {"UserName":"intern","PolicyName":"temporary","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}}
`, nil)
	event.id = 1
	w.put(event.envelope(t))
	w.settle()
	records := slices.DeleteFunc(w.records(w.account), func(e audit.Entry) bool { return !of(e) })
	if last := records[len(records)-1]; last.Outcome == string(core.AwaitingApproval) {
		t.Errorf("mended by hand, and still %s", last.Outcome)
	}
}

// What Security Hub found is fixed, and Security Hub is told: that the emulator does not take the note is the test's limit, what is asked is recorded.
func fixFromSecurityHub(t *testing.T, w *world) {
	bucket := "found-" + w.account
	w.openBucket(w.account, bucket)
	raw, err := os.ReadFile("../../events/securityhub/testdata/bucket.json")
	if err != nil {
		t.Fatal(err)
	}
	event := strings.NewReplacer("111122223333", w.account, "us-east-1", region, "example-reports", bucket).Replace(string(raw))
	wantRules(t, w.put([]byte(event)), "shoreup-securityhub-imported")
	w.settle()
	if !w.isClosed(w.account, bucket) {
		t.Error("the bucket that Security Hub found is still public")
	}
	noted := func(c wiretap.Call) bool { return c.Service == "securityhub" && c.Operation == "BatchUpdateFindings" }
	if !slices.ContainsFunc(w.tap.Calls(), noted) {
		t.Error("Security Hub was not told")
	}
}

func buryPoison(t *testing.T, w *world) {
	event := bucketPolicy(w.account, "x", nil).envelope(t)
	event = bytes.Replace(event, []byte(`"recipientAccountId":"`+w.account+`"`), []byte(`"recipientAccountId":"999999999999"`), 1)
	wantRules(t, w.put(event), "shoreup-calls-s3")
	w.settle()
	letters, err := w.Take(t.Context(), w.queue("dead-letters"))
	if err != nil {
		t.Fatal(err)
	}
	if len(letters) != 1 || !strings.Contains(letters[0].Body, `"999999999999"`) || !strings.Contains(reason(letters[0].Attributes), "does not agree") {
		t.Errorf("dead letters %+v, want the event with the reason", letters)
	}
}

// What our own roles do is no news, and is compared with the audit log: the fix of the first event is explained there, and what somebody else did is told.
func compareOwn(t *testing.T, w *world) {
	before := w.invocations("evaluate")
	bucket := "invoices-" + w.account
	i := slices.IndexFunc(w.tap.Calls(), func(c wiretap.Call) bool {
		return c.Operation == "PutPublicAccessBlock" && c.Resources[0].ARN == "arn:aws:s3:::"+bucket
	})
	if i < 0 {
		t.Fatal("no call closed the bucket")
	}
	made := w.tap.Calls()[i]
	wantRules(t, w.put(ownCall(w.account, bucket, made.SessionName, made.SourceIdentity).envelope(t)), "shoreup-reconciliation")
	w.settle()
	if w.told(unexplained) {
		t.Error("a call that the audit log explains was told of")
	}
	wantRules(t, w.put(ownCall(w.account, bucket, "dana", "shoreup").envelope(t)), "shoreup-reconciliation")
	w.settle()
	if !w.told(unexplained) || !strings.Contains(w.log.tail(1<<20), `"UnexplainedCalls":1`) {
		t.Error("a call that nothing explains was not told of, or not counted")
	}
	if n := w.invocations("evaluate") - before; n != 0 {
		t.Errorf("evaluate was invoked %d times for our own calls", n)
	}
}

// unexplained is what people are told of a call with a role of ours that the audit log does not know.
const unexplained = "no record explains it"

func sweep(t *testing.T, w *world) {
	bucket := "forgotten-" + w.account
	w.openBucket(w.account, bucket)
	if err := w.Tick(t.Context(), "shoreup-sweep"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if n := w.invocations("sweep"); n != 3 {
		t.Errorf("sweep was invoked %d times, want once by the schedule and once for each of two Regions", n)
	}
	if !w.isClosed(w.account, bucket) {
		t.Error("the sweep did not find the public bucket")
	}
}

func command(t *testing.T, w *world) {
	bucket := "asked-" + w.account
	w.openBucket(w.account, bucket)
	about := awsapi.Resource{Type: "AWS::S3::Bucket", Account: w.account, Region: region, Partition: "aws"}
	body, err := handler.Message(time.Now(), about, []string{bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, stranger := range []string{"arn:aws:iam::" + w.account + ":role/developers", "arn:aws:iam::" + w.account + ":role/shoreup/shoreup-evaluate"} {
		for _, name := range []string{"commands", "evaluate", "events", "sweep"} {
			if err := w.SendAs(stranger, w.queue(name), string(body)); err == nil {
				t.Errorf("%s may send to the queue %s", stranger, name)
			}
		}
	}
	if err := w.SendAs(w.operator(), w.queue("commands"), string(body)); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if !w.isClosed(w.account, bucket) {
		t.Error("the command was not followed")
	}
}

func seal(t *testing.T, w *world) {
	segments := func() int {
		n := 0
		for key, err := range s3api.Keys(t.Context(), w.session(w.account, region), strings.Replace(w.bucket, "-rules-", "-audit-", 1), "", "", "") {
			if err != nil {
				t.Fatal(key, err)
			}
			n++
		}
		return n
	}
	for run := 1; run <= 2; run++ { // the second goes on where the first ended
		if err := w.Tick(t.Context(), "shoreup-seal"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		if n := segments(); n != run {
			t.Errorf("%d segments after sealing %d times", n, run)
		}
		if run == 1 {
			bucket := "later-" + w.account
			w.openBucket(w.account, bucket)
			w.put(bucketPolicy(w.account, bucket, nil).envelope(t))
			w.settle()
		}
	}
}

// wantIgnored keeps the list of what the templates have and this cloud does not run: what watches, and what keeps logs; nothing that an event passes.
func wantIgnored(t *testing.T, w *world) {
	t.Helper()
	want := []string{"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::KMS::Alias", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::SNS::Topic", "AWS::SNS::TopicPolicy"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(w.Ignored()))); diff != "" {
		t.Errorf("not run (-want +got):\n%s", diff)
	}
}
