package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/lambdaapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const deployAgain = "deploy the stack again in this account and Region, or name the installation's own with --region and --table"

func caller(_ context.Context, v *visit) []Finding {
	return []Finding{v.here(OK, "", v.Caller, "")}
}

func tables(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, t := range occurrence.Tables() {
		out = append(out, v.tableFinding(ctx, t.Name(v.Tables)))
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "table")+", protected from deletion, with point-in-time recovery")
}

func (v *visit) tableFinding(ctx context.Context, name string) Finding {
	f := v.here(OK, name, "", "")
	t, err := ownapi.ReadTable(ctx, v.Own, name)
	switch {
	case awsapi.IsNotFound(err):
		return v.here(Problem, name, "there is no such table: nothing can be changed or recorded", deployAgain)
	case err != nil:
		return failed(f, err, needs(ownapi.DescribeTable.Op)...)
	case t.Status != "ACTIVE" && t.Status != "UPDATING":
		return v.here(Problem, name, "it is "+t.Status, "wait until it is ACTIVE, or restore it from a backup")
	case !t.Protected:
		return v.here(Problem, name, "it can be deleted", v.aws()+"dynamodb update-table --table-name "+name+" --deletion-protection-enabled")
	}
	recoverable, err := ownapi.Recoverable(ctx, v.Own, name)
	switch {
	case err != nil:
		return failed(f, err, needs(ownapi.DescribeBackups.Op)...)
	case !recoverable:
		return v.here(Problem, name, "point-in-time recovery is off", v.aws()+"dynamodb update-continuous-backups --table-name "+name+" --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true")
	}
	return f
}

func functions(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, want := range v.Want.Functions {
		out = append(out, v.functionFinding(ctx, want))
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "function")+" can run, with the settings that they need")
}

func (v *visit) functionFinding(ctx context.Context, want blueprint.Function) Finding {
	name := want.Name
	f, err := v.deployed(ctx, name)
	switch {
	case optional(want, err):
		return v.here(OK, name, "", "")
	case awsapi.IsNotFound(err):
		return v.here(Problem, name, "there is no such function", deployAgain)
	case err != nil:
		return failed(v.here(OK, name, "", ""), err, needs(lambdaapi.GetFunctionConfiguration.Op)...)
	case f.State == "Failed" || f.Update == "Failed":
		return v.here(Problem, name, "it cannot run: "+f.Reason, "mend what the message says and deploy again")
	}
	return v.environment(want, f)
}

func sources(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, want := range v.Want.Sources {
		out = append(out, v.sourceFinding(ctx, want))
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" feed their functions")
}

func (v *visit) sourceFinding(ctx context.Context, want blueprint.Source) Finding {
	have, err := lambdaapi.ReadSources(ctx, v.Own, want.Function)
	if err != nil && !awsapi.IsNotFound(err) {
		return failed(v.here(OK, want.Queue, "", ""), err, needs(lambdaapi.ListEventSourceMappings.Op)...)
	}
	for _, s := range have {
		if !strings.HasSuffix(s.ARN, ":"+want.Queue) {
			continue
		}
		if s.Enabled() {
			return v.here(OK, want.Queue, "", "")
		}
		on := v.aws() + "lambda update-event-source-mapping --enabled --uuid " + s.ID
		if isApply(want.Function) {
			return v.here(Warning, want.Queue, "the outer brake is on: "+want.Function+" is not fed, so nothing is written to any account", "if that is not meant any more: "+on)
		}
		return v.here(Problem, want.Queue, fmt.Sprintf("its event source mapping is %s: messages wait and are lost after 14 days", s.State), on)
	}
	return v.here(Problem, want.Queue, "nothing takes its messages to "+want.Function, deployAgain)
}

// isApply tells the one function that writes: not feeding it is a brake, not a defect.
func isApply(function string) bool { return strings.HasSuffix(function, "-apply") }
