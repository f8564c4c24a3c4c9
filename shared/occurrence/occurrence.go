// Package occurrence keeps what is under way: which resource is wrong since when and who is mending it, leases on documents that several
// controls write, counters for limits, and the kill switch. All of it is one table of conditional writes; the history is in the audit log.
//
// An occurrence is one time that a resource is wrong in the eyes of one control. At most one is open for each resource and control:
// duplicates join it. A closed one never blocks the next.
//
// Every change can be had as plain items, to be put into the transaction that writes the audit entry, so that what is recorded and what
// is done cannot part.
package occurrence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// State is how far an occurrence is.
type State string

// The states.
const (
	Open     State = "open"     // wrong, and to be dealt with without asking
	Waiting  State = "waiting"  // for a person's verdict
	Applying State = "applying" // somebody has claimed it and is mending it
	Closed   State = "closed"
)

// MaxPlan bounds the plan of an occurrence in bytes, so that it fits an item of DynamoDB (400 KB).
const MaxPlan = 256 << 10

var (
	// ErrTooLarge says that a plan does not fit.
	ErrTooLarge = errors.New("the plan is too large to be kept")
	// ErrMoved says that somebody else has changed the occurrence since it was read: read again and decide again.
	ErrMoved = errors.New("the occurrence has moved since it was read")
	// ErrNotYours says that the occurrence is claimed, and not by the caller.
	ErrNotYours = errors.New("the occurrence is claimed by somebody else")
)

// Occurrence is one time that a resource is wrong.
type Occurrence struct {
	ID       string // ULID; another for each time
	Control  string
	Resource awsapi.Resource
	State    State

	PlanID   string
	PlanHash string
	Decision string // what the rules said about the plan: a mode
	About    []byte // what they were asked about, as JSON, to ask them again; empty: not kept
	Plan     []byte // canonical bytes; a reference, never a source of calls

	Opened time.Time
	Cause  time.Time // when the thing went wrong, zero if not known
	Actor  string    // who caused it
	Person string    // the person behind the actor, empty if AWS does not vouch for one
	Origin string    // where it came from: an event, a sweep, ...
	// The Security Hub finding and the AWS Config rule behind it, empty if none.
	Finding, Product, ConfigRule string

	Past Past // the one before, zero if there was none or it is long ago

	Owner     string    // who claimed it
	ClaimEnds time.Time // when the claim may be taken over
	Attempts  int64     // claims so far
	Fence     int64     // grows with each claim: a change by anybody with an older one fails

	Outcome  string
	ClosedAt time.Time

	claim string // the claim's secret: only who made the claim has it
}

// Past is how an occurrence ended. Comparing it with the next one shows a regression.
type Past struct {
	ID      string
	Outcome string
	Closed  time.Time
}

// Book is the table of occurrences, leases, counters and the kill switch. It may be used concurrently, by any number of processes.
type Book struct {
	store *dynamodbapi.Store
	table string
	now   func() time.Time
}

// New returns the book in a table.
func New(store *dynamodbapi.Store, table string, now func() time.Time) *Book {
	return &Book{store: store, table: table, now: now}
}

// Prepare makes a new occurrence of what is given: an id, the time, state [Open] unless [Waiting] is asked for, and how the one before ended.
// Nothing is written; [Book.OpenItem] writes it.
func (b *Book) Prepare(ctx context.Context, o Occurrence) (Occurrence, error) {
	past, err := b.Past(ctx, o.Control, o.Resource)
	if err != nil {
		return Occurrence{}, err
	}
	return b.PrepareAfter(past, o)
}

// PrepareAfter is [Book.Prepare] where it is known already how the one before ended.
func (b *Book) PrepareAfter(past Past, o Occurrence) (Occurrence, error) {
	if o.State != Waiting {
		o.State = Open
	}
	if err := checkPlan(o.Plan); err != nil {
		return Occurrence{}, fmt.Errorf("opening an occurrence of %s on %s: %w", o.Control, o.Resource.ID, err)
	}
	now := clean(b.now())
	id, err := ulid.New(ulid.Timestamp(now), rand.Reader)
	if err != nil {
		return Occurrence{}, fmt.Errorf("opening an occurrence of %s on %s: %w", o.Control, o.Resource.ID, err)
	}
	o.ID, o.Opened, o.Cause, o.Past = id.String(), now, clean(o.Cause), past
	o.Owner, o.claim, o.ClaimEnds, o.Attempts, o.Fence, o.Outcome, o.ClosedAt = "", "", time.Time{}, 0, 0, "", time.Time{}
	return o, nil
}

// MustBeNew are the words of [Book.OpenItem]'s condition. If it fails, the failure's Old item is the one to join; see [Book.Joined].
const MustBeNew = "no occurrence of this is open"

// OpenItem writes a prepared occurrence, if none is open for its resource and control.
func (b *Book) OpenItem(o Occurrence) dynamodbapi.Item {
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: o.values(), Condition: "attribute_not_exists(pk)", Must: MustBeNew}
}

// Joined returns the open occurrence because of which a transaction with [Book.OpenItem] failed, and whether that was the reason.
func (b *Book) Joined(err error) (Occurrence, bool) {
	var failed *dynamodbapi.ConditionError
	if !errors.As(err, &failed) {
		return Occurrence{}, false
	}
	f, ok := failed.Of(MustBeNew)
	if !ok || f.Old == nil {
		return Occurrence{}, false
	}
	o, err := occurrenceOf(f.Old)
	return o, err == nil
}

// Open writes a new occurrence, or returns the one that is open already.
func (b *Book) Open(ctx context.Context, o Occurrence) (opened Occurrence, created bool, err error) {
	for range 5 { // each time around, the one that was in the way has been closed meanwhile
		o, err = b.Prepare(ctx, o)
		if err != nil {
			return Occurrence{}, false, err
		}
		_, err = b.store.Write(ctx, b.OpenItem(o))
		if err == nil {
			return o, true, nil
		}
		if !isCondition(err) {
			break
		}
		there, found := b.Joined(err)
		if !found {
			if there, found, err = b.Get(ctx, o.Control, o.Resource); err != nil {
				break
			}
		}
		if found { // our own id: the answer was lost and the SDK repeated the write
			return there, there.ID == o.ID, nil
		}
		err = errors.New("others open and close it all the time")
	}
	return Occurrence{}, false, fmt.Errorf("opening an occurrence of %s on %s: %w", o.Control, o.Resource.ID, err)
}

// Get returns the open occurrence of a control on a resource, and whether there is one.
func (b *Book) Get(ctx context.Context, control string, r awsapi.Resource) (Occurrence, bool, error) {
	v, ok, err := b.store.Get(ctx, b.table, Occurrence{Control: control, Resource: r}.key(sectionOpen))
	if err != nil || !ok {
		return Occurrence{}, false, err
	}
	o, err := occurrenceOf(v)
	return o, err == nil, err
}

// ListOpen returns all occurrences of an account that are not closed, oldest first within a Region and type.
func (b *Book) ListOpen(ctx context.Context, account string) ([]Occurrence, error) {
	q := dynamodbapi.Query{Table: b.table, PK: partition(account), From: sectionOpen, To: sectionOpen + "\U0010FFFF"}
	var out []Occurrence
	for v, err := range b.store.All(ctx, q) {
		if err != nil {
			return nil, err
		}
		o, err := occurrenceOf(v)
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// Past returns how the last closed occurrence of a control on a resource ended; zero if there was none, or it is long ago.
func (b *Book) Past(ctx context.Context, control string, r awsapi.Resource) (Past, error) {
	v, ok, err := b.store.Get(ctx, b.table, Occurrence{Control: control, Resource: r}.key(sectionPast))
	if err != nil || !ok {
		return Past{}, err
	}
	return pastOf(v), nil
}

func checkPlan(plan []byte) error {
	if len(plan) > MaxPlan {
		return fmt.Errorf("%w: %d bytes, %d are allowed", ErrTooLarge, len(plan), MaxPlan)
	}
	if !utf8.Valid(plan) {
		return errors.New("the plan is not text in UTF-8, and so not canonical")
	}
	return nil
}

func isCondition(err error) bool {
	var failed *dynamodbapi.ConditionError
	return errors.As(err, &failed)
}
