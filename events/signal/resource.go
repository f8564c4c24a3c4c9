package signal

import "strings"

// form is how a resource type's ARN holds its primary identifier.
type form struct {
	service string
	prefix  string // of the ARN's resource part
	keep    int
}

// What of the ARN is the identifier.
const (
	keepRest  = iota // all after the prefix; no further slash
	keepLast         // the last path segment (IAM names stand behind a path)
	keepARN          // the whole ARN
	keepQueue        // turned into the queue's URL
	keepColon        // all after the prefix; no further slash, but colons are fine (rds:automated-snapshot)
)

// Source of the forms: Service Authorization Reference, "Resource types defined by ..." of each service.
func formOf(resourceType string) (form, bool) {
	switch resourceType {
	case "AWS::S3::Bucket":
		return form{"s3", "", keepRest}, true
	case "AWS::S3::AccessPoint":
		return form{"s3", "accesspoint/", keepRest}, true
	case "AWS::EC2::SecurityGroup":
		return form{"ec2", "security-group/", keepRest}, true
	case "AWS::EC2::Volume":
		return form{"ec2", "volume/", keepRest}, true
	case "AWS::EC2::Snapshot":
		return form{"ec2", "snapshot/", keepRest}, true
	case "AWS::EC2::Image":
		return form{"ec2", "image/", keepRest}, true
	case "AWS::EC2::PrefixList":
		return form{"ec2", "prefix-list/", keepRest}, true
	case "AWS::EC2::VPC":
		return form{"ec2", "vpc/", keepRest}, true
	case "AWS::IAM::Role":
		return form{"iam", "role/", keepLast}, true
	case "AWS::IAM::User":
		return form{"iam", "user/", keepLast}, true
	case "AWS::IAM::Group":
		return form{"iam", "group/", keepLast}, true
	case "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy":
		return form{"iam", "policy/", keepARN}, true
	case "AWS::RDS::DBInstance":
		return form{"rds", "db:", keepColon}, true
	case "AWS::RDS::DBCluster":
		return form{"rds", "cluster:", keepColon}, true
	case "AWS::RDS::DBSnapshot":
		return form{"rds", "snapshot:", keepColon}, true
	case "AWS::RDS::DBClusterSnapshot":
		return form{"rds", "cluster-snapshot:", keepColon}, true
	case "AWS::DynamoDB::Table":
		return form{"dynamodb", "table/", keepRest}, true
	case "AWS::SQS::Queue":
		return form{"sqs", "", keepQueue}, true
	case "AWS::SNS::Topic":
		return form{"sns", "", keepARN}, true
	case "AWS::KMS::Key":
		return form{"kms", "key/", keepRest}, true
	}
	return form{}, false
}

// IDFromARN gives the primary identifier of a resource of the type from its ARN: a role's name without its path, a queue's URL, a topic's ARN itself.
// ok is false if the type is unknown here or the ARN is that of another kind of resource (an alias, an index, a subscription, an object).
func IDFromARN(resourceType string, a ARN) (id string, ok bool) {
	f, ok := formOf(resourceType)
	if !ok || a.Service != f.service {
		return "", false
	}
	rest, ok := strings.CutPrefix(a.Resource, f.prefix)
	if !ok || rest == "" {
		return "", false
	}
	switch f.keep {
	case keepLast:
		id = rest[strings.LastIndexByte(rest, '/')+1:]
		return id, id != ""
	case keepARN:
		// A subscription's ARN is the topic's with one more part.
		return a.String(), !strings.Contains(rest, ":")
	case keepQueue:
		return QueueURL(a.Partition, a.Region, a.Account, rest), a.Region != "" && a.Account != "" && !strings.ContainsAny(rest, ":/")
	case keepColon:
		return rest, !strings.Contains(rest, "/")
	}
	return rest, !strings.ContainsAny(rest, ":/")
}

// IsWild tells whether an id holds a wildcard. No id of a resource does, whether people choose it or AWS; but EC2's filters and policies would take it for many
// resources. The exception is the path of a managed policy, which may be of any printable characters. Source: IAM API reference, "CreatePolicy" (Path, PolicyName).
func IsWild(resourceType, id string) bool {
	if resourceType == "AWS::IAM::ManagedPolicy" || resourceType == "AWS::IAM::Policy" {
		id = id[strings.LastIndexByte(id, '/')+1:]
	}
	return strings.ContainsAny(id, "*?")
}

// QueueURL is the canonical URL of an SQS queue. Older and private endpoints name the same queue by other hosts; one form keeps one queue one resource.
func QueueURL(partition, region, account, name string) string {
	return "https://sqs." + region + "." + DNSSuffix(partition) + "/" + account + "/" + name
}
