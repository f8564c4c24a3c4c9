// Package invocation reads what AWS Config invokes the function behind a custom rule with. It says which rule and control are meant, and about which
// resource; what the event claims about the resource's configuration is not read. It depends on the parsers of events alone.
package invocation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	wireconfigitem "github.com/shoreup/shoreup/events/configitem"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// ErrMalformed says that an invocation is not one of AWS Config's, or not one that a rule of ours is deployed for: trying again is of no use.
var ErrMalformed = errors.New("malformed AWS Config invocation")

// What may ask for a verdict. Source: AWS Config developer guide, "Example events for AWS Config rules".
const (
	changed   = "ConfigurationItemChangeNotification"
	oversized = "OversizedConfigurationItemChangeNotification"
	scheduled = "ScheduledNotification"
)

// maxBytes is the largest invocation that Lambda passes on. Source: Lambda quotas, "Invocation payload".
const maxBytes = 6 << 20

// Invocation is what AWS Config asks.
type Invocation struct {
	Rule    string // name of the AWS Config rule
	Control string // the rule's only parameter
	Account string
	Token   string    // to answer with; stands in no error and no log
	At      time.Time // of the notification: orders the verdicts

	// Item is the changed resource; nil asks for all resources of the control's type.
	Item *Item
}

// Item is a resource whose configuration item changed. What the item says about its configuration is not read: the live state is judged.
type Item struct {
	Type, ID string        // as AWS Config names it
	Gone     bool          // deleted, no longer recorded, or no longer in the rule's scope
	Where    signal.Signal // the same resource by its primary identifier
}

// envelope is what AWS Config invokes a rule's function with. The execution role in it is not taken: the function has the read role.
type envelope struct {
	Version    string `json:"version"`
	Invoking   string `json:"invokingEvent"`
	Parameters string `json:"ruleParameters"`
	Token      string `json:"resultToken"`
	LeftScope  bool   `json:"eventLeftScope"`
	Rule       string `json:"configRuleName"`
	Account    string `json:"accountId"`
}

// notification is the invoking event: the same message that AWS Config sends to EventBridge.
type notification struct {
	MessageType string    `json:"messageType"`
	Account     string    `json:"awsAccountId"`
	Created     time.Time `json:"notificationCreationTime"`
	Item        *item     `json:"configurationItem"`
	Summary     *item     `json:"configurationItemSummary"`
}

type item struct {
	Captured     time.Time `json:"configurationItemCaptureTime"`
	ResourceType string    `json:"resourceType"`
	ResourceID   string    `json:"resourceId"`
}

// Parse reads an invocation. Region is the function's own: the event does not name it, and a rule asks about its own Region only.
// Every error wraps ErrMalformed.
func Parse(raw []byte, region string) (Invocation, error) {
	if len(raw) > maxBytes {
		return Invocation{}, malformed("%d bytes, at most %d expected", len(raw), maxBytes)
	}
	var e envelope
	if err := one(raw, &e, false); err != nil {
		return Invocation{}, malformed("%w", err)
	}
	inv := Invocation{Rule: e.Rule, Account: e.Account, Token: e.Token}
	var p struct {
		Control string `json:"control"`
	}
	switch err := one([]byte(e.Parameters), &p, true); {
	case e.Version != "1.0":
		return Invocation{}, malformed("version %.16q, 1.0 expected", e.Version)
	case !signal.IsAccountID(e.Account):
		return Invocation{}, malformed("account %.64q is not 12 digits", e.Account)
	case e.Rule == "" || e.Token == "":
		return Invocation{}, malformed("no rule name or no result token")
	case err != nil:
		return Invocation{}, malformed("rule %.128q: reading its parameters, which should be {\"control\": \"...\"}: %w", e.Rule, err)
	case p.Control == "":
		return Invocation{}, malformed("rule %.128q names no control in its parameters", e.Rule)
	}
	inv.Control = p.Control
	if err := inv.asked(e, region); err != nil {
		return Invocation{}, malformed("rule %.128q: %w", e.Rule, err)
	}
	return inv, nil
}

// asked reads the invoking event, which is JSON inside a JSON text.
func (inv *Invocation) asked(e envelope, region string) error {
	var n notification
	if err := one([]byte(e.Invoking), &n, false); err != nil {
		return fmt.Errorf("reading the invoking event: %w", err)
	}
	switch n.MessageType {
	case scheduled:
		inv.At = n.Created
		if n.Account != e.Account {
			return fmt.Errorf("account %.64q of the schedule is not %s of the rule", n.Account, e.Account)
		}
	case changed, oversized:
		if err := inv.change(n, e, region); err != nil {
			return err
		}
	default:
		return fmt.Errorf("message type %.64q is neither a change of an item nor a schedule", n.MessageType)
	}
	if inv.At.IsZero() {
		return fmt.Errorf("%s without a time", n.MessageType)
	}
	return nil
}

// change reads the changed item. The parser of the same message from EventBridge says which resource it is.
func (inv *Invocation) change(n notification, e envelope, region string) error {
	it := cmp.Or(n.Item, n.Summary)
	if it == nil {
		return fmt.Errorf("%s without its item", n.MessageType)
	}
	signals, err := wireconfigitem.Parse(wire.Envelope{Source: wireconfigitem.Source, Account: e.Account, Region: region, Detail: []byte(e.Invoking)})
	if err != nil {
		return err
	}
	s := signals[0]
	switch {
	case s.Class == signal.ClassInvalid:
		return errors.New(s.Reason)
	case s.Account != e.Account:
		return fmt.Errorf("account %s of the item is not %s of the rule", s.Account, e.Account)
	case s.Region != region && s.Region != signal.HomeRegion(s.Partition):
		return fmt.Errorf("the item is in Region %s, the rule in %s", s.Region, region)
	case it.ResourceType == "" || it.ResourceID == "":
		return errors.New("the item names no resource")
	}
	inv.At = cmp.Or(it.Captured, n.Created)
	inv.Item = &Item{Type: it.ResourceType, ID: it.ResourceID, Gone: e.LeftScope || !s.Relevant, Where: s}
	return nil
}

// one reads one JSON object and nothing behind it. Fields that we do not know are refused only where they are ours to name.
func one(raw []byte, into any, strict bool) error {
	if t := bytes.TrimLeft(raw, " \t\r\n"); len(t) == 0 || t[0] != '{' {
		return errors.New("it is not a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrMalformed, fmt.Errorf(format, args...))
}
