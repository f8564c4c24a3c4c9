package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
)

// news is what the deciding function says on the queue of findings: how a request stands, or a note.
type news struct {
	Request *approval.Request `json:"request,omitempty"`
	News    approval.News     `json:"news,omitempty"`
	Shown   json.RawMessage   `json:"shown,omitempty"` // blocks of the message in which people are shown it
	Body    json.RawMessage   `json:"body,omitempty"`  // what a request other than a fix's is about
	Note    *approval.Note    `json:"note,omitempty"`

	escalated bool      // it is told to those who hear only of what others let lie
	later     time.Time // when it was asked again: nobody decides about this round any more; zero: it was not
	now       time.Time // for how long something is exposed so far; zero: that is not said
}

// maxAbout is how many bytes of what a request is about are sent along: an exemption takes less, and so do most undos. The text of a rules file is no JSON and
// not for a message; what changes in it stands in the request.
const maxAbout = 64 << 10

// Teller returns the deciding function's way to tell news: as messages to the queue that the sender reads. That it failed changes nothing and is logged.
func Teller(send func(ctx context.Context, body string) error) func(context.Context, approval.Request, approval.News) {
	return func(ctx context.Context, r approval.Request, n approval.News) {
		out := news{Request: &r, News: n}
		if json.Valid(r.Shown) {
			out.Shown = r.Shown
		}
		if len(r.Body) <= maxAbout && json.Valid(r.Body) {
			out.Body = r.Body
		}
		sendNews(ctx, send, out)
	}
}

// Answerer returns the deciding function's way to answer one person, or to tell what became of a batch.
func Answerer(send func(ctx context.Context, body string) error) func(context.Context, approval.Note) {
	return func(ctx context.Context, n approval.Note) { sendNews(ctx, send, news{Note: &n}) }
}

func sendNews(ctx context.Context, send func(context.Context, string) error, n news) {
	body, err := json.Marshal(n)
	if err == nil {
		err = send(ctx, string(body))
	}
	if err != nil {
		slog.ErrorContext(ctx, "people are not told how a request stands", "news", string(n.News), "error", err.Error())
	}
}

// readNews tells news from findings, which have none of its fields.
func readNews(body string) (news, bool) {
	var n struct {
		news
		Control json.RawMessage `json:"control"`
	}
	if len(body) > MaxBody || json.Unmarshal([]byte(body), &n) != nil || n.Control != nil {
		return news{}, false
	}
	return n.news, n.Request != nil && n.News != "" || n.Note != nil
}

// rank is the order in which news of one batch is told.
func (n news) rank() int {
	if n.Request == nil {
		return 3
	}
	return max(0, slices.Index([]approval.News{approval.Asked, approval.Reminder, approval.Word, approval.Over}, n.News))
}

// gone reports whether what was to be changed, or whoever was to be told, is not there any more: trying again is of no use, and nobody has to mend anything.
func gone(err error) bool {
	var e *SendError
	return errors.As(err, &e) && slices.Contains([]string{
		"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "user_not_in_channel",
	}, e.Code)
}

func (s *Sender) tell(ctx context.Context, n news) error {
	switch {
	case n.Note != nil:
		return s.note(ctx, *n.Note)
	case s.api == nil:
		return s.tellPlainly(ctx, n)
	}
	n.now = s.pace.now()
	r := *n.Request
	if n.News == approval.Asked && len(r.Posted) == 0 {
		if r.Key.Kind == approval.Fix && r.Round == 1 {
			return nil // the finding's own message is the one that asks
		}
		if err := s.closeBefore(ctx, n); err != nil {
			return err
		}
		return s.show(ctx, n, s.channelOf(r))
	}
	n.refresh(ctx, s.latest)
	var failed []error
	for _, at := range n.Request.Posted {
		if n.News != approval.Reminder {
			failed = append(failed, s.bring(ctx, at, &n))
		}
	}
	if late := !n.later.IsZero() || n.Request.State != r.State; late && (n.News == approval.Word || n.News == approval.Reminder) {
		return firstOf(failed) // what came after it has news of its own, which says all of this
	}
	r = *n.Request
	if n.News != approval.Asked && len(r.Posted) > 0 {
		failed = append(failed, s.reply(ctx, r.Posted[0], n))
	}
	if n.News == approval.Reminder {
		for _, channel := range r.Escalate {
			up := n
			up.escalated = true
			failed = append(failed, s.show(ctx, up, channel))
		}
	}
	return firstOf(failed)
}

// bring makes a message say how a request stands. News comes in any order, and through several senders at the same time, so that what was written last could be
// what was true first: after it was written the request is looked at again, and whoever finds it changed writes once more.
func (s *Sender) bring(ctx context.Context, at approval.Place, n *news) error {
	const most = 5 // a request has fewer states to go through
	for range most {
		n.escalated = at.Escalated
		if err := s.update(ctx, at, n.message(s.options)); err != nil {
			return err
		}
		if !n.refresh(ctx, s.latest) {
			return nil
		}
	}
	return nil
}

// closeBefore says in the messages of the round before that another one is asked: what people can decide about stands in one place.
func (s *Sender) closeBefore(ctx context.Context, n news) error {
	n.later = n.Request.Asked
	var failed []error
	for _, at := range n.Request.Before {
		n.escalated = at.Escalated
		if err := s.update(ctx, at, n.message(s.options)); !gone(err) {
			failed = append(failed, err)
		}
	}
	return firstOf(failed)
}

// refresh puts the request as it is now in the place of the one that the news was sent with, and reports whether it is another. Where that is not known it stays,
// and of a round that is over it is only known that it is: the messages of the next round are other ones.
func (n *news) refresh(ctx context.Context, latest func(context.Context, approval.Key) (approval.Request, bool, error)) bool {
	if latest == nil {
		return false
	}
	now, found, err := latest(ctx, n.Request.Key)
	if err != nil {
		slog.ErrorContext(ctx, "a message may say how a request stood some moments ago", "error", err.Error())
	}
	if err != nil || !found {
		return false
	}
	was := *n.Request
	if now.Round > was.Round {
		first := n.later.IsZero()
		n.later = now.Asked
		return first
	}
	n.Request = &now
	if len(n.Shown) == 0 && json.Valid(now.Shown) {
		n.Shown = now.Shown
	}
	return was.Round != now.Round || was.State != now.State || len(was.Votes) != len(now.Votes)
}

// firstOf returns an error that is worth another try, else any.
func firstOf(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if i := slices.IndexFunc(errs, func(err error) bool { return !gone(err) }); i >= 0 {
		return errs[i]
	}
	return errors.Join(errs...)
}

// tellPlainly is for a webhook, whose messages cannot be changed: what people would not hear otherwise is a message of its own.
func (s *Sender) tellPlainly(ctx context.Context, n news) error {
	if n.News == approval.Asked && (n.Request.Key.Kind == approval.Fix && n.Request.Round == 1 || len(n.Request.Posted) > 0) {
		return nil
	}
	o := s.options
	o.Buttons, n.now = false, s.pace.now()
	return s.Send(ctx, n.message(o))
}

// show posts a message about a request into a channel, and tells the deciding function where.
func (s *Sender) show(ctx context.Context, n news, channel string) error {
	m := n.message(s.options)
	m.Channel = channel
	at, err := s.post(ctx, m)
	if err != nil || s.point == nil {
		return err
	}
	at.Escalated = n.escalated
	if err := s.posted(ctx, approval.Pointer{}, n.Request.Key, at, n.lasting(s.options)); err != nil { // people were told; telling them again would not help
		slog.ErrorContext(ctx, "a message is not kept up to date", "error", err.Error())
	}
	return nil
}

// reply says in the thread what happened. A thread has one level: below a message that stands in one itself, the answer names what it is about.
func (s *Sender) reply(ctx context.Context, at approval.Place, n news) error {
	lines := n.standing()
	if at.Thread != "" {
		lines = append([]string{code(about(*n.Request), 300)}, lines...)
	}
	more := []slack.MsgOption{slack.MsgOptionTS(cmp.Or(at.Thread, at.TS))}
	if n.News == approval.Reminder {
		more = append(more, slack.MsgOptionBroadcast()) // a thread alone reminds nobody
	}
	_, err := s.post(ctx, Message{Channel: at.Channel, Text: strings.Join(lines, "\n")}, more...)
	return err
}

func (s *Sender) channelOf(r approval.Request) string {
	return s.options.channel(core.Finding{Control: r.Control, Account: r.Key.Account, Region: r.Where.Region, Resource: r.Where.ID})
}
