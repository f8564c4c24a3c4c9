// Package reports gathers what a report is made of from the installation: open occurrences and the audit log, what waits for people, what they agreed on,
// and the rules file. The report itself is package report's; this package only reads.
//
// What is read is bounded, so that a function with little memory can report on an installation of any age: the log is read from the first day that the
// report covers, and of more than fits the newest is kept.
package reports

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

// Days is how far back the log is read where nothing else is asked for.
const Days = 30

// Source is where a report's input comes from.
type Source struct {
	Tables   review.Tables
	Controls []core.Meta
	Rules    *rules.File // nil: it cannot be read
	Accounts []string    // to report on
	Days     int         // 0: [Days]
	Limits   Limits      // the zero value: [Standard]
	// Progress tells how far it is; may be nil.
	Progress func(format string, args ...any)
}

// Limits bound what is kept of the tables.
type Limits struct {
	Entries int // audit entries
	Bytes   int // of entries' details and of plans, in all
}

// Standard keeps a function with 1 GB from running out of memory.
func Standard() Limits { return Limits{Entries: 100_000, Bytes: 96 << 20} }

// Gathered is the input of a report, and what there was no room for.
type Gathered struct {
	report.Input
	Cut  []string // sentences
	left Limits
}

// FromTables gathers all that is known without looking at any resource.
func (s Source) FromTables(ctx context.Context) (*Gathered, error) {
	g := s.start()
	for _, account := range s.Accounts {
		if err := s.occurrences(ctx, g, account, func(identity) bool { return true }); err != nil {
			return nil, err
		}
	}
	return g, s.rest(ctx, g)
}

// Beside adds to findings all else that is known: the log, what waits, and what is exempt. The findings say who owns what.
func (s Source) Beside(ctx context.Context, findings []core.Finding, judged map[string]map[core.Outcome]int) (*Gathered, error) {
	g := s.start()
	g.Findings, g.Judged = findings, judged
	found := map[identity]bool{}
	for _, f := range findings {
		found[identity{f.Control, f.Account, f.Region, f.Resource}] = true
		if f.Context.Owner != "" {
			g.Owners[f.ARN] = f.Context.Owner
		}
	}
	for _, account := range s.Accounts {
		// What was looked at and is in order by now is not wrong because the tables have not heard of it.
		if err := s.occurrences(ctx, g, account, func(id identity) bool { return found[id] }); err != nil {
			return nil, err
		}
	}
	return g, s.rest(ctx, g)
}

// Alone is the input of a report without tables: findings, and the exceptions of the rules file.
func (s Source) Alone(findings []core.Finding, judged map[string]map[core.Outcome]int) *Gathered {
	g := s.start()
	g.Findings, g.Judged, g.Exceptions = findings, judged, Exceptions(s.Rules)
	for _, id := range s.Accounts {
		g.Accounts = append(g.Accounts, report.Account{ID: id, Name: s.name(id)})
	}
	return g
}

// Waiting is the input of a report of nothing but what waits for people, and what has ended and can be asked again.
func (s Source) Waiting(items, ended []review.Item) *Gathered {
	g := s.start()
	g.Only = "waiting"
	for i, it := range slices.Concat(items, ended) {
		r := it.Request
		r.Body = it.Body()
		if i < len(items) {
			g.Approvals = append(g.Approvals, approvalOf(r))
		} else {
			g.Approvals = append(g.Approvals, endedOf(r, true))
		}
		if it.Request.Key.Kind == approval.Fix {
			g.Open = append(g.Open, waitingOccurrence(it))
		}
	}
	return g
}

// identity tells apart what is wrong: one resource in the eyes of one control.
type identity struct{ control, account, region, resource string }

func (s Source) start() *Gathered {
	g := &Gathered{left: s.Limits}
	if g.left == (Limits{}) {
		g.left = Standard()
	}
	g.Input = report.Input{Now: s.Tables.Now().UTC(), Days: s.days(), Controls: s.Controls, Owners: map[string]string{}}
	if s.Rules != nil {
		g.Rules = report.Rules{Version: s.Rules.Version(), Hash: s.Rules.Hash()}
	}
	return g
}

func (s Source) days() int {
	if s.Days > 0 {
		return s.Days
	}
	return Days
}

func (s Source) occurrences(ctx context.Context, g *Gathered, account string, wanted func(identity) bool) error {
	s.say("reading what is open in %s", account)
	open, err := s.Tables.Book.ListOpen(ctx, account)
	if err != nil {
		return err
	}
	for _, o := range open {
		if !wanted(identity{o.Control, o.Resource.Account, o.Resource.Region, o.Resource.ID}) {
			continue
		}
		x := report.Occurrence{
			ID: o.ID, Control: o.Control, Resource: o.Resource, State: string(o.State), PlanID: o.PlanID, PlanHash: o.PlanHash, Decision: o.Decision,
			Opened: o.Opened, Cause: o.Cause, Actor: o.Actor, Origin: o.Origin,
		}
		if core.Outcome(o.Past.Outcome) == core.Fixed {
			x.Fixed = o.Past.Closed
		}
		if g.room(len(o.Plan)) {
			x.Plan = o.Plan
		} else {
			x.PlanHash = "" // what is not shown cannot be approved on a page
			g.cut("the exact calls of the plan on %s in %s", o.Resource.ID, account)
		}
		g.Open = append(g.Open, x)
	}
	return nil
}

// rest gathers what does not come from looking: requests, exemptions, exceptions and the log.
func (s Source) rest(ctx context.Context, g *Gathered) error {
	g.Exceptions = Exceptions(s.Rules)
	for _, account := range s.Accounts {
		s.say("reading what people were asked and agreed on in %s", account)
		requests, err := approval.List(ctx, s.Tables.Store, s.Tables.Approvals, account, "", "")
		if err != nil {
			return err
		}
		for _, r := range requests {
			if r.Open() && g.Now.Before(r.Expires) {
				g.Approvals = append(g.Approvals, approvalOf(r))
			}
		}
		for _, r := range review.Over(requests, g.Now) {
			if !r.Ended.Before(s.since(g.Now)) || g.waits(r) {
				g.Approvals = append(g.Approvals, endedOf(r, g.waits(r)))
			}
		}
		agreed, err := approval.Exemptions(ctx, s.Tables.Store, s.Tables.Approvals, account)
		if err != nil {
			return err
		}
		for _, e := range agreed {
			g.Exceptions = append(g.Exceptions, Exception(e))
			g.exempt(e)
		}
	}
	return s.entries(ctx, g)
}

// waits reports whether what was rejected or has expired is still there to be asked about.
func (g *Gathered) waits(r approval.Request) bool {
	return r.Key.Kind == approval.People || slices.ContainsFunc(g.Open, func(o report.Occurrence) bool {
		return o.ID == r.Key.ID && o.PlanHash == r.Key.Hash && o.State == string(occurrence.Waiting)
	})
}

// exempt notes an exemption that holds with what is open: the state hears of it only at the next look.
func (g *Gathered) exempt(e approval.Exemption) {
	if !g.Now.Before(e.Until) {
		return
	}
	for i, o := range g.Open {
		if o.Control == e.Control && o.Resource == e.Resource {
			g.Open[i].Exempt = fmt.Sprintf("exempt until %s, as %s agreed; owner %s: %s", e.Until.UTC().Format(time.DateOnly), e.Approver, e.Owner, e.Reason)
		}
	}
}

func (s Source) say(format string, args ...any) {
	if s.Progress != nil {
		s.Progress(format, args...)
	}
}

// room takes from what may still be kept.
func (g *Gathered) room(bytes int) bool {
	if bytes > g.left.Bytes {
		return false
	}
	g.left.Bytes -= bytes
	return true
}

// mostCut is how much of what was left out is named; the rest is counted by nobody, since the first already says what to do.
const mostCut = 20

func (g *Gathered) cut(format string, args ...any) {
	if len(g.Cut) < mostCut {
		g.Cut = append(g.Cut, "there was no room for "+fmt.Sprintf(format, args...))
	}
}

// since is the first moment that the report covers.
func (s Source) since(now time.Time) time.Time { return now.AddDate(0, 0, -s.days()) }
