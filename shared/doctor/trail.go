package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/cloudtrailapi"
)

const makeTrail = "make a trail that covers all Regions, or the organisation, and logs management events that write: without one EventBridge tells nobody of calls, and only sweeps find things"

// trails looks whether a trail takes what controls want to hear of, in every account and Region that is looked after. EventBridge gets calls only
// where a trail logs them. Source: EventBridge user guide, "AWS service events delivered via AWS CloudTrail".
func trails(ctx context.Context, v *visit) []Finding {
	var out []Finding
	for _, p := range v.places(ctx) {
		s, err := v.session(ctx, p.account)
		if err != nil {
			out = append(out, failed(Finding{Account: p.account}, err, "sts:AssumeRole"))
			continue
		}
		logs := &accountTrails{selectors: map[string]cloudtrailapi.Selectors{}, logging: map[string]bool{}}
		for _, region := range p.regions {
			out = append(out, v.trailFinding(ctx, s.In(region), logs))
		}
	}
	if len(out) == 0 {
		return v.nowhere()
	}
	return summed(out, v.Account, "", "in "+plural(count(out, OK), "account and Region")+" a trail takes all calls that controls want to hear of")
}

// accountTrails keeps what was learnt of an account's trails, most of which are seen from every Region.
type accountTrails struct {
	selectors map[string]cloudtrailapi.Selectors
	logging   map[string]bool
}

// learn asks the trail's home Region. It returns what permission was needed, too, if it fails.
func (a *accountTrails) learn(ctx context.Context, s awsapi.Session, t cloudtrailapi.Trail) (needed []string, err error) {
	if _, known := a.logging[t.ARN]; known {
		return nil, nil
	}
	home := s.In(t.Home)
	on, err := cloudtrailapi.Logging(ctx, home, t.ARN)
	if err != nil {
		return needs(cloudtrailapi.GetTrailStatus.Op), err
	}
	selectors, err := cloudtrailapi.ReadSelectors(ctx, home, t)
	if err != nil {
		return needs(cloudtrailapi.GetEventSelectors.Op), err
	}
	a.logging[t.ARN], a.selectors[t.ARN] = on, selectors
	return nil, nil
}

// trailFinding judges one Region: blind where no trail logs, or the ones that do leave out calls that controls watch.
func (v *visit) trailFinding(ctx context.Context, s awsapi.Session, a *accountTrails) Finding {
	f := Finding{Status: OK, Account: s.Account, Region: s.Region}
	all, err := cloudtrailapi.ReadTrails(ctx, s)
	if err != nil {
		return failed(f, err, needs(cloudtrailapi.DescribeTrails.Op)...)
	}
	var on []cloudtrailapi.Trail
	var off []string
	for _, t := range all {
		if needed, err := a.learn(ctx, s, t); err != nil {
			return failed(f, err, needed...) // it may be the one that takes everything
		}
		if a.logging[t.ARN] {
			on = append(on, t)
		} else {
			off = append(off, t.Name)
		}
	}
	switch {
	case len(all) == 0:
		f.Status, f.Seen, f.Do = Problem, "blind: no trail covers this Region", makeTrail
	case len(on) == 0:
		f.Status, f.Seen, f.Do = Problem, "blind: not logging: "+strings.Join(off, ", "), "aws cloudtrail start-logging --region "+all[0].Home+" --name "+all[0].ARN
	default:
		return v.gaps(f, on, a)
	}
	return f
}

// gaps says which of the watched calls no trail takes.
func (v *visit) gaps(f Finding, on []cloudtrailapi.Trail, a *accountTrails) Finding {
	var missing, unsure []string
	for _, e := range v.Watched {
		if e.Global && f.Region != v.HomeRegion {
			continue
		}
		switch v.taken(e, on, a) {
		case cloudtrailapi.No:
			missing = append(missing, e.Source+" "+e.Name)
		case cloudtrailapi.Maybe:
			unsure = append(unsure, e.Source)
		}
	}
	switch {
	case len(missing) > 0:
		f.Status, f.Seen = Problem, "blind to "+few(missing)+": the trail's selectors leave them out"
		f.Do = "let the trail take management events that write, of all sources (KMS too) and global services: aws cloudtrail put-event-selectors"
	case len(unsure) > 0:
		f.Status, f.Seen = Warning, "a selector of the trail may leave out some calls of "+few(distinct(unsure))
		f.Do = "see that its selectors ask only for eventCategory and readOnly"
	}
	return f
}

func (v *visit) taken(e Event, on []cloudtrailapi.Trail, a *accountTrails) cloudtrailapi.Answer {
	best := cloudtrailapi.No
	for _, t := range on {
		if e.Global && !t.Global {
			continue
		}
		switch a.selectors[t.ARN].Takes(e.Source, e.Name) {
		case cloudtrailapi.Yes:
			return cloudtrailapi.Yes
		case cloudtrailapi.Maybe:
			best = cloudtrailapi.Maybe
		}
	}
	return best
}

// few names the first of many.
func few(list []string) string {
	const most = 4
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

func distinct(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}
