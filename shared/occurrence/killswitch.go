package occurrence

import (
	"context"
	"fmt"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// MustBeLifted are the words of [Book.SwitchCheck]'s condition.
const MustBeLifted = "the kill switch is not engaged"

// Switch is the kill switch: while it is engaged, nothing is written to any account.
type Switch struct {
	Engaged    bool
	By, Reason string
	Since      time.Time
}

func switchKey() dynamodbapi.Values { return dynamodbapi.Key("switch", "kill") }

// SwitchCheck fails the transaction that records an intent if the kill switch is engaged, or is there and cannot be read.
func (b *Book) SwitchCheck() dynamodbapi.Item {
	return dynamodbapi.Item{Op: dynamodbapi.Check, Table: b.table, Key: switchKey(), Must: MustBeLifted,
		Condition: "attribute_not_exists(pk) OR switch_engaged = :no", Values: dynamodbapi.Values{":no": false}}
}

// SwitchItem engages or lifts the kill switch.
func (b *Book) SwitchItem(engaged bool, by, reason string) dynamodbapi.Item {
	v := switchKey()
	v["switch_engaged"], v["switch_by"], v["switch_reason"], v["switch_since"] = engaged, by, reason, stamp(b.now())
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: v}
}

// Engage stops all writing.
func (b *Book) Engage(ctx context.Context, by, reason string) error {
	if _, err := b.store.Write(ctx, b.SwitchItem(true, by, reason)); err != nil {
		return fmt.Errorf("engaging the kill switch: %w", err)
	}
	return nil
}

// Lift lets writing go on.
func (b *Book) Lift(ctx context.Context, by, reason string) error {
	if _, err := b.store.Write(ctx, b.SwitchItem(false, by, reason)); err != nil {
		return fmt.Errorf("lifting the kill switch: %w", err)
	}
	return nil
}

// Engaged returns the kill switch as it stands. After an error, treat it as engaged.
func (b *Book) Engaged(ctx context.Context) (Switch, error) {
	v, ok, err := b.store.Get(ctx, b.table, switchKey())
	if err != nil {
		return Switch{Engaged: true}, fmt.Errorf("reading the kill switch: %w", err)
	}
	// As in SwitchCheck: only a switch that says so is not engaged.
	engaged, said := v["switch_engaged"].(bool)
	return Switch{Engaged: ok && (engaged || !said), By: v.Text("switch_by"), Reason: v.Text("switch_reason"), Since: unstamp(v.Text("switch_since"))}, nil
}
