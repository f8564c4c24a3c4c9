// Package duties says what a bucket does for others that a change to it could break, as far as its policy and ACL tell: controls of buckets never act
// by themselves where there is any.
package duties

import (
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// cloudFrontLogs is the account awslogsdelivery, by which CloudFront delivers standard logs. Source: CloudFront developer guide, "Access logs" (aws, aws-cn).
var cloudFrontLogs = []string{
	"c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0", "a52cb28745c0c06e84ec548334e44bfa7fc2a85c54af20cd59e4969344b7af56",
}

// loadBalancerLogs are the accounts by which Elastic Load Balancing delivers access logs in Regions older than August 2022; newer ones have a service
// principal. Source: Elastic Load Balancing user guide, "Access logs for your Application Load Balancer", bucket policy.
var loadBalancerLogs = []string{
	"127311923021", "033677994240", "027434742980", "797873946194", "098369216593", "754344448648", "589379963580", "718504428378", "383597477331", "600734575887",
	"114774131450", "783225319266", "582318560864", "985666609251", "054676820928", "156460612806", "652711504416", "635631232127", "009996457667", "897822967062",
	"076674570225", "507241528517", "048591011584", "190560391635", "638102146993", "037604701340",
}

// logServices are the beginnings of the service principals that deliver logs and findings to buckets.
var logServices = []string{"logging.s3.", "delivery.logs.", "logdelivery.", "cloudtrail.", "config.", "guardduty.", "redshift."}

// Cautions are the reasons why a person has to look first.
func Cautions(policy iampolicy.Document, grants []s3api.Grant) []string {
	var out []string
	named := names(policy)
	if slices.ContainsFunc(named, isCloudFront) {
		out = append(out, "a CloudFront distribution reads from the bucket")
	}
	if slices.ContainsFunc(named, deliversLogs) || slices.ContainsFunc(grants, logsByACL) {
		out = append(out, "logs are delivered to the bucket")
	}
	return out
}

// names are the principals that Allow statements name, and the resources and services for which conditions let in callers.
func names(policy iampolicy.Document) []string {
	var out []string
	for _, s := range policy.Statements {
		if !s.Allow {
			continue
		}
		for _, p := range s.Principals {
			out = append(out, p.ID)
		}
		for _, c := range s.Conditions {
			if c.Key == "aws:sourcearn" || c.Key == "aws:principalservicename" {
				out = append(out, c.Values...)
			}
		}
	}
	return out
}

// isCloudFront also takes a role that is only called so for one of CloudFront's: then a person looks in vain, and nothing is lost.
func isCloudFront(name string) bool { return strings.Contains(strings.ToLower(name), "cloudfront") }

func deliversLogs(name string) bool {
	service := slices.ContainsFunc(logServices, func(prefix string) bool { return strings.HasPrefix(strings.ToLower(name), prefix) })
	return service || slices.ContainsFunc(loadBalancerLogs, func(account string) bool { return name == account || strings.Contains(name, ":iam::"+account+":") })
}

func logsByACL(g s3api.Grant) bool {
	return g.Grantee == s3api.LogDelivery || slices.Contains(cloudFrontLogs, g.Grantee)
}
