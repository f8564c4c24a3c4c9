// Package interact is where Slack tells us what people clicked: it finds out whether a request really comes from Slack, is fresh and is new, who clicked,
// and what that means, and passes it on. It decides nothing and changes nothing: the deciding function looks up the person again and judges the word.
//
// One that Slack did send and that is refused goes to the deciding function as a refused word, so that it stands on the record. A request that is not Slack's
// is answered, logged and counted, and the first of its kind in each minute goes on the record, too: strangers can be seen there and cannot fill it.
package interact

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/rules"
)

// The metrics that [Handler.Count] is given.
const (
	Forged  = "SlackForged"  // requests that did not come from Slack
	Refused = "SlackRefused" // requests of Slack that were refused; each is on the record
	Heard   = "SlackHeard"   // words passed on
)

// Request and Response are those of a Lambda function URL; API Gateway's HTTP API has the same (payload format 2.0).
type (
	Request  = lambdaevents.LambdaFunctionURLRequest
	Response = lambdaevents.LambdaFunctionURLResponse
)

// Handler answers Slack.
type Handler struct {
	// Secret returns the app's signing secret. An error, or none, lets nobody in.
	Secret func(context.Context) (string, error)
	// Rules returns the rules file whose people are in force, which is not the newest one until the people before have agreed; nil: the rules file cannot be
	// read, and nobody is let in. An error passes.
	Rules func(context.Context) (*rules.File, error)
	// Once reports whether this is the first time that it is asked about an id, and remembers it until then.
	Once func(ctx context.Context, id string, until time.Time) (bool, error)
	// Say passes a word on: an [approval.Said] as JSON.
	Say func(ctx context.Context, body string) error
	// Show opens a form for whoever clicked.
	Show func(ctx context.Context, trigger string, f Form) error
	// Count counts a metric.
	Count func(metric string)
	Now   func() time.Time

	noted sync.Map // minute of the last record of each code of a request that is not known to be Slack's
}

// answer is how a request ends.
type answer struct {
	status int
	text   string
	json   []byte // instead of the text

	code   string // why it was refused; empty: it was not
	forged bool   // not known to be Slack's
	heard  approval.Unheard
	reply  *approval.Reply // where the person is told why; nil: the answer itself tells them
	silent bool            // refused before, so that the record has it
}

// refuse is an answer that changes nothing. Text is for the person: short, and without anything that the request did not hold.
func refuse(status int, code, format string, args ...any) *answer {
	return &answer{status: status, code: code, text: fmt.Sprintf(format, args...)}
}

func forged(status int, code, text string) *answer {
	return &answer{status: status, code: code, text: text, forged: true}
}

// Handle answers one request. It has no error: what goes wrong here is a status for Slack, which shows the person that it did not work.
func (h *Handler) Handle(ctx context.Context, e Request) (Response, error) {
	a := h.handle(ctx, e)
	switch {
	case a.forged:
		h.Count(Forged)
		slog.WarnContext(ctx, "a request that is not known to be Slack's", "code", a.code, "status", a.status)
		h.note(ctx, e, a)
	case a.code != "":
		h.Count(Refused)
		slog.WarnContext(ctx, "a request of Slack was refused", "code", a.code, "status", a.status, "user", a.heard.Identity)
		if !a.silent {
			h.record(ctx, a)
		}
	case a.status >= http.StatusInternalServerError:
		slog.ErrorContext(ctx, "a request could not be worked on", "status", a.status, "reason", a.text)
	}
	return respond(a), nil
}

func respond(a *answer) Response {
	r := Response{StatusCode: a.status, Headers: map[string]string{"Cache-Control": "no-store"}}
	switch {
	case a.json != nil:
		r.Headers["Content-Type"], r.Body = "application/json", string(a.json)
	case a.text != "":
		r.Headers["Content-Type"], r.Body = "text/plain; charset=utf-8", a.text
	}
	return r
}

// record passes a refused request on. That it cannot be does not make it less refused.
func (h *Handler) record(ctx context.Context, a *answer) {
	h.recordAs(ctx, a, a.heard, a.code, a.text)
}

func (h *Handler) recordAs(ctx context.Context, a *answer, u approval.Unheard, code, why string) {
	u.Via, u.Code, u.Why = via, code, why
	if err := h.say(ctx, approval.Said{Refused: &u, Reply: a.reply}); err != nil {
		slog.ErrorContext(ctx, "a refused request is not on the record", "code", a.code, "user", u.Identity, "error", err.Error())
	}
}

func (h *Handler) say(ctx context.Context, s approval.Said) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return h.Say(ctx, string(body))
}

// via is what records call this way of deciding.
const via = "slack"

func (h *Handler) handle(ctx context.Context, e Request) *answer {
	body, bad := readBody(e)
	if bad != nil {
		return bad
	}
	secret, err := h.Secret(ctx)
	if err != nil || secret == "" {
		slog.ErrorContext(ctx, "the signing secret cannot be read, so nobody can decide in Slack; put {\"signing_secret\": \"...\"} into the secret that SHOREUP_SLACK_SIGNING names", "error", fmt.Sprint(err))
		return &answer{status: http.StatusServiceUnavailable, text: "not set up"}
	}
	sig, bad := signed(e.Headers, body, secret)
	if bad != nil {
		return bad
	}
	p, unreadable := parse(body)
	if bad := h.fresh(ctx, sig); bad != nil {
		if bad.code != "" && !bad.silent {
			bad.heard = h.word(ctx, p)
		}
		return bad
	}
	a := unreadable
	if a == nil {
		a = h.act(ctx, p)
	}
	if a.code != "" && a.heard == (approval.Unheard{}) {
		a.heard = h.word(ctx, p)
	}
	return a
}

// word is what the request would have been as a word, for the record. A member id says who it is within our workspace only.
func (h *Handler) word(ctx context.Context, p payload) approval.Unheard {
	u := p.word()
	if file, err := h.Rules(ctx); u.Identity != "" && (err != nil || file == nil || file.Slack.Team == "" || !ours(p, file.Slack.Team)) {
		u.Identity = short(u.Identity + " of workspace " + cmp.Or(p.User.Team, "unknown"))
	} else {
		u.Known = u.Identity != ""
	}
	return u
}

// fresh says why a request that Slack did sign is not to be heard now: it is not of this moment, or was heard before. Whoever once saw such a request can
// send it again for ever, so that only its first repetition goes on the record.
func (h *Handler) fresh(ctx context.Context, s signature) *answer {
	now := h.Now()
	var bad *answer
	if d := now.Sub(s.at); d > window || d < -window {
		bad = refuse(http.StatusUnauthorized, "late", "this is not of this moment; click again")
	} else {
		first, err := h.Once(ctx, s.id(), now.Add(remember))
		if err != nil {
			slog.ErrorContext(ctx, "whether a request is new is not known", "error", err.Error())
			return &answer{status: http.StatusServiceUnavailable, text: "try again"}
		}
		if first {
			return nil
		}
		bad = refuse(http.StatusConflict, "replay", "this was sent before")
	}
	first, err := h.Once(ctx, s.id()+"#refused", now.Add(remember))
	bad.silent = err == nil && !first
	return bad
}
