package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// unlisted records and tells that nothing of a type can be seen in an account and Region, because listing it is denied: once a day, however many controls
// judge the type and however often it is swept. It is no occurrence, since there is no resource that could be found in order again; on the day after the
// permission is there nothing is said any more.
func (e *Engine) unlisted(ctx context.Context, controls []core.Control, s signal.Signal, denied error) (core.Finding, error) {
	c := controls[0]
	r := resourceOf(s)
	r.Type, r.ID = c.Type.Name, signal.AllIDs
	var ids []string
	for _, each := range controls {
		ids = append(ids, each.ID)
	}
	f := core.Finding{
		ID: e.newID(), Control: c.ID, Version: c.Version, Title: c.Title, Family: c.Family, Severity: c.Severity, ResourceType: r.Type, Resource: r.ID, ARN: c.Type.ARN(r),
		Account: r.Account, Region: r.Region, Outcome: core.Blind, Cause: CauseOf(s), Err: denied,
		Reason: fmt.Sprintf("no %s of this account and Region can be seen by %s: listing them is denied. Deploy the member's template again, and see the organisation's policies: %v",
			r.Type, strings.Join(ids, ", "), denied),
	}
	_, err := e.append(ctx, &f, "", audit.Error, core.Blind, reason(f), e.State.OnceADayItem(r.Account, strings.Join([]string{"unlisted", r.Region, r.Type}, "#")))
	var failed *dynamodbapi.ConditionError
	if errors.As(err, &failed) && failed.Has(occurrence.MustBeNewToday) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	return e.notify(ctx, f)
}

// allDenied reports whether a sweep's listing of a whole type was denied.
func allDenied(s signal.Signal, err error) bool {
	return s.Everything() && awsapi.IsAccessDenied(err)
}
