package duties

import (
	"context"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudfrontapi"
)

// FrontDenied is the caution where CloudFront cannot be asked.
const FrontDenied = "whether a CloudFront distribution has the bucket as an origin is not known: cloudfront:ListDistributions is not allowed"

// Front asks CloudFront whether it reads from the bucket, or by the alias of an access point, as anybody may: a distribution without an identity is named in no
// policy. It returns why a person has to look first, if one has to. One request; distributions of other accounts are not seen.
func Front(ctx context.Context, s awsapi.Session, bucket string) (string, error) {
	if !cloudfrontapi.Offered(s.Partition()) {
		return "", nil
	}
	id, certain, err := cloudfrontapi.FindOrigin(ctx, s, bucket)
	switch class := awsapi.Classify(err); {
	case class == awsapi.AccessDenied || class == awsapi.Unsupported: // what is wrong with the bucket is certain all the same
		return FrontDenied, nil
	case err != nil:
		return "", fmt.Errorf("looking for a CloudFront distribution before bucket %s: %w", bucket, err)
	case id != "" && certain:
		return "CloudFront distribution " + id + " has the bucket as an origin", nil
	case id != "":
		return "CloudFront distribution " + id + " does not tell its origins, and the bucket may be one", nil
	case !certain:
		return fmt.Sprintf("the account has more CloudFront distributions than are looked through (%d), and one of the others may have the bucket as an origin", cloudfrontapi.PageSize), nil
	}
	return "", nil
}
