package approval

import (
	"context"
	"fmt"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/rules"
)

// PeopleInForce reports whether an installation has people who decide, as they were agreed on there. A rules file that somebody brings cannot say otherwise.
func PeopleInForce(ctx context.Context, store *dynamodbapi.Store, table string) (bool, error) {
	v, ok, err := store.Get(ctx, table, forceKey())
	if err != nil || !ok {
		return false, err
	}
	file, err := rules.Load([]byte(v.Text(attrData)))
	if err != nil {
		return true, fmt.Errorf("reading the people in force: %w", err)
	}
	return len(file.People) > 0, nil
}
