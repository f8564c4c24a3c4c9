package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// sources compares what takes messages from queues to functions with the template: that it is there and works, and that there is nothing else, which would take
// our queues' messages away or bring our functions those of others.
func sources(ctx context.Context, v *visit) []Finding {
	have, err := lambdaapi.ReadSources(ctx, v.Own)
	if err != nil {
		return []Finding{failed(v.here(OK, "", "", ""), err, needs(lambdaapi.ListEventSourceMappings.Op)...)}
	}
	var out []Finding
	for _, want := range v.Want.Sources {
		out = append(out, v.sourceFinding(want, have))
	}
	for _, s := range have {
		if v.concernsUs(s) && !slices.ContainsFunc(v.Want.Sources, func(want blueprint.Source) bool { return v.feeds(s, want) }) {
			out = append(out, v.strangeSource(s))
		}
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" feed their functions, and no others")
}

// feeds reports whether a mapping is the one that the template says.
func (v *visit) feeds(s lambdaapi.Source, want blueprint.Source) bool {
	return s.ARN == v.ownARN("sqs", want.Queue) && s.Function == v.ownARN("lambda", "function:"+want.Function)
}

// concernsUs reports whether a mapping takes from one of our queues, or feeds one of our functions, in whatever version.
func (v *visit) concernsUs(s lambdaapi.Source) bool {
	return slices.ContainsFunc(v.Want.Queues, func(q blueprint.Queue) bool { return s.ARN == v.ownARN("sqs", q.Name) }) ||
		slices.ContainsFunc(v.Want.Functions, func(f blueprint.Function) bool {
			return strings.HasPrefix(s.Function+":", v.ownARN("lambda", "function:"+f.Name)+":")
		})
}

// ownARN is the ARN of a part of the installation.
func (v *visit) ownARN(service, name string) string {
	return "arn:" + awsapi.PartitionOf(v.Region) + ":" + service + ":" + v.Region + ":" + v.Account + ":" + name
}

func (v *visit) strangeSource(s lambdaapi.Source) Finding {
	seen := fmt.Sprintf("an event source mapping that the template does not have (%s) takes its messages to %s: whoever made it reads them or keeps them from who should, or has them believed there", s.State, s.Function)
	return v.here(Problem, lastPart(s.ARN), seen, v.aws()+"lambda delete-event-source-mapping --uuid "+s.ID+"; "+whoDid("CreateEventSourceMapping"))
}

func (v *visit) sourceFinding(want blueprint.Source, have []lambdaapi.Source) Finding {
	i := slices.IndexFunc(have, func(s lambdaapi.Source) bool { return v.feeds(s, want) })
	if i < 0 {
		return v.here(Problem, want.Queue, "nothing takes its messages to "+want.Function, deployAgain)
	}
	s := have[i]
	update := v.aws() + "lambda update-event-source-mapping --uuid " + s.ID + " "
	switch {
	case !s.Enabled():
		return v.unfed(want, s, have)
	case s.Filtered:
		return v.here(Problem, want.Queue, "its event source mapping has a filter, and the template gives it none: what that does not let through is deleted, and "+want.Function+" never sees it",
			update+"--filter-criteria '{}'; "+whoDid("UpdateEventSourceMapping"))
	case want.Partial && !s.Partial:
		return v.here(Problem, want.Queue, "its event source mapping does not ask which messages of a batch failed: those that did are deleted as if they were done",
			update+"--function-response-types ReportBatchItemFailures; "+whoDid("UpdateEventSourceMapping"))
	}
	return v.here(OK, want.Queue, "", "")
}

// unfed is for a queue whose mapping is not enabled.
func (v *visit) unfed(want blueprint.Source, s lambdaapi.Source, have []lambdaapi.Source) Finding {
	on := v.aws() + "lambda update-event-source-mapping --enabled --uuid " + s.ID
	if others := feeding(have, s.Function); isApply(want.Function) && len(others) > 0 {
		return v.here(Problem, want.Queue, fmt.Sprintf("its event source mapping is %s, and %s still feeds %s: that is no brake, and what is ordered here waits and is lost after 14 days", s.State, strings.Join(others, ", "), want.Function),
			"if it is meant as the outer brake: "+v.aws()+"lambda update-event-source-mapping --no-enabled --uuid for each mapping of "+want.Function+"; if not: "+on)
	} else if isApply(want.Function) {
		return v.here(Warning, want.Queue, "the outer brake is on: "+want.Function+" is not fed, so nothing is written to any account", "if that is not meant any more: "+on)
	}
	return v.here(Problem, want.Queue, fmt.Sprintf("its event source mapping is %s: messages wait and are lost after 14 days", s.State), on)
}

// feeding returns the names of the queues that feed a function.
func feeding(all []lambdaapi.Source, function string) []string {
	var out []string
	for _, s := range all {
		if s.Enabled() && s.Function == function {
			out = append(out, lastPart(s.ARN))
		}
	}
	return out
}

// isApply tells the one function that writes: not feeding it is a brake, not a defect.
func isApply(function string) bool { return strings.HasSuffix(function, "-apply") }

// lastPart is the name at the end of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndex(arn, ":")+1:] }
