package stack

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// kind is what is known of a resource type: where its name stands, and what Ref and Fn::GetAtt make of it. {name} and the like are filled in.
// Source: the type's page in the CloudFormation template reference, "Return values".
type kind struct {
	name string // the property that holds the physical name; empty: it always gets one
	ref  string
	get  map[string]string
	make func(*deployment, resource) error // nil: not run here
}

// kinds is every resource type that this cloud knows. What has no make is accepted and not run; see Ignored.
func kinds() map[string]kind {
	arn := func(form string) map[string]string { return map[string]string{"Arn": form} }
	bus := "arn:{partition}:events:{region}:{account}:"
	queue := "arn:{partition}:sqs:{region}:{account}:{name}"
	queueURL := "https://sqs.{region}.{suffix}/{account}/{name}"
	return map[string]kind{
		"AWS::SQS::Queue":                 {"QueueName", queueURL, map[string]string{"Arn": queue, "QueueName": "{name}", "QueueUrl": queueURL}, makeQueue},
		"AWS::SQS::QueuePolicy":           {"", "{name}", nil, makeQueuePolicy},
		"AWS::DynamoDB::Table":            {"TableName", "{name}", arn("arn:{partition}:dynamodb:{region}:{account}:table/{name}"), makeTable},
		"AWS::S3::Bucket":                 {"BucketName", "{name}", arn("arn:{partition}:s3:::{name}"), makeBucket},
		"AWS::S3::BucketPolicy":           {"", "{name}", nil, makeBucketPolicy},
		"AWS::SecretsManager::Secret":     {"Name", "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}", nil, makeSecret},
		"AWS::IAM::Role":                  {"RoleName", "{name}", arn("arn:{partition}:iam::{account}:role{path}{name}"), makeRole},
		"AWS::IAM::ManagedPolicy":         {"ManagedPolicyName", "arn:{partition}:iam::{account}:policy{path}{name}", map[string]string{"PolicyArn": "arn:{partition}:iam::{account}:policy{path}{name}"}, makeManagedPolicy},
		"AWS::IAM::Policy":                {"PolicyName", "{name}", nil, makeInlinePolicy},
		"AWS::Lambda::Function":           {"FunctionName", "{name}", arn("arn:{partition}:lambda:{region}:{account}:function:{name}"), makeFunction},
		"AWS::Lambda::EventSourceMapping": {"", "{name}", nil, makeMapping},
		"AWS::Lambda::Permission":         {"", "{name}", nil, makePermission},
		"AWS::Lambda::Url":                {"", "{target}", map[string]string{"FunctionArn": "{target}", "FunctionUrl": "https://{name}.lambda-url.{region}.on.aws/"}, makeURL},
		"AWS::ApiGatewayV2::Api":          {"", "{name}", map[string]string{"ApiId": "{name}", "ApiEndpoint": "https://{name}.execute-api.{region}.{suffix}"}, makeAPI},
		"AWS::ApiGatewayV2::Integration":  {"", "{name}", map[string]string{"IntegrationId": "{name}"}, makeIntegration},
		"AWS::ApiGatewayV2::Route":        {"", "{name}", map[string]string{"RouteId": "{name}"}, makeRoute},
		"AWS::ApiGatewayV2::Stage":        {"StageName", "{name}", nil, makeStage},
		"AWS::Events::EventBus":           {"Name", "{name}", map[string]string{"Arn": bus + "event-bus/{name}", "Name": "{name}"}, makeBus},
		"AWS::Events::EventBusPolicy":     {"", "{name}", nil, makeBusPolicy},
		"AWS::Events::Rule":               {"Name", "{bus}{name}", arn(bus + "rule/{busPath}{name}"), makeRule},
		"AWS::SNS::Topic":                 {"TopicName", "arn:{partition}:sns:{region}:{account}:{name}", map[string]string{"TopicArn": "arn:{partition}:sns:{region}:{account}:{name}", "TopicName": "{name}"}, nil},
		"AWS::SNS::TopicPolicy":           {"", "{name}", nil, nil},
		"AWS::SNS::Subscription":          {"", "{name}", nil, nil},
		"AWS::KMS::Alias":                 {"AliasName", "arn:{partition}:kms:{region}:{account}:{name}", nil, nil},
		"AWS::KMS::Key":                   {"", "{name}", map[string]string{"Arn": "arn:{partition}:kms:{region}:{account}:key/{name}", "KeyId": "{name}"}, nil},
		"AWS::Logs::LogGroup":             {"LogGroupName", "{name}", arn("arn:{partition}:logs:{region}:{account}:log-group:{name}:*"), nil},
		"AWS::CloudWatch::Alarm":          {"AlarmName", "{name}", arn("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}"), nil},
		"AWS::CloudWatch::Dashboard":      {"DashboardName", "{name}", nil, nil},
		"AWS::Config::ConfigRule":         {"ConfigRuleName", "{name}", arn("arn:{partition}:config:{region}:{account}:config-rule/{name}"), nil},
	}
}

// resource is a declared resource that is made, with its physical name.
type resource struct {
	id, kind, name string
	props          map[string]any // as declared; see deployment.properties
}

// attribute is Ref (an empty attribute) or Fn::GetAtt of a resource.
func (s *scope) attribute(id, attribute, at string) (any, error) {
	d, ok := s.Resources[id]
	if !ok {
		return nil, fmt.Errorf("resolving %s: nothing is named %s", at, id)
	}
	if made, err := s.isMade(id, at); err != nil || !made {
		if err == nil {
			err = fmt.Errorf("resolving %s: %s is not made, its condition %s does not hold", at, id, d.Condition)
		}
		return nil, err
	}
	k, ok := kinds()[d.Type]
	if !ok {
		return nil, fmt.Errorf("resolving %s: %s is of type %s, whose values are not known here", at, id, d.Type)
	}
	form := k.ref
	if attribute != "" {
		if form, ok = k.get[attribute]; !ok {
			return nil, fmt.Errorf("resolving %s: %s of %s is not known here, only %s", at, attribute, d.Type, strings.Join(slices.Sorted(maps.Keys(k.get)), ", "))
		}
	}
	return s.fill(form, id, at)
}

func (s *scope) isMade(id, at string) (bool, error) {
	if c := s.Resources[id].Condition; c != "" {
		return s.condition(c, at)
	}
	return true, nil
}

// fill puts the resource's name, its place and its path into a form.
func (s *scope) fill(form, id, at string) (string, error) {
	done, err := s.enter(id, at)
	if err != nil {
		return "", err
	}
	defer done()
	name, err := s.physical(id)
	if err != nil {
		return "", err
	}
	path, bus, busPath, target := "/", "", "", ""
	props, where := s.Resources[id].Properties, "Resources."+id+".Properties."
	if v, ok := props["Path"]; ok {
		if path, err = s.text(v, where+"Path"); err != nil {
			return "", err
		}
	}
	if v, ok := props["TargetFunctionArn"]; ok {
		if target, err = s.text(v, where+"TargetFunctionArn"); err != nil {
			return "", err
		}
	}
	if v, ok := props["EventBusName"]; ok && s.Resources[id].Type == "AWS::Events::Rule" {
		if bus, err = s.text(v, where+"EventBusName"); err != nil {
			return "", err
		}
		bus = bus[strings.LastIndex(bus, "/")+1:] // an ARN is fine, too
		if bus == defaultBus {
			bus = ""
		} else {
			bus, busPath = bus+"|", bus+"/"
		}
	}
	return strings.NewReplacer("{name}", name, "{path}", path, "{bus}", bus, "{busPath}", busPath, "{target}", target,
		"{partition}", s.partition, "{region}", s.region, "{account}", s.account, "{suffix}", s.suffix).Replace(form), nil
}

// physical is the resource's name: the given one, or one of the stack's, as CloudFormation makes them but always the same.
func (s *scope) physical(id string) (string, error) {
	d := s.Resources[id]
	k := kinds()[d.Type]
	if v, ok := d.Properties[k.name]; ok && k.name != "" {
		v, err := s.resolve(v, "Resources."+id+".Properties."+k.name)
		if err != nil {
			return "", err
		}
		if v != (noValue{}) {
			return asText(v, "Resources."+id+".Properties."+k.name)
		}
	}
	unique := short(s.stack + s.account + s.region + id)
	name := s.stack + "-" + id + "-" + unique
	switch d.Type {
	case "AWS::S3::Bucket":
		return strings.ToLower(name), nil
	case "AWS::Lambda::Url", "AWS::ApiGatewayV2::Api": // a part of a host's name
		return "u" + unique, nil
	}
	return name, nil
}

func short(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:8] }
