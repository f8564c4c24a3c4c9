package interact

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
)

// The codes under which requests that are not known to be Slack's stand on the record.
const (
	codeForged    = "forged"    // no signature of Slack's
	codeOversized = "oversized" // longer than anything that Slack sends
	codeMalformed = "malformed" // not of the form in which Slack calls
)

// sortOf is the code of such a request. There are three, so that the record holds three of them a minute at most.
func sortOf(a *answer) string {
	switch a.status {
	case http.StatusUnauthorized:
		return codeForged
	case http.StatusRequestEntityTooLarge:
		return codeOversized
	}
	return codeMalformed
}

// note puts the first such request of a minute on the record: what kind it was and where it came from, and nothing that it held. All others of that minute
// are counted by the metric alone, so that strangers cannot fill the record; a process that knows of the first asks no table.
func (h *Handler) note(ctx context.Context, e Request, a *answer) {
	sort, now := sortOf(a), h.Now().UTC()
	minute := now.Format("2006-01-02T15:04")
	if last, known := h.noted.Load(sort); known && last == minute {
		return
	}
	first, err := h.Once(ctx, "refused#"+sort+"#"+minute, now.Add(remember))
	if err != nil {
		slog.ErrorContext(ctx, "whether a stranger's request is on the record is not known", "code", sort, "error", err.Error())
		return
	}
	h.noted.Store(sort, minute)
	if first {
		h.recordAs(ctx, a, approval.Unheard{Identity: sender(e)}, sort, a.text+" ("+a.code+"); more of this kind within the minute to "+now.Truncate(time.Minute).Add(time.Minute).Format(time.TimeOnly)+
			" UTC are counted by the metric "+Forged+" alone")
	}
}

// sender is where a request came from, as AWS saw it. It is nobody's identity.
func sender(e Request) string {
	at, err := netip.ParseAddr(e.RequestContext.HTTP.SourceIP)
	if err != nil {
		return "an unknown address"
	}
	return "address " + at.String()
}
