package occurrence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// MustBeUnmoved are the words of the condition of every [Step].
const MustBeUnmoved = "the occurrence is as it was read"

var errClosed = errors.New("it is closed")

// Step is one change of an occurrence: the items that write it, and the occurrence as it is once they are written. Put the items into the
// transaction that records the change, or let [Book.Do] write them alone.
type Step struct {
	Items []dynamodbapi.Item
	After Occurrence
}

// Replan gives an occurrence that nobody has claimed another plan, and the state [Open] or [Waiting].
func (b *Book) Replan(o Occurrence, state State, planID, planHash, decision string, plan []byte) (Step, error) {
	if o.State == Applying || o.State == Closed || state != Open && state != Waiting {
		return Step{}, fmt.Errorf("replanning occurrence %s: it is %s and cannot become %s", o.ID, o.State, state)
	}
	if err := checkPlan(plan); err != nil {
		return Step{}, fmt.Errorf("replanning occurrence %s: %w", o.ID, err)
	}
	after := o
	after.State, after.PlanID, after.PlanHash, after.Decision, after.Plan = state, planID, planHash, decision, plan
	return b.step(o, after), nil
}

// Claim takes an occurrence for applying its plan: one that nobody has claimed, or one whose claim has ended because whoever made it is
// gone. A claim must outlast the time that its maker can live. Owner is for people; two claims of one owner are two claims.
func (b *Book) Claim(o Occurrence, owner string, ttl time.Duration) (Step, error) {
	now := b.now()
	if o.State == Closed {
		return Step{}, fmt.Errorf("claiming occurrence %s: %w", o.ID, errClosed)
	}
	if o.State == Applying && now.Before(o.ClaimEnds) {
		return Step{}, fmt.Errorf("claiming occurrence %s: %w: %s until %s", o.ID, ErrNotYours, o.Owner, stamp(o.ClaimEnds))
	}
	after := o
	after.State, after.Owner, after.claim, after.ClaimEnds = Applying, owner, rand.Text(), fromMillis(millis(now.Add(ttl)))
	after.Attempts++
	after.Fence++
	return b.step(o, after), nil
}

// Release gives a claim back. The occurrence becomes [Open] or [Waiting]; it must be as the claim's After.
func (b *Book) Release(o Occurrence, state State) (Step, error) {
	if o.State != Applying || o.claim == "" || state != Open && state != Waiting {
		return Step{}, fmt.Errorf("releasing occurrence %s: %w, or it cannot become %s", o.ID, ErrNotYours, state)
	}
	after := o
	after.State, after.Owner, after.claim, after.ClaimEnds = state, "", "", time.Time{}
	return b.step(o, after), nil
}

// Close ends an occurrence: one that nobody has claimed, or one that the caller has (it must be as the claim's After). The next time that
// the resource is wrong is another occurrence.
func (b *Book) Close(o Occurrence, outcome string) (Step, error) {
	if o.State == Closed {
		return Step{}, fmt.Errorf("closing occurrence %s: %w", o.ID, errClosed)
	}
	if o.State == Applying && o.claim == "" {
		return Step{}, fmt.Errorf("closing occurrence %s: %w: %s until %s", o.ID, ErrNotYours, o.Owner, stamp(o.ClaimEnds))
	}
	after := o
	after.State, after.Outcome, after.ClosedAt = Closed, outcome, clean(b.now())
	// The secret tells this closing from an equal one of somebody else's at the same instant.
	after.Owner, after.claim, after.ClaimEnds = "", rand.Text(), time.Time{}
	gone := b.conditional(dynamodbapi.Item{Op: dynamodbapi.Delete, Table: b.table, Key: o.key(sectionOpen)}, o)
	past := dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: after.pastValues()}
	return Step{Items: []dynamodbapi.Item{gone, past}, After: after}, nil
}

func (b *Book) step(from, to Occurrence) Step {
	put := dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: to.values()}
	return Step{Items: []dynamodbapi.Item{b.conditional(put, from)}, After: to}
}

// conditional lets an item be written only if the occurrence is the one that was read and nothing has happened to it: the same id, plan,
// decision, state and fence, of which each claim has another; and, if somebody else has claimed it, the claim has ended.
func (b *Book) conditional(it dynamodbapi.Item, o Occurrence) dynamodbapi.Item {
	it.Must = MustBeUnmoved
	it.Condition = "occ_id = :id AND occ_state = :state AND plan_hash = :hash AND plan_decision = :decision AND claim_fence = :fence"
	it.Values = dynamodbapi.Values{":id": o.ID, ":state": string(o.State), ":hash": o.PlanHash, ":decision": o.Decision, ":fence": o.Fence}
	if o.State == Applying && o.claim == "" {
		it.Condition += " AND claim_ends <= :now"
		it.Values[":now"] = millis(b.now())
	}
	return it
}

// Do writes a step alone. [ErrMoved]: somebody else was first. A step whose answer was lost is settled by reading.
func (b *Book) Do(ctx context.Context, s Step) (Occurrence, error) {
	err := b.write(ctx, s.Items)
	if err == nil {
		return s.After, nil
	}
	if !isCondition(err) {
		return Occurrence{}, fmt.Errorf("changing occurrence %s to %s: %w", s.After.ID, s.After.State, err)
	}
	done, lookErr := b.done(ctx, s)
	switch {
	case lookErr != nil:
		return Occurrence{}, fmt.Errorf("changing occurrence %s to %s: %w", s.After.ID, s.After.State, lookErr)
	case done:
		return s.After, nil
	}
	return Occurrence{}, fmt.Errorf("changing occurrence %s to %s: %w: %w", s.After.ID, s.After.State, ErrMoved, err)
}

func (b *Book) write(ctx context.Context, items []dynamodbapi.Item) error {
	if len(items) == 1 {
		_, err := b.store.Write(ctx, items[0])
		return err
	}
	// Closing is the only step of more than one item. Its secret makes its content a name that never comes again.
	raw, err := canon.Marshal(items)
	if err != nil {
		return err
	}
	return b.store.Transact(ctx, canon.Hash(raw)[:32], items...)
}

// done reports whether a step is written, although its condition failed when it was repeated.
func (b *Book) done(ctx context.Context, s Step) (bool, error) {
	if s.After.State == Closed {
		v, _, err := b.store.Get(ctx, b.table, s.After.key(sectionPast))
		return v.Text("past_secret") == s.After.claim, err
	}
	v, ok, err := b.store.Get(ctx, b.table, s.After.key(sectionOpen))
	if err != nil || !ok {
		return false, err
	}
	return maps.Equal(v, s.After.values()), nil // an occurrence has no values of bytes, which could not be compared
}

// Moved reports whether a transaction with a step's items failed because somebody else was first.
func Moved(err error) bool {
	var failed *dynamodbapi.ConditionError
	return errors.As(err, &failed) && failed.Has(MustBeUnmoved)
}
