package annotate

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/configapi"
	"github.com/shoreup/shoreup/shared/core"
)

const (
	// pause is between two calls in one account and Region: AWS Config takes one a minute, and evaluates every resource of each rule.
	pause = 3 * time.Minute
	// forget is how long a name that is no rule's is not asked for again.
	forget = time.Hour
)

// due are the rules of one account and Region that are to be evaluated again. It is kept in memory only: what is lost with the process, AWS Config
// finds out by itself, later.
type due struct {
	names  []string
	next   time.Time            // no call before
	doubt  int                  // so many of the first names are asked for one by one: one is no rule's, and AWS Config does not say which
	absent map[string]time.Time // names that are no rule's, and until when that is believed
}

// refresh has the rules behind the controls of verified changes evaluated again: as few calls as possible, and names that come too soon with the next.
func (a *Annotator) refresh(ctx context.Context, findings []core.Finding) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	var places []place
	for _, f := range findings {
		if f.Outcome != core.Fixed && f.Outcome != core.Undone {
			continue
		}
		p := place{f.Account, f.Region}
		if !slices.Contains(places, p) {
			places = append(places, p)
		}
		a.add(p, a.About(f).ConfigRules)
	}
	failed := make([]error, len(places))
	for i, p := range places {
		failed[i] = a.start(ctx, p)
	}
	return errors.Join(failed...)
}

func (a *Annotator) add(p place, names []string) {
	d := a.rules[p]
	if d == nil {
		d = &due{absent: map[string]time.Time{}}
		if a.rules == nil {
			a.rules = map[place]*due{}
		}
		a.rules[p] = d
	}
	for _, name := range names {
		if !slices.Contains(d.names, name) && !a.Now().Before(d.absent[name]) {
			d.names = append(d.names, name)
		}
	}
}

// start makes the calls that may be made now.
func (a *Annotator) start(ctx context.Context, p place) error {
	d := a.rules[p]
	if len(d.names) == 0 || a.Now().Before(d.next) {
		return nil
	}
	s, err := a.session(ctx, p, len(d.names))
	if err != nil {
		d.names, d.doubt = nil, 0
		return err
	}
	for len(d.names) > 0 && !a.Now().Before(d.next) {
		most := configapi.MaxRules
		if d.doubt > 0 {
			most = 1
		}
		some := d.names[:min(most, len(d.names))]
		err := a.again(ctx, func() error { return configapi.Start(ctx, s, some) })
		switch {
		case configapi.IsNoSuchRule(err) && len(some) > 1:
			d.doubt = len(some)
			continue
		case configapi.IsNoSuchRule(err):
			a.Count(NoSuchRules, 1)
			d.absent[some[0]] = a.Now().Add(forget)
		case configapi.IsBusy(err):
			a.Count(RulesBusy, 1)
			d.next = a.Now().Add(pause)
			return nil
		case err != nil:
			a.Count(Failures, len(d.names))
			d.names, d.doubt = nil, 0
			return err
		default:
			a.Count(Started, len(some))
			d.next = a.Now().Add(pause)
		}
		d.names = slices.Delete(d.names, 0, len(some))
		d.doubt = max(0, d.doubt-len(some))
	}
	return nil
}
