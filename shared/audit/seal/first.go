package seal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
)

// original is an object of the bucket as it was first written.
type original struct {
	first    string // id of its oldest version; empty: there is none any more
	versions int    // with the delete markers over it
	deleted  bool   // there are such
}

func (o original) replaced() bool { return o.versions > 1 || o.deleted }

// originals returns a chain's objects by name. Who may not list versions gets the names alone, and a finding that says so. S3 lists the versions of a
// name from the newest to the oldest (API reference, "ListObjectVersions").
func (r Reader) originals(ctx context.Context, chain string) (map[string]original, []verify.Finding, error) {
	out := map[string]original{}
	for v, err := range s3api.Versions(ctx, r.Session, r.Bucket, folder(chain)) {
		if awsapi.IsAccessDenied(err) {
			names, err := r.names(ctx, chain)
			return names, []verify.Finding{{Problem: fmt.Sprintf("the versions in s3://%s/%s cannot be listed (that takes s3:ListBucketVersions), so it is not known whether a segment was overwritten: "+
				"what was checked is the newest version of each", r.Bucket, folder(chain))}}, err
		}
		if err != nil {
			return nil, nil, err
		}
		o := out[v.Key]
		o.versions++
		if v.Deleted {
			o.deleted = true
		} else {
			o.first = v.ID
		}
		out[v.Key] = o
	}
	return out, nil, nil
}

func (r Reader) names(ctx context.Context, chain string) (map[string]original, error) {
	out := map[string]original{}
	for key, err := range s3api.Keys(ctx, r.Session, r.Bucket, folder(chain), "", "") {
		if err != nil {
			return nil, err
		}
		out[key] = original{versions: 1}
	}
	return out, nil
}

// readFirst returns a segment's lines as they were first written. What lies over it is read only where the first version may not be, which is a finding.
func (w *walk) readFirst(ctx context.Context, seg segment, o original) ([][]byte, error) {
	if !o.replaced() {
		return read(ctx, w.reader.Session, w.reader.Bucket, seg)
	}
	raw, err := s3api.ReadVersion(ctx, w.reader.Session, w.reader.Bucket, seg.key(), o.first, maxObject)
	if awsapi.IsAccessDenied(err) {
		w.found(0, fmt.Sprintf("the first version of %s cannot be read (that takes s3:GetObjectVersion): what was checked is what lies over it", seg.key()))
		if raw, err = s3api.ReadObject(ctx, w.reader.Session, w.reader.Bucket, seg.key(), maxObject); awsapi.IsNotFound(err) {
			return nil, nil // a delete marker lies over it: the verifier says what is missing
		}
	}
	if err != nil {
		return nil, err
	}
	return split(seg, raw)
}

// replaced returns the names of what was overwritten or deleted, in order.
func replaced(all map[string]original) []string {
	out := []string{}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key].replaced() {
			out = append(out, key)
		}
	}
	return out
}
