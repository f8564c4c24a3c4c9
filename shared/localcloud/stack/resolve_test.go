package stack

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// base has one of each thing that a value may name.
const base = `{
  "Parameters": {
    "Stage": {"Type": "String", "Default": "prod", "AllowedValues": ["prod", "test"]},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
    "Size": {"Type": "Number", "Default": 5}
  },
  "Mappings": {"Homes": {"aws": {"Region": "us-east-1", "Zones": ["x", "y"]}, "aws-cn": {"Region": "cn-north-1"}}},
  "Conditions": {
    "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
    "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
    "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "AWS::Partition"}, "aws"]}]},
    "Either": {"Fn::Or": [{"Condition": "IsTest"}, {"Condition": "Both"}]},
    "Circle": {"Fn::Not": [{"Condition": "Circle"}]}
  },
  "Resources": {
    "Jobs": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "jobs-${Stage}"}}},
    "Plain": {"Type": "AWS::SQS::Queue"},
    "Absent": {"Type": "AWS::SQS::Queue", "Condition": "IsTest"},
    "Odd": {"Type": "AWS::Odd::Thing"},
    "Ouroboros": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["Ouroboros", "QueueName"]}}},
    "Worker": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "worker", "Path": "/team/"}},
    "OwnBus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "own"}},
    "OnOwn": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r", "EventBusName": {"Ref": "OwnBus"}}},
    "OnDefault": {"Type": "AWS::Events::Rule", "Properties": {"Name": "r"}}
  }
}`

func newScope(t *testing.T, text string) *scope {
	t.Helper()
	tpl, err := parseTemplate([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := &scope{template: tpl, stack: "s", account: "111122223333", region: "eu-west-1", partition: "aws", suffix: "amazonaws.com", conditions: map[string]bool{}}
	if s.parameters, err = tpl.values(nil); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"data stays", `{"a":[1,true,"x",1.50]}`, `{"a":[1,true,"x",1.50]}`},
		{"parameter", `{"Ref":"Stage"}`, `"prod"`},
		{"number", `{"Ref":"Size"}`, `"5"`},
		{"list parameter", `{"Ref":"Zones"}`, `["a","b","c"]`},
		{"pseudo parameters", `[{"Ref":"AWS::AccountId"},{"Ref":"AWS::Region"},{"Ref":"AWS::Partition"},{"Ref":"AWS::URLSuffix"},{"Ref":"AWS::StackName"}]`, `["111122223333","eu-west-1","aws","amazonaws.com","s"]`},
		{"no value", `{"a":{"Ref":"AWS::NoValue"},"b":[1,{"Ref":"AWS::NoValue"}]}`, `{"b":[1]}`},
		{"queue", `[{"Ref":"Jobs"},{"Fn::GetAtt":["Jobs","Arn"]},{"Fn::GetAtt":"Jobs.QueueName"}]`,
			`["https://sqs.eu-west-1.amazonaws.com/111122223333/jobs-prod","arn:aws:sqs:eu-west-1:111122223333:jobs-prod","jobs-prod"]`},
		{"role", `[{"Ref":"Worker"},{"Fn::GetAtt":["Worker","Arn"]}]`, `["worker","arn:aws:iam::111122223333:role/team/worker"]`},
		{"rules", `[{"Ref":"OnOwn"},{"Fn::GetAtt":["OnOwn","Arn"]},{"Ref":"OnDefault"},{"Fn::GetAtt":["OnDefault","Arn"]}]`,
			`["own|r","arn:aws:events:eu-west-1:111122223333:rule/own/r","r","arn:aws:events:eu-west-1:111122223333:rule/r"]`},
		{"sub", `{"Fn::Sub":"${Stage} ${AWS::Region} ${Jobs.Arn} ${!Literal} $x"}`, `"prod eu-west-1 arn:aws:sqs:eu-west-1:111122223333:jobs-prod ${Literal} $x"`},
		{"sub with variables", `{"Fn::Sub":["${Stage}-${v}",{"v":{"Ref":"AWS::Region"}}]}`, `"prod-eu-west-1"`},
		{"join", `{"Fn::Join":["-",["a",{"Ref":"Stage"},1]]}`, `"a-prod-1"`},
		{"join of a list", `{"Fn::Join":["",{"Ref":"Zones"}]}`, `"abc"`},
		{"if", `[{"Fn::If":["IsProd","y","n"]},{"Fn::If":["IsTest","y",{"Fn::If":["Both",{"Ref":"Stage"},"n"]}]},{"Fn::If":["Either",1,2]}]`, `["y","prod",1]`},
		{"the other branch is not looked at", `{"Fn::If":["IsProd","y",{"Fn::GetAtt":["Absent","Arn"]}]}`, `"y"`},
		{"find in map", `[{"Fn::FindInMap":["Homes",{"Ref":"AWS::Partition"},"Region"]},{"Fn::Select":[1,{"Fn::FindInMap":["Homes","aws","Zones"]}]}]`, `["us-east-1","y"]`},
		{"select and split", `{"Fn::Select":["2",{"Fn::Split":[":",{"Fn::GetAtt":["Jobs","Arn"]}]}]}`, `"sqs"`},
		{"a member that only looks like one", `{"Ref":"Stage","other":1}`, `{"Ref":"Stage","other":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := newScope(t, base).resolve(decoded(t, tt.value), "at")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(decoded(t, tt.want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func decoded(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestMistakesSayWhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, value, want string }{
		{"no such name", `{"a":[{"Ref":"Nobody"}]}`, "resolving at.a[0].Ref: nothing is named Nobody"},
		{"no such name in a text", `{"a":{"Fn::Sub":"x${Nobody}"}}`, "resolving at.a.Fn::Sub: nothing is named Nobody"},
		{"no such attribute", `{"Fn::GetAtt":["Jobs","Colour"]}`, "Colour of AWS::SQS::Queue is not known here, only Arn, QueueName, QueueUrl"},
		{"not made", `{"Ref":"Absent"}`, "Absent is not made, its condition IsTest does not hold"},
		{"unknown type", `{"Ref":"Odd"}`, "Odd is of type AWS::Odd::Thing, whose values are not known here"},
		{"needs itself", `{"Ref":"Ouroboros"}`, "Ouroboros needs itself"},
		{"condition needs itself", `{"Fn::If":["Circle",1,2]}`, "Conditions.Circle needs itself"},
		{"no such condition", `{"Fn::If":["Nobody",1,2]}`, "there is no condition Nobody"},
		{"no such mapping", `{"Fn::FindInMap":["Homes","aws-eusc","Region"]}`, "no value for Homes, aws-eusc, Region"},
		{"unknown function", `{"Fn::Cidr":["10.0.0.0/8",1,8]}`, "Fn::Cidr is not known here"},
		{"index beyond", `{"Fn::Select":[3,{"Ref":"Zones"}]}`, "no element 3 in a list of 3"},
		{"dynamic reference", `"{{resolve:ssm:x}}"`, "dynamic references are not known here"},
		{"list in a text", `{"Fn::Sub":"${Zones}"}`, "want a text"},
		{"open variable", `{"Fn::Sub":"${Stage"}`, "${ without }"},
		{"half a call", `{"Fn::Join":["-"]}`, "want a delimiter and a list"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := newScope(t, base).resolve(decoded(t, tt.value), "at"); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestParameters(t *testing.T) {
	t.Parallel()
	text := `{"Parameters":{"Stage":{"Type":"String","Default":"prod","AllowedValues":["prod","test"]},"Id":{"Type":"String","AllowedPattern":"[0-9]{3}"},
		"Net":{"Type":"AWS::EC2::VPC::Id","Default":"x"}},"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}`
	for _, tt := range []struct {
		given map[string]string
		want  string
	}{
		{map[string]string{"Stage": "dev", "Id": "123"}, `parameter Stage: "dev" is none of the allowed values`},
		{map[string]string{}, "parameter Id has neither a value nor a default"},
		{map[string]string{"Id": "12"}, `parameter Id: "12" does not match`},
		{map[string]string{"Id": "123"}, "parameter Net: type AWS::EC2::VPC::Id is not known here"},
		{map[string]string{"Id": "123", "Other": "x"}, "the template has no parameter Other: it has Id, Net, Stage"},
	} {
		tpl, err := parseTemplate([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		// Parameters are read in no order, so that another of them may be complained about first.
		if tt.want != "parameter Net: type AWS::EC2::VPC::Id is not known here" {
			delete(tpl.Parameters, "Net")
			tt.want = strings.Replace(tt.want, "Id, Net, Stage", "Id, Stage", 1)
		}
		if _, err := tpl.values(tt.given); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("values(%v): %v, want %q", tt.given, err, tt.want)
		}
	}
}

func TestRulesAreChecked(t *testing.T) {
	t.Parallel()
	text := func(condition, assert string) string {
		return `{"Rules":{"R":{"RuleCondition":` + condition + `,"Assertions":[{"Assert":` + assert + `,"AssertDescription":"not here"}]}},"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}`
	}
	here, elsewhere := `{"Fn::Equals":[{"Ref":"AWS::Region"},"eu-west-1"]}`, `{"Fn::Contains":[["us-east-1"],{"Ref":"AWS::Region"}]}`
	for _, tt := range []struct {
		condition, assert string
		fails             bool
	}{{here, here, false}, {here, elsewhere, true}, {elsewhere, elsewhere, false}} {
		if err := newScope(t, text(tt.condition, tt.assert)).assert(); (err != nil) != tt.fails || err != nil && !strings.Contains(err.Error(), "not here") {
			t.Errorf("if %s then %s: %v", tt.condition, tt.assert, err)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add([]byte(base))
	f.Add([]byte(`{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Select":[0,{"Fn::Split":["-",{"Ref":"Q"}]}]}}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tpl, err := parseTemplate(text)
		if err != nil {
			return
		}
		s := &scope{template: tpl, stack: "s", account: "111122223333", region: "eu-west-1", partition: "aws", suffix: "amazonaws.com", conditions: map[string]bool{}}
		if s.parameters, err = tpl.values(nil); err != nil {
			return
		}
		for id, r := range tpl.Resources {
			v, err := s.resolve(r.Properties, id)
			if err != nil {
				continue
			}
			if len(s.under) != 0 {
				t.Errorf("%s: %v is still being resolved", id, s.under)
			}
			if _, err := json.Marshal(v); err != nil || holdsNoValue(v) {
				t.Errorf("%s resolves to %v, %v", id, v, err)
			}
		}
	})
}

func holdsNoValue(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for _, member := range v {
			if holdsNoValue(member) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, holdsNoValue)
	case noValue:
		return true
	}
	return false
}
