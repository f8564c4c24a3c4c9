// Package approvals proves what approvals promise: nothing is written that enough of the right people have not said yes to, and no yes is good for two
// writes, in whatever order words, clocks, changes, deliveries and faults come.
//
// A run is a [world]: our tables in this process, one resource of a customer's, and queues between processes that live for one delivery each. Every request
// to the tables and every message passes the world's script, which says what becomes of it, or what else happens at that very moment. What is on record is
// then replayed by a [model] that shares no code with what it checks.
package approvals

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/handler"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// act is what becomes of one request.
type act string

const (
	pass       act = ""
	lost       act = "lost"        // it never arrives
	answerLost act = "answer lost" // it has its effect, and nobody hears of it
	throttled  act = "throttled"
	broken     act = "broken" // 500 without effect
	die        act = "death"  // the process ends instead of sending it
)

const (
	region      = "eu-west-1"
	control     = "test-dial-open"
	wordsARN    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-words"
	otherARN    = "arn:aws:sqs:eu-west-1:111122223333:shoreup-decide"
	approvedARN = "arn:aws:sqs:eu-west-1:111122223333:shoreup-approved"
	longTime    = 17 * time.Minute // no claim or lease lasts so long
)

var accounts atomic.Int64

// message is what a queue holds.
type message struct {
	signal  *signal.Signal
	order   *engine.Order
	agreed  bool   // of an order: the deciding function gave it
	pointer string // body
	word    string // body
	tag     string // of a word: what it says as its reason, so that its record is found
}

func (m message) String() string {
	switch {
	case m.signal != nil:
		return "signal of " + m.signal.Actor.ARN
	case m.order != nil:
		return "order"
	case m.word != "":
		return "word " + m.tag
	}
	return "pointer"
}

// world is an account and everything around our processes. It is used by one goroutine at a time.
type world struct {
	t       testing.TB
	account string
	tables  *tables
	now     time.Time
	skew    time.Duration // by which the clock of whoever evaluates and applies is ahead
	dial    dial
	version int // of the control
	file    *rules.File
	queue   []message
	asked   []approval.Request // what people were shown, as often as they were
	names   int
	open    bool // a faultless way to the tables is in use

	requests int
	dead     bool
	script   func(n int, kind string) act
	deciding bool // the process that runs may write approvals

	store *dynamodbapi.Store // faultless
	log   *audit.Log
	book  *occurrence.Book

	writes   []written
	problems []string
	model    *model
}

// written is a write that arrived at the resource.
type written struct {
	plan    string
	effects bool
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, account: fmt.Sprintf("%012d", 200_000_000_000+accounts.Add(1)), tables: newTables(), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), version: 1}
	w.dial = dial{world: w, value: "shut"}
	w.tables.fault = w.request
	w.store = w.tables.store(w.account)
	w.log = audit.New(w.store, "shoreup-audit", w.clock, "checker")
	w.book = occurrence.New(w.store, "shoreup-state", w.clock)
	w.model = newModel(w)
	return w
}

// store is a way to the tables.
func (t *tables) store(account string) *dynamodbapi.Store {
	return dynamodbapi.NewStore(awsapi.NewSession(aws.Config{Region: region, HTTPClient: t, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} }}, account, region))
}

func (w *world) clock() time.Time { return w.now }

func (w *world) problem(format string, args ...any) {
	w.problems = append(w.problems, fmt.Sprintf(format, args...))
}

// aside does something with the tables that no fault lies on.
func (w *world) aside(do func() error) {
	w.t.Helper()
	before := w.open
	w.open = true
	defer func() { w.open = before }()
	if err := do(); err != nil {
		w.t.Fatal(err)
	}
}

// request is the script as the tables ask it.
func (w *world) request(_, _ string, writes []string) act {
	if w.open {
		return pass
	}
	if !w.deciding && slices.Contains(writes, "shoreup-approvals") {
		w.problem("a process that may not decide writes approvals")
	}
	return w.next("table")
}

func (w *world) next(kind string) act {
	if w.dead { // what a dead process wants to send while it is taken down
		runtime.Goexit()
	}
	w.requests++
	a := pass
	if w.script != nil {
		a = w.script(w.requests-1, kind)
	}
	if a == die {
		w.dead = true
		runtime.Goexit()
	}
	return a
}

// send is how a process puts a message into a queue.
func (w *world) send(m message) error {
	a := w.next("queue")
	if a == pass || a == answerLost {
		w.queue = append(w.queue, m)
	}
	if a != pass {
		return errReset
	}
	return nil
}

func (w *world) engine() *engine.Engine {
	w.names++
	name, store := fmt.Sprintf("process-%d", w.names), w.tables.store(w.account)
	clock := func() time.Time { return w.now.Add(w.skew) }
	return &engine.Engine{
		Controls: []core.Control{w.dial.control(w.version)}, Owner: name, Now: clock,
		Rules: func(context.Context) *rules.File { return w.file },
		Read:  func(context.Context, string, string) (awsapi.Session, error) { return awsapi.Session{}, nil },
		Write: func(_ context.Context, r engine.WriteRequest) (awsapi.Session, error) {
			if w.next("session") != pass {
				return awsapi.Session{}, errReset
			}
			return awsapi.NewSession(aws.Config{HTTPClient: &door{world: w, plan: r.Plan}}, w.account, region), nil
		},
		State: occurrence.New(store, "shoreup-state", clock),
		Log:   audit.New(store, "shoreup-audit", clock, name),
		Granted: func(ctx context.Context, k approval.Key) (approval.Grant, bool, error) {
			return approval.Granted(ctx, store, "shoreup-approvals", k, clock())
		},
		Exempted: func(ctx context.Context, control string, r awsapi.Resource) (approval.Exemption, bool, error) {
			return approval.Exempted(ctx, store, "shoreup-approvals", control, r, clock())
		},
		NotExempted: func(control string, r awsapi.Resource) dynamodbapi.Item {
			return approval.NotExempted("shoreup-approvals", control, r, clock())
		},
		Ask: func(_ context.Context, control string, r awsapi.Resource, clicked time.Time) error {
			return w.send(message{pointer: encode(approval.Pointer{Control: control, Resource: r, Clicked: clicked})})
		},
		Enqueue: func(_ context.Context, o engine.Order) error { return w.send(message{order: &o}) },
		Sleep:   func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Go:      func(do func()) { do() }, // one order of requests
	}
}

func (w *world) decide() *handler.Decide {
	w.names++
	name, store := fmt.Sprintf("process-%d", w.names), w.tables.store(w.account)
	file := func(context.Context) *rules.File { return w.file }
	log, book := audit.New(store, "shoreup-audit", w.clock, name), occurrence.New(store, "shoreup-state", w.clock)
	reader := &engine.Engine{Controls: []core.Control{w.dial.control(w.version)}, Owner: name, Now: w.clock, Rules: file, Log: log, State: book}
	return &handler.Decide{
		Words: wordsARN, Accounts: func(context.Context) []string { return []string{w.account} },
		DeadLetter: func(_ context.Context, body, reason string) error {
			w.problem("dead letter %.200s: %s", body, reason)
			return nil
		},
		Desk: &approval.Desk{
			Store: store, Table: "shoreup-approvals", Account: w.account, Now: w.clock,
			Log: log, Book: book, Rules: file, Undoable: reader.Undoable,
			Control: func(id string) (core.Meta, bool) {
				c := w.dial.control(w.version)
				return c.Meta, id == c.ID
			},
			Order: func(_ context.Context, r approval.Request) error {
				o, err := engine.OrderOf(r)
				if err != nil {
					return err
				}
				return w.send(message{order: &o, agreed: true})
			},
			Tell: func(_ context.Context, r approval.Request, _ approval.News) {
				if w.next("queue") == pass {
					w.asked = append(w.asked, r)
				}
			},
		},
	}
}

// live does work as a process of its own would, with a script of its own: if it dies on the way, nothing of it goes on. It can happen within another's.
func (w *world) live(deciding bool, script func(int, string) act, work func() error) error {
	before := *w
	w.requests, w.dead, w.script, w.deciding, w.open = 0, false, script, deciding, false
	err, done := errors.New("the process died"), make(chan struct{})
	go func() {
		defer close(done)
		err = work()
	}()
	<-done
	if w.dead && err == nil {
		err = errors.New("a part of the process died")
	}
	w.requests, w.dead, w.script, w.deciding, w.open = before.requests, before.dead, before.script, before.deciding, before.open
	return err
}

// deliver hands a message to a process. After an error it is to be delivered again.
func (w *world) deliver(m message, script func(int, string) act) error {
	ctx := w.t.Context()
	return w.live(m.word != "" || m.pointer != "", script, func() error {
		switch {
		case m.signal != nil:
			_, err := w.engine().Evaluate(ctx, *m.signal)
			return err
		case m.order != nil:
			h := &handler.Apply{Engine: w.engine(), DeadLetter: w.decide().DeadLetter, Approved: approvedARN}
			queue := otherARN
			if m.agreed {
				queue = approvedARN
			}
			out, err := h.Handle(ctx, batch(queue, encode(m.order)))
			return again(out, err)
		case m.word != "":
			return w.handle(wordsARN, m.word)
		}
		return w.handle(otherARN, m.pointer)
	})
}

func (w *world) handle(queue, body string) error {
	raw, err := json.Marshal(batch(queue, body))
	if err != nil {
		return err
	}
	out, err := w.decide().Handle(w.t.Context(), raw)
	if err != nil {
		return err
	}
	return again(out.(lambdaevents.SQSEventResponse), nil)
}

// tick is the schedule of the deciding function.
func (w *world) tick(script func(int, string) act) error {
	return w.live(true, script, func() error {
		_, err := w.decide().Handle(w.t.Context(), json.RawMessage(`{"source":"aws.events","detail-type":"Scheduled Event"}`))
		return err
	})
}

func batch(queue, body string) lambdaevents.SQSEvent {
	return lambdaevents.SQSEvent{Records: []lambdaevents.SQSMessage{{MessageId: "m", EventSource: "aws:sqs", EventSourceARN: queue, Body: body}}}
}

func again(r lambdaevents.SQSEventResponse, err error) error {
	if err == nil && len(r.BatchItemFailures) > 0 {
		return errors.New("to be delivered again")
	}
	return err
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// change is somebody setting the dial, of which an event tells.
func (w *world) change(value, who string) message {
	w.dial.value = value
	s := w.event(who)
	w.model.caused[s.EventID] = who
	return message{signal: &s}
}

func (w *world) event(who string) signal.Signal {
	w.names++
	s := signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "Test::Dial", ResourceID: "dial", Account: w.account, Region: region, Partition: "aws",
		Time: w.now, EventSource: "dial.amazonaws.com", EventName: "PutDial", EventID: fmt.Sprintf("e-%d", w.names),
	}
	if user, ok := strings.CutPrefix(who, "source:"); ok {
		s.Actor = signal.Actor{ARN: "arn:aws:sts::111122223333:assumed-role/admin/x", Principal: "arn:aws:iam::111122223333:role/admin", SourceIdentity: user}
	} else {
		s.Actor = signal.Actor{ARN: who}
	}
	return s
}

func (w *world) sweep() message {
	s := w.event("")
	s.Class, s.EventSource, s.EventName = signal.ClassSweep, "", ""
	return message{signal: &s}
}

// click is somebody picking a finding of the dial in Security Hub to have it fixed.
func (w *world) click() message {
	s := w.event("")
	s.Class, s.EventSource, s.EventName = signal.ClassSecurityHubAction, "", ""
	s.Asked, s.FindingID, s.ProductARN = signal.AskedFix, "arn:aws:securityhub:eu-west-1:111122223333:finding/1", "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
	w.model.note(func() { w.model.clicks = append(w.model.clicks, s.Time) })
	return message{signal: &s}
}

func (w *world) resource() awsapi.Resource {
	return awsapi.Resource{Type: "Test::Dial", ID: "dial", Account: w.account, Region: region, Partition: "aws"}
}
