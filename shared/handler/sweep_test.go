package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	sweepQueue = "arn:aws:sqs:eu-west-1:999988887777:shoreup-sweep"
	hubAccount = "999988887777"
)

// sweeping is a sweep function with everything around it made of memory.
type sweeping struct {
	*Sweep
	dead
	file     *rules.File
	readErr  map[string]error // by account
	places   []string
	evaluate []string
	counted  []string
	sendErr  error
	mu       sync.Mutex
}

// kind is a control of a type that lists what it is told to.
func kind(id, resourceType string, global bool, list func(awsapi.Session) ([]string, error)) core.Control {
	c := toy()
	c.ID, c.Type.Name, c.Type.Global = id, resourceType, global
	c.Type.List = func(_ context.Context, s awsapi.Session) ([]string, error) { return list(s) }
	return c
}

func newSweeping(t *testing.T, controls ...core.Control) *sweeping {
	t.Helper()
	w := &sweeping{file: rules.Default(), readErr: map[string]error{}}
	w.Sweep = &Sweep{
		Engine: &engine.Engine{
			Controls: controls, Rules: func(context.Context) *rules.File { return w.file },
			Read: func(_ context.Context, account, region string) (awsapi.Session, error) {
				return awsapi.Session{Account: account, Region: region}, w.readErr[account]
			},
			Count: func(control string, o core.Outcome) {
				w.mu.Lock()
				defer w.mu.Unlock()
				w.counted = append(w.counted, control+" "+string(o))
			},
		},
		Account: hubAccount, Regions: []string{"eu-west-1", "us-east-1"}, Home: "us-east-1", Now: time.Now,
		Dead: w.letter,
	}
	into := func(to *[]string) func(context.Context, []string) error {
		return func(_ context.Context, bodies []string) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if len(bodies) == 0 || len(bodies) > startMessages {
				t.Errorf("%d messages at once", len(bodies))
			}
			*to = append(*to, bodies...)
			return w.sendErr
		}
	}
	w.Places, w.Evaluate = into(&w.places), into(&w.evaluate)
	return w
}

func load(t *testing.T, text string) *rules.File {
	t.Helper()
	f, err := rules.Load([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// swept are the places sent, "account/region", sorted.
func (w *sweeping) swept(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, body := range w.places {
		p, err := wiresweep.ParsePlace([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p.Account+"/"+p.Region)
	}
	slices.Sort(out)
	return out
}

// asked are the resources sent to be evaluated, "type id", in order.
func (w *sweeping) asked(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, body := range w.evaluate {
		var m struct{ Detail wiresweep.Detail }
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		for _, id := range m.Detail.IDs {
			out = append(out, m.Detail.Account+"/"+m.Detail.Region+" "+m.Detail.ResourceType+" "+id)
		}
	}
	return out
}

func (w *sweeping) queue(t *testing.T, places ...wiresweep.Place) (lambdaevents.SQSEventResponse, error) {
	t.Helper()
	var bodies []string
	for _, p := range places {
		b, err := wiresweep.EncodePlace(p, "id", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, string(b))
	}
	return w.bodies(t, bodies...)
}

func (w *sweeping) bodies(t *testing.T, bodies ...string) (lambdaevents.SQSEventResponse, error) {
	t.Helper()
	payload, err := json.Marshal(batchOf(sweepQueue, bodies...))
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.Handle(t.Context(), payload)
	if err != nil {
		return lambdaevents.SQSEventResponse{}, err
	}
	return out.(lambdaevents.SQSEventResponse), nil
}

func at(account, region string) wiresweep.Place {
	return wiresweep.Place{Account: account, Region: region, Partition: "aws"}
}

func TestStartSendsEveryPlaceOnce(t *testing.T) {
	t.Parallel()
	const listed = `version: 1
accounts:
  - { id: "111122223333", name: one }
  - { id: "444455556666", name: two, regions: [eu-central-1] }
  - { id: "777788889999", name: three, regions: [us-east-1, cn-north-1] }
`
	for name, tc := range map[string]struct {
		file *rules.File
		want []string
	}{
		"no list": {rules.Default(), []string{hubAccount + "/eu-west-1", hubAccount + "/us-east-1"}},
		"a list":  {load(t, listed), []string{"111122223333/eu-west-1", "111122223333/us-east-1", "444455556666/eu-central-1", "444455556666/us-east-1", "777788889999/us-east-1"}},
	} {
		for _, payload := range []string{"", "null", "{}", ` {"version":"0","source":"aws.events","detail-type":"Scheduled Event","detail":{},"resources":["arn:x"]}`} {
			t.Run(name+" "+payload, func(t *testing.T) {
				t.Parallel()
				w := newSweeping(t)
				w.file = tc.file
				out, err := w.Handle(t.Context(), json.RawMessage(payload))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tc.want, w.swept(t)); diff != "" {
					t.Errorf("places (-want +got):\n%s", diff)
				}
				if out.(Started).Places != len(tc.want) {
					t.Errorf("says %+v", out)
				}
			})
		}
	}
}

func TestStartReachesAThousandAccounts(t *testing.T) {
	t.Parallel()
	w := newSweeping(t)
	w.file = &rules.File{}
	for i := range 1000 {
		w.file.Accounts = append(w.file.Accounts, rules.Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	for i := range 17 {
		w.Regions = append(w.Regions, fmt.Sprintf("ap-south-%d", i+1))
	}
	if _, err := w.Handle(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	places := w.swept(t)
	if n := len(slices.Compact(slices.Clone(places))); n != 19000 || len(places) != 19000 {
		t.Errorf("%d places, %d different, want 19000 of 1000 accounts in 19 Regions", len(places), n)
	}
}

// A queue that does not keep up holds back the sender, whatever the number of accounts.
func TestStartKeepsFewMessagesInFlight(t *testing.T) {
	t.Parallel()
	w := newSweeping(t)
	w.file = &rules.File{}
	for i := range 500 {
		w.file.Accounts = append(w.file.Accounts, rules.Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	var mu sync.Mutex
	now, most := 0, 0
	w.Places = func(_ context.Context, bodies []string) error {
		mu.Lock()
		now += len(bodies)
		most = max(most, now)
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		now -= len(bodies)
		mu.Unlock()
		return nil
	}
	if _, err := w.Handle(t.Context(), nil); err != nil || most > startRequests*startMessages {
		t.Errorf("%d messages in flight, %v; want at most %d", most, err, startRequests*startMessages)
	}
}

func TestStartGoesOnWhenSendingFails(t *testing.T) {
	t.Parallel()
	w := newSweeping(t)
	w.file = &rules.File{}
	for i := range 100 {
		w.file.Accounts = append(w.file.Accounts, rules.Account{ID: fmt.Sprintf("%012d", i+1)})
	}
	w.sendErr = errors.New("no queue")
	if _, err := w.Handle(t.Context(), nil); err == nil || len(w.places) != 200 {
		t.Errorf("%d places tried, %v; want all 200 and an error", len(w.places), err)
	}
}

func TestWithoutRulesNothingIsListed(t *testing.T) {
	t.Parallel()
	w := newSweeping(t, kind("s3-x", "AWS::S3::Bucket", false, func(awsapi.Session) ([]string, error) { return []string{"b"}, nil }))
	w.file = nil
	if _, err := w.Handle(t.Context(), nil); !errors.Is(err, ErrNoRules) || len(w.places) != 0 {
		t.Errorf("%d places, %v; want none and an error", len(w.places), err)
	}
	resp, err := w.queue(t, at(hubAccount, "eu-west-1"))
	if err != nil || failures(resp) != "a" || len(w.evaluate) != 0 {
		t.Errorf("again %q, %d sent, %v; want the place again, later", failures(resp), len(w.evaluate), err)
	}
}

func TestWhatIsNeitherStartNorBatch(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{`[]`, `"x"`, `{`, `{"source":"aws.s3","detail-type":"Scheduled Event"}`, `{"source":"aws.events"}`, `{"detail":{}}`, `{"Records":{}}`,
		`{"Records":[{"eventSource":"aws:s3"}]}`, `{"Records":[{"body":"{}"}]}`, `{"Records":[{"eventSource":"aws:sqs"},{"eventSource":"aws:sns"}]}`} {
		w := newSweeping(t)
		if out, err := w.Handle(t.Context(), json.RawMessage(payload)); err == nil || out != nil || len(w.places)+len(w.reasons) != 0 {
			t.Errorf("%s: got %v, %v; want an error and nothing done", payload, out, err)
		}
	}
}

func FuzzGiven(f *testing.F) {
	for _, s := range []string{"", "{}", "null", `{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`, `{"source":"aws.events","detail-type":"Scheduled Event"}`, `{"Records":null}`, `{"records":[]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		batch, scheduled, err := given(payload)
		if err != nil && scheduled {
			t.Fatalf("a start, and an error: %v", err)
		}
		if scheduled && len(batch.Records) > 0 {
			t.Fatal("a start with messages")
		}
		for _, m := range batch.Records {
			if err == nil && m.EventSource != "aws:sqs" {
				t.Fatalf("a message of %q", m.EventSource)
			}
		}
	})
}
