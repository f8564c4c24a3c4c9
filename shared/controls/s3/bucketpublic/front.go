package bucketpublic

import (
	"context"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
	"github.com/shoreup/shoreup/shared/controls/s3/internal/duties"
	"github.com/shoreup/shoreup/shared/core"
)

const frontNotLookedFor = "no CloudFront distribution was looked for: the bucket is public by its policy and by its ACL and serves others beside everybody, which takes all the requests that one bucket may cost"

// readFront asks CloudFront last, and only where a fix could be automatic but for that.
func (s *State) readFront(ctx context.Context, session awsapi.Session, bucket string, violations []core.Violation) (err error) {
	use := usesOf(*s)
	switch {
	case !anyOurs(violations) || len(use.cautions(*s)) > 0 || !cloudfrontapi.Offered(session.Partition()):
	case use.editsPolicy(*s) && s.publicACL(): // two writes and two reads back: with a read more for each plan the bucket would cost 20 requests, not 18
		s.Front = frontNotLookedFor
	default:
		s.Front, err = duties.Front(ctx, session, bucket)
	}
	return err
}

// anyOurs reports whether something is wrong that we would mend.
func anyOurs(vs []core.Violation) bool {
	return slices.ContainsFunc(vs, func(v core.Violation) bool { return !v.Unsettled && !v.Manual })
}
