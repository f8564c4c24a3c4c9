// Package wirecloudtrail reads "AWS API Call via CloudTrail" events: a management call that somebody made, with the resources it touched.
// Which calls are watched and where each holds its ids comes in as data (IDPaths). The call's claims about state are not read.
package wirecloudtrail

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// DetailType is the only one of CloudTrail's detail types that is an API call; sign-ins and service events are others.
const DetailType = "AWS API Call via CloudTrail"

// IsSource tells whether an event's source may send API calls: aws.s3, aws.ec2, ... Only AWS can send with the prefix "aws.".
func IsSource(source string) bool { return strings.HasPrefix(source, "aws.") }

// Options is what a parse needs to know about the installation.
type Options struct {
	IDs IDPaths
	// OwnRoles are shoreup's roles, each by ARN or by name.
	OwnRoles []string
}

// Parse gives one signal for each resource that the call touched, or a single one that says why there is nothing to do. The account is that of the
// event's recipient, never the caller's (they differ when another account calls). Errors wrap wire.ErrMalformed: no detail, no eventSource or eventName.
func Parse(env wire.Envelope, o Options) ([]signal.Signal, error) {
	var rec record
	if err := env.DecodeDetail(&rec); err != nil {
		return nil, err
	}
	source, name := plain(rec["eventSource"]), plain(rec["eventName"])
	if source == "" || name == "" {
		return nil, env.Malformed("no eventSource or eventName")
	}
	base := signal.Signal{
		Class: signal.ClassCloudTrail, Relevant: true, Actor: actor(rec), EventSource: source, EventName: name,
		Account: cmp.Or(plain(rec["recipientAccountId"]), env.Account), Region: cmp.Or(plain(rec["awsRegion"]), env.Region),
		EventID: cmp.Or(plain(rec["eventID"]), env.ID), Time: wire.Time(plain(rec["eventTime"])),
	}
	if base.Time.IsZero() {
		base.Time = env.When()
	}
	base = wire.Within(wire.Settle(base), env)
	if base.Class == signal.ClassInvalid {
		return []signal.Signal{base}, nil
	}
	paths := o.IDs.lookup(source, name)
	if len(paths) == 0 {
		return []signal.Signal{base.Drop(fmt.Sprintf("no control watches %s %s", source, name))}, nil
	}
	at := place{base.Account, base.Region, base.Partition}
	if reason := uninteresting(rec, o.OwnRoles, at); reason != "" {
		base = base.Drop(reason)
	}
	return resources(base, rec, paths, at), nil
}

// uninteresting says why a watched call changed nothing that we need look at, "" if it did. A call by an own role comes first: its reason matters most.
// A dry run is told by its error alone, which EC2 always answers with; what a request says of one proves nothing, since services without dry runs take no
// notice of it. Source: EC2 API reference, "Common parameters" (DryRun) and "Error codes" (DryRunOperation).
func uninteresting(rec record, own []string, at place) string {
	code := rec.string("errorCode")
	switch {
	case byOwnRole(rec, own, at):
		return "by shoreup itself"
	case code == "Client.DryRunOperation":
		return "dry run: nothing was changed"
	case code != "" || rec.string("errorMessage") != "":
		return fmt.Sprintf("the call failed: %.64s", cmp.Or(code, "no error code"))
	case rec.isTrue("readOnly"):
		return "read-only call"
	}
	return ""
}

// resources gives the signals of all ids in the record.
func resources(base signal.Signal, rec record, paths []IDPath, at place) []signal.Signal {
	var out []signal.Signal
	for _, p := range paths {
		for _, f := range p.find(rec, at) {
			s := base
			s.ResourceType, s.ResourceID, s.TagKeys = p.ResourceType, f.id, p.tagKeys(rec)
			s = wire.Agree(wire.Settle(s), f.raw)
			if owner := ownerOf(p, f.raw); owner != "" && owner != s.Account {
				s = s.Invalid(fmt.Sprintf("queue of account %.64q does not agree with account %s of the event", owner, s.Account))
			}
			out = append(out, agreeWithResources(s, rec))
		}
	}
	if len(out) > 0 {
		return wire.Unique(out)
	}
	if base.Relevant {
		base = base.Drop(fmt.Sprintf("no %s id in event", paths[0].ResourceType))
	}
	return []signal.Signal{base}
}

// agreeWithResources checks the signal against the record's list of resources, which names owners. A caller's account gets a copy of a call
// that it made on another account's resource; the copy must not lead to a resource of the same name at home.
func agreeWithResources(s signal.Signal, rec record) signal.Signal {
	list, _ := rec["resources"].([]any)
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			continue
		}
		arn, owner := plain(m["ARN"]), plain(m["accountId"])
		a, err := signal.ParseARN(arn)
		if err != nil {
			continue // not every list holds full ARNs; one that is not says nothing about our resource
		}
		id, ok := signal.IDFromARN(s.ResourceType, a)
		if !ok || id != s.ResourceID {
			continue
		}
		s = wire.Agree(s, arn)
		if owner != "" && owner != s.Account {
			s = s.Invalid(fmt.Sprintf("the resource belongs to account %.64q, the event is of account %s", owner, s.Account))
		}
	}
	return s
}

// plain is a value that must be a single string, "" if it is anything else.
func plain(v any) string {
	s, _ := v.(string)
	return s
}
