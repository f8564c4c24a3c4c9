package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
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
	log, chains := v.log(), v.chains(ctx)
	if chains.err != nil {
		return []Finding{failed(v.here(OK, "", "", ""), chains.err, "dynamodb:Query", "dynamodb:GetItem")}
	}
	var out []Finding
	if chains.bucketErr != nil && !awsapi.IsNotFound(chains.bucketErr) {
		out = append(out, failed(v.here(OK, "", "", ""), chains.bucketErr, needs(ownapi.ListBucketObjects.Op)...))
	} else if len(chains.names) == 0 {
		return []Finding{v.here(OK, "", "nothing is recorded yet", "")}
	}
	for _, chain := range chains.names {
		f := v.sealFinding(ctx, log, bucket, chain)
		if f.Status == OK {
			f = v.onceFinding(ctx, f, bucket, chain)
		}
		out = append(out, f)
	}
	return summed(out, v.Account, v.Region, howSealed(out))
}

// notYet is seen of a chain that is too young to be sealed: in order, and not to be called sealed.
const notYet = "nothing of it is sealed yet"

// howSealed tells of the chains that are in order.
func howSealed(out []Finding) string {
	var young int
	for _, f := range out {
		if f.Seen == notYet {
			young++
		}
	}
	var parts []string
	if n := count(out, OK) - young; n > 0 {
		parts = append(parts, plural(n, "chain")+" sealed up to the last hours")
	}
	if young > 0 {
		parts = append(parts, fmt.Sprintf("nothing is sealed yet of %s, younger than %d hours", plural(young, "chain"), int(late.Hours())))
	}
	return strings.Join(parts, "; ")
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
	case last > head.Seq:
		return v.ahead(ctx, log, chain, last)
	case last == head.Seq && last > 0:
		return f
	}
	waiting, err := log.List(ctx, chain, last, 1)
	switch {
	case err != nil:
		return failed(f, err, "dynamodb:Query")
	case len(waiting) > 0 && v.Now().Sub(waiting[0].Time) >= late:
		f.Status = Problem
		f.Seen = fmt.Sprintf("record %d, of %s, and all after it are not sealed", waiting[0].Seq, waiting[0].Time.UTC().Format(time.RFC3339))
		f.Do = "see what the function that seals says in its log (it seals nothing that does not verify), and whether its schedule is enabled: check event-rules"
	case last == 0:
		f.Seen = notYet
	}
	return f
}

// ahead is for a chain of which more is sealed than the table has. Sealing goes on while the two are compared, so that the table is asked again.
func (v *visit) ahead(ctx context.Context, log *audit.Log, chain string, last int64) Finding {
	f := v.here(OK, chain, "", "")
	head, err := log.Head(ctx, chain)
	switch {
	case err != nil:
		return failed(f, err, "dynamodb:GetItem")
	case last > head.Seq:
		f.Status, f.Seen = Problem, fmt.Sprintf("it is sealed up to record %d, and the table ends at record %d", last, head.Seq)
		f.Do = tampering + "look up in CloudTrail's data events who cut the table off, and restore it from its backups; what was sealed is still true: shoreup audit verify --sealed-only --account " + chain
	}
	return f
}

// onceFinding looks whether every sealed part of a chain was written once. The bucket's policy refuses a second version and any deletion, so one that is there is
// somebody's who changed that policy. What was written first is still there, and is what `shoreup audit verify` reads.
func (v *visit) onceFinding(ctx context.Context, f Finding, bucket, chain string) Finding {
	var before s3api.Version
	for o, err := range s3api.Versions(ctx, v.Own, bucket, sealedRoot+chain+"/") {
		switch {
		case awsapi.IsNotFound(err): // nothing is sealed yet, and check buckets says that there is no bucket
			return f
		case err != nil:
			return failed(f, err, "s3:ListBucketVersions")
		case o.Deleted || o.Key == before.Key:
			f.Status, f.Seen = Problem, o.Key+" was overwritten or deleted after it was sealed"
			f.Do = tampering + "its first version is held by the lock: shoreup audit verify --bucket " + bucket + " --account " + chain + " reads it; look up in CloudTrail's data events and the bucket's access logs who did that"
			return f
		}
		before = o
	}
	return f
}

// lastSealed returns the number of the last record in the bucket. Objects are chains/<chain>/<first>-<last>.jsonl, numbers with 16 digits.
func (v *visit) lastSealed(ctx context.Context, bucket, chain string, head int64) (int64, error) {
	folder := sealedRoot + chain + "/"
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
