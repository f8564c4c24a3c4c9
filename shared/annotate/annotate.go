// Package annotate tells AWS services what became of a finding: Security Hub gets a note on the findings that led to it, and NOTIFIED while it is in work;
// AWS Config is asked to evaluate the rules behind a control again once its fix is verified, so that the compliance page is not behind.
//
// Nothing depends on it. People are told first and the audit log is written long before; what fails here is counted and logged, and never tried again by
// way of the queue, which would tell people twice. RESOLVED is left to the control that found it, SUPPRESSED to people: neither can be said from here.
package annotate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/configapi"
	"github.com/shoreup/shoreup/shared/awsapi/securityhubapi"
	"github.com/shoreup/shoreup/shared/core"
)

// Operations are all that the role which tells AWS services needs.
func Operations() []awsapi.Op {
	return []awsapi.Op{securityhubapi.BatchUpdateFindings.Op, configapi.StartRulesEvaluation.Op}
}

// What is counted.
const (
	Noted       = "SecurityHubNotes"        // findings with a new note
	NotNoted    = "SecurityHubNotesRefused" // findings that Security Hub did not update
	NoHub       = "SecurityHubAbsent"       // findings of accounts and Regions where Security Hub is off
	Started     = "ConfigRulesStarted"      // rules that are being evaluated again
	NoSuchRules = "ConfigRulesAbsent"       // names that are those of no rule there
	RulesBusy   = "ConfigRulesBusy"         // calls that came within a minute of another
	Failures    = "AnnotateFailures"        // findings and rules that could not be told for another reason
)

// Annotator tells AWS services. Make one with [New].
type Annotator struct {
	Session func(ctx context.Context, account, region string) (awsapi.Session, error)
	About   func(core.Finding) About // [Of]
	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	Count   func(metric string, n int)

	mu    sync.Mutex
	rules map[place]*due
}

// place is where a rule or a finding is.
type place struct{ account, region string }

// New returns an annotator with sessions of its role in the account of each finding.
func New(sessions func(ctx context.Context, account, region string) (awsapi.Session, error), count func(metric string, n int)) *Annotator {
	return &Annotator{Session: sessions, About: Of, Now: time.Now, Sleep: sleep, Count: count}
}

// atOnce is how many findings are noted at the same time. Security Hub takes ten updates a second (user guide, "Security Hub quotas").
const atOnce = 4

// Tell tells what became of the findings, in the order of their records. The error joins all that failed; that Security Hub or AWS Config is not there is
// none.
func (a *Annotator) Tell(ctx context.Context, findings ...core.Finding) error {
	findings = slices.SortedStableFunc(slices.Values(findings), func(x, y core.Finding) int { return cmp.Compare(x.Record.Seq, y.Record.Seq) })
	failed := make([]error, len(findings))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for _, together := range byResource(findings) {
		g.Go(func() error {
			for _, i := range together {
				failed[i] = a.note(ctx, findings[i])
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return errors.Join(errors.Join(failed...), a.refresh(ctx, findings))
}

// byResource puts the places of findings that are about one resource and control together, so that its notes are written one after the other.
func byResource(findings []core.Finding) [][]int {
	var out [][]int
	at := map[[4]string]int{}
	for i, f := range findings {
		key := [4]string{f.Account, f.Region, f.Resource, f.Control}
		n, ok := at[key]
		if !ok {
			n = len(out)
			at[key] = n
			out = append(out, nil)
		}
		out[n] = append(out[n], i)
	}
	return out
}

const (
	tries     = 3
	firstWait = 200 * time.Millisecond
)

// again makes a call, and once more when what stood against it may pass.
func (a *Annotator) again(ctx context.Context, call func() error) error {
	wait := firstWait
	for try := 1; ; try++ {
		err := call()
		if class := awsapi.Classify(err); try == tries || class != awsapi.Throttled && class != awsapi.Transient {
			return err
		}
		if err := a.Sleep(ctx, wait); err != nil {
			return err
		}
		wait *= 2
	}
}

// session counts what nobody can be told for want of a session.
func (a *Annotator) session(ctx context.Context, p place, n int) (awsapi.Session, error) {
	s, err := a.Session(ctx, p.account, p.region)
	if err != nil {
		a.Count(Failures, n)
		return s, fmt.Errorf("telling AWS services in %s/%s: %w", p.account, p.region, err)
	}
	return s, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
