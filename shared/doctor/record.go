package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

func killSwitch(ctx context.Context, v *visit) []Finding {
	s, err := v.book().Engaged(ctx)
	var out []Finding
	switch {
	case err != nil:
		out = append(out, failed(v.here(OK, "", "", ""), err, "dynamodb:GetItem"))
	case s.Engaged:
		out = append(out, v.here(Warning, "", fmt.Sprintf("it is engaged since %s by %s (%s): nothing is written to any account", s.Since.UTC().Format(time.RFC3339), s.By, s.Reason),
			"when the reason is gone have others lift it: shoreup resume --reason '...'"))
	default:
		out = append(out, v.here(OK, "", "it is lifted", ""))
	}
	if f := v.file(ctx); f.file != nil && f.file.KillSwitch {
		out = append(out, v.here(Warning, f.where, "the rules file says kill_switch: true: nothing is written to any account", "take that line out when the reason is gone"))
	}
	return out
}

const tampering = "treat it as tampering: "

// auditLog has every chain checked by the verifier, which shares no code with what writes them.
func auditLog(ctx context.Context, v *visit) []Finding {
	log, chains := v.log(), v.chains(ctx)
	if chains.err != nil {
		return []Finding{failed(v.here(OK, "", "", ""), chains.err, "dynamodb:Query", "dynamodb:GetItem")}
	}
	var out []Finding
	var records int64
	for _, chain := range chains.names {
		f, n := v.chain(ctx, log, chain)
		out = append(out, f)
		records += n
		if chains.unlisted[chain] {
			out = append(out, v.unlistedFinding(chain))
		}
	}
	if len(chains.names) == 0 {
		return []Finding{v.here(OK, "", "nothing is recorded yet", "")}
	}
	return summed(out, v.Account, v.Region, fmt.Sprintf("%d records in %s are as they were written", records, plural(count(out, OK), "chain")))
}

func (v *visit) chain(ctx context.Context, log *audit.Log, chain string) (Finding, int64) {
	f := v.here(OK, chain, "", "")
	lines, to := io.Pipe()
	go func() { to.CloseWithError(log.Export(ctx, to, chain, 0)) }()
	report, err := verify.Read(lines, verify.Options{Chain: chain})
	_ = lines.Close()
	switch {
	case errors.Is(err, audit.ErrNotFound):
		f.Status, f.Seen = Problem, "the table has no record of it, though it is on the list of chains or was sealed: its records were deleted"
		f.Do = tampering + "look up in CloudTrail's data events who did that, and restore the table from its backups; what was sealed is still true: shoreup audit verify --sealed-only --account " + chain
		return f, 0
	case err != nil:
		return failed(f, err, "dynamodb:Query", "dynamodb:GetItem"), 0
	case !report.OK():
		first := report.Findings[0]
		f.Status, f.Seen = Problem, fmt.Sprintf("record %d: %s (%s in all)", first.Seq, first.Problem, plural(len(report.Findings), "finding"))
		f.Do = tampering + "engage the kill switch, then shoreup audit verify --account " + chain + ", and compare with the sealed log and the Slack messages"
		return f, 0
	}
	return f, report.Entries
}

// buckets looks at the installation's own buckets.
func buckets(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, b := range v.Want.Buckets {
		out = append(out, v.bucketFinding(ctx, b))
	}
	var locks []string
	for _, f := range out {
		if f.Status == OK && f.Seen != "" {
			locks = append(locks, "; "+f.Seen)
		}
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "bucket")+" are as deployed"+strings.Join(locks, ""))
}

func (v *visit) bucketFinding(ctx context.Context, want blueprint.Bucket) Finding {
	f := v.here(OK, want.Name, "", "")
	versioned, err := ownapi.Versioned(ctx, v.Own, want.Name)
	switch {
	case awsapi.IsNotFound(err):
		return v.here(Problem, want.Name, "there is no such bucket", deployAgain)
	case err != nil:
		return failed(f, err, needs(ownapi.GetVersioning.Op)...)
	case want.Versioned && !versioned:
		return v.here(Problem, want.Name, "it keeps no versions", v.aws()+"s3api put-bucket-versioning --bucket "+want.Name+" --versioning-configuration Status=Enabled")
	}
	blocked, err := ownapi.Blocked(ctx, v.Own, want.Name)
	switch {
	case err != nil:
		return failed(f, err, needs(ownapi.GetPublicAccess.Op)...)
	case !blocked:
		return v.here(Problem, want.Name, "Block Public Access is not wholly on", "turn all four settings on: "+v.aws()+"s3api put-public-access-block --bucket "+want.Name)
	}
	if f = guardFinding(ctx, v.Own, guarded{want.Name, want.Policy, ownapi.ReadBucketPolicy, needs(ownapi.GetBucketPolicy.Op), bucketRisk}); f.Status != OK || !want.Locked {
		return f
	}
	return v.lockFinding(ctx, want)
}

// lockFinding looks whether what is sealed is held. Parameters decide how: in another mode than the template's own, or for fewer days, may be meant.
func (v *visit) lockFinding(ctx context.Context, want blueprint.Bucket) Finding {
	f := v.here(OK, want.Name, "", "")
	lock, err := ownapi.ReadLock(ctx, v.Own, want.Name)
	switch {
	case err != nil:
		return failed(f, err, needs(ownapi.GetObjectLock.Op)...)
	case !lock.On:
		return v.here(Problem, want.Name, "it has no Object Lock: whoever may delete can delete the sealed log", deployAgain)
	case lock.Mode == "":
		return v.here(Problem, want.Name, "its Object Lock has no default retention: new parts of the sealed log can be deleted", "set one: "+v.aws()+"s3api put-object-lock-configuration --bucket "+want.Name)
	}
	var weaker []string
	if want.LockMode != "" && lock.Mode != want.LockMode {
		weaker = append(weaker, "in mode "+lock.Mode+", and the template says "+want.LockMode)
	}
	if lock.Days < want.LockDays {
		weaker = append(weaker, fmt.Sprintf("for %s, and the template says %d", plural(lock.Days, "day"), want.LockDays))
	}
	if len(weaker) > 0 {
		return v.here(Warning, want.Name, "what is sealed is held "+strings.Join(weaker, "; ")+": it can be deleted sooner than it should, or by whoever may lift that and change the bucket's policy",
			"if the stack's AuditLockMode and AuditRetentionDays do not say so, look up in CloudTrail who changed it (PutBucketObjectLockConfiguration) and deploy the stack again; if they do, and this is no trial, deploy it with "+
				cmp.Or(want.LockMode, lock.Mode)+fmt.Sprintf(" and %d", max(want.LockDays, lock.Days)))
	}
	f.Seen = fmt.Sprintf("what is sealed is held: %s %d days", lock.Mode, lock.Days)
	return f
}
