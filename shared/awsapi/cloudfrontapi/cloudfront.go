// Package cloudfrontapi declares what shoreup uses of Amazon CloudFront: which distribution reads from a bucket. Source of actions: Service
// Authorization Reference, "Amazon CloudFront".
package cloudfrontapi

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cloudfronttypes "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// ListDistributions is the only read.
var ListDistributions = awsapi.NewRead(cloudfront.NewFromConfig, (*cloudfront.Client).ListDistributions, "cloudfront:ListDistributions")

// PageSize is how many distributions CloudFront lists at most in one answer (API reference, "ListDistributions").
const PageSize = 100

// Offered reports whether a partition has CloudFront. Source: AWS General Reference, "Amazon CloudFront endpoints and quotas"; AWS GovCloud (US) user guide,
// "Amazon CloudFront": distributions in front of its buckets are made in accounts of the partition aws.
func Offered(partition string) bool { return partition == "aws" || partition == "aws-cn" }

// FindOrigin returns a distribution of the session's account that has the bucket as an origin, switched on or not: one request. Where certain is false, it is one
// that does not tell its origins, or, without an id, there may be one beyond the first [PageSize].
func FindOrigin(ctx context.Context, s awsapi.Session, bucket string) (id string, certain bool, err error) {
	out, err := ListDistributions.Do(ctx, s.In(awsapi.HomeRegion(s.Partition())), &cloudfront.ListDistributionsInput{MaxItems: aws.Int32(PageSize)})
	if err != nil || out.DistributionList == nil {
		return "", false, err
	}
	silent := ""
	for _, d := range out.DistributionList.Items {
		if d.Origins == nil || len(d.Origins.Items) == 0 { // every distribution has one (API reference, "DistributionSummary")
			silent = aws.ToString(d.Id)
			continue
		}
		if slices.ContainsFunc(d.Origins.Items, func(o cloudfronttypes.Origin) bool {
			return ReadsFrom(aws.ToString(o.DomainName), aws.ToString(o.OriginPath), bucket)
		}) {
			return aws.ToString(d.Id), true, nil
		}
	}
	return silent, silent == "" && !aws.ToBool(out.DistributionList.IsTruncated), nil
}

// ReadsFrom reports whether an origin is the bucket: at one of S3's own host names, whatever the kind (REST, dual-stack, accelerated, website) and Region; by
// the path at a host that is S3's alone; or at a host of the bucket's own name, which is how DNS leads to a bucket's website. Sources: S3 user guide, "Virtual
// hosting of general purpose buckets", "Website endpoints".
func ReadsFrom(domain, path, bucket string) bool {
	if bucket == "" {
		return false
	}
	host, bucket := strings.TrimSuffix(strings.ToLower(domain), "."), strings.ToLower(bucket)
	own, isAWS := strings.CutSuffix(strings.TrimSuffix(host, ".cn"), ".amazonaws.com")
	own = "." + own + "." // so that every label has a dot on both sides
	at := max(strings.LastIndex(own, ".s3."), strings.LastIndex(own, ".s3-"))
	switch {
	case !isAWS || at < 0:
		return host == bucket
	case at == 0:
		first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		return strings.ToLower(first) == bucket
	}
	return own[1:at] == bucket
}
