package doctor

import (
	"context"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// deadLetters looks at the queues whose first message is an alarm: the installation's own, those of the home Region, and those beside members' rules.
func deadLetters(ctx context.Context, v *visit) []Finding {
	out := v.everywhere(ctx, v.deadIn)
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" are empty")
}

func (v *visit) deadIn(ctx context.Context, s awsapi.Session, b *blueprint.Blueprint) []Finding {
	var out []Finding
	for _, want := range b.Queues {
		if want.MustBeEmpty {
			out = append(out, v.deadFinding(ctx, s, want))
		}
	}
	return out
}

func (v *visit) deadFinding(ctx context.Context, s awsapi.Session, want blueprint.Queue) Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region, Subject: want.Name}
	q, err := ownapi.ReadQueue(ctx, s, want.Name)
	switch {
	case awsapi.IsNotFound(err):
		f.Status, f.Seen, f.Do = Problem, "there is no such queue: what fails for good is lost", deployAgain
	case err != nil:
		return failed(f, err, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op)...)
	case q.Waiting+q.Flying > 0:
		f.Status, f.Seen = Problem, plural(q.Waiting+q.Flying, "message")+" that nobody will look at again; each is kept for 14 days"
		f.Do = v.bury(want.Name, s.Region, q.URL)
	default:
		return setFinding(f, want, q)
	}
	return f
}

// sweeps is what makes most messages replaceable.
const sweeps = "the next sweep finds again what they were about"

// nobody is said of functions that answer at a URL: what comes there is no message, so that one is somebody's who invoked them another way.
const nobody = "nothing that people do comes this way: look up in CloudTrail's data events who invoked the function (Invoke)"

// lost says what comes of messages that are not worked on, by the queue that they were in.
var lost = map[string]string{
	"events":         sweeps,
	"evaluate":       sweeps,
	"sweep":          sweeps,
	"again":          sweeps,
	"apply":          sweeps + ", and orders it anew where the rules say so",
	"approved":       "what was approved is handed over again within 35 minutes, as long as it is open: shoreup pending",
	"commands":       sweeps + "; for sooner, OperatorRole puts the command into shoreup-commands again",
	"decide":         "what waits for people is looked at again every 15 minutes",
	"words":          "what people said is in the bodies and was not heard: have them say it again (shoreup pending)",
	"notify":         "nobody is told again: shoreup pending lists what waits for people, and the report what was done",
	"reconciliation": "nobody compares these calls again: look for the record of each yourself, or take it for unexplained (infra/DEPLOY.md, \"When shoreup-unexplained-calls goes off\")",
	"seal":           "the next hour's run seals it",
	"report":         "the next day's run writes a report",
	"interact":       nobody,
	"review":         nobody,
	"dead-letters":   sweeps + "; what people said is not found again: have them say it again",
	"undelivered":    sweeps + ", and schedules start again by themselves; calls by shoreup's own roles (RULE_ARN ends in shoreup-reconciliation) nobody compares again: look at them yourself",
	"unforwarded":    sweeps + "; calls by shoreup's own roles (RULE_ARN ends in shoreup-reconciliation) nobody compares again: look at them yourself",
}

// bury says what to do with dead letters. Sending them back is no way: the queues that they were in take messages from those whom their policies name, and
// from no administrator.
func (v *visit) bury(name, region, url string) string {
	queue := strings.TrimSuffix(strings.TrimPrefix(name, ours), "-dlq")
	next, known := lost[queue]
	if !known {
		next = "whatever sent them may have to do it again"
	}
	sqs := "aws --region " + region + " sqs "
	return "read them: " + sqs + "receive-message --max-number-of-messages 10 --message-attribute-names All --queue-url " + url + "; " + v.reasonOf(name) + ". Mend that; " + next +
		". Then empty the queue: " + sqs + "purge-queue --queue-url " + url
}

// reasonOf says where the reason of a dead letter is found. Sources: Lambda developer guide, "Adding a dead-letter queue"; EventBridge user guide, "Using dead-letter
// queues".
func (v *visit) reasonOf(name string) string {
	queue, dead := strings.CutSuffix(name, "-dlq")
	i := slices.IndexFunc(v.Want.Sources, func(s blueprint.Source) bool { return s.Queue == queue })
	switch {
	case dead && i >= 0:
		return "why is in the log /aws/lambda/" + v.Want.Sources[i].Function + ", by the id of the message"
	case dead:
		return "the attribute ErrorMessage says why, and the log /aws/lambda/" + queue + " more, by the attribute RequestID"
	case name == ours+"dead-letters":
		return "the attribute reason says why"
	}
	return "the attributes ERROR_CODE and ERROR_MESSAGE say why, and RULE_ARN of which rule they are"
}
