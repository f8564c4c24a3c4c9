package stack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
)

func TestMain(m *testing.M) {
	if os.Getenv("STACK_TEST_MODE") == "echo" { // the test's binary is the function's, too
		lambda.Start(echo)
		return
	}
	emulatortest.Main(m)
}

// echo is the function of the test's stack. It tells the queue NEXT what it got and how it runs, unless it is to fail.
func echo(ctx context.Context, raw json.RawMessage) (any, error) {
	var in events.SQSEvent
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	if strings.Contains(string(raw), `"requestContext"`) { // over the web
		return mirror(raw)
	}
	if len(in.Records) == 0 { // invoked without a queue
		if strings.Contains(string(raw), "fail") {
			return nil, errors.New("as told")
		}
		return nil, tell(ctx, "scheduled "+string(raw))
	}
	out := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, r := range in.Records {
		var e struct{ Detail struct{ Do string } }
		if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
			return nil, err
		}
		if e.Detail.Do == "poison" {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageId})
			continue
		}
		if err := tell(ctx, fmt.Sprintf("%s of %d", e.Detail.Do, len(in.Records))); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func tell(ctx context.Context, what string) error {
	cfg, err := awsapi.LoadConfig(ctx, "", "")
	if err != nil {
		return err
	}
	account, arn, err := stsapi.Caller(ctx, cfg)
	if err != nil {
		return err
	}
	body := strings.Join([]string{what, os.Getenv("GREETING"), os.Getenv("EXTRA"), os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), arn}, "|")
	return sqsapi.Send(ctx, awsapi.NewSession(cfg, account, cfg.Region), os.Getenv("NEXT"), body, "")
}

const region = "eu-west-1"

type world struct {
	*Cloud
	hub, member string // accounts
	log         bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{hub: emulatortest.Account(t), member: emulatortest.Account(t)}
	w.Cloud = New(Options{
		Emulator: emulatortest.ForTest(t), Binaries: map[string]string{"echo": self}, Env: []string{"EXTRA=extra"}, MaxWindow: 300 * time.Millisecond, Organization: "o-1", Log: &w.log,
	})
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := w.Deploy(t.Context(), Stack{Name: "hub", Template: readTemplate(t, "hub"), Parameters: map[string]string{"Greeting": "hello"}, Account: w.hub, Region: region}); err != nil {
		t.Fatal(err)
	}
	bus := "arn:aws:events:" + region + ":" + w.hub + ":event-bus/hub"
	if err := w.Deploy(t.Context(), Stack{Name: "member", Template: readTemplate(t, "member"), Parameters: map[string]string{"Bus": bus}, Account: w.member, Region: region}); err != nil {
		t.Fatal(err)
	}
	return w
}

func readTemplate(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func happened(account, do string) []byte {
	return fmt.Appendf(nil, `{"version":"0","id":"1","source":"aws.s3","detail-type":"x","account":%q,"region":%q, "detail":{"do":%q}}`, account, region, do)
}

func (w *world) put(t *testing.T, account, do string) []string {
	t.Helper()
	matched, err := w.Put(t.Context(), happened(account, do))
	if err != nil {
		t.Fatal(err)
	}
	for i := range matched {
		matched[i] = matched[i][strings.LastIndex(matched[i], "rule/"):]
	}
	return matched
}

func (w *world) settle(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		t.Fatalf("%v\n%s", err, &w.log)
	}
}

func (w *world) take(t *testing.T, name string) []queue.Message {
	t.Helper()
	got, err := w.Take(t.Context(), "arn:aws:sqs:"+region+":"+w.hub+":"+name)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func bodies(messages []queue.Message) []string {
	out := []string{}
	for _, m := range messages {
		out = append(out, m.Body)
	}
	slices.Sort(out)
	return out
}

func TestFromAMembersBusToAFunction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, do := range []string{"a", "b", "c", "d"} {
		if diff := cmp.Diff([]string{"rule/forward", "rule/hub/members"}, w.put(t, w.member, do)); diff != "" {
			t.Errorf("rules (-want +got):\n%s", diff)
		}
	}
	w.settle(t)
	role := "arn:aws:sts::" + w.hub + ":assumed-role/worker/worker"
	got := bodies(w.take(t, "done"))
	if len(got) != 4 || !strings.HasPrefix(got[0], "a of ") || !strings.HasSuffix(got[0], "|hello|extra|256|"+role) {
		t.Errorf("the function told %q\n%s", got, &w.log)
	}
	f := w.Functions()[0]
	if n := f.Invocations(); n < 1 || n > 4 {
		t.Errorf("%d invocations for 4 messages in batches of 4", n)
	}
	if stats, err := f.Stats(); err != nil || len(stats) == 0 {
		t.Errorf("stats %v, %v", stats, err)
	}
	if err := f.Cool(); err != nil {
		t.Error(err)
	}
	if stats, err := f.Stats(); err != nil || len(stats) != 0 {
		t.Errorf("after cooling: stats %v, %v", stats, err)
	}
}

func TestPoisonEndsInTheDeadLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, w.hub, "poison")
	w.settle(t)
	dead := w.take(t, "dead")
	if len(dead) != 1 || !strings.Contains(dead[0].Body, `"do":"poison"`) || w.Functions()[0].Invocations() != 3 {
		t.Errorf("dead letters %v after %d invocations, want the one after 3", dead, w.Functions()[0].Invocations())
	}
}

func TestEventsThatMayNotBeDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if diff := cmp.Diff([]string{"rule/shut"}, w.put(t, w.hub, "shut")); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	refused := w.Refused()
	if len(refused) != 1 || !strings.Contains(refused[0].Reason, "does not allow sqs:SendMessage") {
		t.Errorf("refused %+v", refused)
	}
	if kept := w.take(t, "kept"); len(kept) != 1 || *kept[0].Attributes["ERROR_MESSAGE"].StringValue != refused[0].Reason {
		t.Errorf("kept %+v", kept)
	}
	// An account outside of the organisation, with the same template.
	w.opts.Organization = "o-2"
	w.put(t, w.member, "a")
	if refused := w.Refused(); len(refused) != 2 || !strings.Contains(refused[1].Reason, "event-bus/hub does not allow events:PutEvents") {
		t.Errorf("refused %+v", refused)
	}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.Tick(t.Context(), "nightly"); err != nil {
		t.Fatal(err)
	}
	if err := w.Tick(t.Context(), "arn:aws:events:"+region+":"+w.hub+":rule/broken"); err != nil {
		t.Fatal(err)
	}
	if err := w.Tick(t.Context(), "own"); err == nil {
		t.Error("a rule without a schedule was started")
	}
	w.settle(t)
	if got := bodies(w.take(t, "done")); len(got) != 1 || !strings.Contains(got[0], `"detail-type":"Scheduled Event"`) {
		t.Errorf("the function told %q\n%s", got, &w.log)
	}
	if dead := w.take(t, "dead"); len(dead) != 1 || dead[0].Body != `{"do":"fail"}` || w.Functions()[0].Invocations() != 1+tries {
		t.Errorf("dead letters %+v after %d invocations, want the event that failed %d times", dead, w.Functions()[0].Invocations(), tries)
	}
}

func TestWhatTheStacksAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	want := map[string][]string{"AWS::CloudWatch::Alarm": {"hub/Alarm"}, "AWS::Odd::Thing": {"hub/Strange"}}
	if diff := cmp.Diff(want, w.Ignored()); diff != "" {
		t.Errorf("ignored (-want +got):\n%s", diff)
	}
	roles, err := w.Roles()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(roles, func(r Role) bool { return r.ARN == "arn:aws:iam::"+w.hub+":role/worker" })
	if len(roles) != 2 || i < 0 {
		t.Fatalf("roles %+v", roles)
	}
	if r := roles[i]; len(r.Policies) != 1 || r.Policies[0].Name != "own" || !strings.Contains(string(r.Policies[0].Document), ":"+w.hub+":done") || !strings.Contains(string(r.Boundary), "sqs:*") || !strings.Contains(string(r.Trust), "lambda.amazonaws.com") {
		t.Errorf("role %s %s %s", r.Policies[0].Document, r.Boundary, r.Trust)
	}
	policies, err := w.ResourcePolicies()
	if err != nil {
		t.Fatal(err)
	}
	for arn, want := range map[string]string{
		"arn:aws:s3:::locked-" + w.hub: "aws:SecureTransport", "arn:aws:sqs:" + region + ":" + w.hub + ":work": "aws:SourceArn", "arn:aws:events:" + region + ":" + w.hub + ":event-bus/hub": "aws:PrincipalOrgID",
	} {
		if got := string(policies[arn]); !strings.Contains(got, want) || !strings.HasPrefix(got, `{"Statement":[{`) {
			t.Errorf("policies of %s: %s", arn, got)
		}
	}
	if out, err := w.Output("hub", "Where"); err != nil || out != "s3://locked-"+w.hub+"/x" {
		t.Errorf("output %q, %v", out, err)
	}
	if !w.Owns("arn:aws:dynamodb:"+region+":"+w.hub+":table/things") || w.Owns("arn:aws:dynamodb:"+region+":"+w.hub+":table/other") {
		t.Error("what the stacks made is not known")
	}
	if n, err := w.Waiting(t.Context(), "arn:aws:sqs:"+region+":"+w.hub+":done"); err != nil || n != 0 {
		t.Errorf("%d messages, %v", n, err)
	}
}

func TestSendingToAQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	work := "arn:aws:sqs:" + region + ":" + w.hub + ":work"
	if err := w.SendAs("arn:aws:iam::"+w.hub+":role/anybody", work, string(happened(w.hub, "x"))); err != nil {
		t.Error(err)
	}
	w.settle(t)
	if got := bodies(w.take(t, "done")); len(got) != 1 {
		t.Errorf("the function told %q", got)
	}
	if err := w.SendAs("arn:aws:iam::"+w.member+":role/anybody", work, "x"); err == nil || !strings.Contains(err.Error(), "does not allow") {
		t.Errorf("another account: %v", err)
	}
}

func TestWhatCannotBeDeployed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ template, want string }{
		"no JSON":            {`{`, "reading the template"},
		"no resources":       {`{}`, "it has no resources"},
		"missing name":       {`{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Ref":"X"}}}}}`, "Resources.Q.Properties.QueueName.Ref: nothing is named X"},
		"role of nobody":     {`{"Resources":{"F":{"Type":"AWS::Lambda::Function","Properties":{"Code":{"S3Key":"echo.zip"},"Role":"arn:aws:iam::1:role/x"}}}}`, "no stack has the function's role"},
		"input transformer":  {`{"Resources":{"R":{"Type":"AWS::Events::Rule","Properties":{"EventPattern":{"source":["x"]},"Targets":[{"Arn":"a","InputTransformer":{}}]}}}}`, "InputTransformer is not known here"},
		"pattern of no kind": {`{"Resources":{"R":{"Type":"AWS::Events::Rule","Properties":{"EventPattern":{"source":"x"}}}}}`, "making R (AWS::Events::Rule)"},
		"bus of nobody":      {`{"Resources":{"R":{"Type":"AWS::Events::Rule","Properties":{"EventBusName":"x"}}}}`, "there is no event bus"},
		"URL of nobody":      {`{"Resources":{"U":{"Type":"AWS::Lambda::Url","Properties":{"AuthType":"NONE","TargetFunctionArn":"f"}}}}`, "there is no function f"},
		"web sockets":        {`{"Resources":{"A":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"ProtocolType":"WEBSOCKET"}}}}`, "an API of type WEBSOCKET is not known here"},
		"route of nobody":    {`{"Resources":{"R":{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":"x","RouteKey":"$default"}}}}`, "there is no API x"},
		"fifo":               {`{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"FifoQueue":true}}}}`, "first-in-first-out"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := New(Options{Emulator: emulatortest.ForTest(t), Binaries: map[string]string{"echo": "none"}})
			defer func() {
				if err := c.Stop(); err != nil {
					t.Error(err)
				}
			}()
			err := c.Deploy(t.Context(), Stack{Name: "s", Template: []byte(tt.template), Account: emulatortest.Account(t), Region: region})
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "deploying stack s") {
				t.Errorf("%v, want an error with %q", err, tt.want)
			}
		})
	}
}
