package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/events/wire"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// maxOrder bounds an order in bytes; its longest part is an id, of at most 2,048.
const maxOrder = 16 << 10

// fromAWS is what the source of every event of an AWS service begins with. Only AWS itself can put such events on a bus (EventBridge API
// reference, PutEvents: the source may not begin with "aws.").
const fromAWS = "aws."

// admit says why a message may not come from the queue that it came from; nil: it may. Who may write into a queue is settled by its policy,
// and what may be said there by this: EventBridge's rules write AWS's events into the one queue whose ARN is known, and only there may events
// come from; who sends sweep messages into it was let in as EventBridge. All other queues take sweep messages only.
func admit(env wire.Envelope, queue, eventsQueue string) error {
	sweep := env.Source == wiresweep.Source && env.DetailType == wiresweep.DetailType
	switch events := eventsQueue != "" && queue == eventsQueue; {
	case events && sweep:
		return fmt.Errorf("a sweep message in the queue of events (%s): only EventBridge may write there, so it is forged or went astray", queue)
	case events && !strings.HasPrefix(env.Source, fromAWS):
		return fmt.Errorf("an event of source %.128q in the queue of events (%s): only those of AWS's services are taken", env.Source, queue)
	case !events && !sweep:
		return fmt.Errorf("%.128q of source %.128q in queue %q: only sweep messages are taken from there", env.DetailType, env.Source, queue)
	}
	return nil
}

// order reads an order to apply a plan. It is ours, so it is read strictly: nothing unknown, nothing missing, and a resource that the control can have.
func order(e *engine.Engine, body string) (engine.Order, error) {
	var o engine.Order
	if len(body) > maxOrder {
		return o, fmt.Errorf("not an order: %d bytes, at most %d expected", len(body), maxOrder)
	}
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&o); err != nil {
		return o, fmt.Errorf("not an order: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return o, errors.New("not an order: something follows it")
	}
	c, ok := e.Control(o.Control)
	if !ok {
		return o, fmt.Errorf("control %.128q is not served by this function", o.Control)
	}
	return o, plausible(o, c.Meta)
}

// plausible says what keeps an order from being one that the engine gave out.
func plausible(o engine.Order, m core.Meta) error {
	r := o.Resource
	partition := signal.PartitionOf(r.Region)
	switch {
	case o.Undo < 0 || o.Undo > 0 && o.Occurrence != "":
		return errors.New("not an order: it names an occurrence or a record, and not both")
	case o.Undo == 0 && (o.Occurrence == "" || !signal.IsPlainText(o.Occurrence)):
		return errors.New("not an order: it names no occurrence")
	case !isHash(o.Hash):
		return fmt.Errorf("not an order: %.80q is not the hash of a plan", o.Hash)
	case !signal.IsAccountID(r.Account):
		return fmt.Errorf("not an order: %.64q is not an account id", r.Account)
	case partition == "" || partition != r.Partition:
		return fmt.Errorf("not an order: Region %.64q is not one of partition %.64q", r.Region, r.Partition)
	case r.ID == "" || signal.IsWild(r.Type, r.ID) || len(r.ID) > 2048 || !signal.IsPlainText(r.ID):
		return fmt.Errorf("not an order: %.100q is not the id of one resource", r.ID)
	case r.Type != m.Type.Name:
		return fmt.Errorf("not an order: control %s mends %s, not %.128q", m.ID, m.Type.Name, r.Type)
	case m.Type.Global && r.Region != awsapi.HomeRegion(r.Partition):
		return fmt.Errorf("not an order: %s is read and mended in %s, not in %s", m.Type.Name, awsapi.HomeRegion(r.Partition), r.Region)
	}
	return nil
}

// isHash recognises a SHA-256 in lower-case hexadecimal.
func isHash(s string) bool { return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == "" }
