package review

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// EndedDays is how long what was rejected or has expired is listed as something that can be asked again.
const EndedDays = 30

// Ended returns what was rejected or has expired in the last [EndedDays] days and can be asked again, the newest first.
func (t Tables) Ended(ctx context.Context, accounts []string) ([]Item, error) {
	now := t.Now()
	out, err := t.all(ctx, accounts, func(requests []approval.Request) []approval.Request {
		kept := Over(requests, now)
		return slices.DeleteFunc(kept, func(r approval.Request) bool { return r.Ended.Before(now.AddDate(0, 0, -EndedDays)) })
	})
	// A plan that is not there any more has another one in its place, about which people are asked anyway.
	out = slices.DeleteFunc(out, func(it Item) bool {
		return it.Request.Key.Kind == approval.Fix && (it.Plan == "" || it.Occ.State != string(occurrence.Waiting))
	})
	slices.SortStableFunc(out, func(a, b Item) int {
		if d := b.Request.Ended.Compare(a.Request.Ended); d != 0 {
			return d
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	return out, err
}

// Over returns those requests that people rejected, or let expire, and that may be asked again by their kind: fixes, and the newest change of who decides. What
// has expired and is not written down as that yet counts as well. Whether what they are about is still as it was is for the caller to say.
func Over(requests []approval.Request, now time.Time) []approval.Request {
	var out []approval.Request
	newest := -1 // of the changes of people
	for i, r := range requests {
		if r.Key.Kind == approval.People && (newest < 0 || r.Asked.After(requests[newest].Asked)) {
			newest = i
		}
	}
	for i, r := range requests {
		if r.Open() && !now.Before(r.Expires) {
			r.State, r.Ended, r.Why = approval.Expired, r.Expires, "nobody decided in time"
		}
		ended := r.State == approval.Rejected || r.State == approval.Expired
		if ended && (r.Key.Kind == approval.Fix || i == newest) {
			out = append(out, r)
		}
	}
	return out
}
