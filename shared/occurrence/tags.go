package occurrence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// keepTags is how long it is known who set a tag: longer than the day for which the rules ask, and than an event may be late.
const keepTags = 3 * 24 * time.Hour

// Tagged says who set a tag last, and when.
type Tagged struct {
	By string // ARN
	At time.Time
}

func tagsOf(r awsapi.Resource) string {
	return "tags#" + strings.Join([]string{r.Account, r.Region, r.Type, r.ID}, "#")
}

// NoteTags notes that somebody set tags on a resource. A note never gives way to an older one.
func (b *Book) NoteTags(ctx context.Context, r awsapi.Resource, keys []string, by string, at time.Time) error {
	for _, key := range keys {
		v := dynamodbapi.Key(tagsOf(r), key)
		v["tag_by"], v["tag_at"], v[dynamodbapi.TTL] = by, millis(at), b.now().Add(keepTags).Unix()
		_, err := b.store.Write(ctx, dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: v, Must: "no newer note is there",
			Condition: "attribute_not_exists(pk) OR tag_at <= :at", Values: dynamodbapi.Values{":at": millis(at)}})
		if err != nil && !isCondition(err) {
			return fmt.Errorf("noting who set tag %s of %s: %w", key, r.ID, err)
		}
	}
	return nil
}

// Tagged returns who set which tags of a resource in the last days, as far as events told.
func (b *Book) Tagged(ctx context.Context, r awsapi.Resource) (map[string]Tagged, error) {
	out := map[string]Tagged{}
	for v, err := range b.store.All(ctx, dynamodbapi.Query{Table: b.table, PK: tagsOf(r)}) {
		if err != nil {
			return nil, fmt.Errorf("reading who set the tags of %s: %w", r.ID, err)
		}
		out[v.Text(dynamodbapi.SK)] = Tagged{By: v.Text("tag_by"), At: fromMillis(v.Int("tag_at"))}
	}
	return out, nil
}
