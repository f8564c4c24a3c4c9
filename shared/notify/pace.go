package notify

import (
	"sync"
	"time"
)

// interval is what Slack allows in one channel: "no more than one message per second" (Slack, "Rate limits: posting messages").
const interval = time.Second

// pace hands out the times at which messages may go to a channel.
type pace struct {
	now  func() time.Time
	each time.Duration // between two messages
	mu   sync.Mutex
	next map[string]time.Time
}

// reserve takes the channel's next free place and returns how long it is until then.
func (p *pace) reserve(channel string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	at := p.next[channel]
	if at.Before(now) {
		at = now
	}
	p.next[channel] = at.Add(p.each)
	return at.Sub(now)
}

// hold keeps everybody out of the channel for a while, because Slack said so.
func (p *pace) hold(channel string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := p.now().Add(d); p.next[channel].Before(until) {
		p.next[channel] = until
	}
}
