// Package wireguardduty reads "GuardDuty Finding" events about S3 buckets, IAM principals and EC2 instances. GuardDuty does not know effective
// permissions, so the finding only says where to look.
package wireguardduty

import (
	"fmt"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// Source and DetailType pick these events.
const (
	Source     = "aws.guardduty"
	DetailType = "GuardDuty Finding"
)

// Detail is the event's detail, one finding, as far as we read it.
// Source: GuardDuty user guide, "Processing GuardDuty findings with Amazon EventBridge"; API reference, "Resource", "AccessKeyDetails".
type Detail struct {
	AccountID string   `json:"accountId"`
	Region    string   `json:"region"`
	Partition string   `json:"partition"`
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	Resource  Resource `json:"resource"`
	Service   struct {
		Archived       bool `json:"archived"`
		AdditionalInfo struct {
			Sample bool `json:"sample"`
		} `json:"additionalInfo"`
		Action struct {
			APICall struct {
				RemoteIP struct {
					IPv4 string `json:"ipAddressV4"`
				} `json:"remoteIpDetails"`
			} `json:"awsApiCallAction"`
		} `json:"action"`
	} `json:"service"`
}

// Resource is what the finding is about. A finding about a bucket also holds the access key that was used, and one about stolen instance
// credentials the instance: ResourceType says which part is meant.
type Resource struct {
	ResourceType string `json:"resourceType"`
	Buckets      []struct {
		Name string `json:"name"`
		ARN  string `json:"arn"`
	} `json:"s3BucketDetails"`
	AccessKey *AccessKey `json:"accessKeyDetails"`
	Instance  *struct {
		Interfaces []struct {
			SecurityGroups []struct {
				GroupID string `json:"groupId"`
			} `json:"securityGroups"`
		} `json:"networkInterfaces"`
	} `json:"instanceDetails"`
}

// AccessKey is whose credentials were used. For a role UserName is the role's name.
type AccessKey struct {
	UserName    string `json:"userName"`
	UserType    string `json:"userType"`
	PrincipalID string `json:"principalId"`
}

// accountOpened is about the account's own setting; the bucket and the credentials that it names, if any, only tell who did it. Source: GuardDuty user guide,
// "GuardDuty finding types", S3.
const accountOpened = "Policy:S3/AccountBlockPublicAccessDisabled"

// Parse gives a signal for each bucket, principal or security group of the finding. Account and Region are the finding's: the administrator account
// receives copies of its members' findings. Errors wrap wire.ErrMalformed.
func Parse(env wire.Envelope) ([]signal.Signal, error) {
	var d Detail
	if err := env.DecodeDetail(&d); err != nil {
		return nil, err
	}
	base := signal.Signal{
		Class: signal.ClassGuardDuty, Relevant: true, Account: d.AccountID, Region: d.Region, Partition: d.Partition,
		Actor: actor(d), Time: env.When(), EventID: env.ID, FindingID: d.ID,
	}
	out := resources(base, d.Resource)
	if d.Type == accountOpened {
		s := base
		s.ResourceType, s.ResourceID = signal.TypeAccount, d.AccountID
		out = []signal.Signal{wire.Settle(s)}
	}
	if len(out) == 0 {
		return []signal.Signal{wire.Settle(base.Drop(nothing(d.Resource)))}, nil
	}
	for i := range out {
		switch {
		case !out[i].Relevant:
		case d.Service.Archived:
			out[i] = out[i].Drop("the finding is archived")
		case d.Service.AdditionalInfo.Sample:
			out[i] = out[i].Drop("sample finding")
		}
	}
	return wire.Unique(out), nil
}

// resources follows ResourceType; a finding without one gives all that it holds.
func resources(base signal.Signal, r Resource) []signal.Signal {
	var out []signal.Signal
	about := func(kind string) bool { return r.ResourceType == kind || r.ResourceType == "" }
	add := func(resourceType, id, arn string) {
		if id == "" {
			return
		}
		s := base
		s.ResourceType, s.ResourceID = resourceType, id
		out = append(out, wire.Agree(wire.Settle(s), arn))
	}
	if about("S3Bucket") {
		for _, b := range r.Buckets {
			add("AWS::S3::Bucket", b.Name, b.ARN)
		}
	}
	if about("AccessKey") && r.AccessKey != nil {
		if t := principalType(r.AccessKey.UserType); t != "" {
			add(t, r.AccessKey.UserName, "")
		}
	}
	if about("Instance") && r.Instance != nil {
		for _, i := range r.Instance.Interfaces {
			for _, g := range i.SecurityGroups {
				add("AWS::EC2::SecurityGroup", g.GroupID, "")
			}
		}
	}
	return out
}

// principalType is the resource type behind credentials. The root user, federated users, services and other accounts are no resource of ours.
func principalType(userType string) string {
	switch userType {
	case "IAMUser":
		return "AWS::IAM::User"
	case "Role", "AssumedRole":
		return "AWS::IAM::Role"
	}
	return ""
}

func nothing(r Resource) string {
	if r.AccessKey != nil && principalType(r.AccessKey.UserType) == "" && r.ResourceType == "AccessKey" {
		return fmt.Sprintf("credentials of a %.64q, not of a user or role", r.AccessKey.UserType)
	}
	return fmt.Sprintf("no bucket, user, role or security group in a finding about %.64q", r.ResourceType)
}

// actor is whose credentials were used, where the finding is about what they did.
func actor(d Detail) signal.Actor {
	a := signal.Actor{SourceIP: d.Service.Action.APICall.RemoteIP.IPv4}
	if k := d.Resource.AccessKey; k != nil {
		a.Type, a.Principal = k.UserType, k.PrincipalID
		if principalType(k.UserType) == "AWS::IAM::Role" {
			a.Role = k.UserName
		}
	}
	return a
}
