package handler

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/events/wire"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

func sweepMessage(t *testing.T, account string, ids ...string) string {
	t.Helper()
	b, err := Message(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), awsapi.Resource{Type: "AWS::S3::Bucket", Account: account, Region: "eu-west-1", Partition: "aws"}, ids)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestWhichMessageMayComeFromWhichQueue: what a message says of itself counts for nothing; the queue says who sent it.
func TestWhichMessageMayComeFromWhichQueue(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	account := cloud.Session.Account
	call := event(t, account, "one", "")
	sweep := sweepMessage(t, account, "two")
	place := `{"source":"shoreup","detail-type":"shoreup sweep place","detail":{"account":"` + account + `","region":"eu-west-1","partition":"aws"}}`
	custom := strings.Replace(call, `"source":"aws.s3"`, `"source":"my.app"`, 1)
	own := strings.Replace(call, `"source":"aws.s3"`, `"source":"shoreup"`, 1)
	disguised := strings.Replace(sweep, `"source":"shoreup"`, `"source":"aws.s3","SOURCE":"shoreup"`, 1)
	borrowed := strings.Replace(sweep, `"source":"shoreup"`, `"source":"aws.s3"`, 1)
	for name, tc := range map[string]struct {
		queue, body, dead string // dead: what the reason of the dead letter says; empty: none
	}{
		"an event from EventBridge":                {eventsQueue, call, ""},
		"a sweep from the sweep function":          {evaluateQueue, sweep, ""},
		"a command from its queue":                 {commandsQueue, sweep, ""},
		"a sweep forged among events":              {eventsQueue, sweep, "forged"},
		"a sweep among events, disguised":          {eventsQueue, disguised, "forged"},
		"a sweep's detail under AWS's name":        {eventsQueue, borrowed, ""}, // an event of AWS that nobody knows: counted, and nothing else
		"somebody's own event among events":        {eventsQueue, custom, "only those of AWS's services"},
		"our name on somebody's event":             {eventsQueue, own, "only those of AWS's services"},
		"an event forged among sweeps":             {evaluateQueue, call, "only sweep messages"},
		"an event forged as a command":             {commandsQueue, call, "only sweep messages"},
		"a place to sweep, for the other function": {evaluateQueue, place, "only sweep messages"},
		"a place among events":                     {eventsQueue, place, "only those of AWS's services"},
		"an event from no queue":                   {"", call, "only sweep messages"},
		"an event from a queue of a like name":     {eventsQueue + "-dlq", call, "only sweep messages"},
		"no object":                                {evaluateQueue, "[]", "malformed"},
		"nothing":                                  {eventsQueue, "", "malformed"},
		"an order":                                 {evaluateQueue, `{"occurrence":"o","control":"s3-toy"}`, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d dead
			resp, err := NewEvaluate(e, d.letter, eventsQueue).Handle(t.Context(), batchOf(tc.queue, tc.body))
			if err != nil || failures(resp) != "" {
				t.Fatalf("to be delivered again %q, %v", failures(resp), err)
			}
			if got := strings.Join(d.reasons, "; "); (tc.dead == "") != (got == "") || !strings.Contains(got, tc.dead) {
				t.Errorf("dead letter %q, want one that says %q", got, tc.dead)
			}
		})
	}
}

// An installation that does not know its queue of events takes events from nowhere.
func TestWithoutAQueueOfEventsNoEventIsTaken(t *testing.T) {
	t.Parallel()
	e, cloud := newEngine(t)
	var d dead
	resp, err := NewEvaluate(e, d.letter, "").Handle(t.Context(), batchOf("", event(t, cloud.Session.Account, "one", "")))
	if err != nil || failures(resp) != "" || len(d.reasons) != 1 {
		t.Errorf("to be delivered again %q, dead %q, %v; want one dead letter", failures(resp), d.reasons, err)
	}
}

func FuzzAdmit(f *testing.F) {
	for _, source := range []string{"aws.s3", "shoreup", "", "aws", "AWS.s3", "my.app"} {
		for _, kind := range []string{wiresweep.DetailType, wiresweep.PlaceDetailType, "AWS API Call via CloudTrail"} {
			f.Add(source, kind, eventsQueue)
			f.Add(source, kind, commandsQueue)
		}
	}
	f.Fuzz(func(t *testing.T, source, kind, queue string) {
		env := wire.Envelope{Source: source, DetailType: kind}
		in, out := admit(env, queue, queue), admit(env, queue, queue+"x")
		if in == nil && out == nil {
			t.Errorf("%q of %q may come from anywhere", kind, source)
		}
		if in == nil && !strings.HasPrefix(source, "aws.") && queue != "" {
			t.Errorf("%q of %q passes for EventBridge's", kind, source)
		}
		if out == nil && (source != "shoreup" || kind != "shoreup sweep") {
			t.Errorf("%q of %q passes for a sweep", kind, source)
		}
	})
}

func goodOrder() engine.Order {
	return engine.Order{Occurrence: "01JABC", Control: "s3-toy", Hash: strings.Repeat("0a", 32),
		Resource: awsapi.Resource{Type: "AWS::S3::Bucket", ID: "b", Account: "111122223333", Region: "eu-west-1", Partition: "aws"}}
}

func written(t testing.TB, o any) string {
	t.Helper()
	b, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestApplyTakesOrdersOnly(t *testing.T) {
	t.Parallel()
	global := toy()
	global.ID, global.Type.Global = "s3-global", true
	e := &engine.Engine{Controls: []core.Control{toy(), global}}
	change := func(f func(*engine.Order)) string {
		o := goodOrder()
		f(&o)
		return written(t, o)
	}
	good := written(t, goodOrder())
	for name, tc := range map[string]struct{ body, want string }{
		"an order":                     {good, ""},
		"with space around":            {" " + good + "\n", ""},
		"nothing":                      {"", "not an order"},
		"null":                         {"null", "not served"},
		"not JSON":                     {"{", "not an order"},
		"an event":                     {`{"source":"aws.s3","detail-type":"x","detail":{}}`, "unknown field"},
		"with calls":                   {strings.Replace(good, `{"occ`, `{"calls":[{"call":"s3:DeleteBucket"}],"occ`, 1), "unknown field"},
		"with calls in the resource":   {strings.Replace(good, `{"type"`, `{"arn":"x","type"`, 1), "unknown field"},
		"two":                          {good + good, "something follows"},
		"endless":                      {change(func(o *engine.Order) { o.Occurrence = strings.Repeat("x", maxOrder) }), "at most"},
		"no occurrence":                {change(func(o *engine.Order) { o.Occurrence = "" }), "no occurrence"},
		"an undo":                      {change(func(o *engine.Order) { o.Occurrence, o.Undo = "", 17 }), ""},
		"an undo of an occurrence":     {change(func(o *engine.Order) { o.Undo = 17 }), "and not both"},
		"an undo of record -1":         {change(func(o *engine.Order) { o.Occurrence, o.Undo = "", -1 }), "and not both"},
		"an undo of record 0":          {change(func(o *engine.Order) { o.Occurrence, o.Undo = "", 0 }), "no occurrence"},
		"an undo without a hash":       {change(func(o *engine.Order) { o.Occurrence, o.Undo, o.Hash = "", 17, "" }), "not the hash"},
		"a control of nobody":          {change(func(o *engine.Order) { o.Control = "s3-nobody" }), "not served"},
		"no hash":                      {change(func(o *engine.Order) { o.Hash = "" }), "not the hash"},
		"half a hash":                  {change(func(o *engine.Order) { o.Hash = o.Hash[:32] }), "not the hash"},
		"a hash in capitals":           {change(func(o *engine.Order) { o.Hash = strings.ToUpper(o.Hash) }), "not the hash"},
		"no account":                   {change(func(o *engine.Order) { o.Resource.Account = "*" }), "not an account id"},
		"another partition":            {change(func(o *engine.Order) { o.Resource.Partition = "aws-cn" }), "not one of partition"},
		"no Region":                    {change(func(o *engine.Order) { o.Resource.Region, o.Resource.Partition = "", "" }), "not one of partition"},
		"a role's path in the account": {change(func(o *engine.Order) { o.Resource.Account = "111122223333:role/x" }), "not an account id"},
		"all resources":                {change(func(o *engine.Order) { o.Resource.ID = "*" }), "one resource"},
		"some resources":               {change(func(o *engine.Order) { o.Resource.ID = "logs-?" }), "one resource"},
		"no resource":                  {change(func(o *engine.Order) { o.Resource.ID = "" }), "one resource"},
		"an id with line breaks":       {change(func(o *engine.Order) { o.Resource.ID = "b\nc" }), "one resource"},
		"an endless id":                {change(func(o *engine.Order) { o.Resource.ID = strings.Repeat("b", 2049) }), "one resource"},
		"another type":                 {change(func(o *engine.Order) { o.Resource.Type = "AWS::IAM::Role" }), "mends AWS::S3::Bucket"},
		"a global one elsewhere":       {change(func(o *engine.Order) { o.Control = "s3-global" }), "in us-east-1"},
		"a global one at home":         {change(func(o *engine.Order) { o.Control, o.Resource.Region = "s3-global", "us-east-1" }), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := order(e, tc.body)
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func FuzzOrder(f *testing.F) {
	e := &engine.Engine{Controls: []core.Control{toy()}}
	f.Add(written(f, goodOrder()))
	undo := goodOrder()
	undo.Occurrence, undo.Undo = "", 17
	f.Add(written(f, undo))
	f.Add(`{"control":"s3-toy","Control":"s3-toy"}`)
	f.Add(`{"resource":{"account":"111122223333","region":"eu-west-1","partition":"aws"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		o, err := order(e, body)
		if err != nil {
			return
		}
		r := o.Resource
		if o.Control != "s3-toy" || r.Type != "AWS::S3::Bucket" || !signal.IsAccountID(r.Account) || signal.PartitionOf(r.Region) != r.Partition || r.ID == "" || len(o.Hash) != 64 || (o.Undo > 0) == (o.Occurrence != "") || o.Undo < 0 {
			t.Fatalf("taken for an order: %+v", o)
		}
		if again, err := order(e, written(t, o)); err != nil || again != o {
			t.Fatalf("it changes when written and read again: %+v, %v", again, err)
		}
	})
}
