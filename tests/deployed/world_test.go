// Package deployed deploys freshly synthesised templates on this machine and sends events through them: AWS's way from a rule's pattern to a verified fix,
// its record and its message, with the environment, the queues and the roles that the templates say. Everything that the functions asked of AWS is then
// judged by an evaluator of IAM policies that is not ours: what IAM would have refused fails, and what is granted and was never needed must be in
// testdata/unused.txt with a reason. People click in a stand-in for Slack, which tells the installation at the address that its stack puts out, and sign what they
// say at the review URL with credentials that the local cloud knows.
//
//	go test -v ./tests/deployed                                             all, with a small burst
//	SHOREUP_BURST=5000 go test -v ./tests/deployed -run Burst -timeout 2h   the whole burst, which takes long
package deployed

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/localcloud/stack"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

// atOnce is how many tests run at the same time where nobody says otherwise: they wait for Slack's one message a second more than they compute.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		if err := f.Value.Set(atOnce); err != nil {
			panic(err)
		}
	}
	emulatortest.Main(m)
}

const (
	region       = "eu-west-1"
	home         = "us-east-1" // of IAM and its events
	organization = "o-exampleorg01"
	prefix       = "shoreup" // of everything that the templates name
	slackToken   = "xoxb-local"
	slackSigning = "local-signing-secret" // with which clicks are signed
)

// binaries are the functions, built once: while others work on the sources each build would make others.
var binaries = sync.OnceValues(func() (map[string]string, error) {
	root, err := build.ModuleRoot(context.Background())
	if err != nil {
		return nil, err
	}
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "main.go"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range mains {
		names = append(names, filepath.Base(filepath.Dir(file)))
	}
	return build.Functions(context.Background(), names, nil)
})

// world is an installation at the emulator, with the accounts that it looks after.
type world struct {
	*stack.Cloud
	t       testing.TB
	server  *emulator.Server
	tap     *wiretap.Tap
	slack   *slacksink.Server
	account string // of the installation
	bucket  string // of the rules file
	log     *lockedBuffer
	clicks  http.Handler // where Slack tells of clicks; see listen
}

// newWorld is a cloud without an installation. Round trips from functions to AWS take so long.
func newWorld(t testing.TB, roundTrip time.Duration) *world {
	t.Helper()
	return newWorldAt(t, emulatortest.ForTest(t), roundTrip)
}

// newWorldAt is a world at an emulator of its own.
func newWorldAt(t testing.TB, server *emulator.Server, roundTrip time.Duration) *world {
	t.Helper()
	w := &world{t: t, server: server, account: emulatortest.Account(t), log: &lockedBuffer{}}
	var err error
	if w.tap, err = wiretap.Start(w.server.URL(), wiretap.Options{Delay: roundTrip, Fault: w.hear}); err != nil {
		t.Fatal(err)
	}
	if w.slack, err = slacksink.Start(slacksink.Options{Token: slackToken, SigningSecret: slackSigning, Deliver: w.deliver}); err != nil {
		t.Fatal(err)
	}
	built, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	w.Cloud = stack.New(stack.Options{
		Emulator: w.server, Endpoint: w.tap.URL, Binaries: built, Env: []string{"SHOREUP_SLACK_URL=" + w.slack.APIURL()}, MaxWindow: 100 * time.Millisecond, RetryAfter: time.Second, Organization: organization, Log: w.log,
	})
	t.Cleanup(func() {
		for _, err := range []error{w.Stop(), w.slack.Stop(), w.tap.Stop()} {
			if err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Logf("the functions' log ends in\n%s", w.log.tail(20_000))
		}
	})
	return w
}

// hear tells the cloud of messages that functions send, so that no time is lost that would not be in AWS: the call is then on its last way to the emulator.
// What the emulator does not know is answered as AWS answers where AWS Config's rules are not deployed.
func (w *world) hear(c wiretap.Call) *wiretap.Fault {
	if c.Service == "config" && c.Operation == "StartConfigRulesEvaluation" {
		return &wiretap.Fault{Status: http.StatusBadRequest, Code: "NoSuchConfigRuleException"}
	}
	if c.Service == "sqs" && strings.HasPrefix(c.Operation, "SendMessage") && len(c.Resources) == 1 {
		time.AfterFunc(10*time.Millisecond, func() { w.Sent(c.Resources[0].ARN) })
	}
	return nil
}

// operator is the one role that may send commands.
func (w *world) operator() string { return "arn:aws:iam::" + w.account + ":role/operators" }

func (w *world) deploy(s stack.Stack) {
	w.t.Helper()
	if err := w.Deploy(w.t.Context(), s); err != nil {
		w.t.Fatal(err)
	}
}

// hubParameters are what a person gives the template of a hub or of a single account.
func (w *world) hubParameters() map[string]string {
	return map[string]string{
		"CodeBucket": "code", "SlackChannel": "#cloud-security", "DeployRole": "arn:aws:iam::" + w.account + ":role/deploy", "OperatorRole": w.operator(), "EnableIAM": "true",
	}
}

// single deploys the shape for one account: the installation, and in the home Region what forwards IAM's events to it.
func single(t testing.TB, rules string, roundTrip time.Duration) *world {
	t.Helper()
	return singleFor(t, func(*world) string { return rules }, roundTrip)
}

// singleFor is single with rules that speak of the world.
func singleFor(t testing.TB, rules func(*world) string, roundTrip time.Duration) *world {
	t.Helper()
	w := newWorld(t, roundTrip)
	w.deploy(stack.Stack{Name: "shoreup", Template: template(t, "single", "shoreup"), Account: w.account, Region: region, Parameters: w.hubParameters()})
	w.deploy(stack.Stack{Name: "shoreup-home", Template: template(t, "single", "shoreup-home"), Account: w.account, Region: home, Parameters: map[string]string{"HubRegion": region}})
	w.furnish("shoreup", rules(w))
	w.listen("shoreup")
	return w
}

// security deploys the shape for a security account.
func security(t testing.TB, server *emulator.Server, rules func(*world) string) *world {
	t.Helper()
	w := newWorldAt(t, server, 0)
	parameters := w.hubParameters()
	parameters["OrganizationId"] = organization
	w.deploy(stack.Stack{Name: "shoreup-hub", Template: template(t, "hub", "shoreup-hub"), Account: w.account, Region: region, Parameters: parameters})
	w.furnish("shoreup-hub", rules(w))
	w.listen("shoreup-hub")
	return w
}

// join deploys a member's roles, and its rules in the given Regions.
func (w *world) join(account string, regions ...string) {
	w.t.Helper()
	where := map[string]string{"HubAccount": w.account, "HubRegion": region}
	global := map[string]string{"OrganizationId": organization, "EnableIAM": "true", "HubAccount": w.account, "HubRegion": region}
	w.deploy(stack.Stack{Name: "global-" + account, Template: template(w.t, "member", "shoreup-member-global"), Account: account, Region: home, Parameters: global})
	for _, r := range regions {
		w.deploy(stack.Stack{Name: "regional-" + account + "-" + r, Template: template(w.t, "member", "shoreup-member-regional"), Account: account, Region: r, Parameters: where})
	}
}

// furnish puts Slack's secret and the rules file where the installation looks for them.
func (w *world) furnish(stackName, rules string) {
	w.t.Helper()
	where, err := w.Output(stackName, "RulesFile")
	if err != nil {
		w.t.Fatal(err)
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(where, "s3://"), "/")
	w.bucket = bucket
	for name, text := range map[string]string{"shoreup/slack": `{"bot_token":"` + slackToken + `"}`, "shoreup/slack-signing": `{"signing_secret":"` + slackSigning + `"}`} {
		w.call(w.account, region, "secretsmanager:CreateSecret", map[string]string{"Name": name, "SecretString": text})
	}
	w.call(w.account, region, "s3:PutObject", map[string]string{"Bucket": bucket, "Key": key, "Body": rules})
}

// session is access to an account as its administrator, past the tap.
func (w *world) session(account, region string) awsapi.Session {
	return awsapi.NewSession(w.server.Config(account, region), account, region)
}

// through is SDK configuration by way of the tap, with other credentials if they are given.
func (w *world) through(account, region string, credentials aws.CredentialsProvider) aws.Config {
	w.t.Helper()
	cfg := w.server.Config(account, region)
	client, err := awsapi.Pinned(w.tap.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg.BaseEndpoint, cfg.HTTPClient = &w.tap.URL, client
	if credentials != nil {
		cfg.Credentials = credentials
	}
	return cfg
}

func (w *world) call(account, region, operation string, input any) {
	w.t.Helper()
	raw, err := json.Marshal(input)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := setup.Call(w.t.Context(), w.session(account, region), operation, raw); err != nil {
		w.t.Fatal(err)
	}
}

// script makes things in an account, see package setup.
func (w *world) script(account, region, script string, vars map[string]string) {
	w.t.Helper()
	if vars == nil {
		vars = map[string]string{}
	}
	vars["account"], vars["region"] = account, region
	if err := setup.Run(w.t.Context(), w.session(account, region), script, vars); err != nil {
		w.t.Fatal(err)
	}
}

// settle waits until the functions are done. No event may have been kept from its target.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 8*time.Minute)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
	for _, r := range w.Refused() {
		w.t.Errorf("an event of rule %s did not reach %s: %s", r.Rule, r.Target, r.Reason)
	}
}

// queue is the ARN of a queue of the installation.
func (w *world) queue(name string) string {
	return "arn:aws:sqs:" + region + ":" + w.account + ":" + prefix + "-" + name
}

// invocations is how often a function of the installation was invoked.
func (w *world) invocations(name string) int64 {
	w.t.Helper()
	for _, f := range w.Functions() {
		if f.Name == prefix+"-"+name {
			return f.Invocations()
		}
	}
	w.t.Fatalf("there is no function %s", name)
	return 0
}

// noDeadLetters fails if anything was given up, in any account and Region.
func (w *world) noDeadLetters() {
	w.t.Helper()
	for _, arn := range w.Queues() {
		name := arn[strings.LastIndex(arn, ":")+1:]
		if !strings.HasSuffix(name, "-dlq") && !slices.Contains([]string{prefix + "-dead-letters", prefix + "-undelivered", prefix + "-unforwarded"}, name) {
			continue
		}
		letters, err := w.Take(w.t.Context(), arn)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range letters {
			w.t.Errorf("in queue %s: %s%.500s", arn, reason(m.Attributes), m.Body)
		}
	}
}

// lockedBuffer keeps the functions' output.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.b.String()
	return text[max(0, len(text)-n):]
}
