package approvals

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// dial is a customer's resource as small as one can be: wrong as long as it is open in one way or another.
type dial struct {
	world *world
	value string
}

type dialState struct {
	Value string `json:"value"`
}

// client stands for an SDK's.
type client struct{ door *door }

type options struct{}

// PutDialInput is named as an SDK's input is, since an operation gets its name from it.
type PutDialInput struct{ ID, Value *string }

// PutDialOutput is what comes back.
type PutDialOutput struct{}

// door is the way of one write session to the dial.
type door struct {
	aws.HTTPClient
	world *world
	plan  string
}

func newClient(cfg aws.Config, _ ...func(*options)) *client {
	d, _ := cfg.HTTPClient.(*door)
	return &client{d}
}

// PutDial sets the dial.
func (c *client) PutDial(_ context.Context, in *PutDialInput, _ ...func(*options)) (*PutDialOutput, error) {
	w := c.door.world
	a := w.next("write")
	if a == lost || a == throttled || a == broken {
		return nil, errReset
	}
	w.writes = append(w.writes, written{c.door.plan, w.dial.value != *in.Value})
	w.model.arrives(c.door.plan, *in.Value, w.dial.value != *in.Value)
	w.dial.value = *in.Value
	if a == answerLost {
		return nil, errReset
	}
	return &PutDialOutput{}, nil
}

var putDial = awsapi.NewWrite(newClient, (*client).PutDial, "ID", "dial:PutDial")

func (d *dial) control(version int) core.Control {
	meta := core.Meta{
		ID: control, Version: version, Title: "Shut dials", Service: "dial", Family: "storage", Severity: core.High, Reversible: core.Reversible, Disruption: core.DisruptsNothing,
		Type:   awsapi.ResourceType{Name: "Test::Dial", ARN: func(r awsapi.Resource) string { return "arn:aws:dial:::" + r.ID }},
		Events: []string{"dial.amazonaws.com:PutDial"}, Writes: []awsapi.Op{putDial.Op}, Undoes: []awsapi.Op{putDial.Op},
	}
	read := func(context.Context, awsapi.Session, awsapi.Resource) (dialState, error) {
		return dialState{d.value}, nil
	}
	judge := func(s dialState, _ core.Settings) []core.Violation {
		if !strings.HasPrefix(s.Value, "open") {
			return nil
		}
		return []core.Violation{{Rule: "open", Where: "dial", Reason: fmt.Sprintf("it is %s", s.Value)}}
	}
	plan := func(r awsapi.Resource, s dialState, vs []core.Violation, _ core.Settings) (core.Fix[dialState], error) {
		put := func(value string) awsapi.Call {
			return putDial.Call(&PutDialInput{ID: aws.String(r.ID), Value: aws.String(value)})
		}
		return core.Fix[dialState]{After: dialState{"shut"}, Changes: []core.Change{{Why: "shut it", Do: put("shut"), Undo: []awsapi.Call{put(s.Value)}}}}, nil
	}
	return core.Define(meta, read, judge, plan)
}
