package doctor

import (
	"context"
	"fmt"
	"slices"
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
		case err != nil:
			out = append(out, failed(v.here(OK, s.Queue, "", ""), err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...))
		case !q.Redrives:
			out = append(out, v.here(Problem, s.Queue, "messages that always fail are tried until they expire: it has no dead-letter queue", deployAgain))
		case q.Waiting == 0:
			out = append(out, v.here(OK, s.Queue, "", ""))
		default:
			first[s.Queue] = q
		}
	}
	if len(first) > 0 {
		sleep(ctx, v.Wait)
	}
	for _, s := range v.Want.Sources {
		if before, ok := first[s.Queue]; ok {
			out = append(out, v.drains(ctx, s, before))
		}
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" drain")
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

// deadLetters looks at the queues whose first message is an alarm: the installation's own, and those beside members' rules.
func deadLetters(ctx context.Context, v *visit) []Finding {
	out := v.deadIn(ctx, v.Own, v.Want)
	if v.Member != nil {
		for _, p := range v.places(ctx) {
			s, err := v.session(ctx, p.account)
			for _, region := range p.regions {
				if err != nil {
					out = append(out, failed(Finding{Account: p.account, Region: region}, err, "sts:AssumeRole"))
					break
				}
				out = append(out, v.deadIn(ctx, s.In(region), v.Member)...)
			}
		}
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" are empty")
}

func (v *visit) deadIn(ctx context.Context, s awsapi.Session, b *blueprint.Blueprint) []Finding {
	var out []Finding
	for _, want := range b.Queues {
		if want.MustBeEmpty {
			out = append(out, v.deadFinding(ctx, s, want.Name))
		}
	}
	return out
}

func (v *visit) deadFinding(ctx context.Context, s awsapi.Session, name string) Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region, Subject: name}
	q, err := ownapi.ReadQueue(ctx, s, name)
	switch {
	case awsapi.IsNotFound(err):
		f.Status, f.Seen, f.Do = Problem, "there is no such queue: what fails for good is lost", deployAgain
	case err != nil:
		return failed(f, err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...)
	case q.Waiting+q.Flying > 0:
		f.Status, f.Seen = Problem, plural(q.Waiting+q.Flying, "message")+" that nobody will look at again; each is kept for 14 days"
		f.Do = v.revive(name)
	}
	return f
}

// revive says what to do with dead letters. The sweep finds again what they were about, so that losing them costs time and nothing else.
func (v *visit) revive(name string) string {
	if queue, ok := strings.CutSuffix(name, "-dlq"); ok && slices.ContainsFunc(v.Want.Queues, func(q blueprint.Queue) bool { return q.Name == queue }) {
		return "mend what the function says in its log, then send them back: " + v.aws() + "sqs start-message-move-task --source-arn arn:" +
			awsapi.PartitionOf(v.Region) + ":sqs:" + v.Region + ":" + v.Account + ":" + name
	}
	return "read them: attribute reason, or what EventBridge adds, says why they are here; mend that and delete them. The next sweep looks at everything anyway"
}
