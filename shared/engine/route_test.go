package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

const hubProduct = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"

// threeGroups is a control of groups, with an engine that lists three of them and finds one by its VPC.
func threeGroups() (*engine.Engine, core.Control) {
	c := core.Control{Meta: core.Meta{ID: "ec2-toy", SecurityHub: []string{"EC2.1"}, Events: []string{"ec2.amazonaws.com:CreateVpc", "ec2.amazonaws.com:CreateSecurityGroup"}}}
	c.Type = awsapi.ResourceType{
		Name: "AWS::EC2::SecurityGroup",
		List: func(context.Context, awsapi.Session) ([]string, error) { return []string{"sg-1", "sg-2", "sg-3"}, nil },
		Via: map[string]awsapi.Via{"ec2.amazonaws.com:CreateVpc": {Type: "AWS::EC2::VPC", Find: func(_ context.Context, _ awsapi.Session, id string) ([]string, error) {
			return []string{"sg-of-" + id}, nil
		}}},
	}
	e := &engine.Engine{Controls: []core.Control{c}, Read: func(context.Context, string, string) (awsapi.Session, error) { return awsapi.Session{}, nil }}
	return e, c
}

// Only our own sweep leads to every resource of a type; an outside event leads to one, whatever its id and however it came past the parsers.
func TestOnlyASweepMeansEverything(t *testing.T) {
	t.Parallel()
	e, c := threeGroups()
	const all = "sg-1 sg-2 sg-3"
	for name, tc := range map[string]struct {
		class, event, resourceType, id, hubID, product, want string
	}{
		"a sweep":                       {signal.ClassSweep, "", c.Type.Name, "*", "", "", all},
		"one group of a sweep":          {signal.ClassSweep, "", c.Type.Name, "sg-1", "", "", "sg-1"},
		"a finding":                     {signal.ClassSecurityHub, "", c.Type.Name, "sg-9", "EC2.1", hubProduct, "sg-9"},
		"a finding with a star":         {signal.ClassSecurityHub, "", c.Type.Name, "*", "EC2.1", hubProduct, ""},
		"a finding picked with a star":  {signal.ClassSecurityHubAction, "", c.Type.Name, "*", "", hubProduct, ""},
		"a verdict of Config":           {signal.ClassConfigCompliance, "", c.Type.Name, "*", "", "", ""},
		"an item of Config":             {signal.ClassConfigItem, "", c.Type.Name, "*", "", "", ""},
		"GuardDuty":                     {signal.ClassGuardDuty, "", c.Type.Name, "*", "", "", ""},
		"CloudTrail":                    {signal.ClassCloudTrail, "CreateSecurityGroup", c.Type.Name, "*", "", "", ""},
		"part of a name":                {signal.ClassCloudTrail, "CreateSecurityGroup", c.Type.Name, "sg-?", "", "", ""},
		"by its VPC":                    {signal.ClassCloudTrail, "CreateVpc", "AWS::EC2::VPC", "vpc-1", "", "", "sg-of-vpc-1"},
		"by any VPC":                    {signal.ClassCloudTrail, "CreateVpc", "AWS::EC2::VPC", "*", "", "", ""},
		"by some VPC":                   {signal.ClassCloudTrail, "CreateVpc", "AWS::EC2::VPC", "vpc-*", "", "", ""},
		"the account, by Security Hub":  {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.1", hubProduct, all},
		"the account, picked":           {signal.ClassSecurityHubAction, "", signal.TypeAccount, "111122223333", "EC2.1", hubProduct, all},
		"the account, by another":       {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.1", "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default", ""},
		"the account, by a partner":     {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.1", "arn:aws:securityhub:eu-west-1::product/partner/scanner", ""},
		"the account, by nobody":        {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.1", "", ""},
		"the account, elsewhere":        {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.1", "arn:aws-cn:securityhub:cn-north-1::product/aws/securityhub", ""},
		"the account, of another kind":  {signal.ClassSecurityHub, "", signal.TypeAccount, "111122223333", "EC2.2", hubProduct, ""},
		"the account in Config":         {signal.ClassConfigItem, "", signal.TypeAccount, "111122223333", "", "", ""},
		"the account of GuardDuty":      {signal.ClassGuardDuty, "", signal.TypeAccount, "111122223333", "", "", ""},
		"any account, by Security Hub":  {signal.ClassSecurityHub, "", signal.TypeAccount, "*", "EC2.1", hubProduct, ""},
		"a VPC in an item of Config":    {signal.ClassConfigItem, "", "AWS::EC2::VPC", "vpc-1", "", "", ""},
		"all of a type in a dead class": {signal.ClassOther, "", c.Type.Name, "*", "", "", ""},
	} {
		s := signal.Signal{Class: tc.class, Relevant: true, ResourceType: tc.resourceType, ResourceID: tc.id, Account: "111122223333", Region: "eu-west-1", Partition: "aws",
			SecurityControlID: tc.hubID, ProductARN: tc.product}
		if tc.event != "" {
			s.EventSource, s.EventName = "ec2.amazonaws.com", tc.event
		}
		var got []string
		led, _ := engine.Route(e.Controls, s)
		for _, l := range led {
			resources, err := e.Resources(t.Context(), l, s)
			if (err != nil) != (len(resources) == 0) {
				t.Errorf("%s: %v, %v", name, resources, err)
			}
			for _, r := range resources {
				got = append(got, r.ID)
			}
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s leads to %v, want %q", name, got, tc.want)
		}
	}
}
