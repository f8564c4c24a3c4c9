package annotate

import (
	"slices"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi/securityhubapi"
	"github.com/shoreup/shoreup/shared/core"
)

// About is what AWS services know a finding by.
type About struct {
	SecurityHub []securityhubapi.ID // the findings of Security Hub that led to it
	ConfigRules []string            // the names of the AWS Config rules behind its control
}

// Of says what AWS services know a finding by.
func Of(f core.Finding) About {
	about := About{ConfigRules: RuleNames(f.Control, f.ConfigRules)}
	if f.Cause.Finding != "" && f.Cause.Product != "" {
		about.SecurityHub = []securityhubapi.ID{{ID: f.Cause.Finding, ProductARN: f.Cause.Product}}
	}
	// A rule that Security Hub made is its own: it takes no call of others.
	if rule := f.Cause.ConfigRule; rule != "" && !strings.HasPrefix(rule, "securityhub-") && !slices.Contains(about.ConfigRules, rule) {
		about.ConfigRules = append(about.ConfigRules, rule)
	}
	return about
}

// RuleNames returns the names by which the rules behind a control are deployed: that of the custom rule which judges with the control itself, and those of
// the managed rules with the given identifiers. S3_BUCKET_PUBLIC_READ_PROHIBITED is deployed as shoreup-s3-bucket-public-read-prohibited.
func RuleNames(control string, identifiers []string) []string {
	out := []string{prefix + control}
	for _, id := range identifiers {
		out = append(out, prefix+strings.ReplaceAll(strings.ToLower(id), "_", "-"))
	}
	return out
}

const prefix = "shoreup-"

// regionOf returns the Region that a finding of Security Hub is in, which need not be the resource's: its product's ARN names it. What is no ARN, or one of
// another partition, is not followed anywhere.
func regionOf(id securityhubapi.ID, otherwise string) string {
	a, err := signal.ParseARN(id.ProductARN)
	if err != nil || a.Region == "" || a.Partition != signal.PartitionOf(otherwise) {
		return otherwise
	}
	return a.Region
}
