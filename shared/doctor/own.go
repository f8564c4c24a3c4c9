package doctor

import (
	"context"

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
		out = append(out, v.functionFindings(ctx, want)...)
	}
	out = append(out, v.parameters(ctx)...)
	return summed(out, v.Account, v.Region, plural(count(out, OK), "function")+" can run, with the roles and settings of the template"+v.uncompared()+
		"; their code is not compared: "+v.aws()+"lambda get-function-configuration --function-name NAME shows as CodeSha256 the SHA-256 of the zip file that it is, in base64")
}

func (v *visit) functionFindings(ctx context.Context, want blueprint.Function) []Finding {
	name := want.Name
	f, err := v.deployed(ctx, name)
	good := v.here(OK, name, "", "")
	switch {
	case optional(want, err):
		return []Finding{good}
	case awsapi.IsNotFound(err):
		return []Finding{v.here(Problem, name, "there is no such function", deployAgain)}
	case err != nil:
		return []Finding{failed(good, err, needs(lambdaapi.GetFunctionConfiguration.Op)...)}
	case f.State == "Failed" || f.Update == "Failed":
		return []Finding{v.here(Problem, name, "it cannot run: "+f.Reason, "mend what the message says and deploy again")}
	}
	return rest([]Finding{v.runsAs(want, f), v.layers(want, f), v.environment(want, f)}, good)
}
