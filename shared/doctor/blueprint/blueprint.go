// Package blueprint reads a synthesised CloudFormation template as what will stand there once it is deployed: queues, rules, functions, tables, buckets
// and roles by their names, with the policies that the roles hold. What is checked and what is printed about an installation follows the template, so
// that neither can forget a part of it.
package blueprint

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Values are what a template leaves open. Parameters that are not given have their defaults.
type Values struct {
	Partition, Account, Region string
	Parameters                 map[string]string
}

// Blueprint is a template, read.
type Blueprint struct {
	Queues    []Queue
	Sources   []Source
	Rules     []Rule
	Buses     []Bus
	Functions []Function
	Tables    []string
	Buckets   []Bucket
	Roles     []Role
	Kept      []Kept // what stays when the stack is deleted
}

// Queue is a queue. MustBeEmpty: an alarm goes off at its first message. Policy is for [Fits]; nil: it has none.
type Queue struct {
	Name        string
	MustBeEmpty bool
	Policy      map[string]any
	Settings    map[string]int // VisibilityTimeout, MessageRetentionPeriod and DelaySeconds, in seconds
	DeadLetters string         // ARN of the queue that takes messages that always fail; empty: there is none
	Tries       int            // after how many of them
}

// Source feeds a function from a queue; both by name. Partial: the function says which messages of a batch failed, and only these come again.
type Source struct {
	Function, Queue string
	Partial         bool
}

// Rule is a rule of EventBridge. Pattern is nil for a schedule.
type Rule struct {
	Name, Bus string // an empty bus is the default one
	Condition string // it exists only where this holds; empty: always
	Pattern   map[string]any
	Schedule  string   // expression, for [Fits]; empty: it has a pattern
	Targets   []string // ARNs
}

// Bus is an event bus. Policy is for [Fits]; nil: it has none.
type Bus struct {
	Name   string
	Policy map[string]any
}

// Function is a Lambda function; Role is the role's ARN.
type Function struct {
	Name, Does, Role string
	Environment      map[string]string
	Exact            map[string]any // the environment with what parameters decide left open, for [Fits]
	Condition        string         // it exists only where this holds; empty: always
	URL              string         // auth type of the URL that it answers at, AWS_IAM or NONE; empty: it has none
	Reserved         bool           // it has a share of the account's concurrency of its own, unless a parameter says otherwise
	Callers          []Caller       // whom its resource policy lets call it
}

// Caller is whom a function's resource policy lets do what.
type Caller struct {
	Principal, Action string
	ViaURL            bool // only through the function's URL
}

// Bucket is a bucket. Policy is for [Fits]; nil: it has none.
type Bucket struct {
	Name              string
	Versioned, Locked bool
	LockMode          string // of the objects that are written without saying so; empty: they are not held
	LockDays          int
	Policy            map[string]any
}

// Kept is a resource that outlives its stack.
type Kept struct{ Type, Name string }

// Read reads a template in JSON.
func Read(template string, v Values) (*Blueprint, error) {
	var t struct {
		Parameters map[string]struct{ Default any }
		Conditions map[string]any
		Resources  map[string]resource
	}
	if err := json.Unmarshal([]byte(template), &t); err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	if len(t.Resources) == 0 {
		return nil, fmt.Errorf("reading a template: it has no resources")
	}
	r := resolver{values: v, defaults: map[string]string{}, resources: t.Resources, known: map[string]string{}}
	for name, p := range t.Parameters {
		if p.Default != nil {
			r.defaults[name] = fmt.Sprint(p.Default)
		}
	}
	for logical, res := range t.Resources {
		if res.Condition != "" {
			res.Condition = spelled(res.Condition, t.Conditions)
			t.Resources[logical] = res
		}
	}
	open := resolver{values: v, defaults: r.defaults, resources: t.Resources, known: map[string]string{}, open: true}
	b := &Blueprint{}
	policies := map[string]policy{}
	for _, logical := range slices.Sorted(maps.Keys(t.Resources)) {
		res := t.Resources[logical]
		props, _ := r.value(res.Properties).(map[string]any)
		if res.Type == "AWS::IAM::ManagedPolicy" {
			left, _ := open.value(res.Properties).(map[string]any)
			policies[r.name(logical)] = policyOf(res, props, left)
			continue
		}
		b.add(r, logical, res, object(props))
	}
	b.finish(r, open, policies)
	return b, nil
}

// spelled says what a condition asks for where that is the value of one parameter ("EnableIAM=true"); else it is the condition's name.
func spelled(name string, conditions map[string]any) string {
	is, _ := conditions[name].(map[string]any)
	sides, _ := is["Fn::Equals"].([]any)
	if len(sides) != 2 {
		return name
	}
	parameter, _ := sides[0].(map[string]any)
	of, _ := parameter["Ref"].(string)
	value, _ := sides[1].(string)
	if of == "" || value == "" {
		return name
	}
	return of + "=" + value
}

func (b *Blueprint) add(r resolver, logical string, res resource, p object) {
	name := r.physical(logical, res)
	if res.DeletionPolicy == "Retain" && names[res.Type].property != "" {
		b.Kept = append(b.Kept, Kept{res.Type, name})
	}
	switch res.Type {
	case "AWS::SQS::Queue":
		b.Queues = append(b.Queues, queueOf(name, p))
	case "AWS::Lambda::EventSourceMapping":
		partial := slices.Contains(Texts(p["FunctionResponseTypes"]), "ReportBatchItemFailures")
		b.Sources = append(b.Sources, Source{lastPart(p.text("FunctionName")), lastPart(p.text("EventSourceArn")), partial})
	case "AWS::Events::Rule":
		rule := Rule{Name: name, Bus: lastPart(p.text("EventBusName")), Condition: res.Condition}
		rule.Pattern, _ = p["EventPattern"].(map[string]any)
		for _, t := range p.list("Targets") {
			rule.Targets = append(rule.Targets, t.text("Arn"))
		}
		b.Rules = append(b.Rules, rule)
	case "AWS::Lambda::Function":
		f := Function{Name: name, Does: p.text("Description"), Role: p.text("Role"), Condition: res.Condition, Reserved: p["ReservedConcurrentExecutions"] != nil}
		b.Functions = append(b.Functions, f)
	case "AWS::DynamoDB::Table":
		b.Tables = append(b.Tables, name)
	case "AWS::S3::Bucket":
		b.Buckets = append(b.Buckets, bucketOf(name, p))
	case "AWS::Events::EventBus":
		b.Buses = append(b.Buses, Bus{Name: name})
	case "AWS::IAM::Role":
		b.Roles = append(b.Roles, roleOf(r, res, name, p))
	}
}

// finish puts together what lies in several resources: queues with their alarms and policies, functions with who may call them, roles with their policies.
func (b *Blueprint) finish(r, open resolver, policies map[string]policy) {
	for _, logical := range slices.Sorted(maps.Keys(r.resources)) {
		res := r.resources[logical]
		p, _ := r.value(res.Properties).(map[string]any)
		switch res.Type {
		case "AWS::CloudWatch::Alarm":
			if p["MetricName"] == "ApproximateNumberOfMessagesVisible" {
				b.watch(object(p))
			}
		case "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::Events::EventBusPolicy", "AWS::Events::Rule":
			left, _ := open.value(res.Properties).(map[string]any)
			b.open(res.Type, object(p), object(left))
		case "AWS::Lambda::Function":
			b.equip(r, open, logical, res)
		case "AWS::Lambda::Url", "AWS::Lambda::Permission":
			b.answer(res.Type, object(p))
		}
	}
	for i := range b.Roles {
		b.Roles[i].take(policies)
	}
	slices.SortFunc(b.Queues, func(x, y Queue) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(b.Rules, func(x, y Rule) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(b.Functions, func(x, y Function) int { return strings.Compare(x.Name, y.Name) })
	slices.SortFunc(b.Sources, func(x, y Source) int { return strings.Compare(x.Function+x.Queue, y.Function+y.Queue) })
	slices.SortFunc(b.Roles, func(x, y Role) int { return strings.Compare(x.Name, y.Name) })
}

// Join puts templates together that make one installation, such as those of a hub and of its members.
func Join(all ...*Blueprint) *Blueprint {
	out := &Blueprint{}
	for _, b := range all {
		out.Queues, out.Sources, out.Rules = append(out.Queues, b.Queues...), append(out.Sources, b.Sources...), append(out.Rules, b.Rules...)
		out.Buses = append(out.Buses, b.Buses...)
		out.Functions, out.Tables = append(out.Functions, b.Functions...), append(out.Tables, b.Tables...)
		out.Buckets, out.Roles, out.Kept = append(out.Buckets, b.Buckets...), append(out.Roles, b.Roles...), append(out.Kept, b.Kept...)
	}
	return out
}
