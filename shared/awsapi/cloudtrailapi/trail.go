// Package cloudtrailapi declares what shoreup reads of AWS CloudTrail: whether a trail logs the calls that events come from. Source of actions: Service
// Authorization Reference, "AWS CloudTrail".
package cloudtrailapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/shoreup/shoreup/shared/awsapi"
)

// The reads.
var (
	DescribeTrails    = awsapi.NewRead(cloudtrail.NewFromConfig, (*cloudtrail.Client).DescribeTrails, "cloudtrail:DescribeTrails")
	GetTrailStatus    = awsapi.NewRead(cloudtrail.NewFromConfig, (*cloudtrail.Client).GetTrailStatus, "cloudtrail:GetTrailStatus")
	GetEventSelectors = awsapi.NewRead(cloudtrail.NewFromConfig, (*cloudtrail.Client).GetEventSelectors, "cloudtrail:GetEventSelectors")
)

// Trail is a trail as one Region sees it: its own, or the shadow of one that covers all Regions or the whole organisation.
type Trail struct {
	ARN, Name    string
	Home         string // Region
	MultiRegion  bool
	Organization bool
	Global       bool // it takes the events of global services
	Custom       bool // somebody chose what it takes; else it takes all management events and nothing else
}

// ReadTrails returns the trails that take events of the session's Region.
func ReadTrails(ctx context.Context, s awsapi.Session) ([]Trail, error) {
	out, err := DescribeTrails.Do(ctx, s, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	var trails []Trail
	for _, t := range out.TrailList {
		trails = append(trails, Trail{
			ARN: aws.ToString(t.TrailARN), Name: aws.ToString(t.Name), Home: aws.ToString(t.HomeRegion), MultiRegion: aws.ToBool(t.IsMultiRegionTrail),
			Organization: aws.ToBool(t.IsOrganizationTrail), Global: aws.ToBool(t.IncludeGlobalServiceEvents), Custom: aws.ToBool(t.HasCustomEventSelectors),
		})
	}
	return trails, nil
}

// Logging reports whether the trail is on.
func Logging(ctx context.Context, s awsapi.Session, arn string) (bool, error) {
	out, err := GetTrailStatus.Do(ctx, s, &cloudtrail.GetTrailStatusInput{Name: &arn})
	if err != nil {
		return false, err
	}
	return aws.ToBool(out.IsLogging), nil
}

// ReadSelectors returns what the trail takes. A trail for which nobody chose takes all management events.
func ReadSelectors(ctx context.Context, s awsapi.Session, t Trail) (Selectors, error) {
	out, err := GetEventSelectors.Do(ctx, s, &cloudtrail.GetEventSelectorsInput{TrailName: &t.ARN})
	if err != nil {
		return Selectors{}, err
	}
	if !t.Custom && len(out.EventSelectors)+len(out.AdvancedEventSelectors) == 0 {
		return Selectors{basic: []basic{{management: true, writes: true}}}, nil
	}
	return selectors(out), nil
}

func selectors(out *cloudtrail.GetEventSelectorsOutput) Selectors {
	var s Selectors
	for _, b := range out.EventSelectors {
		s.basic = append(s.basic, basic{
			management: b.IncludeManagementEvents == nil || *b.IncludeManagementEvents, // true is the default
			writes:     b.ReadWriteType != types.ReadWriteTypeReadOnly,
			excluded:   b.ExcludeManagementEventSources,
		})
	}
	for _, a := range out.AdvancedEventSelectors {
		s.advanced = append(s.advanced, a.FieldSelectors)
	}
	return s
}
