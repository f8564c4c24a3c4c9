// Package wiresweep reads and writes shoreup's own two messages. A sweep message says "look at these resources of one type in one account and Region";
// a place (see [Place]) says "list what is in this account and Region". They are ours, so unlike all other sources they are decoded strictly: an unknown
// field is an error.
//
//	{"version":"0","id":"...","source":"shoreup","detail-type":"shoreup sweep","account":"...","region":"...","time":"...",
//	 "detail":{"resource_type":"AWS::S3::Bucket","account":"...","region":"...","partition":"aws","ids":["*"]}}
//
// The envelope's account and Region are the hub's; the detail's are those to look at. No ids, or the one id "*", means all of the type.
package wiresweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// Source and DetailType are what the message carries in its envelope.
const (
	Source     = "shoreup"
	DetailType = "shoreup sweep"
)

// MaxIDs is the most ids one message may carry; larger sweeps are several messages, so that one failure repeats little.
const MaxIDs = 1000

// Detail is the message's detail.
type Detail struct {
	ResourceType string   `json:"resource_type"`
	Account      string   `json:"account"`
	Region       string   `json:"region"`
	Partition    string   `json:"partition,omitempty"` // checked if present, else taken from the Region
	IDs          []string `json:"ids,omitempty"`
}

// Parse gives one signal for each id. Errors wrap wire.ErrMalformed: unknown fields, bad type name, too many or bad ids.
func Parse(env wire.Envelope) ([]signal.Signal, error) {
	var d Detail
	dec := json.NewDecoder(bytes.NewReader(env.Detail))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("reading sweep message %q: %w: %w", env.ID, wire.ErrMalformed, err)
	}
	if err := check(env, d); err != nil {
		return nil, err
	}
	ids := d.IDs
	if len(ids) == 0 {
		ids = []string{signal.AllIDs}
	}
	out := make([]signal.Signal, 0, len(ids))
	for _, id := range ids {
		out = append(out, wire.Settle(signal.Signal{Class: signal.ClassSweep, Relevant: true, ResourceType: d.ResourceType, ResourceID: id,
			Account: d.Account, Region: d.Region, Partition: d.Partition, Time: env.When(), EventID: env.ID}))
	}
	return wire.Unique(out), nil
}

func check(env wire.Envelope, d Detail) error {
	if !isType(d.ResourceType) {
		return env.Malformed("resource_type %.100q is not a CloudFormation type name", d.ResourceType)
	}
	if len(d.IDs) > MaxIDs {
		return env.Malformed("%d ids, at most %d expected", len(d.IDs), MaxIDs)
	}
	for _, id := range d.IDs {
		if id == "" {
			return env.Malformed("an id is empty")
		}
		if id == signal.AllIDs && len(d.IDs) > 1 {
			return env.Malformed("the id %q stands beside others", id)
		}
	}
	return nil
}

// isType recognises AWS::Service::Type and AWS::::Account.
func isType(s string) bool {
	if s == signal.TypeAccount {
		return true
	}
	parts := strings.Split(s, "::")
	return len(parts) == 3 && parts[0] == "AWS" && isWord(parts[1]) && isWord(parts[2])
}

func isWord(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
