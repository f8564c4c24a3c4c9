package approval

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// orderAgain is how long after an approval it is handed over once more, if nothing came of it: longer than applying takes.
const orderAgain = 20 * time.Minute

// Tick looks at all open requests of an account: ends what is over, reminds at half time, and hands over once more what is approved and was not applied. It
// asks about what waits and was never asked about.
func (d *Desk) Tick(ctx context.Context, account string) error {
	requests, err := List(ctx, d.Store, d.Table, account, "", "")
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range requests {
		if err := d.tick(ctx, r); err != nil && !moved(err) {
			failed = append(failed, fmt.Errorf("looking after the request about %s: %w", r.ARN, err))
		}
	}
	return errors.Join(append(failed, d.unasked(ctx, account))...)
}

// Resume hands over at once what is approved in an account and was not applied: the kill switch has held it up, and is lifted.
func (d *Desk) Resume(ctx context.Context, account string) error {
	requests, err := List(ctx, d.Store, d.Table, account, "", "")
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range requests {
		if r.State != Approved {
			continue
		}
		r, err := d.follow(ctx, r, d.Now())
		if err == nil && r.State == Approved {
			err = d.Order(ctx, r)
		}
		if err != nil && !moved(err) {
			failed = append(failed, fmt.Errorf("handing over the request about %s: %w", r.ARN, err))
		}
	}
	return errors.Join(failed...)
}

// unasked asks about plans that wait for people and that nobody was asked about: whoever was to point here died, or was not heard.
func (d *Desk) unasked(ctx context.Context, account string) error {
	open, err := d.Book.ListOpen(ctx, account)
	if err != nil {
		return err
	}
	var failed []error
	for _, occ := range open {
		if _, ours := d.Control(occ.Control); !ours || occ.State != occurrence.Waiting || occ.Decision != rules.Approve.String() {
			continue
		}
		if err := d.ask(ctx, occ, ""); err != nil {
			failed = append(failed, fmt.Errorf("asking about %s: %w", occ.Resource.ID, err))
		}
	}
	return errors.Join(failed...)
}

func (d *Desk) tick(ctx context.Context, r Request) error {
	now := d.Now()
	r, err := d.follow(ctx, r, now)
	if err != nil || !r.State.open() {
		return err
	}
	if r.State == Approved {
		if last := r.Votes[len(r.Votes)-1].At; now.Sub(last) < orderAgain {
			return nil
		}
		return d.Order(ctx, r)
	}
	if r.Reminded || now.Before(r.Asked.Add(r.Expires.Sub(r.Asked)/2)) {
		return nil
	}
	r.Reminded = true
	if r, err = d.write(ctx, r, core.AwaitingApproval, "shoreup", endEntry{Request: r, News: Reminder}); err == nil {
		d.tell(ctx, r, Reminder)
	}
	return err
}
