package doctor

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/eventsapi"
	"github.com/shoreup/shoreup/shared/awsapi/ownapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

// guarded is something that has a policy of its own, which says who may do what with it.
type guarded struct {
	name   string
	policy map[string]any // of the template; nil: it gives none
	read   func(context.Context, awsapi.Session, string) (string, error)
	needs  []string
	risk   string // what it means that the policy is another
}

const (
	queueRisk  = "others than should may write into it, and be believed"
	busRisk    = "others than the organisation's members may put events on it, and be believed about where to look"
	bucketRisk = "others than should may read, write or delete what is in it"
)

// senders compares who may put messages into queues, and events on buses, with who should: in the installation, and wherever events are forwarded from.
func senders(ctx context.Context, v *visit) []Finding {
	out := v.everywhere(ctx, func(ctx context.Context, s awsapi.Session, b *blueprint.Blueprint) []Finding {
		var out []Finding
		for _, q := range b.Queues {
			if q.Policy != nil {
				out = append(out, guardFinding(ctx, s, guarded{q.Name, q.Policy, ownapi.ReadQueuePolicy, needs(ownapi.GetQueueURL.Op, ownapi.GetQueue.Op), queueRisk}))
			}
		}
		return out
	})
	out = summed(out, v.Account, v.Region, plural(count(out, OK), "queue")+" take messages from whom they should")
	for _, bus := range v.Want.Buses {
		f := guardFinding(ctx, v.Own, guarded{bus.Name, bus.Policy, eventsapi.ReadBusPolicy, needs(eventsapi.DescribeEventBus.Op), busRisk})
		if f.Status == OK {
			f.Seen = "it takes events from whom it should"
		}
		out = append(out, f)
	}
	return out
}

// guardFinding compares the policy of one thing with the template's.
func guardFinding(ctx context.Context, s awsapi.Session, g guarded) Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region, Subject: g.name}
	if g.policy == nil {
		return f
	}
	text, err := g.read(ctx, s, g.name)
	var have any
	switch {
	case awsapi.IsNotFound(err): // another check says so
	case err != nil:
		return failed(f, err, g.needs...)
	case json.Unmarshal([]byte(text), &have) != nil || !blueprint.Fits(g.policy["Statement"], statementsOf(have)):
		f.Status, f.Seen, f.Do = Problem, "its policy is not that of the template: "+g.risk, upgrade
	}
	return f
}

// everywhere looks at the installation, at the home Region where a template of its own forwards events from there, and at every place of members.
func (v *visit) everywhere(ctx context.Context, look func(context.Context, awsapi.Session, *blueprint.Blueprint) []Finding) []Finding {
	out := look(ctx, v.Own, v.Want)
	if v.Home != nil && slices.Contains(v.only([]string{v.HomeRegion}), v.HomeRegion) {
		out = append(out, look(ctx, v.Own.In(v.HomeRegion), v.Home)...)
	}
	if v.Member == nil {
		return out
	}
	for _, p := range v.places(ctx) {
		s, err := v.session(ctx, p.account)
		for _, region := range p.regions {
			if err != nil {
				out = append(out, failed(Finding{Account: p.account, Region: region}, err, "sts:AssumeRole"))
				break
			}
			out = append(out, look(ctx, s.In(region), v.Member)...)
		}
	}
	return out
}
