package occurrence_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

func TestTagsAreNotedByTheNewestEvent(t *testing.T) {
	t.Parallel()
	cloud := tabletest.New(t)
	book := occurrence.New(cloud.Store(), cloud.Table(occurrence.StateTable), time.Now)
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, n := range []struct {
		keys []string
		by   string
		at   time.Time
	}{
		{[]string{"a", "b"}, "arn:first", now.Add(-time.Hour)},
		{[]string{"a"}, "arn:second", now},
		{[]string{"a"}, "arn:late", now.Add(-2 * time.Hour)}, // events come in any order
	} {
		if err := book.NoteTags(t.Context(), bucket("x"), n.keys, n.by, n.at); err != nil {
			t.Fatal(err)
		}
	}
	got, err := book.Tagged(t.Context(), bucket("x"))
	want := map[string]occurrence.Tagged{"a": {By: "arn:second", At: now}, "b": {By: "arn:first", At: now.Add(-time.Hour)}}
	if err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("%v %s", err, cmp.Diff(want, got))
	}
	if other, err := book.Tagged(t.Context(), bucket("y")); err != nil || len(other) != 0 {
		t.Errorf("another resource has %v, %v", other, err)
	}
}
