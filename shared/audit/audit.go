// Package audit writes the record of everything that was planned, decided, done and refused: one chain of entries for each account, each
// entry holding the hash of the one before, appended in one transaction with the chain's head and with whatever else shall happen together
// with it.
//
// The chain makes changes evident, it does not prevent them. It is checked by package audit/verify, which shares no code with this one.
package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// Kind says what an entry records.
type Kind string

// The kinds. The verifier has a list of its own; a test compares them.
const (
	Plan     Kind = "plan"     // what would mend a resource
	Decision Kind = "decision" // what the rules say about a plan
	Verdict  Kind = "verdict"  // what a person says about a plan
	Intent   Kind = "intent"   // calls about to be made, and their undo
	Result   Kind = "result"   // what came of them, read back
	Refusal  Kind = "refusal"  // why nothing was done
	Error    Kind = "error"
	Undo     Kind = "undo"   // a fix was taken back
	Notify   Kind = "notify" // who was told
	Switch   Kind = "switch" // the kill switch was engaged or lifted
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{Plan, Decision, Verdict, Intent, Result, Refusal, Error, Undo, Notify, Switch}
}

// Genesis is the Prev of a chain's first entry.
var Genesis = strings.Repeat("0", 64)

// MaxDetail bounds an entry's detail in bytes, so that the entry fits an item of DynamoDB (400 KB, "Quotas in Amazon DynamoDB").
const MaxDetail = 256 << 10

// maxBody leaves room for the key, the hash and the names of the attributes.
const maxBody = MaxDetail + 64<<10

var (
	// ErrTooLarge says that an entry does not fit; nothing was written.
	ErrTooLarge = errors.New("the audit entry is too large")
	// ErrBroken says that a stored entry is not what was written: verify the chain.
	ErrBroken = errors.New("the audit entry is not as it was written")
	// ErrNotFound says that there is no such entry or chain.
	ErrNotFound = errors.New("not in the audit log")
	// ErrUnknown says that an entry may have been written or not, and reading did not settle it. The caller must treat both as possible.
	ErrUnknown = errors.New("it is not known whether the audit entry was written")
)

// Entry is one record. The caller fills Kind and what follows it; the log fills the rest. The hash covers the canonical bytes of all fields
// but Hash and Body.
type Entry struct {
	Seq   int64     `json:"seq"`   // 1, 2, 3, ... in its chain
	Time  time.Time `json:"time"`  // UTC, never before the time of the entry before
	Chain string    `json:"chain"` // the account
	Prev  string    `json:"prev"`  // hash of the entry before, or [Genesis]

	Kind       Kind            `json:"kind"`
	Occurrence string          `json:"occurrence"` // id of the occurrence it belongs to
	Plan       string          `json:"plan"`       // plan id
	Control    string          `json:"control"`
	Resource   string          `json:"resource"` // ARN
	Actor      string          `json:"actor"`    // who caused it, decided it or did it
	Outcome    string          `json:"outcome"`
	Detail     json.RawMessage `json:"detail"`

	Hash string `json:"-"` // SHA-256 of Body, hexadecimal
	Body []byte `json:"-"` // the exact bytes that are stored
}

// Line is an entry as it is listed: the keys are stable and always there, but for the detail, which is shown for a single entry only.
type Line struct {
	Seq      int64           `json:"seq"`
	Time     time.Time       `json:"time"`
	Chain    string          `json:"chain"`
	Prev     string          `json:"prev"`
	Hash     string          `json:"hash"`
	Kind     Kind            `json:"kind"`
	Plan     string          `json:"plan"`
	Control  string          `json:"control"`
	Resource string          `json:"resource"`
	Actor    string          `json:"actor"`
	Outcome  string          `json:"outcome"`
	Detail   json.RawMessage `json:"detail,omitempty"`
}

// Line returns the entry as it is listed, without its detail.
func (e Entry) Line() Line {
	return Line{Seq: e.Seq, Time: e.Time, Chain: e.Chain, Prev: e.Prev, Hash: e.Hash, Kind: e.Kind, Plan: e.Plan, Control: e.Control,
		Resource: e.Resource, Actor: e.Actor, Outcome: e.Outcome}
}

// Log is the audit log in one table. It may be used concurrently, by any number of processes.
type Log struct {
	store  *dynamodbapi.Store
	table  string
	now    func() time.Time
	writer string

	appends atomic.Int64
	gates   sync.Map // chain -> chan struct{} of size 1: appends of this process wait for each other instead of racing
	heads   sync.Map // chain -> the latest Head that was heard of
	crowds  sync.Map // chain -> how many tries the last append failed
}

// New returns the log in a table. Writer names the process among all that write (a function's log stream, host and process id): together
// with a count it tells two equal entries of two writers apart.
func New(store *dynamodbapi.Store, table string, now func() time.Time, writer string) *Log {
	return &Log{store: store, table: table, now: now, writer: writer}
}

// Head is the last entry of a chain.
type Head struct {
	Chain string    `json:"chain"`
	Seq   int64     `json:"seq"`
	Hash  string    `json:"hash"`
	Time  time.Time `json:"time"`
}

// validate refuses what must not become an entry.
func validate(chain string, e Entry) error {
	if chain == "" || strings.HasPrefix(chain, "#") {
		return fmt.Errorf("%q cannot be the name of a chain", chain)
	}
	if !known(e.Kind) {
		return fmt.Errorf("%q is not a kind of entry", e.Kind)
	}
	if len(e.Detail) > MaxDetail {
		return fmt.Errorf("%w: its detail has %d bytes, %d are allowed", ErrTooLarge, len(e.Detail), MaxDetail)
	}
	return nil
}

func known(k Kind) bool {
	for _, each := range Kinds() {
		if each == k {
			return true
		}
	}
	return false
}

// sealed fills what the log fills: place, time, bytes and hash.
func (e Entry) sealed(after Head, now time.Time) (Entry, error) {
	e.Seq, e.Chain, e.Prev, e.Time = after.Seq+1, after.Chain, after.Hash, now.UTC()
	if e.Time.Before(after.Time) {
		e.Time = after.Time
	}
	body, err := canon.Marshal(e)
	if err != nil {
		return Entry{}, err
	}
	if len(body) > maxBody {
		return Entry{}, fmt.Errorf("%w: it has %d bytes, %d are allowed", ErrTooLarge, len(body), maxBody)
	}
	e.Body, e.Hash = body, canon.Hash(body)
	return e, nil
}
