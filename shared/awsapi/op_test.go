package awsapi

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The fake service's operation names come from the input types, as with the SDK.
type (
	PutThingInput struct {
		Name   *string
		Value  *string
		Amount *int32
	}
	PutThingOutput struct{ Version *struct{ ID *string } }
	options        struct{}
	fakeClient     struct{ region string }
)

func newFake(cfg aws.Config, _ ...func(*options)) *fakeClient { return &fakeClient{cfg.Region} }

func (c *fakeClient) PutThing(_ context.Context, in *PutThingInput, _ ...func(*options)) (*PutThingOutput, error) {
	id := c.region + "/" + aws.ToString(in.Name) + "/" + aws.ToString(in.Value)
	return &PutThingOutput{Version: &struct{ ID *string }{&id}}, nil
}

var putThing = NewWrite(newFake, (*fakeClient).PutThing, "Name", "fake:PutThing")

func testSession() Session { return NewSession(aws.Config{}, "111122223333", "eu-west-1") }

func TestOpNameIsTheInputs(t *testing.T) {
	t.Parallel()
	if putThing.Op.Name != "awsapi:PutThing" {
		t.Errorf("name %s", putThing.Op.Name)
	}
}

func TestCallIsDataAndRunsAsWritten(t *testing.T) {
	t.Parallel()
	c := putThing.Call(&PutThingInput{Name: aws.String("n"), Value: aws.String("v")})
	if string(c.Input) != `{"Name":"n","Value":"v"}` {
		t.Fatalf("input %s", c.Input)
	}
	var rec Recorder
	out, err := putThing.Op.Run(WithRecorder(t.Context(), &rec), testSession().In("us-east-1"), c)
	if err != nil || *out.(*PutThingOutput).Version.ID != "us-east-1/n/v" {
		t.Fatalf("%v, %v", out, err)
	}
	if rec.Total() != 1 || rec.Ops()[0] != "awsapi:PutThing" {
		t.Errorf("recorded %v", rec.Counts())
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	good := putThing.Call(&PutThingInput{Name: aws.String("n")})
	if err := putThing.Op.Check(good, "n"); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		call   Call
		target string
		want   string
	}{
		"another resource":    {good, "other", `acts on "n" and the plan is for "other"`},
		"no resource":         {Call{Op: good.Op, Input: json.RawMessage(`{"Value":"v"}`)}, "n", `acts on ""`},
		"another operation":   {Call{Op: "awsapi:DeleteThing", Input: good.Input}, "n", "not a declared write"},
		"an unknown field":    {Call{Op: good.Op, Input: json.RawMessage(`{"Name":"n","Sneaky":1}`)}, "n", "unknown field"},
		"a doubled field":     {Call{Op: good.Op, Input: json.RawMessage(`{"Name":"x","Name":"n"}`)}, "n", "not canonical"},
		"another letter case": {Call{Op: good.Op, Input: json.RawMessage(`{"name":"n"}`)}, "n", "not canonical"},
		"no input":            {Call{Op: good.Op}, "n", "not canonical"},
	} {
		err := putThing.Op.Check(c.call, c.target)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, c.want)
		}
		if _, err := putThing.Op.Run(t.Context(), testSession(), c.call); err == nil && c.call.Op != good.Op {
			t.Errorf("%s: it ran", name)
		}
	}
}

// TestUnderIsAnotherDeclaration: the same operation may be declared twice, for a role that may do less and for one that may do more.
func TestUnderIsAnotherDeclaration(t *testing.T) {
	t.Parallel()
	of := func(key string) Condition { return Condition{Operator: "StringEquals", Key: key, Value: "x"} }
	first := putThing.Under(of("a"))
	second, third := first.Under(of("b")), first.Under(of("c"))
	for _, c := range []struct {
		op   Op
		want string
	}{{putThing.Op, ""}, {first.Op, "a"}, {second.Op, "a b"}, {third.Op, "a c"}} {
		var keys []string
		for _, condition := range c.op.Conditions {
			keys = append(keys, condition.Key)
		}
		if got := strings.Join(keys, " "); got != c.want || c.op.Name != putThing.Op.Name {
			t.Errorf("%s under %q, want %q", c.op.Name, got, c.want)
		}
	}
	if err := third.Op.Check(putThing.Call(&PutThingInput{Name: aws.String("n")}), "n"); err != nil {
		t.Errorf("a call of the one is none of the other: %v", err)
	}
}

func TestReadsCannotBeRun(t *testing.T) {
	t.Parallel()
	read := NewRead(newFake, (*fakeClient).PutThing, "fake:GetThing")
	if _, err := read.Op.Run(t.Context(), testSession(), Call{Op: read.Op.Name}); err == nil {
		t.Error("a read passes for a write")
	}
}

func TestBound(t *testing.T) {
	t.Parallel()
	out, err := Output(&PutThingOutput{Version: &struct{ ID *string }{aws.String("v7")}})
	if err != nil {
		t.Fatal(err)
	}
	c := putThing.Call(&PutThingInput{Name: aws.String("n")}, Bind{Field: "Value", Call: 0, From: "Version.ID"})
	bound, err := c.Bound([]json.RawMessage{out})
	if err != nil || string(bound.Input) != `{"Name":"n","Value":"v7"}` || bound.Bind != nil {
		t.Fatalf("%s, %v", bound.Input, err)
	}
	for name, outputs := range map[string][]json.RawMessage{"no output": nil, "no such path": {json.RawMessage(`{"Other":1}`)}, "not text": {json.RawMessage(`{"Version":{"ID":7}}`)}} {
		if _, err := c.Bound(outputs); err == nil {
			t.Errorf("%s: bound all the same", name)
		}
	}
}

func TestSessionWithoutCredentialsDoesNothing(t *testing.T) {
	t.Parallel()
	_, err := putThing.Op.Run(t.Context(), Session{Account: "1"}, putThing.Call(&PutThingInput{Name: aws.String("n")}))
	if err == nil || !strings.Contains(err.Error(), "no credentials") {
		t.Errorf("%v", err)
	}
}
