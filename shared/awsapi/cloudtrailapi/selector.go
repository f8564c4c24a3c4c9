package cloudtrailapi

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// Selectors say which events a trail takes: basic or advanced ones, never both; an event is taken if one of them does. Source: CloudTrail API
// Reference, EventSelector, AdvancedEventSelector and AdvancedFieldSelector.
type Selectors struct {
	basic    []basic
	advanced [][]types.AdvancedFieldSelector
}

type basic struct {
	management, writes bool
	excluded           []string
}

// Answer says whether a trail takes an event.
type Answer string

// The answers.
const (
	Yes   Answer = "yes"
	No    Answer = "no"
	Maybe Answer = "maybe" // it depends on a field that is not known beforehand, such as who made the call
)

// Takes says whether the trail takes a management event that writes, by CloudTrail's source ("s3.amazonaws.com") and name.
func (s Selectors) Takes(source, name string) Answer {
	best := No
	for _, b := range s.basic {
		if b.management && b.writes && !slices.Contains(b.excluded, source) {
			return Yes
		}
	}
	for _, fields := range s.advanced {
		switch takes(fields, source, name) {
		case Yes:
			return Yes
		case Maybe:
			best = Maybe
		}
	}
	return best
}

// takes: all fields of one selector must fit.
func takes(fields []types.AdvancedFieldSelector, source, name string) Answer {
	known := map[string]string{"eventCategory": "Management", "readOnly": "false", "eventSource": source, "eventName": name}
	answer := Yes
	for _, f := range fields {
		value, ok := known[aws.ToString(f.Field)]
		switch {
		case !ok:
			answer = Maybe
		case !fits(f, value):
			return No
		}
	}
	return answer
}

// fits: a value must match one of each operator that includes, and none of those that exclude.
func fits(f types.AdvancedFieldSelector, value string) bool {
	for _, op := range []struct {
		values []string
		match  func(value, with string) bool
		not    bool
	}{
		{f.Equals, equal, false}, {f.StartsWith, strings.HasPrefix, false}, {f.EndsWith, strings.HasSuffix, false},
		{f.NotEquals, equal, true}, {f.NotStartsWith, strings.HasPrefix, true}, {f.NotEndsWith, strings.HasSuffix, true},
	} {
		matched := slices.ContainsFunc(op.values, func(with string) bool { return op.match(value, with) })
		if len(op.values) > 0 && matched == op.not {
			return false
		}
	}
	return true
}

func equal(a, b string) bool { return a == b }
