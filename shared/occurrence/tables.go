package occurrence

import (
	"context"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// The suffixes of our tables' names.
const (
	StateTable    = "state"
	AuditTable    = "audit"
	ApprovalTable = "approvals"
)

// Tables returns all tables of the hub, so that a deployment, the demo and the tests make the same ones.
func Tables() []dynamodbapi.Table {
	return []dynamodbapi.Table{
		{Suffix: StateTable, Holds: "Occurrences, leases, counters and the kill switch.", Expires: true},
		{Suffix: AuditTable, Holds: "The audit chains.", Keep: true},
		{Suffix: ApprovalTable, Holds: "Verdicts of people; apply only reads it.", Expires: true, Keep: true},
	}
}

// CreateTables makes all tables in the session's account and Region, for an emulator. Those that are there stay as they are.
func CreateTables(ctx context.Context, s awsapi.Session, prefix string) error {
	store := dynamodbapi.NewStore(s)
	for _, t := range Tables() {
		if err := store.Create(ctx, t, prefix); err != nil {
			return err
		}
	}
	return nil
}
