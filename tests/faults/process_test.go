package faults

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// process is one process of ours, with its own clients and its own name.
type process struct {
	*engine.Engine
	world *world
}

func (w *world) process() *process {
	w.mu.Lock()
	w.names++
	name := fmt.Sprintf("process-%d", w.names)
	w.mu.Unlock()
	store, read := w.cloud.Store(), w.s3.session(&door{c: &w.s3, kind: "read"})
	e := &engine.Engine{
		Controls: w.controls, Owner: name, Now: w.clock.now,
		Rules:  func(context.Context) *rules.File { return w.rules },
		Read:   func(context.Context, string, string) (awsapi.Session, error) { return read, nil },
		Write:  w.s3.writeSession,
		State:  occurrence.New(store, w.cloud.Table(occurrence.StateTable), w.clock.now),
		Log:    audit.New(store, w.cloud.Table(occurrence.AuditTable), w.clock.now, name),
		Notify: w.tell,
		Sleep:  func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Go:     func(do func()) { do() }, // one order of requests
	}
	if w.queued {
		e.Enqueue = w.enqueue
	}
	return &process{e, w}
}

// errDied says that the process ended in the middle of its work.
var errDied = errors.New("the process died")

// run does work as a process of its own would: if it dies on the way, nothing of it goes on.
func (p *process) run(work func() error) error {
	err := errDied
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = work()
	}()
	<-done
	if p.world.died() { // one of its goroutines did, and so all of it
		return errDied
	}
	return err
}

// deliver hands a message to the process. After an error the message is to be delivered again.
func (p *process) deliver(m message) error {
	return p.run(func() error {
		if m.order != nil {
			f, err := p.Apply(p.world.t.Context(), *m.order, "")
			p.world.believe(f, err)
			return err
		}
		fs, err := p.Evaluate(p.world.t.Context(), m.signal)
		for _, f := range fs {
			p.world.believe(f, err)
		}
		return err
	})
}

// believe holds what the engine says it did against the bucket.
func (w *world) believe(f core.Finding, err error) {
	if err != nil || f.Outcome != core.Fixed {
		return
	}
	for _, c := range w.controls {
		if c.ID != f.Control {
			continue
		}
		sight, err := c.Look(w.t.Context(), w.plain(w.account), f.Plan.Resource, core.Settings{Now: w.clock.now()})
		switch {
		case err != nil:
			w.problem("looking at what was fixed: %v", err)
		case sight.Wrong():
			w.problem("%s is said to be fixed by %s, and is wrong: %s", f.Resource, f.Control, sight.Violations[0].Reason)
		}
	}
}

// message is what a queue holds: a signal or an order.
type message struct {
	signal signal.Signal
	order  *engine.Order
}

func (w *world) enqueue(_ context.Context, o engine.Order) error {
	act := w.next("queue", "SendMessage")
	if act == lost || act == throttle || act == broken {
		return errReset
	}
	w.push(message{order: &o})
	if act == answerLost {
		return errReset
	}
	return nil
}

func (w *world) push(ms ...message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue = append(w.queue, ms...)
}

func (w *world) pull() []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.queue
	w.queue = nil
	return out
}

func (w *world) tell(_ context.Context, f core.Finding) error {
	act := w.next("queue", "Notify")
	if act == lost || act == throttle || act == broken {
		return errReset
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, f)
	if act == answerLost {
		return errReset
	}
	return nil
}

// event is CloudTrail's about a change of the bucket's policy just now.
func (w *world) event(bucket string) message {
	return message{signal: signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, ResourceType: "AWS::S3::Bucket", ResourceID: bucket, Account: w.account, Region: region, Partition: "aws",
		Time: w.clock.now(), EventSource: "s3.amazonaws.com", EventName: "PutBucketPolicy", EventID: "e-" + bucket,
	}}
}

func (w *world) sweep(bucket string) message {
	m := w.event(bucket)
	m.signal.Class, m.signal.EventSource, m.signal.EventName = signal.ClassSweep, "", ""
	return m
}

func (w *world) resource(bucket string) awsapi.Resource {
	return awsapi.Resource{Type: "AWS::S3::Bucket", ID: bucket, Account: w.account, Region: region, Partition: "aws"}
}
