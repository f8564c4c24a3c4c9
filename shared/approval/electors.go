package approval

import (
	"context"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/rules"
)

// Who may approve is decided by those who may: the sections of the rules file that say so (people, approvals, the Slack workspace) come into force with a
// yes of the people before. Until then the old ones count. The first file of an installation counts as it is, and that is recorded.

func forceKey() dynamodbapi.Values { return dynamodbapi.Key("people", "in-force") }

func (d *Desk) inForce(hash, data string) dynamodbapi.Item {
	v := forceKey()
	v[attrHash], v[attrData] = hash, data
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: d.Table, Put: v}
}

// electors returns the file whose people and approvals are in force. A change that nobody has agreed to yet is asked about.
func (d *Desk) electors(ctx context.Context) (*rules.File, error) {
	file := d.Rules(ctx)
	if file == nil {
		return nil, refuse("rules", "the rules file cannot be read, so nobody can decide; mend it first (shoreup rules check)")
	}
	in, before, begun, err := inForce(ctx, d.Store, d.Table, file)
	if err != nil || begun {
		return in, err
	}
	return in, d.begin(ctx, in, before)
}

// InForce returns the file whose people are in force where this one is the newest. Until somebody decides for the first time, the newest counts as it is.
// IAM action: dynamodb:GetItem on the approvals table; the partition is "people".
func InForce(ctx context.Context, store *dynamodbapi.Store, table string, newest *rules.File) (*rules.File, error) {
	file, _, _, err := inForce(ctx, store, table, newest)
	return file, err
}

// inForce also says whether the people of that file are in force yet, and in the place of which hash they would come.
func inForce(ctx context.Context, store *dynamodbapi.Store, table string, newest *rules.File) (file *rules.File, before string, begun bool, err error) {
	v, ok, err := store.Get(ctx, table, forceKey())
	switch before = v.Text(attrHash); {
	case err != nil:
		return nil, "", false, err
	case !ok:
		return newest, "", false, nil
	case before == newest.ElectorsHash():
		return newest, before, true, nil
	}
	old, err := rules.Load([]byte(v.Text(attrData)))
	if err != nil {
		return nil, "", false, fmt.Errorf("reading the people in force: %w", err)
	}
	if len(old.People) == 0 { // nobody is there who could agree to the first ones
		return newest, before, false, nil
	}
	return old, before, true, nil
}

// begin brings the first people into force, in the place of nothing or of a file without any.
func (d *Desk) begin(ctx context.Context, file *rules.File, before string) error {
	first := d.inForce(file.ElectorsHash(), file.Data())
	first.Condition, first.Must = "attribute_not_exists(pk)", mustBeAsRead
	if before != "" {
		first.Condition, first.Values = attrHash+" = :before", dynamodbapi.Values{":before": before}
	}
	r := Request{Key: Key{Account: d.Account, Kind: People, ID: "people", Hash: file.ElectorsHash()}}
	return d.record(ctx, r, core.Planned, "shoreup", endEntry{Request: r, News: Asked}, first)
}

// Electors asks about a change of the people in the rules file, if there is one that nobody has agreed to.
func (d *Desk) Electors(ctx context.Context) error {
	file := d.Rules(ctx)
	old, err := d.electors(ctx)
	if err != nil || file == nil {
		return err
	}
	if err := d.away(ctx, file.ElectorsHash()); err != nil || old.ElectorsHash() == file.ElectorsHash() {
		return err
	}
	return unlessRefused(d.Ask(ctx, d.electorsRequest(old, file)))
}

// electorsRequest is what people are asked when the people in force are to be others.
func (d *Desk) electorsRequest(old, file *rules.File) Request {
	return Request{
		Key: Key{Account: d.Account, Kind: People, ID: "people", Hash: file.ElectorsHash()}, Body: []byte(file.Data()), Changes: ElectorsDiff(old, file),
	}
}

// away notes of each change of people that has ended that the rules file says something else by now: if it is put back, it is asked about again.
func (d *Desk) away(ctx context.Context, hash string) error {
	list, err := List(ctx, d.Store, d.Table, d.Account, People, "people")
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.State.open() || r.Away || r.Key.Hash == hash {
			continue
		}
		r.Away = true
		if err := d.keep(ctx, r); err != nil && !moved(err) {
			return err
		}
	}
	return nil
}
