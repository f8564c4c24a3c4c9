package engine_test

import (
	"testing"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
)

// What events say and what is called agree on where a partition keeps its global services.
func TestHomeRegionsAgree(t *testing.T) {
	t.Parallel()
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"} {
		if a, b := awsapi.HomeRegion(partition), signal.HomeRegion(partition); a != b || awsapi.PartitionOf(a) != partition {
			t.Errorf("%s: %q and %q", partition, a, b)
		}
	}
}
