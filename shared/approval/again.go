package approval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// A no, or a weekend without a word, ends a request and not what is wrong: people can be asked once more about the same plan, in another round. Whoever asks
// cannot decide; the words of the rounds before stand in the record alone.

// AskAgain opens another round of what was rejected or has expired. The error is a *[Refusal] if nothing came of it, which is recorded. Any other error means
// that it is not known to have been asked: it may be given again.
func (d *Desk) AskAgain(ctx context.Context, a Againing) (Request, error) {
	person, refusal, err := d.asker(ctx, a.Key, a.Identity)
	if refusal != nil || err != nil {
		return Request{}, joined(refusal, err)
	}
	for range writeTries {
		r, err := d.askAgainOnce(ctx, a, person)
		if !moved(err) {
			return r, err
		}
	}
	return Request{}, fmt.Errorf("asking again about %s %s: others decide at the same moment; try again", a.Key.Kind, a.Key.ID)
}

func (d *Desk) askAgainOnce(ctx context.Context, a Againing, person string) (Request, error) {
	there, ok, err := Get(ctx, d.Store, d.Table, a.Key)
	if err != nil {
		return there, err
	}
	if !ok || a.Key.Hash == "" {
		return there, d.notAsked(ctx, a.Key, person, refuse("unknown", "there is no such request"))
	}
	if a.Round != there.Round {
		return there, d.notAgain(ctx, there, person, refuse("other-hash", "this was asked again since; see the newest message"))
	}
	if there, err = d.follow(ctx, there, d.Now()); err != nil { // its time may be over, and nobody has noticed
		return there, err
	}
	r, no, err := d.reopened(ctx, there)
	if err != nil {
		return there, err
	}
	if no == nil {
		r.Requester, r.Again = person, &Again{By: person, Why: clip(a.Why), State: there.State, Ended: there.Why}
		no, err = d.nobodyLeft(ctx, r)
	}
	if err != nil {
		return there, err
	}
	if no != nil {
		return there, d.notAgain(ctx, there, person, no)
	}
	return d.askedBy(ctx, r)
}

// notAgain records that a person asked again and was told no.
func (d *Desk) notAgain(ctx context.Context, r Request, person string, no *Refusal) error {
	r.Requester = person
	return d.notAskedFor(ctx, r, no)
}

// Clicked asks once more about the plan of a resource for which somebody asked in Security Hub, nobody knows who, unless people are asked already. A click of
// before the last word is one that was delivered again.
func (d *Desk) Clicked(ctx context.Context, control string, where awsapi.Resource, at time.Time) error {
	if err := d.Follow(ctx, control, where, ""); err != nil {
		return err
	}
	occ, found, err := d.Book.Get(ctx, control, where)
	if err != nil || !found {
		return err
	}
	there, ok, err := Get(ctx, d.Store, d.Table, Key{Account: where.Account, Kind: Fix, ID: occ.ID, Hash: occ.PlanHash})
	if err != nil || !ok || there.State != Rejected && there.State != Expired || !at.After(there.Ended) {
		return err
	}
	r, no, err := d.reopened(ctx, there)
	if err != nil || no != nil { // it is over, or nobody is asked about it any more
		return err
	}
	r.Again = &Again{Why: "asked for in Security Hub", State: there.State, Ended: there.Why}
	return unlessRefused(d.Ask(ctx, r))
}

// reopened is what another round of a request asks, or why there is none.
func (d *Desk) reopened(ctx context.Context, r Request) (Request, *Refusal, error) {
	switch {
	case r.State.open():
		return r, refuse("open", "it is asked already, and waits until %s", stamp(r.Expires)), nil
	case r.State == Applied:
		return r, refuse("ended", "it is decided: %s%s", r.State, because(r.Why)), nil
	case r.State.overtaken():
		return r, refuse("moved", "it is %s%s", r.State, because(r.Why)), nil
	}
	switch r.Key.Kind {
	case Fix:
		return d.reopenedFix(ctx, r)
	case People:
		return d.reopenedPeople(ctx, r)
	}
	return r, refuse("nothing", "only a fix or a change of people is asked about again in this way; the rest with the command that asked first"), nil
}

func (d *Desk) reopenedFix(ctx context.Context, r Request) (Request, *Refusal, error) {
	occ, found, err := d.Book.Get(ctx, r.Control, r.Where)
	if err != nil {
		return r, nil, err
	}
	switch {
	case !found || occ.ID != r.Key.ID:
		return r, refuse("moved", "what it was about is over: %s", orElse(pastOf(occ, found), "the resource was dealt with meanwhile")), nil
	case occ.PlanHash != r.Key.Hash:
		return r, refuse("moved", "the resource or the control changed, and plan %s %s took its place", occ.PlanID, core.ShortHash(occ.PlanHash)), nil
	case occ.State != occurrence.Waiting:
		return r, refuse("moved", "it is being dealt with at this moment"), nil
	}
	exempt, is, err := Exempted(ctx, d.Store, d.Table, r.Control, r.Where, d.Now())
	if err != nil {
		return r, nil, err
	}
	if is {
		return r, refuse("moved", "%s", exempt.says()), nil
	}
	if why := d.asksNobody(ctx, occ); why != "" {
		return r, refuse("moved", "%s", why), nil
	}
	m, ok := d.Control(occ.Control)
	if !ok {
		return r, nil, fmt.Errorf("asking again about plan %s: there is no control %s here", occ.PlanID, occ.Control)
	}
	fresh := fixOf(occ, m)
	fresh.Was = r.Was
	return fresh, nil, nil
}

func pastOf(occ occurrence.Occurrence, found bool) string {
	if !found {
		return ""
	}
	return occ.Past.Outcome
}

func (d *Desk) reopenedPeople(ctx context.Context, r Request) (Request, *Refusal, error) {
	file := d.Rules(ctx)
	old, err := d.electors(ctx)
	if no, is := err.(*Refusal); is {
		return r, no, nil
	}
	switch {
	case err != nil:
		return r, nil, err
	case file == nil || file.ElectorsHash() != r.Key.Hash:
		return r, refuse("moved", "the rules file says something else by now"), nil
	case old.ElectorsHash() == r.Key.Hash:
		return r, refuse("ended", "it is in force"), nil
	}
	return d.electorsRequest(old, file), nil, nil
}

// nobodyLeft refuses to ask in the name of somebody where too few others could decide: their asking would be the end of it.
func (d *Desk) nobodyLeft(ctx context.Context, r Request) (*Refusal, error) {
	file, err := d.electors(ctx)
	if no, is := err.(*Refusal); is {
		return no, nil
	}
	if err != nil {
		return nil, err
	}
	rule := d.needs(file, r)
	var left []string
	for _, name := range rule.by {
		if name != r.Requester && !slices.Contains(causers(file, r), name) {
			left = append(left, name)
		}
	}
	if n := max(1, r.needed(rule)); len(left) < n {
		return refuse("four-eyes", "it takes %d who neither asked for it nor caused it, and with you asking there would be %d: let somebody else ask", n, len(left)), nil
	}
	return nil, nil
}

// mayReopen says whether what has ended can be asked about in another round: people ask, or nobody said no to it. What is in force of the people is
// asked about again once it is not, and what was rejected of them once the file has said something else meanwhile.
func mayReopen(there, r Request) bool {
	switch {
	case there.State.overtaken():
		return true
	case there.Key.Kind == People && there.Away:
		return true
	case there.State == Applied:
		return false
	}
	return r.Requester != "" || r.Again != nil
}

// howAgain tells people what they can do about an end that is none of the resource's.
func (r Request) howAgain() string {
	if (r.State == Rejected || r.State == Expired) && (r.Key.Kind == Fix || r.Key.Kind == People) {
		return "; to have it asked again: shoreup ask " + core.ShortHash(r.Key.Hash) + ", or Ask again in its Slack message"
	}
	return ""
}

// asksNobody says why nobody is asked about an occurrence's plan, by what the rules file says at this moment; empty: people are.
func (d *Desk) asksNobody(ctx context.Context, occ occurrence.Occurrence) string {
	file := d.Rules(ctx)
	says := func(mode, why string) string {
		return fmt.Sprintf("the rules say %s now%s", mode, because(why))
	}
	if now, rule, known := decisionNow(file, occ, d.Now()); known && now != rules.Approve.String() {
		return says(now, rule)
	}
	if occ.Decision != "" && occ.Decision != rules.Approve.String() {
		return says(occ.Decision, "")
	}
	return ""
}
