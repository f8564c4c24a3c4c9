package handler

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

func listed(ids ...string) func(awsapi.Session) ([]string, error) {
	return func(awsapi.Session) ([]string, error) { return ids, nil }
}

// regional and global types, two controls of one type, and the account itself, which three services judge.
func manyKinds() []core.Control {
	account := func(s awsapi.Session) ([]string, error) { return []string{s.Account}, nil }
	return []core.Control{
		kind("s3-account", "AWS::::Account", true, account), kind("ec2-account", "AWS::::Account", false, account),
		kind("s3-x", "AWS::S3::Bucket", false, listed("b1", "b2")), kind("s3-y", "AWS::S3::Bucket", false, listed("never")),
		kind("iam-x", "AWS::IAM::Role", true, listed("r")),
	}
}

func TestAPlaceIsListed(t *testing.T) {
	t.Parallel()
	const here = "111122223333/"
	for name, tc := range map[string]struct {
		regions string
		place   wiresweep.Place
		want    []string
	}{
		"a Region": {"", at("111122223333", "eu-west-1"), []string{here + "eu-west-1 AWS::::Account 111122223333", here + "eu-west-1 AWS::S3::Bucket b1", here + "eu-west-1 AWS::S3::Bucket b2"}},
		"home": {"", at("111122223333", "us-east-1"), []string{here + "us-east-1 AWS::::Account 111122223333", here + "us-east-1 AWS::S3::Bucket b1",
			here + "us-east-1 AWS::S3::Bucket b2", here + "us-east-1 AWS::IAM::Role r"}},
		"home, not enrolled: what is global": {", regions: [eu-west-1]", at("111122223333", "us-east-1"),
			[]string{here + "us-east-1 AWS::::Account 111122223333", here + "us-east-1 AWS::IAM::Role r"}},
		"a Region that is no longer listed":    {", regions: [eu-west-1]", at("111122223333", "eu-central-1"), nil},
		"an account that is no longer listed":  {"", at("444455556666", "eu-west-1"), nil},
		"its home, which nobody may look at":   {"", at("444455556666", "us-east-1"), nil},
		"our own account, which is not listed": {"", at(hubAccount, "eu-west-1"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSweeping(t, manyKinds()...)
			w.file = load(t, "version: 1\naccounts:\n  - { id: \"111122223333\", name: one"+tc.regions+" }\n")
			resp, err := w.queue(t, tc.place)
			if err != nil || failures(resp) != "" || len(w.reasons) != 0 {
				t.Fatalf("again %q, dead %q, %v", failures(resp), w.reasons, err)
			}
			if diff := cmp.Diff(tc.want, w.asked(t)); diff != "" {
				t.Errorf("resources (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResourcesAreSentInChunks(t *testing.T) {
	t.Parallel()
	const n = chunk*startMessages*2 + 1
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("b", i))
	}
	w := newSweeping(t, kind("s3-x", "AWS::S3::Bucket", false, listed(ids...)))
	resp, err := w.queue(t, at(hubAccount, "eu-west-1"))
	if err != nil || failures(resp) != "" {
		t.Fatal(failures(resp), err)
	}
	got := w.asked(t)
	if len(w.evaluate) != 21 || len(got) != n || !strings.HasSuffix(got[n-1], fmt.Sprint("b", n-1)) {
		t.Errorf("%d messages with %d resources, want 21 with %d", len(w.evaluate), len(got), n)
	}
}

func denied(code string) error { return &smithy.GenericAPIError{Code: code, Message: "no"} }

// One account, or one type, that cannot be looked at stops nothing else; what may pass is tried again, and what will not is not.
func TestFailuresStayWhereTheyAre(t *testing.T) {
	t.Parallel()
	dns := fmt.Errorf("looking up: %w", &net.DNSError{IsNotFound: true, Name: "sqs.eu-west-9.amazonaws.com"})
	for name, tc := range map[string]struct {
		err    error
		place  wiresweep.Place
		again  bool
		others string // the other type is listed; and of the one that is denied, all is sent: evaluating says so
		count  []string
	}{
		"denied":                  {denied("AccessDenied"), at(hubAccount, "eu-west-1"), false, "* q", []string{"s3-x blind", "s3-y blind"}},
		"denied at home":          {denied("UnauthorizedOperation"), at(hubAccount, "us-east-1"), false, "* q", []string{"s3-x blind", "s3-y blind"}},
		"the Region is off (EC2)": {denied("AuthFailure"), at(hubAccount, "eu-west-1"), false, "", []string{"none blind"}},
		"the Region is off (KMS)": {denied("UnrecognizedClientException"), at(hubAccount, "eu-west-1"), false, "", []string{"none blind"}},
		"the Region is off (SQS)": {denied("InvalidClientTokenId"), at(hubAccount, "eu-west-1"), false, "", []string{"none blind"}},
		"the Region is off (S3)":  {denied("InvalidToken"), at(hubAccount, "eu-west-1"), false, "", []string{"none blind"}},
		"there is no such Region": {dns, at(hubAccount, "eu-west-1"), false, "", []string{"none blind"}},
		"home is never off":       {denied("AuthFailure"), at(hubAccount, "us-east-1"), false, "* q", []string{"s3-x blind", "s3-y blind"}},
		"throttled":               {denied("Throttling"), at(hubAccount, "eu-west-1"), true, "q", nil},
		"out of order":            {denied("InternalError"), at(hubAccount, "eu-west-1"), true, "q", nil},
		"something else":          {errors.New("odd"), at(hubAccount, "eu-west-1"), true, "q", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails := func(awsapi.Session) ([]string, error) { return nil, tc.err }
			w := newSweeping(t, kind("s3-x", "AWS::S3::Bucket", false, fails), kind("s3-y", "AWS::S3::Bucket", false, fails), kind("sqs-x", "AWS::SQS::Queue", false, listed("q")))
			resp, err := w.queue(t, tc.place)
			if err != nil || (failures(resp) == "a") != tc.again || len(w.reasons) != 0 {
				t.Errorf("again %q, dead %q, %v; want again: %v", failures(resp), w.reasons, err, tc.again)
			}
			var sent []string
			for _, asked := range w.asked(t) {
				sent = append(sent, asked[strings.LastIndex(asked, " ")+1:])
			}
			if got := strings.Join(sent, " "); got != tc.others {
				t.Errorf("sent %q, want %q", got, tc.others)
			}
			if diff := cmp.Diff(tc.count, w.counted); diff != "" {
				t.Errorf("counted (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAccountWithoutItsRoleIsNamedOnce(t *testing.T) {
	t.Parallel()
	w := newSweeping(t, manyKinds()...)
	w.file = load(t, "version: 1\naccounts:\n  - { id: \"111122223333\", name: one }\n  - { id: \"444455556666\", name: two }\n  - { id: \"777788889999\", name: three }\n")
	w.readErr["444455556666"] = denied("AccessDenied")
	w.readErr["777788889999"] = denied("Throttling")
	resp, err := w.queue(t, at("444455556666", "eu-west-1"), at("444455556666", "us-east-1"), at("111122223333", "eu-west-1"), at("777788889999", "us-east-1"))
	if err != nil || failures(resp) != "d" {
		t.Errorf("again %q, %v; want the throttled one alone", failures(resp), err)
	}
	asked := w.asked(t)
	slices.Sort(asked)
	want := []string{"111122223333/eu-west-1 AWS::::Account 111122223333", "111122223333/eu-west-1 AWS::S3::Bucket b1", "111122223333/eu-west-1 AWS::S3::Bucket b2",
		"444455556666/us-east-1 AWS::::Account 444455556666"}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"none blind", "none blind"}, w.counted); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	t.Parallel()
	good, err := wiresweep.EncodePlace(at(hubAccount, "eu-west-1"), "id", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	china, err := wiresweep.EncodePlace(wiresweep.Place{Account: hubAccount, Region: "cn-north-1", Partition: "aws-cn"}, "id", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	w := newSweeping(t, manyKinds()...)
	resp, err := w.bodies(t, "{", sweepMessage(t, hubAccount, "b"), event(t, hubAccount, "b", ""), string(china), string(good))
	if err != nil || failures(resp) != "" || len(w.reasons) != 4 {
		t.Errorf("again %q, dead %q, %v; want four dead letters", failures(resp), w.reasons, err)
	}
	if len(w.asked(t)) != 3 {
		t.Errorf("sent %q, want what is in the good place", w.asked(t))
	}
	w.dead.err = errors.New("no queue")
	if resp, err := w.bodies(t, "{"); err != nil || failures(resp) != "a" {
		t.Errorf("again %q, %v; what cannot be buried is delivered again", failures(resp), err)
	}
}

// A place whose resources could not be sent is listed again.
func TestAPlaceIsListedAgainIfSendingFails(t *testing.T) {
	t.Parallel()
	w := newSweeping(t, manyKinds()...)
	w.sendErr = errors.New("no queue")
	if resp, err := w.queue(t, at(hubAccount, "eu-west-1")); err != nil || failures(resp) != "a" {
		t.Errorf("again %q, %v", failures(resp), err)
	}
}

// What the sweep sends, the evaluating function understands, and an account that is blind ends as a record.
func TestABlindAccountIsRecorded(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	account := cloud.Session.Account
	e.Controls[0].Type.Name, e.Controls[0].Type.Global = "AWS::::Account", true
	e.Read = func(context.Context, string, string) (awsapi.Session, error) {
		return awsapi.Session{}, denied("AccessDenied")
	}
	w := newSweeping(t)
	w.Engine, w.Account = e, account
	if resp, err := w.queue(t, at(account, "us-east-1")); err != nil || failures(resp) != "" || len(w.evaluate) != 1 {
		t.Fatalf("again %q, %d sent, %v", failures(resp), len(w.evaluate), err)
	}
	var d dead
	for range 2 { // sweeps come round, and say it once
		resp, err := NewEvaluate(e, d.letter, eventsQueue).Handle(t.Context(), batchOf(evaluateQueue, w.evaluate[0]))
		if err != nil || failures(resp) != "" || len(d.reasons) != 0 {
			t.Fatalf("again %q, dead %q, %v", failures(resp), d.reasons, err)
		}
	}
	entries, err := e.Log.List(t.Context(), account, 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Outcome != string(core.Blind) {
		t.Errorf("records %+v, %v: want one, blind", entries, err)
	}
}

// A type that may not be listed ends as one record a day, whatever the number of sweeps and of controls that judge it.
func TestABlindTypeIsRecorded(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	account := cloud.Session.Account
	fails := func(awsapi.Session) ([]string, error) { return nil, denied("AccessDenied") }
	e.Controls = []core.Control{kind("s3-x", "AWS::S3::Bucket", false, fails), kind("s3-y", "AWS::S3::Bucket", false, fails)}
	var told []core.Finding
	e.Notify = func(_ context.Context, f core.Finding) error {
		told = append(told, f)
		return nil
	}
	w := newSweeping(t)
	w.Engine, w.Account = e, account
	var d dead
	for range 2 {
		w.evaluate = nil
		if resp, err := w.queue(t, at(account, "eu-west-1")); err != nil || failures(resp) != "" || len(w.evaluate) != 1 {
			t.Fatalf("again %q, %d sent, %v", failures(resp), len(w.evaluate), err)
		}
		resp, err := NewEvaluate(e, d.letter, eventsQueue).Handle(t.Context(), batchOf(evaluateQueue, w.evaluate[0]))
		if err != nil || failures(resp) != "" || len(d.reasons) != 0 {
			t.Fatalf("again %q, dead %q, %v", failures(resp), d.reasons, err)
		}
	}
	entries, err := e.Log.List(t.Context(), account, 0, 10)
	if err != nil || len(entries) != 1 || entries[0].Outcome != string(core.Blind) {
		t.Errorf("records %+v, %v: want one, blind", entries, err)
	}
	if len(told) != 1 || told[0].Resource != "*" || !strings.Contains(told[0].Reason, "seen by s3-x, s3-y: listing them is denied") {
		t.Errorf("told %+v", told)
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]string{
		"": nil, " , ": nil, "eu-west-1": {"eu-west-1"}, "eu-west-1, us-east-1,eu-west-1,": {"eu-west-1", "us-east-1"},
	} {
		if diff := cmp.Diff(want, Regions(list)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", list, diff)
		}
	}
}

// TestPlacesArrive sends through a queue of the emulator: what a start sends is what the batches of the queue hold, each place once.
func TestPlacesArrive(t *testing.T) {
	t.Parallel()
	_, cloud := newEngine(t)
	client, err := awsapi.Client(cloud.Session, sqs.NewFromConfig)
	if err != nil {
		t.Fatal(err)
	}
	q, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("shoreup-sweep")})
	if err != nil {
		t.Fatal(err)
	}
	w := newSweeping(t, manyKinds()...)
	w.file = &rules.File{}
	for i := range 13 {
		w.file.Accounts = append(w.file.Accounts, rules.Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	w.Places = func(ctx context.Context, bodies []string) error {
		return sqsapi.SendAll(ctx, cloud.Session, *q.QueueUrl, bodies)
	}
	if _, err := w.Handle(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			break
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
		}
	}
	if len(bodies) != 26 {
		t.Fatalf("%d messages arrived, want 26", len(bodies))
	}
	if resp, err := w.bodies(t, bodies...); err != nil || failures(resp) != "" || len(w.reasons) != 0 {
		t.Fatalf("again %q, dead %q, %v", failures(resp), w.reasons, err)
	}
	if got := len(w.asked(t)); got != 13*(4+3) { // four things at home, three elsewhere
		t.Errorf("%d resources were sent, want 91", got)
	}
}
