package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/canon"
)

// An account is a partition. Attribute names have an underscore, because DynamoDB reserves most plain words.
const (
	attrBody  = "request_body" // the request as canonical JSON
	attrData  = "request_data"
	attrState = "request_state"
	attrHash  = "request_hash"
	attrRev   = "request_rev"
	attrEnds  = "request_ends" // milliseconds since 1970
	attrPlan  = "request_plan"

	sectionRequest = "request#"

	// keepEnded is how long it is known here how a request ended; the audit log knows it for ever.
	keepEnded = 90 * 24 * time.Hour

	mustBeAsRead = "the request is as it was read"
	// MustBeGranted are the words of [Grant.Guard]'s condition.
	MustBeGranted = "the plan is approved, and the approval has not ended"
)

func partition(account string) string { return "account#" + account }

func (k Key) item() dynamodbapi.Values {
	return dynamodbapi.Key(partition(k.Account), sectionRequest+strings.Join([]string{string(k.Kind), k.ID, k.Hash}, "#"))
}

// fits reports whether there can be an item of that key at all: DynamoDB refuses longer ones as an error of the caller's ("Quotas in Amazon DynamoDB").
func (k Key) fits() bool {
	const maxPartitionKey = 2048 // bytes
	item := k.item()
	return len(item.Text(dynamodbapi.PK)) <= maxPartitionKey && len(item.Text(dynamodbapi.SK)) <= maxSortKey
}

// clipped is a key as it is recorded of somebody who made it up.
func (k Key) clipped() Key {
	return Key{Account: clip(k.Account), Kind: Kind(clip(string(k.Kind))), ID: clip(k.ID), Hash: clip(k.Hash)}
}

// put writes a request in the place of the one that was read, or of none.
func put(table string, r Request) (dynamodbapi.Item, error) {
	body, err := canon.Marshal(r)
	if err != nil {
		return dynamodbapi.Item{}, fmt.Errorf("keeping the request about %s: %w", r.ARN, err)
	}
	v := r.Key.item()
	v[attrBody], v[attrData], v[attrState], v[attrHash], v[attrRev], v[attrEnds] = string(body), string(r.Body), string(r.State), r.Key.Hash, r.rev+1, r.Expires.UnixMilli()
	if len(r.Shown) > 0 {
		v[attrShown] = string(r.Shown)
	}
	if len(r.plan) > 0 {
		v[attrPlan] = string(r.plan)
	}
	if !r.State.open() {
		v[dynamodbapi.TTL] = r.Ended.Add(keepEnded).Unix()
	}
	it := dynamodbapi.Item{Op: dynamodbapi.Put, Table: table, Put: v, Must: mustBeAsRead, Condition: "attribute_not_exists(pk)"}
	if r.rev > 0 {
		it.Condition, it.Values = attrRev+" = :rev", dynamodbapi.Values{":rev": r.rev}
	}
	return it, nil
}

func requestOf(v dynamodbapi.Values) (Request, error) {
	var r Request
	if err := json.Unmarshal([]byte(v.Text(attrBody)), &r); err != nil {
		return r, fmt.Errorf("reading request %s: %w", v.Text(dynamodbapi.SK), err)
	}
	r.rev = v.Int(attrRev)
	if data := v.Text(attrData); data != "" {
		r.Body = []byte(data)
	}
	if plan := v.Text(attrPlan); plan != "" {
		r.plan = []byte(plan)
	}
	if shown := v.Text(attrShown); shown != "" {
		r.Shown = []byte(shown)
	}
	// The condition of whoever applies reads these attributes, people read the body: they must say the same.
	if string(r.State) != v.Text(attrState) || r.Key.Hash != v.Text(attrHash) || r.Key.item()[dynamodbapi.SK] != v.Text(dynamodbapi.SK) {
		return Request{}, fmt.Errorf("reading request %s: its attributes and its body differ", v.Text(dynamodbapi.SK))
	}
	return r, nil
}

// Get returns the request about one thing, and whether there is one.
func Get(ctx context.Context, store *dynamodbapi.Store, table string, k Key) (Request, bool, error) {
	if !k.fits() {
		return Request{}, false, nil
	}
	v, ok, err := store.Get(ctx, table, k.item())
	if err != nil || !ok {
		return Request{}, false, err
	}
	r, err := requestOf(v)
	return r, err == nil, err
}

// List returns all requests of an account that are kept, open and ended, in no order that means anything. An empty kind is every kind; with an id only those about it.
func List(ctx context.Context, store *dynamodbapi.Store, table, account string, kind Kind, id string) ([]Request, error) {
	from := sectionRequest
	if kind != "" {
		from += string(kind) + "#"
		if id != "" {
			from += id + "#"
		}
	}
	var out []Request
	for v, err := range store.All(ctx, dynamodbapi.Query{Table: table, PK: partition(account), From: from, To: from + "\U0010FFFF"}) {
		if err != nil {
			return nil, err
		}
		r, err := requestOf(v)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Grant is an approval that whoever applies has read.
type Grant struct {
	Request
	table string
}

// Granted returns the approval of a plan in an occurrence, if there is one that counts now.
func Granted(ctx context.Context, store *dynamodbapi.Store, table string, k Key, now time.Time) (Grant, bool, error) {
	r, ok, err := Get(ctx, store, table, k)
	if err != nil || !ok || r.State != Approved || !now.Before(r.Expires) {
		return Grant{}, false, err
	}
	return Grant{r, table}, true, nil
}

// By names who approved, for the record and as source identity of the session that writes: at most 64 characters of those that STS takes.
// Source: STS API reference, AssumeRole, SourceIdentity.
func (g Grant) By() string {
	s := strings.Join(g.people(), ",")
	if len(s) > 64 {
		return s[:64]
	}
	return s
}

// Guard fails the transaction that it is put into unless the approval still counts: it may have ended since it was read.
func (g Grant) Guard(now time.Time) dynamodbapi.Item {
	return dynamodbapi.Item{
		Op: dynamodbapi.Check, Table: g.table, Key: g.Key.item(), Must: MustBeGranted,
		Condition: fmt.Sprintf("%s = :approved AND %s = :hash AND %s > :now", attrState, attrHash, attrEnds),
		Values:    dynamodbapi.Values{":approved": string(Approved), ":hash": g.Key.Hash, ":now": now.UnixMilli()},
	}
}

func list(names []string) string {
	if len(names) == 0 {
		return "nobody; list people under approvals in the rules file"
	}
	return strings.Join(names, ", ")
}
