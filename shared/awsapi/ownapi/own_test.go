package ownapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// attributes are what SQS tells of a queue, with some changed; those that are nothing are left out.
func attributes(changed map[string]string) map[string]string {
	all := map[string]string{
		"ApproximateNumberOfMessages": "3", "ApproximateNumberOfMessagesNotVisible": "1", "VisibilityTimeout": "720", "MessageRetentionPeriod": "1209600", "DelaySeconds": "0",
	}
	for name, value := range changed {
		if all[name] = value; value == "" {
			delete(all, name)
		}
	}
	return all
}

func TestReadQueue(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:sqs:eu-west-1:111122223333:dead"
	settings := map[string]int{"VisibilityTimeout": 720, "MessageRetentionPeriod": 1209600, "DelaySeconds": 0}
	for name, c := range map[string]struct {
		changed map[string]string
		want    Queue
		bad     bool
	}{
		"no dead-letter queue":     {nil, Queue{Waiting: 3, Flying: 1, Settings: settings}, false},
		"tries as a number":        {map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":5}`}, Queue{Waiting: 3, Flying: 1, Settings: settings, DeadLetters: arn, Tries: 5}, false},
		"tries as text":            {map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":"5"}`}, Queue{Waiting: 3, Flying: 1, Settings: settings, DeadLetters: arn, Tries: 5}, false},
		"no tries":                 {map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `"}`}, Queue{}, true},
		"no JSON":                  {map[string]string{"RedrivePolicy": arn}, Queue{}, true},
		"no number of messages":    {map[string]string{"ApproximateNumberOfMessages": ""}, Queue{}, true},
		"a timeout that is no one": {map[string]string{"VisibilityTimeout": "long"}, Queue{}, true},
	} {
		q := Queue{Settings: map[string]int{}}
		err := q.read(attributes(c.changed))
		if (err != nil) != c.bad {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, q); !c.bad && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// FuzzReadQueue: what is read without an error has every setting, and no dead-letter queue of which nothing was said.
func FuzzReadQueue(f *testing.F) {
	f.Add("720", `{"deadLetterTargetArn":"x","maxReceiveCount":"5"}`)
	f.Add("", `{`)
	f.Fuzz(func(t *testing.T, timeout, redrive string) {
		q := Queue{Settings: map[string]int{}}
		if q.read(attributes(map[string]string{"VisibilityTimeout": timeout, "RedrivePolicy": redrive})) != nil {
			return
		}
		if len(q.Settings) != len(QueueSettings) || redrive == "" && (q.Tries != 0 || q.DeadLetters != "") {
			t.Errorf("%q and %q are read as %+v", timeout, redrive, q)
		}
	})
}
