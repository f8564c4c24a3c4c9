package wiretap

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// subject is a call whose resources are looked for.
type subject struct {
	call *Call
	in   input
	path func(kind, name string) string // ARN of an IAM role, user or group by its name
}

// arn joins the parts after the partition.
func (s subject) arn(service, region, account, resource string) string {
	return strings.Join([]string{"arn", partition(s.call.Region), service, region, account, resource}, ":")
}

// own is a resource of the caller's account in the call's Region.
func (s subject) own(resource string) string {
	return s.arn(s.call.Service, s.call.Region, s.call.Account, resource)
}

// finders say per service what a call touches; services that are missing have
// no calls on single resources here.
var finders = map[string]func(subject) []string{
	"s3":             s3Resources,
	"ec2":            ec2Resources,
	"iam":            iamResources,
	"sts":            func(s subject) []string { return s.named("RoleArn", "") },
	"dynamodb":       dynamodbResources,
	"kms":            func(s subject) []string { return s.named("KeyId", "key/") },
	"sqs":            sqsResources,
	"sns":            func(s subject) []string { return append(s.named("TopicArn", ""), s.named("ResourceArn", "")...) },
	"rds":            rdsResources,
	"secretsmanager": secretResources,
	"lambda":         func(s subject) []string { return s.named("FunctionName", "function:") },
	"cloudtrail":     func(s subject) []string { return append(s.named("Name", "trail/"), s.named("TrailName", "trail/")...) },
	"events":         eventsResources,
}

// resources are what the call touches, each once, in a settled order.
func (s subject) resources() []Resource {
	if s.call.Service == "dynamodb" && s.call.Operation == "TransactWriteItems" {
		return s.transaction()
	}
	var all []Resource
	if find, ok := finders[s.call.Service]; ok {
		for _, arn := range find(s) {
			all = append(all, Resource{ARN: arn})
		}
	}
	if key := leadingKey(s.in.fields); key != "" && s.call.Service == "dynamodb" && len(all) == 1 {
		all[0].Key = key
	}
	if sse, ok := s.in.fields["SSESpecification"].(map[string]any); ok && s.call.Service == "dynamodb" {
		if key, ok := sse["KMSMasterKeyId"].(string); ok {
			all = append(all, Resource{ARN: s.key(key), Part: "Key"})
		}
	}
	if s.call.Service == "ec2" && s.in.form.Get("TagSpecification.1.ResourceType") != "" {
		all = append(all, Resource{ARN: s.own(s.in.form.Get("TagSpecification.1.ResourceType") + "/*"), Part: "Tag"})
	}
	return unique(all)
}

func unique(all []Resource) []Resource {
	slices.SortFunc(all, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.ARN, b.ARN), cmp.Compare(a.Part, b.Part), cmp.Compare(a.Key, b.Key))
	})
	return slices.Compact(all)
}

// named is the resource that a field names: by ARN, or by what stands behind
// kind in its ARN. No field, no resource.
func (s subject) named(field, kind string) []string {
	name := s.in.text(field)
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "arn:"):
		return []string{name}
	case s.call.Service == "kms" && strings.HasPrefix(name, "alias/"):
		kind = ""
	}
	return []string{s.own(kind + name)}
}

func s3Resources(s subject) []string {
	if s.call.Control {
		return s.named("Name", "accesspoint/")
	}
	bucket, key := s.in.path["Bucket"], s.in.path["Key"]
	switch {
	case bucket == "":
		return nil
	case key == "":
		return []string{s.arn("s3", "", "", bucket)}
	}
	return []string{s.arn("s3", "", "", bucket+"/"+key)}
}

// ec2Resources covers the calls on one resource; those that list many number
// their ids (GroupId.1), and IAM does not judge them by resource.
func ec2Resources(s subject) []string {
	all := slices.Concat(s.named("GroupId", "security-group/"), s.named("PrefixListId", "prefix-list/"), s.named("VolumeId", "volume/"))
	if id := s.in.text("SnapshotId"); id != "" { // snapshots and images have no account in their ARNs
		all = append(all, s.arn("ec2", s.call.Region, "", "snapshot/"+id))
	}
	if id := s.in.text("ImageId"); id != "" {
		all = append(all, s.arn("ec2", s.call.Region, "", "image/"+id))
	}
	return all
}

// iamResources names whose policy is changed; which policy is attached is in
// the context.
func iamResources(s subject) []string {
	var all []string
	for _, field := range []struct{ name, kind string }{{"UserName", "user"}, {"RoleName", "role"}, {"GroupName", "group"}} {
		if name := s.in.text(field.name); name != "" {
			all = append(all, s.path(field.kind, name))
		}
	}
	if len(all) == 0 {
		all = s.named("PolicyArn", "")
	}
	return all
}

func dynamodbResources(s subject) []string {
	all := slices.Concat(s.named("TableName", "table/"), s.named("ResourceArn", ""))
	if index := s.in.text("IndexName"); index != "" && len(all) == 1 {
		all[0] += "/index/" + index
	}
	if tables, ok := s.in.fields["RequestItems"].(map[string]any); ok {
		for table := range tables {
			all = append(all, s.table(table))
		}
	}
	return all
}

// key is the ARN of a KMS key that an input names by ARN or id.
func (s subject) key(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return s.arn("kms", s.call.Region, s.call.Account, "key/"+name)
}

func (s subject) table(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return s.own("table/" + name)
}

// transaction lists what TransactWriteItems does to which table.
func (s subject) transaction() []Resource {
	var all []Resource
	items, _ := s.in.fields["TransactItems"].([]any)
	for _, item := range items {
		parts, _ := item.(map[string]any)
		for part, in := range parts { // one in each
			fields, _ := in.(map[string]any)
			if table, ok := fields["TableName"].(string); ok {
				all = append(all, Resource{ARN: s.table(table), Part: part, Key: leadingKey(fields)})
			}
		}
	}
	return unique(all)
}

// leadingKey is the partition key of the item that an input puts or names.
func leadingKey(fields map[string]any) string {
	for _, name := range []string{"Item", "Key"} {
		item, _ := fields[name].(map[string]any)
		value, _ := item["pk"].(map[string]any)
		if text, ok := value["S"].(string); ok {
			return text
		}
	}
	return ""
}

// sqsResources reads a queue's URL: http://host/ACCOUNT/NAME.
func sqsResources(s subject) []string {
	if u, err := url.Parse(s.in.text("QueueUrl")); err == nil {
		if parts := strings.Split(strings.Trim(u.Path, "/"), "/"); len(parts) == 2 {
			return []string{s.arn("sqs", s.call.Region, parts[0], parts[1])}
		}
	}
	return s.named("QueueName", "")
}

func rdsResources(s subject) []string {
	return slices.Concat(s.named("DBInstanceIdentifier", "db:"), s.named("DBClusterIdentifier", "cluster:"),
		s.named("DBSnapshotIdentifier", "snapshot:"), s.named("DBClusterSnapshotIdentifier", "cluster-snapshot:"))
}

// secretSuffix stands for the six characters that Secrets Manager adds to a
// secret's name in its ARN.
const secretSuffix = "-AbCdEf"

func secretResources(s subject) []string {
	id := s.in.text("SecretId")
	if id == "" || strings.HasPrefix(id, "arn:") {
		return s.named("SecretId", "")
	}
	return []string{s.own("secret:" + id + secretSuffix)}
}

func eventsResources(s subject) []string {
	rule, bus := s.in.text("Rule"), s.in.text("EventBusName")
	if rule == "" {
		return nil
	}
	if bus != "" && bus != "default" {
		rule = bus[strings.LastIndex(bus, "/")+1:] + "/" + rule
	}
	return []string{s.own("rule/" + rule)}
}

// carried are condition keys whose value an input field holds.
var carried = map[string]map[string]string{
	"iam": {"PolicyArn": "iam:PolicyARN"},
	"sts": {"RoleSessionName": "sts:RoleSessionName", "SourceIdentity": "sts:SourceIdentity", "ExternalId": "sts:ExternalId"},
}

// carriedHeaders are those that S3 takes from headers.
var carriedHeaders = map[string]string{
	"X-Amz-Acl": "s3:x-amz-acl", "X-Amz-Server-Side-Encryption": "s3:x-amz-server-side-encryption",
	"X-Amz-Object-Lock-Mode": "s3:object-lock-mode", "X-Amz-Object-Lock-Legal-Hold": "s3:object-lock-legal-hold", "X-Amz-Tagging": "s3:RequestObjectTag",
	"If-None-Match": "s3:if-none-match",
}

func (s subject) context() map[string]string {
	context := map[string]string{}
	for field, key := range carried[s.call.Service] {
		if v := s.in.text(field); v != "" {
			context[key] = v
		}
	}
	if s.call.Service == "s3" {
		for header, key := range carriedHeaders {
			if v := s.in.header.Get(header); v != "" {
				context[key] = v
			}
		}
	}
	list := map[string]string{"sts": "Tags.member.", "ec2": "TagSpecification.1.Tag."}[s.call.Service]
	for i := 1; list != "" && s.in.form.Has(list+strconv.Itoa(i)+".Key"); i++ {
		n := list + strconv.Itoa(i)
		context["aws:RequestTag/"+s.in.form.Get(n+".Key")] = s.in.form.Get(n + ".Value")
	}
	return context
}
