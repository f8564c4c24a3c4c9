// Package events turns what arrives on the bus into signals: it picks the parser of an event's source and checks the result.
// It reads nothing but the event itself. What to watch, our own roles and the enrolled accounts come in as options; callers unwrap queue messages.
//
// There are three kinds of answer. Signals that are relevant lead to evaluation. Signals that are not say why in Reason: nothing wrong, nobody
// watches this (class other: an event of an unknown kind), or not to be trusted (class invalid). An error means that the bytes are
// no event at all; it wraps ErrMalformed, and the message belongs into the dead-letter queue.
package events

import (
	"fmt"

	wirecloudtrail "github.com/shoreup/shoreup/events/cloudtrail"
	wireconfigitem "github.com/shoreup/shoreup/events/configitem"
	wireconfigrule "github.com/shoreup/shoreup/events/configrule"
	wireguardduty "github.com/shoreup/shoreup/events/guardduty"
	wiresecurityhub "github.com/shoreup/shoreup/events/securityhub"
	"github.com/shoreup/shoreup/events/signal"
	wiresweep "github.com/shoreup/shoreup/events/sweep"
	"github.com/shoreup/shoreup/events/wire"
)

// MaxBytes is the largest event accepted.
const MaxBytes = wire.MaxBytes

// ErrMalformed is wrapped by Parse's errors.
var ErrMalformed = wire.ErrMalformed

// IDPath says where a CloudTrail event holds the id of a resource.
type IDPath = wirecloudtrail.IDPath

// IDPaths is keyed by eventSource, then eventName. Services' packages own the entries.
type IDPaths = wirecloudtrail.IDPaths

// Options is what a parse needs to know about the installation. The zero value watches no API call and has every account enrolled.
type Options struct {
	IDs IDPaths
	// OwnRoles are shoreup's roles by ARN or by name. Calls made in their sessions are not relevant.
	OwnRoles []string
	// Enrolled tells whether the signal's account and Region are ours to look at; nil means all are.
	Enrolled func(signal.Signal) bool
}

// Parse reads one EventBridge event of at most MaxBytes and gives at least one signal, or an error that wraps ErrMalformed.
func Parse(raw []byte, o Options) ([]signal.Signal, error) {
	env, err := wire.Decode(raw)
	if err != nil {
		return nil, err
	}
	out, err := parse(env, o)
	if err != nil {
		return nil, err
	}
	for i, s := range out {
		if s.Class != signal.ClassOther && o.Enrolled != nil && !o.Enrolled(s) {
			out[i] = s.Invalid(fmt.Sprintf("account %.64s is not enrolled in Region %.64s", s.Account, s.Region))
		}
	}
	return out, nil
}

// Unparseable is the signal to show for an event that Parse gave an error for.
func Unparseable(err error) signal.Signal {
	return signal.Signal{}.Invalid(err.Error())
}

func parse(env wire.Envelope, o Options) ([]signal.Signal, error) {
	if env.Version != "" && env.Version != "0" {
		return other(env, fmt.Sprintf("unknown envelope version %.64q", env.Version)), nil
	}
	switch {
	case wirecloudtrail.IsSource(env.Source) && env.DetailType == wirecloudtrail.DetailType:
		return wirecloudtrail.Parse(env, wirecloudtrail.Options{IDs: o.IDs, OwnRoles: o.OwnRoles})
	case env.Source == wireconfigrule.Source && env.DetailType == wireconfigrule.DetailType:
		return wireconfigrule.Parse(env)
	case env.Source == wireconfigitem.Source && env.DetailType == wireconfigitem.DetailType:
		return wireconfigitem.Parse(env)
	case env.Source == wiresecurityhub.Source && (env.DetailType == wiresecurityhub.DetailTypeImported || env.DetailType == wiresecurityhub.DetailTypeAction):
		return wiresecurityhub.Parse(env)
	case env.Source == wireguardduty.Source && env.DetailType == wireguardduty.DetailType:
		return wireguardduty.Parse(env)
	case env.Source == wiresweep.Source && env.DetailType == wiresweep.DetailType:
		return wiresweep.Parse(env)
	}
	return other(env, fmt.Sprintf("no parser for %.128q from %.128q", env.DetailType, env.Source)), nil
}

// other is the answer to an event of a kind that we do not know: to be counted, nothing else.
func other(env wire.Envelope, reason string) []signal.Signal {
	return []signal.Signal{{Class: signal.ClassOther, Reason: reason, Account: env.Account, Region: env.Region,
		Partition: signal.PartitionOf(env.Region), Time: env.When(), EventID: env.ID}}
}
