package review

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// Item is one request with what people have to see before they decide.
type Item struct {
	Ref     string           `json:"ref"`
	Request approval.Request `json:"request"`
	Wants   int              `json:"wants"` // different people who must agree, at least
	// Plan is the plan of a fix, or the one that takes a fix back: the canonical bytes that the request's hash covers. Empty: the occurrence has another one by
	// now, or there was no room for it.
	Plan string `json:"plan,omitempty"`
	// About is what other requests are about: an exemption, the kill switch or what is told of an undo as JSON, or the text of a rules file.
	About string     `json:"about,omitempty"`
	Occ   Occurrence `json:"occurrence,omitzero"`
}

// Occurrence is what is known of the occurrence of a fix besides its plan.
type Occurrence struct {
	State    string          `json:"state"`
	Decision string          `json:"decision"`
	Opened   time.Time       `json:"opened,omitzero"`
	Cause    time.Time       `json:"cause,omitzero"`
	Actor    string          `json:"actor"`
	Origin   string          `json:"origin"`
	Past     occurrence.Past `json:"past,omitzero"`
}

// List is what waits for people.
type List struct {
	You   string `json:"you"` // as AWS vouches
	Items []Item `json:"items"`
	Cut   bool   `json:"cut"` // there is more than fits an answer: ask for one account
}

// Tables is where requests are read. Nothing here writes.
type Tables struct {
	Store     *dynamodbapi.Store
	Approvals string // the table's name
	Book      *occurrence.Book
	Log       *audit.Log
	Account   string // the installation's own
	Now       func() time.Time
}

// TablesOf returns the tables of the installation whose account the session is in. Prefix is that of the tables' names.
func TablesOf(own awsapi.Session, prefix string, log *audit.Log, book *occurrence.Book) Tables {
	approvals := dynamodbapi.Table{Suffix: occurrence.ApprovalTable}.Name(prefix)
	return Tables{Store: dynamodbapi.NewStore(own), Approvals: approvals, Book: book, Log: log, Account: own.Account, Now: time.Now}
}

const (
	atOnce = 8 // accounts
	// readPlans is how many occurrences an account may have whose plans are read by themselves: beyond it one query reads all.
	readPlans = 10
)

// Accounts returns all accounts that anything was ever recorded of.
func (t Tables) Accounts(ctx context.Context) ([]string, error) {
	chains, err := t.Log.Chains(ctx)
	return slices.DeleteFunc(chains, func(c string) bool { return !accountID.MatchString(c) }), err
}

// Pending returns the requests of accounts about which people may still decide, and those approved that are not carried out yet. What expires first is first.
func (t Tables) Pending(ctx context.Context, accounts []string) ([]Item, error) {
	now := t.Now()
	out, err := t.all(ctx, accounts, func(requests []approval.Request) []approval.Request {
		return slices.DeleteFunc(requests, func(r approval.Request) bool { return !r.Open() || !now.Before(r.Expires) })
	})
	slices.SortStableFunc(out, func(a, b Item) int {
		if d := a.Request.Expires.Compare(b.Request.Expires); d != 0 {
			return d
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	return out, err
}

// all are the items of the requests that are kept of each account's.
func (t Tables) all(ctx context.Context, accounts []string, keep func([]approval.Request) []approval.Request) ([]Item, error) {
	lists := make([][]Item, len(accounts))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, account := range accounts {
		g.Go(func() (err error) {
			lists[i], err = t.items(ctx, account, keep)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

func (t Tables) items(ctx context.Context, account string, keep func([]approval.Request) []approval.Request) ([]Item, error) {
	requests, err := approval.List(ctx, t.Store, t.Approvals, account, "", "")
	if err != nil {
		return nil, err
	}
	requests = keep(requests)
	open := map[string]occurrence.Occurrence{} // by id
	if len(requests) > readPlans {
		list, err := t.Book.ListOpen(ctx, account)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			open[o.ID] = o
		}
	}
	out := make([]Item, len(requests))
	for i, r := range requests {
		o, known := open[r.Key.ID]
		if r.Key.Kind == approval.Fix && !known && len(requests) <= readPlans {
			if o, _, err = t.Book.Get(ctx, r.Control, r.Where); err != nil {
				return nil, err
			}
		}
		out[i] = itemOf(r, o)
	}
	return out, nil
}

// Item returns the request of that key as it is now, and whether there is one.
func (t Tables) Item(ctx context.Context, k approval.Key) (Item, bool, error) {
	r, ok, err := approval.Get(ctx, t.Store, t.Approvals, k)
	if err != nil || !ok {
		return Item{}, false, err
	}
	var o occurrence.Occurrence
	if k.Kind == approval.Fix {
		if o, _, err = t.Book.Get(ctx, r.Control, r.Where); err != nil {
			return Item{}, false, err
		}
	}
	return itemOf(r, o), true, nil
}

// itemOf shows a plan only if it is the very one that the request is about.
func itemOf(r approval.Request, o occurrence.Occurrence) Item {
	item := Item{Ref: RefOf(r).String(), Wants: r.Wants(), About: string(r.Body), Request: r}
	item.Request.Posted = nil                                                                         // where Slack shows it is nobody's business here
	for _, list := range []*[]string{&item.Request.Rules, &item.Request.By, &item.Request.Escalate} { // lists are never null, for programs
		if *list == nil {
			*list = []string{}
		}
	}
	if item.Request.Votes == nil {
		item.Request.Votes = []approval.Vote{}
	}
	if r.Key.Kind == approval.Undo {
		item.Plan, item.About = "", ""
		if body, err := approval.ReadUndo(r.Body, r.Key.Hash); err == nil { // else there is nothing that anybody should decide about
			item.Plan = string(body.Plan)
			body.Plan = nil
			if about, err := json.Marshal(body); err == nil {
				item.About = string(about)
			}
		}
	}
	if r.Key.Kind != approval.Fix || o.ID != r.Key.ID {
		return item
	}
	item.Occ = Occurrence{string(o.State), o.Decision, o.Opened, o.Cause, o.Actor, o.Origin, o.Past}
	if canon.Hash(o.Plan) == r.Key.Hash {
		item.Plan = string(o.Plan)
	}
	return item
}

// Body is what a request other than a fix's is about, as the request itself holds it: requests travel without.
func (it Item) Body() []byte {
	if it.Request.Key.Kind != approval.Undo {
		return []byte(it.About)
	}
	var u approval.UndoBody
	if json.Unmarshal([]byte(it.About), &u) != nil || it.Plan == "" {
		return nil
	}
	u.Plan = json.RawMessage(it.Plan)
	raw, err := json.Marshal(u)
	if err != nil {
		return nil
	}
	return raw
}
