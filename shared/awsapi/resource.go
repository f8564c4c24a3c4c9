package awsapi

import "context"

// Resource names one thing in AWS. Type is the CloudFormation (or AWS Config) name, ID the primary identifier in that account and Region.
type Resource struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Account   string `json:"account"`
	Region    string `json:"region"`
	Partition string `json:"partition"`
}

// ResourceType is what the services' packages declare about one type of resource.
type ResourceType struct {
	Name   string // CloudFormation name; AWS::::Account for settings of the account itself
	Alias  string // AWS Config's name, where it differs
	Prefix string // what every id begins with ("sg-"), to tell ids of one type from another's; empty: nothing in particular
	Global bool   // one per account, not per Region: read in, and heard of from, the partition's home Region

	// ARN returns the resource's ARN.
	ARN func(Resource) string
	// Scope returns the ARNs that a write to this resource touches, as patterns. Nil: just the ARN.
	Scope func(Resource) []string
	// List returns the ids of all resources of the type in the session's account and Region, for sweeps.
	List func(context.Context, Session) ([]string, error)
	// Resolve turns another identifier (unique id, ARN, alias) into the primary one. Nil: there is no other. Not found: an error of class NotFound.
	Resolve func(context.Context, Session, string) (string, error)

	// Events says where CloudTrail puts the id: event ("s3.amazonaws.com:PutBucketPolicy") to paths in the detail, tried in order.
	// The path "account" stands for the account itself.
	Events map[string][]string
	// Via says which events about something else can make resources of this type wrong: the record of a new VPC does not name its default
	// group, an edited prefix list changes every group that refers to it.
	Via map[string]Via
	// Tagging are the events that set tags on resources of the type, those that make one included.
	Tagging map[string]Tagging
	// Normalize names the events package's function that makes the primary id of what a path gives; empty: it is the id.
	Normalize string

	// ListOps and ResolveOps are the reads that List and Resolve make.
	ListOps, ResolveOps []Op
}

// Via is how an event about another type leads to resources of this one.
type Via struct {
	Type  string   // CloudFormation name of what the event names
	Paths []string // where CloudTrail puts its id
	Find  func(ctx context.Context, s Session, id string) ([]string, error)
	Ops   []Op // the reads that Find makes
}

// Tagging says where an event holds the ids of the resources and the keys of the tags that it sets.
type Tagging struct{ Paths, Keys []string }

// Is reports whether the type goes by that name.
func (t ResourceType) Is(name string) bool { return name != "" && (name == t.Name || name == t.Alias) }

// WriteScope returns the ARNs that a write to the resource touches, as patterns: an id of "*" is all of them, and SessionPolicy has other ids stand for themselves.
func (t ResourceType) WriteScope(r Resource) []string {
	if t.Scope != nil {
		return t.Scope(r)
	}
	return []string{t.ARN(r)}
}
