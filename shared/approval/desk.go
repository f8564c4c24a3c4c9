package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// Desk asks people and takes their word. It is the one writer of the approvals table.
type Desk struct {
	Store *dynamodbapi.Store
	Table string
	Log   *audit.Log
	Book  *occurrence.Book
	// Rules returns the rules file in force; nil: it cannot be read, and nobody can decide anything.
	Rules func(context.Context) *rules.File
	// Control returns what is declared of a control.
	Control func(id string) (core.Meta, bool)
	// Order hands over what is approved to the function that applies. It may be called again for the same request.
	Order func(context.Context, Request) error
	// Undoable returns what people are asked about before a fix is taken back. The error is a *[Refusal] if there is nothing to take back. May be nil: nothing is.
	Undoable func(ctx context.Context, account string, seq int64) (Undoable, error)
	// Tell lets people know how a request stands. Its failure changes nothing.
	Tell func(context.Context, Request, News)
	Now  func() time.Time
	// Accounts returns all whose plans people are asked about; nil: what a kill switch holds up is not counted.
	Accounts func(context.Context) []string
	// Account is the installation's own: the chain of words about what does not exist.
	Account string
}

// News says why people are told of a request.
type News string

// The news.
const (
	Asked    News = "asked"
	Reminder News = "reminder" // half of the time is over
	Word     News = "word"     // somebody decided
	Over     News = "over"     // it ended without a word: expired, stale, superseded, applied
)

// Answer is a person's word about a request, as it came in.
type Answer struct {
	Key      Key     `json:"key"`
	Round    int64   `json:"round"`
	Verdict  Verdict `json:"verdict"`
	Identity string  `json:"identity"` // Slack member id or identity of [IdentityOf]; never a name that the sender chose
	Via      string  `json:"via"`
	Why      string  `json:"why"`
}

const writeTries = 5

// Decide takes a person's word. The error is a *[Refusal] if the word changed nothing; that is recorded as well. Any other error means
// that it is not known to have been taken: it may be given again.
func (d *Desk) Decide(ctx context.Context, a Answer) (Request, error) {
	for range writeTries {
		r, err := d.decideOnce(ctx, a)
		if moved(err) {
			continue // somebody else's word came between: read again
		}
		return r, err
	}
	return Request{}, fmt.Errorf("deciding about %s %s: others decide at the same moment; try again", a.Key.Kind, a.Key.ID)
}

func (d *Desk) decideOnce(ctx context.Context, a Answer) (Request, error) {
	r, ok, err := Get(ctx, d.Store, d.Table, a.Key)
	if err != nil {
		return r, err
	}
	if !ok || a.Key.Hash == "" {
		return r, d.refused(ctx, Request{Key: d.made(a.Key)}, a, "", refuse("unknown", "there is no such request"))
	}
	file, err := d.electors(ctx)
	var unreadable *Refusal
	if errors.As(err, &unreadable) {
		return r, d.refused(ctx, r, a, "", unreadable)
	}
	if err != nil {
		return r, err
	}
	person, ok := file.PersonOf(a.Identity)
	if !ok {
		return r, d.refused(ctx, r, a, "", refuse("stranger", "%s is nobody of the list people in the rules file; whoever keeps it can add you", a.Identity))
	}
	if a.Round != r.Round {
		return r, d.refused(ctx, r, a, person.Name, refuse("other-hash", "this was asked again since; decide about the newest message"))
	}
	now := d.Now()
	switch gone, err := d.follow(ctx, r, now); {
	case err != nil: // nothing is known yet: the word is taken again
		return gone, err
	case gone.State != r.State && gone.stands(a.Verdict, person.Name):
		return gone, d.refused(ctx, gone, a, person.Name, gone.said(a.Verdict, person.Name))
	case gone.State != r.State:
		return gone, d.refused(ctx, gone, a, person.Name, refuse("moved", "it is %s%s%s", gone.State, because(gone.Why), gone.howAgain()))
	}
	if no, err := d.underWay(ctx, r, now); err != nil || no != nil && a.Verdict == No {
		if err == nil {
			err = d.refused(ctx, r, a, person.Name, no)
		}
		return r, err
	}
	rule := d.needs(file, r)
	next, no := decide(r, a.Verdict, Voter{Person: person.Name, Identity: append([]string{person.Slack}, person.AWS...), Via: a.Via}, a.Why, rule, now)
	if no != nil {
		return r, d.refused(ctx, r, a, person.Name, no)
	}
	return d.take(ctx, next, rule, a, person.Name)
}

// underWay refuses to take back what is being applied at this moment: it would be said to be rejected, and be done all the same.
func (d *Desk) underWay(ctx context.Context, r Request, now time.Time) (*Refusal, error) {
	if r.State != Approved {
		return nil, nil
	}
	switch r.Key.Kind {
	case Fix:
		occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
		if err != nil || !found || occ.ID != r.Key.ID || occ.State != occurrence.Applying || !now.Before(occ.ClaimEnds) {
			return nil, err
		}
	case Undo:
		intent, err := strconv.ParseInt(r.Key.ID, 10, 64)
		if err != nil {
			return nil, err
		}
		if done, err := d.Book.TakenBack(ctx, r.Key.Account, intent); err != nil || done.Round != r.Round || done.Began.IsZero() {
			return nil, err
		}
		return refuse("moved", "it is being taken back at this moment"), nil
	default:
		return nil, nil
	}
	return refuse("moved", "it is being applied at this moment; once that is done it can be undone"), nil
}

// take writes a word with its record and its effect, all in one transaction, and hands over what is approved.
func (d *Desk) take(ctx context.Context, r Request, rule needs, a Answer, person string) (Request, error) {
	outcome := core.AwaitingApproval
	var effects []dynamodbapi.Item
	switch r.State {
	case Rejected:
		outcome = core.Rejected
	case Approved:
		outcome = core.Planned
		var err error
		if r, effects, err = d.effect(r); err != nil {
			return r, err
		}
	}
	r, err := d.write(ctx, r, outcome, person, wordEntry{
		Request: r, Verdict: a.Verdict, Via: a.Via, Why: a.Why, Counted: r.counted(rule), Needed: r.needed(rule),
	}, effects...)
	if err != nil {
		return r, err
	}
	d.tell(ctx, r, Word)
	if r.Key.Kind == Exempt && r.State == Applied { // what was asked about the same thing is over; if that fails, the schedule finds it
		if err := d.followAll(ctx, r.Key.Account, r.Key.ID); err != nil {
			slog.WarnContext(ctx, "a request about what is exempt is left for the schedule", "resource", r.ARN, "error", err.Error())
		}
	}
	if r.State == Approved {
		return r, d.Order(ctx, r)
	}
	return r, nil
}

// wordEntry is what the audit log says about a word.
type wordEntry struct {
	Request Request `json:"request"` // as it is afterwards
	Verdict Verdict `json:"verdict"`
	Via     string  `json:"via"`
	Why     string  `json:"why"`
	Counted int     `json:"counted"`
	Needed  int     `json:"needed"`
	Refused string  `json:"refused"` // why the word changed nothing; empty: it counted
	Code    string  `json:"code"`
	Stands  bool    `json:"stands,omitempty"` // refused, since the same person said the same before, and that counts
	Who     string  `json:"who"`              // the identity that the word came with
}

// write keeps a request with its record in one transaction.
func (d *Desk) write(ctx context.Context, r Request, outcome core.Outcome, actor string, detail any, effects ...dynamodbapi.Item) (Request, error) {
	item, err := put(d.Table, r)
	if err != nil {
		return r, err
	}
	if err := d.record(ctx, r, outcome, actor, detail, append(effects, item)...); err != nil {
		return r, err
	}
	r.rev++
	return r, nil
}

func (d *Desk) record(ctx context.Context, r Request, outcome core.Outcome, actor string, detail any, with ...dynamodbapi.Item) error {
	raw, err := canon.Marshal(detail)
	if err != nil {
		return fmt.Errorf("recording a word about %s: %w", r.ARN, err)
	}
	e := audit.Entry{
		Kind: audit.Verdict, Plan: r.Plan, Control: r.Control, Resource: r.ARN, Actor: actor, Outcome: string(outcome), Detail: json.RawMessage(raw),
	}
	if r.Key.Kind == Fix || r.Key.Kind == Exempt {
		e.Occurrence = r.Key.ID
	}
	_, err = d.Log.Append(ctx, r.Key.Account, e, with...)
	return err
}

// refused records a word that changed nothing, and returns why.
func (d *Desk) refused(ctx context.Context, r Request, a Answer, person string, why *Refusal) error {
	if person == "" {
		person = "unknown"
	}
	err := d.record(ctx, r, core.Refused, person, wordEntry{
		Request: Request{Key: r.Key, Round: r.Round, Plan: r.Plan, Control: r.Control, ARN: r.ARN, State: r.State},
		Verdict: a.Verdict, Via: a.Via, Why: clip(a.Why), Refused: why.Why, Code: why.Code, Stands: why.Stands, Who: clip(a.Identity),
	})
	if err != nil {
		return err
	}
	return why
}

// made is a key that whoever spoke made up, as it goes on the record of the installation's own account.
func (d *Desk) made(k Key) Key {
	k.Account = d.Account
	return k.clipped()
}

// clip bounds what strangers can have recorded.
func clip(s string) string {
	const longest = 512
	if len(s) > longest {
		s = strings.ToValidUTF8(s[:longest], "") // the record refuses half a character
	}
	return s
}

func (d *Desk) needs(file *rules.File, r Request) needs {
	a := file.ApprovalFor(d.subject(r), string(d.disruption(r)))
	stranger := slices.ContainsFunc(r.causes(), func(cause string) bool { _, known := file.PersonOf(cause); return !known })
	return needs{by: a.By, needed: a.Needed, stranger: stranger}
}

func (d *Desk) disruption(r Request) core.Disruption {
	m, _ := d.Control(r.Control)
	return m.Disruption
}

// subject is a request in the words of the rules file.
func (d *Desk) subject(r Request) rules.Subject {
	m, _ := d.Control(r.Control)
	return rules.Subject{
		Control: r.Control, Family: m.Family, Service: m.Service, Severity: string(m.Severity), Account: r.Key.Account, Region: r.Where.Region,
		ResourceType: r.Where.Type, ResourceID: r.Where.ID, ResourceARN: r.ARN, Global: m.Type.Global, AccountWide: m.AccountWide, IAM: m.Family == core.FamilyIAM,
	}
}

func (d *Desk) tell(ctx context.Context, r Request, news News) {
	if d.Tell != nil {
		d.Tell(ctx, r, news)
	}
}

// moved reports whether a transaction failed because the request was written by somebody else since it was read.
func moved(err error) bool {
	var failed *dynamodbapi.ConditionError
	return errors.As(err, &failed) && failed.Has(mustBeAsRead)
}
