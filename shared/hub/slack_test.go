package hub

import (
	"testing"
	"time"
)

// TestOnlyHereIsSlackQuick: whatever is not this machine keeps to what Slack asks for.
func TestOnlyHereIsSlackQuick(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]time.Duration{
		"": 0, "https://slack.com/api/": 0, "https://slack-gov.com/api/": 0, "http://10.0.0.7/api/": 0, "http://127.0.0.1.example.com/api/": 0, "://": 0,
		"http://127.0.0.1:4711/api/": 50 * time.Millisecond, "http://[::1]:4711/api/": 50 * time.Millisecond,
	} {
		if got := intervalAt(address); got != want {
			t.Errorf("%q: %s, want %s", address, got, want)
		}
	}
}
