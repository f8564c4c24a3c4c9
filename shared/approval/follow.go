package approval

import (
	"context"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// endEntry is what the audit log says about a request's asking and its end without a word.
type endEntry struct {
	Request Request `json:"request"`
	News    News    `json:"news"`
}

// Follow brings the requests about a resource in line with its occurrence: asks about a plan that waits, ends what was asked about another one.
// Whoever calls it only says where to look. Requester is the person who asked for the fix, empty if nobody did.
func (d *Desk) Follow(ctx context.Context, control string, where awsapi.Resource, requester string) error {
	occ, found, err := d.Book.Get(ctx, control, where)
	if err != nil {
		return err
	}
	ids := []string{occ.Past.ID}
	if found {
		ids = append(ids, occ.ID)
	} else {
		past, err := d.Book.Past(ctx, control, where)
		if err != nil {
			return err
		}
		ids[0] = past.ID
	}
	for _, id := range ids {
		if err := d.followAll(ctx, where.Account, id); err != nil {
			return err
		}
	}
	if err := d.followUndos(ctx, control, where); err != nil {
		return err
	}
	if !found || occ.State != occurrence.Waiting || occ.Decision != rules.Approve.String() {
		return nil
	}
	return d.ask(ctx, occ, requester)
}

func (d *Desk) followAll(ctx context.Context, account, id string) error {
	if id == "" {
		return nil
	}
	requests, err := List(ctx, d.Store, d.Table, account, Fix, id)
	if err != nil {
		return err
	}
	for _, r := range requests {
		if _, err := d.follow(ctx, r, d.Now()); err != nil && !moved(err) {
			return err
		}
	}
	return nil
}

// follow ends a request that the clock or its resource has left behind, and returns it as it is then.
func (d *Desk) follow(ctx context.Context, r Request, now time.Time) (Request, error) {
	if !r.State.open() {
		return r, nil
	}
	e, err := d.overtaken(ctx, r)
	if err != nil {
		return r, err
	}
	if e.state == "" && !now.Before(r.Expires) {
		e = ended(Expired, "nobody decided in time")
		if r.State == Approved {
			e = ended(Expired, "it was approved and could not be applied in time")
		}
	}
	if e.state == "" {
		return r, nil
	}
	next, ok := end(r, e.state, e.text(), now)
	if !ok {
		return r, nil
	}
	if next.State.overtaken() {
		next.EndedWhy, next.Moved = e.why, e.moved
	}
	next, err = d.write(ctx, next, outcomeOf(next), "shoreup", endEntry{Request: next, News: Over})
	if err != nil {
		return r, err
	}
	d.tell(ctx, next, Over)
	return next, nil
}

// overtaken says how the occurrence of a fix has left the request behind.
func (d *Desk) overtaken(ctx context.Context, r Request) (ending, error) {
	switch r.Key.Kind {
	case Lift:
		s, err := d.Book.Engaged(ctx)
		if err == nil && (!s.Engaged || s.Since.UTC().Format(time.RFC3339Nano) != r.Key.ID) {
			return ended(Stale, "the kill switch was lifted, or engaged anew"), nil
		}
		return ending{}, err
	case People:
		if file := d.Rules(ctx); file != nil && file.ElectorsHash() != r.Key.Hash {
			return ended(Superseded, "the rules file changed again"), nil
		}
		return ending{}, nil
	case Undo:
		return d.takenBack(ctx, r)
	case Exempt: // it was asked for when somebody else may have been the cause
		occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
		if err == nil && (!found || occ.ID != r.Key.ID) {
			return ended(Stale, "what it was to exempt is over"), nil
		}
		return ending{}, err
	}
	return d.overtakenFix(ctx, r)
}

func (d *Desk) overtakenFix(ctx context.Context, r Request) (ending, error) {
	occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
	if err != nil {
		return ending{}, err
	}
	if !found || occ.ID != r.Key.ID {
		past := occ.Past
		if !found {
			if past, err = d.Book.Past(ctx, r.Control, r.Where); err != nil {
				return ending{}, err
			}
		}
		used, err := d.Book.Spent(ctx, r.Key.Account, r.Key.ID, r.Key.Hash, r.Round)
		if err != nil {
			return ending{}, err
		}
		return endOf(r, past, used, occ), nil
	}
	exempt, is, err := Exempted(ctx, d.Store, d.Table, r.Control, r.Where, d.Now())
	switch {
	case err != nil:
		return ending{}, err
	case occ.State != occurrence.Applying && is:
		return ended(Stale, exempt.says()), nil
	case occ.PlanHash != r.Key.Hash:
		return replacedBy(r, occ), nil
	case occ.State != occurrence.Applying:
		if why := d.asksNobody(ctx, occ); why != "" {
			return ended(Stale, why), nil
		}
	}
	return ending{}, nil
}

// endOf says what became of a request whose occurrence is closed. An approval is used as soon as calls were begun, whatever came of them; without that it was
// another plan that mended the resource, or the rules had come to ask nobody. Next is the occurrence that came after it, if there is one yet.
func endOf(r Request, past occurrence.Past, used bool, next occurrence.Occurrence) ending {
	if past.ID != r.Key.ID {
		return ended(Stale, "the resource was dealt with meanwhile")
	}
	switch core.Outcome(past.Outcome) {
	case core.Fixed, core.Unverified, core.Failed:
		if r.State == Approved && used {
			return ended(Applied, applied+past.Outcome)
		}
		return ended(Stale, "it was mended without this approval")
	case core.Compliant, core.NotApplicableHere:
		return ended(Stale, "it is in order already")
	case core.Stale:
		if next.ID == "" {
			return ended(Stale, notYetKnown)
		}
		e := replacedBy(r, next)
		e.state = Stale
		return e
	}
	return ended(Stale, "it was not carried out: "+past.Outcome)
}

// applied begins the reason of a request that was carried out; the outcome follows.
const applied = "applied: "

// outcomeOf is what the record says of a request's end.
func outcomeOf(r Request) core.Outcome {
	switch r.State {
	case Expired:
		return core.Expired
	case Applied:
		what, _, _ := strings.Cut(strings.TrimPrefix(r.Why, applied), ",")
		return core.Outcome(what)
	}
	return core.Stale
}

// stamp is a time as people read it.
func stamp(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") }

func actor(person string) string {
	if person == "" {
		return "shoreup"
	}
	return person
}

// HashOf is the hash of what a request other than a fix's is about.
func HashOf(body any) (hash string, raw []byte, err error) {
	if raw, err = canon.Marshal(body); err != nil {
		return "", nil, err
	}
	return canon.Hash(raw), raw, nil
}
