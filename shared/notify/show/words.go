package show

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/core"
)

// NeedsNobody reports whether people need not hear of the finding: nothing is wrong.
func NeedsNobody(f core.Finding) bool {
	return f.Quiet || f.Outcome == core.Compliant || f.Outcome == core.NotApplicableHere
}

// outcomeWords says what happened. Reported is told apart by what it holds, in [Headline].
var outcomeWords = map[core.Outcome]string{
	core.Compliant: "In order", core.NotApplicableHere: "Not applicable", core.Excepted: "Exempt", core.AwaitingApproval: "Waits for approval",
	core.Rejected: "Rejected", core.Expired: "Approval expired", core.Stale: "Stale", core.Refused: "Refused", core.Planned: "Will be fixed",
	core.Fixed: "Fixed", core.Unverified: "Not verified", core.Failed: "Failed", core.Undone: "Undone", core.Regressed: "Broken again",
	core.Blind: "Cannot see", core.Errored: "Could not judge",
}

// Headline says what happened: "Fixed", "Would fix", "Waits for approval". What people must do themselves is "Needs people".
func Headline(f core.Finding) string {
	if f.Outcome == core.Reported {
		switch {
		case len(f.Changes) > 0:
			return "Would fix"
		case len(f.Advice) > 0:
			return "Needs people"
		}
		return "Unclear"
	}
	if w, ok := outcomeWords[f.Outcome]; ok {
		return w
	}
	return Visible(string(f.Outcome))
}

// urgency is the order in which outcomes ask for attention.
var urgency = []core.Outcome{
	core.Failed, core.Unverified, core.Errored, core.Blind, core.Regressed, core.AwaitingApproval, core.Refused, core.Stale, core.Expired,
	core.Rejected, core.Reported, core.Planned, core.Excepted, core.Undone, core.Fixed, core.NotApplicableHere, core.Compliant,
}

var severities = []core.Severity{core.Critical, core.High, core.Medium, core.Low}

// Urgency ranks an outcome: lower needs attention sooner. An outcome that is not known comes first.
func Urgency(o core.Outcome) int { return slices.Index(urgency, o) }

// Worst ranks a severity: 0 is critical; one that is not known comes last.
func Worst(s core.Severity) int {
	if i := slices.Index(severities, s); i >= 0 {
		return i
	}
	return len(severities)
}

// Duration writes seconds as people say them, in at most two units: "41 s", "3 min 20 s", "2 h", "4 d 6 h". Nonsense is "unknown".
func Duration(seconds float64) string {
	switch {
	case math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds < 0 || seconds > 1e10:
		return "unknown"
	case seconds < 1:
		return "under 1 s"
	}
	left := int64(seconds)
	var parts []string
	for _, u := range []struct {
		name string
		size int64
	}{{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}} {
		n := left / u.size
		left %= u.size
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, u.name))
		}
		if len(parts) == 2 || n == 0 && len(parts) == 1 {
			break // "2 h 5 s" would say more than it knows
		}
	}
	return strings.Join(parts, " ")
}

// Time writes a time in UTC, to the second.
func Time(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// Until says until when something holds that ends at a time: the last whole day in UTC where it ends with one, else the time.
func Until(t time.Time) string {
	u := t.UTC()
	if u.Equal(u.Truncate(24 * time.Hour)) {
		return "until and including " + u.AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return "until " + Time(u)
}

// Actor shortens the ARN of who did something in the account named home: "role deploy, session ann", "user ci/bot of account 444455556666",
// "the root user". Who is not known is "unknown"; what is no ARN of a principal stays as it is. Forms: IAM user guide, "IAM identifiers".
func Actor(arn, home string) string {
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case arn == "":
		return "unknown"
	case len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" && parts[2] != "sts":
		return Visible(arn)
	}
	who := parts[5]
	kind, name, _ := strings.Cut(who, "/")
	role, session, _ := strings.Cut(name, "/")
	switch {
	case who == "root":
		who = "the root user"
	case name == "":
		return Visible(arn)
	case kind == "assumed-role":
		who = "role " + role + ", session " + session
	default:
		who = kind + " " + name
	}
	if parts[4] != home && parts[4] != "" {
		who += " of account " + parts[4]
	}
	return Visible(who)
}

var origins = map[string]string{
	"event": "seen in an event", "sweep": "found by the sweep", "config": "found by AWS Config", "securityhub": "found by Security Hub",
	"guardduty": "found by GuardDuty", "cli": "asked for on the command line",
}

// Cause says who caused a finding, how and when, and how we heard of it: "role deploy, session ann, by s3:PutBucketPolicy, seen in an event at
// 2026-11-22 10:00:00 UTC".
func Cause(f core.Finding) string {
	out := Actor(f.Cause.Actor, f.Account)
	if f.Cause.Event != "" {
		out += ", by " + Visible(strings.Replace(f.Cause.Event, ".amazonaws.com:", ":", 1))
	}
	if how := origins[f.Cause.Origin]; how != "" {
		out += ", " + how
	}
	if !f.Cause.Time.IsZero() {
		out += " at " + Time(f.Cause.Time)
	}
	if all := strings.Fields(f.Cause.Person); len(all) > 1 {
		for i, who := range all {
			if strings.HasPrefix(who, "arn:") {
				who = Actor(who, f.Account)
			}
			all[i] = Visible(who)
		}
		out += "; had a hand in it: " + strings.Join(all, ", ")
	}
	return out
}

// Owner is who owns the resource, as far as known.
func Owner(f core.Finding) string {
	if f.Context.Owner == "" {
		return "unknown"
	}
	return Visible(f.Context.Owner)
}

// UndoRule is the rule that a plan to take back a fix is decided by.
const UndoRule = "undo"

// Undo returns the command that takes back what was done, where something may have been done.
func Undo(f core.Finding) string {
	if f.Decision.Rule == UndoRule {
		return "" // taking back what took back a fix is the fix itself: the next sweep
	}
	switch f.Outcome {
	case core.Fixed, core.Unverified, core.Failed:
		if f.Record.Chain != "" && f.Record.Seq > 0 {
			return fmt.Sprintf("shoreup undo %s/%d", Visible(f.Record.Chain), f.Record.Seq)
		}
	}
	return ""
}
