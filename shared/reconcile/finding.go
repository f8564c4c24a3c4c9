package reconcile

import (
	"cmp"
	"fmt"
	"regexp"
	"time"

	"github.com/shoreup/shoreup/shared/core"
)

// finding tells people who did what, where and when, and what to do.
func finding(c Call, why string) core.Finding {
	what := c.Source + " " + c.Name
	did := "and it had its effect"
	if c.Failed != "" {
		did = "and was refused (" + c.Failed + ")"
	}
	by := ""
	if c.Service != "" {
		by = " through " + c.Service
	}
	return core.Finding{
		Control: "reconcile", Version: 1, Title: "A call was made with shoreup's own role, and no record explains it", Severity: core.Critical,
		Resource: c.Name, ARN: c.RoleARN, Account: c.Account, Region: c.Region, Outcome: core.Reported,
		Reason: fmt.Sprintf("%s was called in account %s, %s, at %s, %s: %s", what, c.Account, c.Region, c.Time.Format(time.RFC3339), did, why),
		Violations: []core.Violation{{
			Rule: "unexplained-call", Where: what,
			Reason: fmt.Sprintf("session %q with source identity %q called%s from %s", c.Session, c.Identity, by, cmp.Or(c.From, "an unknown address")),
		}},
		Cause:  core.Cause{Origin: "event", Actor: c.RoleARN + " (session " + c.Session + ")", Event: c.Source + ":" + c.Name, ID: c.EventID, Time: c.Time},
		Advice: []core.Advice{{Title: "Stop, then find out who it was", Steps: steps(c)}},
	}
}

var plain = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// steps are what to do. Names from outside get into a command only if no shell takes them apart.
func steps(c Call) []string {
	look := "look for the event " + c.EventID + " in CloudTrail"
	if plain.MatchString(c.EventID) && plain.MatchString(c.Region) {
		look = fmt.Sprintf("in account %s: aws cloudtrail lookup-events --region %s --lookup-attributes AttributeKey=EventId,AttributeValue=%s", c.Account, c.Region, c.EventID)
	}
	return []string{
		"shoreup stop --table shoreup --reason 'unexplained call' (no write of ours begins after this)",
		"in the installation's account cut apply off from its queues: aws lambda list-event-source-mappings --function-name shoreup-apply, and with each UUID that it shows: aws lambda update-event-source-mapping --no-enabled --uuid UUID",
		look,
		fmt.Sprintf("in account %s revoke the active sessions of %s (IAM console, the role, Revoke sessions), and see in CloudTrail who took the role (AssumeRole)", c.Owner, c.RoleARN),
	}
}
