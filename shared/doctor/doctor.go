// Package doctor looks at a deployed installation and says what is wrong with it and what to do: whether it hears of everything, can act, keeps its
// record, and tells people. It changes nothing.
//
// The checks are data, a table of name, permissions and function. None depends on another: what cannot be looked at is "not checked" with the reason, and
// the rest goes on. What should be there comes from the template (package blueprint) and the rules file.
package doctor

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/rules"
)

// Status says how a thing is. They are ordered: a check is as its worst finding.
type Status string

// The statuses.
const (
	OK         Status = "ok"
	NotChecked Status = "not_checked" // it could not be seen, or was left out: neither good nor bad
	Warning    Status = "warning"     // it works, and somebody should know
	Problem    Status = "problem"
)

// rank orders statuses from good to bad.
var rank = map[Status]int{OK: 0, NotChecked: 1, Warning: 2, Problem: 3}

// Config says what to look at and how.
type Config struct {
	Own     awsapi.Session // the caller's, in the account and Region of the installation
	AWS     aws.Config     // the caller's credentials, to take roles with
	Account string         // of the installation
	Caller  string         // ARN
	Region  string         // of the installation
	Tables  string         // prefix of the tables' names
	Rules   string         // s3://bucket/key or a path; empty: where the functions have it from
	Known   rules.Known

	Want *blueprint.Blueprint // the installation's template
	Home *blueprint.Blueprint // the template of the home Region, where the installation is in another one; nil: there is none
	// Member is what the templates of the accounts that are looked after make; nil: not known, then any rules of ours will do.
	Member *blueprint.Blueprint
	// Watched are the calls that controls want to hear of.
	Watched []Event

	MemberRole string   // path and name of a role to look into other accounts with; empty: they are not looked into
	Accounts   []string // look into these alone; empty: all that the rules file names
	Regions    []string // look into these alone; empty: those of the rules file, or of the sweep
	HomeRegion string   // of the partition's global services

	Assume  bool // take the writing roles too, with a session policy that allows nothing of theirs
	Offline bool // do not ask Slack

	SlackURL string // of the Web API, for tests
	Now      func() time.Time
	Wait     time.Duration // between two looks at queues that are not empty
}

// Event is a call that CloudTrail tells of. Global: only in the home Region.
type Event struct {
	Source, Name string
	Global       bool
}

// Finding is one thing that was seen.
type Finding struct {
	Status  Status `json:"status"`
	Account string `json:"account"`
	Region  string `json:"region"`
	Subject string `json:"subject"` // the queue, role, ... that it is about; empty: all of the check
	Seen    string `json:"seen"`
	Do      string `json:"do"` // empty: nothing
}

// Result is what a check found.
type Result struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Status   Status    `json:"status"`
	Needs    []string  `json:"needs"` // IAM actions
	Findings []Finding `json:"findings"`
}

// Report is what all checks found.
type Report struct {
	Account string         `json:"account"`
	Region  string         `json:"region"`
	Caller  string         `json:"caller"`
	Time    time.Time      `json:"time"`
	Status  Status         `json:"status"`
	Counts  map[Status]int `json:"counts"` // of checks
	Checks  []Result       `json:"checks"`
}

// Check is one check.
type Check struct {
	ID, Title string
	Needs     []string
	run       func(context.Context, *visit) []Finding
}

// together is how many checks run at a time.
const together = 4

// Run makes all checks. It ends early only with its context; then what was not looked at is not checked.
func Run(ctx context.Context, c Config) Report {
	v := newVisit(c)
	checks := Checks()
	report := Report{
		Account: c.Account, Region: c.Region, Caller: c.Caller, Time: c.Now().UTC().Truncate(time.Second), Status: OK,
		Counts: map[Status]int{OK: 0, NotChecked: 0, Warning: 0, Problem: 0}, Checks: make([]Result, len(checks)),
	}
	var g errgroup.Group
	g.SetLimit(together)
	for i, check := range checks {
		g.Go(func() error {
			report.Checks[i] = check.result(ctx, v)
			return nil
		})
	}
	_ = g.Wait() // no check returns an error: each says what it could not do
	for _, r := range report.Checks {
		report.Counts[r.Status]++
		report.Status = worse(report.Status, r.Status)
	}
	return report
}

func (c Check) result(ctx context.Context, v *visit) Result {
	r := Result{ID: c.ID, Title: c.Title, Status: OK, Needs: c.Needs, Findings: c.run(ctx, v)}
	if len(r.Findings) == 0 {
		r.Findings = []Finding{{Status: NotChecked, Account: v.Account, Region: v.Region, Seen: "there is nothing of this kind to look at"}}
	}
	for _, f := range r.Findings {
		r.Status = worse(r.Status, f.Status)
	}
	return r
}

func worse(a, b Status) Status {
	if rank[b] > rank[a] {
		return b
	}
	return a
}
