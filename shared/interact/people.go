package interact

import (
	"context"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/rules"
)

// InForce returns the rules file whose people are in force: the newest that is read, or the one before as long as its people have not agreed to a change.
// It is nil where none can be read. IAM action: dynamodb:GetItem on the approvals table; the partition is "people".
func InForce(store *dynamodbapi.Store, approvals string, newest func(context.Context) *rules.File) func(context.Context) (*rules.File, error) {
	return func(ctx context.Context) (*rules.File, error) {
		file := newest(ctx)
		if file == nil {
			return nil, nil
		}
		return approval.InForce(ctx, store, approvals, file)
	}
}
