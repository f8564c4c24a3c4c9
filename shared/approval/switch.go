package approval

import (
	"context"
	"errors"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const (
	attrTold = "switch_told" // since when the switch has stood as people were told last

	mustBeUntold = "people were not told of this"
	// freshLift is how long a lift is news where nobody was told that the switch was engaged.
	freshLift = 24 * time.Hour
)

// Switched is how the kill switch stands, for everybody.
type Switched struct {
	Switch occurrence.Switch `json:"switch"`
	Held   int               `json:"held"` // approved plans that it holds up, or held up
}

// SwitchNews returns a note about the kill switch if it stands otherwise than people were told last. Whoever engages it at a terminal has no way to people, so
// that the schedule looks. The same is returned once.
func (d *Desk) SwitchNews(ctx context.Context) (Note, bool, error) {
	s, err := d.Book.Engaged(ctx)
	if err != nil || s.Since.IsZero() || !s.Engaged && d.Now().Sub(s.Since) > freshLift {
		return Note{}, false, err
	}
	key, since := dynamodbapi.Key("switch", "told"), s.Since.UTC().Format(time.RFC3339Nano)
	last, _, err := d.Store.Get(ctx, d.Table, key)
	if err != nil || last.Text(attrTold) == since {
		return Note{}, false, err
	}
	held, err := d.held(ctx)
	if err != nil { // the next look tells it
		return Note{}, false, err
	}
	key[attrTold] = since
	_, err = d.Store.Write(ctx, dynamodbapi.Item{Op: dynamodbapi.Put, Table: d.Table, Put: key, Must: mustBeUntold,
		Condition: "attribute_not_exists(pk) OR " + attrTold + " <> :since", Values: dynamodbapi.Values{":since": since}})
	var told *dynamodbapi.ConditionError
	if errors.As(err, &told) {
		return Note{}, false, nil
	}
	return Note{Switch: &Switched{s, held}}, err == nil, err
}
