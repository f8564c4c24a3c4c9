package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const (
	// late is how old a record may be that is not sealed. Sealing runs every hour.
	late = 3 * time.Hour
	// nearby is how far before a chain's head the last segment is looked for first.
	nearby = 20000
)

// sealed looks whether the audit log is in its locked bucket up to the last hours. Whether what is there is what the table holds, the function that seals
// compares on every run.
func sealed(ctx context.Context, v *visit) []Finding {
	bucket := v.setting(ctx, "SHOREUP_AUDIT_BUCKET")
	if bucket == "" {
		return []Finding{v.here(NotChecked, "", "the template has no bucket for a sealed audit log", "")}
	}
	log := audit.New(v.store, v.table(occurrence.AuditTable), v.Now, "doctor")
	chains, err := log.Chains(ctx)
	if err != nil {
		return []Finding{failed(v.here(OK, "", "", ""), err, "dynamodb:Query")}
	}
	if len(chains) == 0 {
		return []Finding{v.here(OK, "", "nothing is recorded yet", "")}
	}
	var out []Finding
	for _, chain := range chains {
		out = append(out, v.sealFinding(ctx, log, bucket, chain))
	}
	return summed(out, v.Account, v.Region, plural(count(out, OK), "chain")+" sealed up to the last hours")
}

func (v *visit) sealFinding(ctx context.Context, log *audit.Log, bucket, chain string) Finding {
	f := v.here(OK, chain, "", "")
	head, err := log.Head(ctx, chain)
	if err != nil {
		return failed(f, err, "dynamodb:GetItem")
	}
	last, err := v.lastSealed(ctx, bucket, chain, head.Seq)
	switch {
	case awsapi.IsNotFound(err):
		return v.here(Problem, chain, "there is no bucket "+bucket, deployAgain)
	case err != nil:
		return failed(f, err, needs(ownapi.ListBucketObjects.Op)...)
	case last >= head.Seq:
		return f
	}
	waiting, err := log.List(ctx, chain, last, 1)
	switch {
	case err != nil:
		return failed(f, err, "dynamodb:Query")
	case len(waiting) == 0 || v.Now().Sub(waiting[0].Time) < late:
		return f
	}
	f.Status = Problem
	f.Seen = fmt.Sprintf("record %d, of %s, and all after it are not sealed", waiting[0].Seq, waiting[0].Time.UTC().Format(time.RFC3339))
	f.Do = "see what the function that seals says in its log (it seals nothing that does not verify), and whether its schedule is enabled: check event-rules"
	return f
}

// lastSealed returns the number of the last record in the bucket. Objects are chains/<chain>/<first>-<last>.jsonl, numbers with 16 digits.
func (v *visit) lastSealed(ctx context.Context, bucket, chain string, head int64) (int64, error) {
	folder := "chains/" + chain + "/"
	for _, from := range []int64{max(head-nearby, 0), 0} {
		key, err := ownapi.LastKey(ctx, v.Own, bucket, folder, fmt.Sprintf("%s%016d", folder, from))
		if err != nil {
			return 0, err
		}
		var first, last int64
		if _, err := fmt.Sscanf(key, folder+"%d-%d.jsonl", &first, &last); err == nil {
			return last, nil
		}
	}
	return 0, nil
}
