package wire

import (
	"fmt"

	"github.com/shoreup/shoreup/events/signal"
)

// maxID is the longest resource identifier accepted: that of an ARN.
const maxID = 2048

// Settle completes and checks a signal whose account, Region, type and id are set: the account must be 12 digits, the Region of a known partition,
// the partition (where the event names one) the Region's own, and the id plausible, without wildcards and, if it is an ARN, of the same place (Agree).
// What fails becomes invalid with the reason; nothing is repaired.
func Settle(s signal.Signal) signal.Signal {
	partition := signal.PartitionOf(s.Region)
	switch {
	case !signal.IsAccountID(s.Account):
		return s.Invalid(fmt.Sprintf("malformed account id %q", clip(s.Account)))
	case partition == "":
		return s.Invalid(fmt.Sprintf("unknown partition: Region %q", clip(s.Region)))
	case s.Partition != "" && s.Partition != partition:
		return s.Invalid(fmt.Sprintf("partition %q does not agree with Region %s", clip(s.Partition), s.Region))
	}
	s.Partition = partition
	if len(s.ResourceID) > maxID || !signal.IsPlainText(s.ResourceID) || !signal.IsPlainText(s.ResourceType) {
		return s.Invalid("resource id is not an AWS identifier")
	}
	if s.Relevant && signal.IsWild(s.ResourceType, s.ResourceID) && !s.Everything() {
		return s.Invalid(fmt.Sprintf("resource id %q holds a wildcard: an event names one resource, only our own sweep may mean all", clip(s.ResourceID)))
	}
	if s.ResourceType == signal.TypeAccount && s.ResourceID != s.Account && !s.Everything() {
		return s.Invalid(fmt.Sprintf("account %q named as resource does not agree with account %s", clip(s.ResourceID), s.Account))
	}
	return Agree(s, s.ResourceID)
}

// Agree checks a settled signal against an ARN by which the event names the resource (or its owner): partition, account and Region must be
// the signal's where the ARN has them. Text that does not begin with "arn:" says nothing and passes. A resource that AWS itself owns is dropped.
func Agree(s signal.Signal, arn string) signal.Signal {
	if s.Class == signal.ClassInvalid || len(arn) < 4 || arn[:4] != "arn:" {
		return s
	}
	a, err := signal.ParseARN(arn)
	switch {
	case err != nil:
		return s.Invalid(fmt.Sprintf("malformed ARN %q", clip(arn)))
	case a.Partition != s.Partition:
		return s.Invalid(fmt.Sprintf("ARN %s is not in partition %s of the event", clip(arn), s.Partition))
	case a.Account == "aws":
		return s.Drop("owned by AWS: " + clip(arn))
	case a.Account != "" && a.Account != s.Account:
		return s.Invalid(fmt.Sprintf("ARN %s does not agree with account %s of the event", clip(arn), s.Account))
	case a.Region != "" && a.Region != s.Region:
		return s.Invalid(fmt.Sprintf("ARN %s does not agree with Region %s of the event", clip(arn), s.Region))
	}
	return s
}

// Within checks a settled signal against the envelope around the detail that it is from: account and Region must be the same where the envelope has them, since
// AWS sends such an event in the resource's own account and Region, and a bus that hands it on keeps both. It is not for findings, of which administrator
// accounts get copies in envelopes of their own.
func Within(s signal.Signal, env Envelope) signal.Signal {
	switch {
	case s.Class == signal.ClassInvalid:
	case env.Account != "" && env.Account != s.Account:
		return s.Invalid(fmt.Sprintf("account %q does not agree with the envelope's %q", clip(s.Account), clip(env.Account)))
	case env.Region != "" && env.Region != s.Region:
		return s.Invalid(fmt.Sprintf("Region %q does not agree with the envelope's %q", clip(s.Region), clip(env.Region)))
	}
	return s
}

// Unique removes repeated signals, keeping the first of each.
func Unique(in []signal.Signal) []signal.Signal {
	seen := make(map[signal.Signal]bool, len(in))
	out := in[:0:0]
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// clip keeps a hostile value from filling a log line.
func clip(s string) string {
	const limit = 256
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "..."
}
