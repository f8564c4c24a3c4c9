package blueprint

import (
	"fmt"
	"regexp"
	"strings"
)

// nothing is what AWS::NoValue comes to: the property or element is left out.
type nothing struct{}

// resolver turns CloudFormation's intrinsic functions into plain values, as far as they are known before anything is deployed. What is not known
// stays as text: "${Queue.Arn}".
type resolver struct {
	values    Values
	defaults  map[string]string // of parameters that have one
	resources map[string]resource
	known     map[string]string // names that were looked up; those under way stand for themselves, so that a circle ends
	open      bool              // what a parameter decides is left open: "${Parameter}", and Choice for a condition
	running   bool              // a queue's name is its URL, as Ref gives it to whatever runs; else it is its name, which is what other parts are found by
}

// Choice stands for a value that a condition of the template decides: the first where it holds, else the second; nil: nothing.
type Choice [2]any

func isNothing(v any) bool {
	_, ok := v.(nothing)
	return ok
}

// longest bounds a text in bytes: names that repeat one another grow without end.
const longest = 64 << 10

type resource struct {
	Type           string
	Condition      string
	DeletionPolicy string
	Properties     map[string]any
}

// value resolves everything below v. Conditions are taken to hold: what is optional is there, and said to be.
func (r resolver) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, arg := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return r.function(name, arg)
				}
			}
		}
		out := map[string]any{}
		for k, x := range v {
			if x = r.value(x); !isNothing(x) {
				out[k] = x
			}
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			if x = r.value(x); !isNothing(x) {
				out = append(out, x)
			}
		}
		return out
	}
	return v
}

func (r resolver) function(name string, arg any) any {
	list, _ := arg.([]any)
	switch {
	case name == "Ref" && arg == "AWS::NoValue":
		return nothing{}
	case name == "Ref":
		return r.name(fmt.Sprint(arg))
	case name == "Fn::GetAtt" && len(list) == 2:
		return r.name(fmt.Sprint(list[0], ".", list[1]))
	case name == "Fn::GetAtt":
		return r.name(fmt.Sprint(arg))
	case name == "Fn::Sub" && len(list) == 2:
		more, _ := r.value(list[1]).(map[string]any)
		return r.sub(fmt.Sprint(list[0]), more)
	case name == "Fn::Sub":
		return r.sub(fmt.Sprint(arg), nil)
	case name == "Fn::If" && len(list) == 3 && r.open:
		return r.choice(list[1], list[2])
	case name == "Fn::If" && len(list) == 3:
		return r.value(list[1])
	case name == "Fn::Join" && len(list) == 2:
		return r.join(fmt.Sprint(list[0]), r.value(list[1]))
	}
	return "${" + name + "}"
}

func (r resolver) choice(yes, no any) Choice {
	out := Choice{r.value(yes), r.value(no)}
	for i, v := range out {
		if isNothing(v) {
			out[i] = nil
		}
	}
	return out
}

func (r resolver) join(with string, v any) any {
	parts, ok := v.([]any)
	if !ok {
		return "${Fn::Join}"
	}
	var out []string
	for _, p := range parts {
		out = append(out, fmt.Sprint(p))
	}
	return strings.Join(out, with)
}

var placeholder = regexp.MustCompile(`\$\{[^!}][^}]*\}`)

func (r resolver) sub(text string, more map[string]any) string {
	return placeholder.ReplaceAllStringFunc(text, func(p string) string {
		name := strings.TrimSpace(p[2 : len(p)-1])
		if v, ok := more[name]; ok {
			return fmt.Sprint(v)
		}
		return r.name(name)
	})
}

// name is what Ref, GetAtt or a placeholder stands for.
func (r resolver) name(name string) string {
	if v, ok := r.known[name]; ok {
		return v
	}
	r.known[name] = "${" + name + "}"
	if v, ok := r.find(name); ok && len(v) <= longest {
		r.known[name] = v
	}
	return r.known[name]
}

func (r resolver) find(name string) (string, bool) {
	switch name {
	case "AWS::Partition":
		return r.values.Partition, true
	case "AWS::AccountId":
		return r.values.Account, true
	case "AWS::Region":
		return r.values.Region, true
	}
	if v, ok := r.values.Parameters[name]; ok {
		return v, true
	}
	if v, ok := r.defaults[name]; ok && !r.open {
		return v, true
	}
	logical, attribute, _ := strings.Cut(name, ".")
	res, ok := r.resources[logical]
	switch {
	case !ok:
		return "", false
	case attribute == "" && r.running && res.Type == "AWS::SQS::Queue":
		return r.queueURL(r.physical(logical, res)), true
	case attribute == "":
		return r.physical(logical, res), true
	case attribute == "Arn" && names[res.Type].arn != "":
		return r.arn(res, r.physical(logical, res)), true
	}
	return "", false
}

// queueURL is the URL of a queue. Which of SQS's addresses it begins with is left open, too: it decides nothing. Source: SQS API reference, "Amazon SQS endpoints".
func (r resolver) queueURL(name string) string {
	host := "https://sqs." + r.values.Region + ".amazonaws.com"
	if r.values.Partition == "aws-cn" {
		host += ".cn"
	}
	if r.open {
		host = "${AWS::Endpoint}"
	}
	return host + "/" + r.values.Account + "/" + name
}

// names says which property names a resource of a type, and where its ARN puts the name.
var names = map[string]struct{ property, arn string }{
	"AWS::S3::Bucket":         {"BucketName", "s3:::"},
	"AWS::SQS::Queue":         {"QueueName", "sqs:REGION:ACCOUNT:"},
	"AWS::SNS::Topic":         {"TopicName", "sns:REGION:ACCOUNT:"},
	"AWS::DynamoDB::Table":    {"TableName", "dynamodb:REGION:ACCOUNT:table/"},
	"AWS::Lambda::Function":   {"FunctionName", "lambda:REGION:ACCOUNT:function:"},
	"AWS::Logs::LogGroup":     {"LogGroupName", "logs:REGION:ACCOUNT:log-group:"},
	"AWS::Events::Rule":       {"Name", "events:REGION:ACCOUNT:rule/"},
	"AWS::Events::EventBus":   {"Name", "events:REGION:ACCOUNT:event-bus/"},
	"AWS::IAM::Role":          {"RoleName", "iam::ACCOUNT:role"},
	"AWS::IAM::ManagedPolicy": {"ManagedPolicyName", "iam::ACCOUNT:policy"},
}

func (r resolver) physical(logical string, res resource) string {
	if n, ok := names[res.Type]; ok {
		if v, ok := r.value(res.Properties[n.property]).(string); ok {
			return v
		}
	}
	return "${" + logical + "}"
}

func (r resolver) arn(res resource, physical string) string {
	n := names[res.Type]
	path := ""
	if strings.HasPrefix(res.Type, "AWS::IAM::") {
		path = "/"
		if p, ok := r.value(res.Properties["Path"]).(string); ok {
			path = p
		}
	}
	return "arn:" + r.values.Partition + ":" + strings.NewReplacer("REGION", r.values.Region, "ACCOUNT", r.values.Account).Replace(n.arn) + path + physical
}
