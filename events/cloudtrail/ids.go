package wirecloudtrail

import (
	"fmt"
	"slices"
	"strings"
)

// IDPath says where an API call's CloudTrail record holds the identifier of one resource that the call touches.
// The tables belong to the services' packages: an event name and its id path are said once, beside the operation.
type IDPath struct {
	// ResourceType is the CloudFormation name of what the id identifies.
	ResourceType string
	// Paths are tried in order; the first that leads to a usable id wins and may give several (a list in the record).
	// A path is dotted from the record's top: requestParameters.bucketName, responseElements.securityGroupRuleSet.items[].groupId.
	// Lists and single values stand in for each other in CloudTrail, so every step looks into lists, and "[]" is for the reader.
	// The path "account" is the account itself.
	Paths []string
	// Normalize names the function that turns what was found into the resource's id; empty keeps it. See the constants.
	Normalize string
	// Prefix is what an id of the type begins with, where an event names things of many types; others are not for this path. Empty: any.
	Prefix string
	// TagKeys are the paths of the keys of tags that the call sets on the resource. A last step "tags{}" gives the names of an object's members.
	TagKeys []string
}

// IDPaths is keyed by eventSource (s3.amazonaws.com, in every partition) and then eventName. An event that is not in it is watched by nobody.
type IDPaths map[string]map[string][]IDPath

// AccountPath is the path that stands for the account itself.
const AccountPath = "account"

// The names of the normalizers. Each is a pure function of the value found and the event's place; what it refuses makes the next path be tried.
const (
	// IDFromARN takes the id out of an ARN of the resource type; what is no ARN stays as it is, an ARN of something else is refused.
	IDFromARN = "id-from-arn"
	// OnlyFromARN is IDFromARN for lists such as resources[].ARN that mix kinds: what is no ARN of the type is refused.
	OnlyFromARN = "only-from-arn"
	// KeyIDFromARN gives a KMS key id from a key id or key ARN; an alias is refused, because it does not say which key.
	KeyIDFromARN = "key-id-from-arn"
	// LastPathSegment keeps what follows the last slash.
	LastPathSegment = "last-path-segment"
	// RDSIdentifier is IDFromARN in small letters: RDS stores identifiers so, whatever the request said.
	RDSIdentifier = "rds-identifier"
	// CanonicalQueueURL gives https://sqs.<region>.<suffix>/<account>/<name> for any URL, ARN or name of a queue.
	CanonicalQueueURL = "queue-url"
)

// Validate finds mistakes in a table: a missing type or path, an unknown root or normalizer. For the tests of whoever owns the table.
func (t IDPaths) Validate() error {
	for source, events := range t {
		for name, paths := range events {
			if len(paths) == 0 {
				return fmt.Errorf("checking id paths of %s %s: there are none", source, name)
			}
			for _, p := range paths {
				if err := p.validate(); err != nil {
					return fmt.Errorf("checking id paths of %s %s: %w", source, name, err)
				}
			}
		}
	}
	return nil
}

func (p IDPath) validate() error {
	if p.ResourceType == "" || len(p.Paths) == 0 {
		return fmt.Errorf("type %q needs a name and at least one path", p.ResourceType)
	}
	if !knownNormalizer(p.Normalize) {
		return fmt.Errorf("type %s has unknown normalizer %q", p.ResourceType, p.Normalize)
	}
	for _, path := range append(slices.Clone(p.Paths), p.TagKeys...) {
		root, rest, _ := strings.Cut(path, ".")
		switch strings.TrimSuffix(root, "[]") {
		case AccountPath:
			if rest != "" {
				return fmt.Errorf("path %q: %q has no parts", path, AccountPath)
			}
		case "requestParameters", "responseElements", "resources", "userIdentity", "serviceEventDetails", "additionalEventData":
			if rest == "" {
				return fmt.Errorf("path %q ends at its root", path)
			}
		default:
			return fmt.Errorf("path %q begins with no part of a CloudTrail record", path)
		}
	}
	return nil
}

// lookup finds the id paths of an event. China's records may carry the source with its own suffix.
func (t IDPaths) lookup(source, name string) []IDPath {
	return t[strings.TrimSuffix(source, ".cn")][name]
}
