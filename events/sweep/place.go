package wiresweep

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/events/wire"
)

// PlaceDetailType is what the message carries that asks the sweep function to list one place. It has a queue of its own; no other reader knows it.
const PlaceDetailType = "shoreup sweep place"

// Place is one account and Region whose resources are to be listed.
//
//	{"version":"0","id":"...","source":"shoreup","detail-type":"shoreup sweep place","account":"...","region":"...","time":"...",
//	 "detail":{"account":"...","region":"...","partition":"aws"}}
type Place struct {
	Account   string `json:"account"`
	Region    string `json:"region"`
	Partition string `json:"partition"`
}

// EncodePlace writes the message about a place. The id names it for people; now is when it was made.
func EncodePlace(p Place, id string, now time.Time) ([]byte, error) {
	return encode(PlaceDetailType, p.Account, p.Region, id, now, p)
}

// Encode writes a sweep message: look at these resources.
func Encode(d Detail, id string, now time.Time) ([]byte, error) {
	return encode(DetailType, d.Account, d.Region, id, now, d)
}

func encode(detailType, account, region, id string, now time.Time, detail any) ([]byte, error) {
	b, err := json.Marshal(map[string]any{
		"version": "0", "id": id, "source": Source, "detail-type": detailType, "account": account, "region": region,
		"time": now.UTC().Format(time.RFC3339), "detail": detail,
	})
	if err != nil {
		return nil, fmt.Errorf("writing a sweep message: %w", err)
	}
	return b, nil
}

// ParsePlace reads the message about a place. Errors wrap wire.ErrMalformed: not ours, unknown fields, no account id, or a Region that is not of
// the partition.
func ParsePlace(raw []byte) (Place, error) {
	env, err := wire.Decode(raw)
	if err != nil {
		return Place{}, err
	}
	if env.Source != Source || env.DetailType != PlaceDetailType {
		return Place{}, env.Malformed("%.128q is not %q", env.DetailType, PlaceDetailType)
	}
	var p Place
	dec := json.NewDecoder(bytes.NewReader(env.Detail))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Place{}, fmt.Errorf("reading sweep message %.128q: %w: %w", env.ID, wire.ErrMalformed, err)
	}
	switch partition := signal.PartitionOf(p.Region); {
	case !signal.IsAccountID(p.Account):
		return Place{}, env.Malformed("%.64q is not an account id", p.Account)
	case partition == "" || partition != p.Partition:
		return Place{}, env.Malformed("Region %.64q is not one of partition %.64q", p.Region, p.Partition)
	}
	return p, nil
}
