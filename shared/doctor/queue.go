package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// queues looks at the queues that feed functions, twice at those that hold messages: one that holds no fewer the second time does not drain. (How old
// its oldest message is only CloudWatch knows; the alarms of the template look at that.)
func queues(ctx context.Context, v *visit) []Finding {
	var out []Finding
	first := map[string]ownapi.Queue{}
	for _, s := range v.Want.Sources {
		q, err := ownapi.ReadQueue(ctx, v.Own, s.Queue)
		switch {
		case awsapi.IsNotFound(err):
			out = append(out, v.here(Problem, s.Queue, "there is no such queue", deployAgain))
			continue
		case err != nil:
			out = append(out, failed(v.here(OK, s.Queue, "", ""), err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...))
			continue
		}
		f := setFinding(v.here(OK, s.Queue, "", ""), v.queue(s.Queue), q)
		if f.Status == OK && q.Waiting > 0 {
			first[s.Queue] = q
			continue
		}
		out = append(out, f)
	}
	if len(first) > 0 {
		sleep(ctx, v.Wait)
	}
	for _, s := range v.Want.Sources {
		if before, ok := first[s.Queue]; ok {
			out = append(out, v.drains(ctx, s, before))
		}
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" drain, and keep messages as the template says")
}

// queue returns the template's queue of this name.
func (v *visit) queue(name string) blueprint.Queue {
	for _, q := range v.Want.Queues {
		if q.Name == name {
			return q
		}
	}
	return blueprint.Queue{Name: name} // a mapping of the template takes from a queue that another one makes
}

// setFinding compares how long a queue keeps messages, and where those go that always fail. It leaves alone what the template does not know.
func setFinding(f Finding, want blueprint.Queue, have ownapi.Queue) Finding {
	var seen []string
	for _, setting := range ownapi.QueueSettings {
		if n, ok := want.Settings[setting]; ok && have.Settings[setting] != n {
			seen = append(seen, fmt.Sprintf("its %s is %d seconds, and the template says %d", setting, have.Settings[setting], n))
		}
	}
	const without = "messages that always fail are tried until they expire: it has no dead-letter queue"
	switch {
	case want.Settings == nil, blueprint.Fits(want.DeadLetters, have.DeadLetters) && want.Tries == have.Tries:
	case have.DeadLetters == "":
		seen = append(seen, without)
	case want.DeadLetters == "":
		seen = append(seen, fmt.Sprintf("its messages go to %s when they were received %s, and the template has them stay", have.DeadLetters, plural(have.Tries, "time")))
	default:
		seen = append(seen, fmt.Sprintf("its messages go to %s when they were received %s, and the template says to %s when %s", have.DeadLetters, plural(have.Tries, "time"), want.DeadLetters, plural(want.Tries, "time")))
	}
	if len(seen) > 0 {
		f.Status, f.Seen, f.Do = Problem, strings.Join(seen, "; ")+": messages may be worked on twice, be lost, or be read by others", upgrade
	}
	return f
}

func (v *visit) drains(ctx context.Context, s blueprint.Source, before ownapi.Queue) Finding {
	now, err := ownapi.ReadQueue(ctx, v.Own, s.Queue)
	switch {
	case err != nil:
		return failed(v.here(OK, s.Queue, "", ""), err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...)
	case now.Waiting < before.Waiting || now.Flying > 0:
		return v.here(OK, s.Queue, "", "")
	}
	return v.here(Warning, s.Queue, fmt.Sprintf("%s wait and nobody works on them", plural(now.Waiting, "message")),
		"see check sources, then what the function says in /aws/lambda/"+s.Function)
}
