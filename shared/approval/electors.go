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
		return nil, refuse("moved", "the rules file cannot be read, so nobody can decide; mend it first (shoreup rules check)")
	}
	v, ok, err := d.Store.Get(ctx, d.Table, forceKey())
	if err != nil {
		return nil, err
	}
	hash := file.ElectorsHash()
	switch {
	case !ok:
		return file, d.begin(ctx, file, "")
	case v.Text(attrHash) == hash:
		return file, nil
	}
	old, err := rules.Load([]byte(v.Text(attrData)))
	if err != nil {
		return nil, fmt.Errorf("reading the people in force: %w", err)
	}
	if len(old.People) == 0 { // nobody is there who could agree to the first ones
		return file, d.begin(ctx, file, v.Text(attrHash))
	}
	return old, nil
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
	if err != nil || file == nil || old.ElectorsHash() == file.ElectorsHash() {
		return err
	}
	_, err = d.Ask(ctx, Request{
		Key: Key{Account: d.Account, Kind: People, ID: "people", Hash: file.ElectorsHash()}, Body: []byte(file.Data()), Changes: ElectorsDiff(old, file),
	})
	if _, refused := err.(*Refusal); refused {
		return nil
	}
	return err
}
