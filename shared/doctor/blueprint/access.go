package blueprint

import (
	"fmt"
	"slices"
)

// watch marks the queues that an alarm wants to be empty.
func (b *Blueprint) watch(alarm object) {
	for _, d := range alarm.list("Dimensions") {
		for i := range b.Queues {
			if b.Queues[i].Name == d.text("Value") {
				b.Queues[i].MustBeEmpty = true
			}
		}
	}
}

// queueOf reads a queue. Where the template does not say how long something lasts, it is as SQS has it. Source: SQS API reference, CreateQueue.
func queueOf(name string, p object) Queue {
	q := Queue{Name: name, Settings: map[string]int{"VisibilityTimeout": 30, "MessageRetentionPeriod": 345600, "DelaySeconds": 0}}
	for setting := range q.Settings {
		if n, ok := p.number(setting); ok {
			q.Settings[setting] = n
		}
	}
	redrive := p.object("RedrivePolicy")
	q.DeadLetters = redrive.text("deadLetterTargetArn")
	q.Tries, _ = redrive.number("maxReceiveCount")
	return q
}

// equip gives a function its environment, in which a queue is its URL.
func (b *Blueprint) equip(r, open resolver, logical string, res resource) {
	variables := func(r resolver) object {
		r.running, r.known = true, map[string]string{}
		p, _ := r.value(res.Properties["Environment"]).(map[string]any)
		return object(p).object("Variables")
	}
	for i := range b.Functions {
		f := &b.Functions[i]
		if f.Name != r.physical(logical, res) {
			continue
		}
		f.Environment, f.Exact = map[string]string{}, variables(open)
		for k, v := range variables(r) {
			f.Environment[k] = fmt.Sprint(v)
		}
	}
}

// open gives queues, buckets and buses their policies, and rules their schedules, with what parameters decide left open.
func (b *Blueprint) open(kind string, p, left object) {
	switch kind {
	case "AWS::SQS::QueuePolicy":
		for i := range b.Queues {
			if slices.Contains(Texts(p["Queues"]), b.Queues[i].Name) {
				b.Queues[i].Policy = left.object("PolicyDocument")
			}
		}
	case "AWS::S3::BucketPolicy":
		for i := range b.Buckets {
			if p.text("Bucket") == b.Buckets[i].Name {
				b.Buckets[i].Policy = left.object("PolicyDocument")
			}
		}
	case "AWS::Events::EventBusPolicy": // a statement each
		for i := range b.Buses {
			if bus := &b.Buses[i]; p.text("EventBusName") == bus.Name {
				all, _ := bus.Policy["Statement"].([]any)
				bus.Policy = map[string]any{"Statement": append(all, left["Statement"])}
			}
		}
	case "AWS::Events::Rule":
		for i := range b.Rules {
			if p.text("Name") == b.Rules[i].Name {
				b.Rules[i].Schedule = left.text("ScheduleExpression")
			}
		}
	}
}

func bucketOf(name string, p object) Bucket {
	hold := p.object("ObjectLockConfiguration").object("Rule").object("DefaultRetention")
	b := Bucket{Name: name, Versioned: p.object("VersioningConfiguration").text("Status") == "Enabled", Locked: fmt.Sprint(p["ObjectLockEnabled"]) == "true", LockMode: hold.text("Mode")}
	b.LockDays, _ = hold.number("Days") // a parameter without a default is no number: then nothing is asked for
	return b
}

// answer notes who may call a function, and how.
func (b *Blueprint) answer(kind string, p object) {
	of := lastPart(p.text("FunctionName") + p.text("TargetFunctionArn")) // one has this, one has that
	for i := range b.Functions {
		f := &b.Functions[i]
		switch {
		case f.Name != of:
		case kind == "AWS::Lambda::Url":
			f.URL = p.text("AuthType")
		default:
			via := fmt.Sprint(p["InvokedViaFunctionUrl"]) == "true" || p.text("FunctionUrlAuthType") != ""
			f.Callers = append(f.Callers, Caller{p.text("Principal"), p.text("Action"), via})
		}
	}
}
