package audit

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/occurrence/tabletest"
)

// Whoever had to wait for a crowd finds a place while the crowd goes on writing: what was heard of the log's end before a pause is out of date after it, and to
// try with that again and again would end in giving up.
func TestAPlaceIsFoundInACrowd(t *testing.T) {
	t.Parallel()
	cloud := tabletest.New(t)
	log := func(writer string) *Log {
		return New(cloud.Store(), cloud.Table(occurrence.AuditTable), time.Now, writer)
	}
	entry := Entry{Kind: Refusal, Detail: json.RawMessage(`{"reason":"test"}`)}
	crowded, stop := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	for range 4 {
		crowd.Go(func() {
			for crowded.Err() == nil {
				_, _ = log("crowd").Append(crowded, "111122223333", entry) // each time somebody else, who waits for nobody yet
			}
		})
	}
	l := log("one")
	if _, err := l.Append(t.Context(), "111122223333", entry); err != nil { // from now on it remembers an end of the log
		t.Error(err)
	}
	l.crowds.Store("111122223333", 8) // and has just waited for many
	if _, err := l.Append(t.Context(), "111122223333", entry); err != nil {
		t.Error(err)
	}
	if n, _ := l.crowds.Load("111122223333"); n.(int) > 15 {
		t.Errorf("a place was found after %d failed attempts", n)
	}
	stop()
	crowd.Wait()
}
