package occurrence

import (
	"time"

	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
)

// MustBeNewToday are the words of [Book.OnceADayItem]'s condition.
const MustBeNewToday = "it was not said before on this day"

// OnceADayItem notes that something about an account was said: in a transaction, that fails for the second time on a day (UTC). What has no # at its edges
// names what was said.
func (b *Book) OnceADayItem(account, what string) dynamodbapi.Item {
	v := dynamodbapi.Key("said#"+account, what+"#"+b.now().UTC().Format(time.DateOnly))
	v[dynamodbapi.TTL] = b.now().Add(3 * 24 * time.Hour).Unix()
	return dynamodbapi.Item{Op: dynamodbapi.Put, Table: b.table, Put: v, Condition: "attribute_not_exists(pk)", Must: MustBeNewToday}
}
