// Package signal holds what every event is turned into: a pointer to a resource that may have changed, and who changed it.
// A signal says where to look and nothing else; what the event claimed about the resource's state is deliberately not carried,
// because state is always read again from the live API. The package is plain data and depends on the standard library only.
package signal

import "time"

// The classes of events. Invalid and other are never relevant.
const (
	ClassCloudTrail        = "cloudtrail"
	ClassConfigCompliance  = "config_compliance"
	ClassConfigItem        = "config_item"
	ClassSecurityHub       = "securityhub_imported"
	ClassSecurityHubAction = "securityhub_custom_action"
	ClassGuardDuty         = "guardduty"
	ClassSweep             = "sweep"
	ClassOther             = "other"
	ClassInvalid           = "invalid"
)

// What a person may ask for in Security Hub.
const (
	AskedPlan = "plan" // to be told what would be done
	AskedFix  = "fix"  // to have it fixed, with somebody's approval
)

// TypeAccount is the resource type of settings that belong to a whole account (or to an account in one Region). Its resource id is the account id.
const TypeAccount = "AWS::::Account"

// AllIDs as the id in a sweep message stands for every resource of the type. Nowhere else does it: see [Signal.Everything].
const AllIDs = "*"

// Signal is one resource that one event points at. An event gives one or more; an event about nothing gives one that is not relevant.
type Signal struct {
	Class    string `json:"event_class"`
	Relevant bool   `json:"relevant"`
	// Reason says why the signal is not relevant; empty if it is.
	Reason string `json:"reason,omitempty"`

	// ResourceType is the CloudFormation name, e.g. AWS::S3::Bucket. AWS Config signals keep Config's name where the two differ
	// (AWS::IAM::Policy is Config's name of AWS::IAM::ManagedPolicy).
	ResourceType string `json:"resource_type,omitempty"`
	// ResourceID is the primary identifier: bucket, role, user, group, table or access point name; sg-, vol-, snap-, ami-, pl-, vpc- id; DB identifier;
	// KMS key id; SQS queue URL; ARN of a managed policy or topic; account id for TypeAccount; AllIDs in a sweep.
	// AWS Config's compliance changes name IAM entities by unique id (AROA, AIDA, ANPA, AGPA) and databases by db- or cluster- resource id; these are passed on.
	ResourceID string `json:"resource_id,omitempty"`

	Account   string `json:"account,omitempty"`
	Region    string `json:"region,omitempty"`
	Partition string `json:"partition,omitempty"`

	Actor Actor `json:"actor,omitzero"`
	// Time is when it happened (CloudTrail's eventTime), else the envelope's time; zero if neither can be read.
	Time time.Time `json:"time,omitzero"`

	// EventSource and EventName are CloudTrail's (s3.amazonaws.com, PutBucketPolicy).
	EventSource string `json:"event_source,omitempty"`
	EventName   string `json:"event_name,omitempty"`
	// EventID identifies the event for deduplication: CloudTrail's eventID, else the envelope's id.
	EventID string `json:"event_id,omitempty"`

	// SecurityControlID is Security Hub's control, e.g. S3.2.
	SecurityControlID string `json:"security_control_id,omitempty"`
	ConfigRule        string `json:"config_rule,omitempty"`
	FindingID         string `json:"finding_id,omitempty"`
	ProductARN        string `json:"product_arn,omitempty"`

	// Asked is what a person picked in Security Hub: AskedPlan or AskedFix. Who it was is unknown, so it can lower what the rules allow and never raise it.
	Asked string `json:"asked,omitempty"`

	// TagKeys are the keys of the tags that the call set on the resource, one a line (a key has no line breaks): who set a tag just now may
	// have had a reason. One text, so that signals stay comparable.
	TagKeys string `json:"tag_keys,omitempty"`

	// Deleted is set when the event says that the resource is gone.
	Deleted bool `json:"deleted,omitempty"`
}

// Actor is who caused the event, as far as the event says. Names in it are chosen by outsiders: escape before showing.
type Actor struct {
	// ARN of the caller as recorded, e.g. an assumed-role session.
	ARN string `json:"arn,omitempty"`
	// Type is the identity's type: Root, IAMUser, AssumedRole, FederatedUser, AWSService, AWSAccount, IdentityCenterUser, ...
	Type string `json:"type,omitempty"`
	// Principal is who stands behind the call: the ARN of the session's issuer or of the user; where there is none, the service's name or the principal's unique id.
	Principal   string `json:"principal,omitempty"`
	SessionName string `json:"session_name,omitempty"`
	// SourceIdentity is who first took a role in the chain, as the trust policies on the way insist on; unlike a session name nobody can change it later.
	SourceIdentity string `json:"source_identity,omitempty"`
	// SourceIP is an address, or the DNS name of the AWS service that called.
	SourceIP  string `json:"source_ip,omitempty"`
	InvokedBy string `json:"invoked_by,omitempty"`
	// Role is the name (without path) of the role whose session called.
	Role string `json:"role,omitempty"`
}

// Everything reports whether the signal means every resource of its type. Only our own sweep may say so, since only our own roles write into its queue; what
// comes from outside names one resource, and an id there is never taken for more, whatever it looks like.
func (s Signal) Everything() bool { return s.Class == ClassSweep && s.ResourceID == AllIDs }

// Drop makes the signal one that leads to nothing, keeping everything else for display. An invalid signal keeps its reason.
func (s Signal) Drop(reason string) Signal {
	if s.Class == ClassInvalid {
		return s
	}
	s.Relevant, s.Reason = false, reason
	return s
}

// Invalid makes the signal one that must not be trusted, and says why; the first reason stays.
func (s Signal) Invalid(reason string) Signal {
	if s.Class == ClassInvalid {
		return s
	}
	s.Class, s.Relevant, s.Reason = ClassInvalid, false, reason
	return s
}
