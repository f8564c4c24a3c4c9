package interact

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

var (
	memberShape  = regexp.MustCompile(`^[UW][A-Z0-9]{6,20}$`)
	channelShape = regexp.MustCompile(`^[CDG][A-Z0-9]{6,20}$`)
	triggerShape = regexp.MustCompile(`^[A-Za-z0-9._-]{1,200}$`)
)

// act finds out who it is and does what was clicked.
func (h *Handler) act(ctx context.Context, p payload) *answer {
	if p.ssl {
		return &answer{status: http.StatusOK}
	}
	var reply *approval.Reply
	if memberShape.MatchString(p.User.ID) && channelShape.MatchString(p.Container.Channel) {
		reply = &approval.Reply{Channel: p.Container.Channel, User: p.User.ID}
	}
	a := h.known(ctx, p)
	if a == nil {
		switch p.Type {
		case blockActions:
			a = h.clicked(ctx, p, reply)
		case viewSubmission:
			return h.submitted(ctx, p)
		default:
			a = refuse(http.StatusBadRequest, "unknown", "this is not a click on a message of ours")
		}
	}
	if a.code != "" {
		a.reply = reply
	}
	return a
}

// known says why whoever clicked may not be heard: not of our workspace, or nobody of the people in force. In a channel shared with another company its people
// see our messages, too; the workspace that the app is in says nothing about them.
func (h *Handler) known(ctx context.Context, p payload) *answer {
	file, err := h.Rules(ctx)
	if err != nil {
		slog.ErrorContext(ctx, "who may decide is not known", "error", err.Error())
		return &answer{status: http.StatusServiceUnavailable, text: "try again"}
	}
	switch {
	case file == nil:
		return refuse(http.StatusServiceUnavailable, "rules", "the rules file cannot be read, so nobody can decide")
	case file.Slack.Team == "":
		return refuse(http.StatusForbidden, "stranger", "the rules file names no Slack workspace, so nobody can decide here")
	case !ours(p, file.Slack.Team):
		return refuse(http.StatusForbidden, "stranger", "only members of the workspace that the rules file names can decide here")
	case !memberShape.MatchString(p.User.ID):
		return refuse(http.StatusForbidden, "stranger", "this is no member")
	}
	if person, ok := file.PersonOf(p.User.ID); !ok || person.Slack != p.User.ID {
		return refuse(http.StatusForbidden, "stranger", "you are nobody of the list people in the rules file")
	}
	return nil
}

// ours reports whether it happened in our workspace and the person is of it. In an organisation of Slack (Enterprise Grid) a user's team is the
// organisation (docs.slack.dev, "block_suggestion payloads": user), so that such a one names its id, E..., in the rules file.
func ours(p payload, team string) bool {
	if team[0] == 'E' {
		return (p.Enterprise.ID == team || p.Enterprise.ID == "" && p.Team.Enterprise == team) && p.User.Team == team
	}
	return p.Team.ID == team && p.User.Team == team
}

// clicked does what a button means.
func (h *Handler) clicked(ctx context.Context, p payload, reply *approval.Reply) *answer {
	if len(p.Actions) != 1 || p.Actions[0].Type != "button" || p.Actions[0].Block != slackapp.Block || p.Container.Type != "message" || reply == nil {
		return refuse(http.StatusBadRequest, "unknown", "this is not a click on a message of ours")
	}
	b := p.Actions[0]
	switch b.ID {
	case slackapp.Open:
		return &answer{status: http.StatusOK} // the browser has opened it
	case slackapp.All:
		batch, err := slackapp.ReadAllValue(b.Value)
		if err != nil {
			return refuse(http.StatusBadRequest, "value", "%s", err)
		}
		return h.pass(ctx, approval.Said{Reply: reply, All: &approval.Together{Batch: batch, Verdict: approval.Yes, Identity: p.User.ID, Via: via}})
	case slackapp.Undo:
		if _, _, err := slackapp.ReadUndoValue(b.Value); err != nil {
			return refuse(http.StatusBadRequest, "value", "%s", err)
		}
		return h.form(ctx, p, b)
	case slackapp.Approve, slackapp.Reject, slackapp.Exempt, slackapp.Again:
	default:
		return refuse(http.StatusBadRequest, "unknown", "no button of ours is called that")
	}
	key, round, err := slackapp.ReadValue(b.Value)
	if err != nil {
		return refuse(http.StatusBadRequest, "value", "%s", err)
	}
	if b.ID == slackapp.Approve {
		return h.pass(ctx, approval.Said{Reply: reply, Answer: &approval.Answer{Key: key, Round: round, Verdict: approval.Yes, Identity: p.User.ID, Via: via}})
	}
	if bad := fits(b.ID, key.Kind); bad != nil {
		return bad
	}
	return h.form(ctx, p, b)
}

// fits refuses a button on what it does not belong to.
func fits(button string, k approval.Kind) *answer {
	switch {
	case button == slackapp.Exempt && k != approval.Fix:
		return refuse(http.StatusBadRequest, "value", "only a fix can be exempted from")
	case button == slackapp.Again && !slackapp.AskedAgain(k):
		return refuse(http.StatusBadRequest, "value", "this cannot be asked again; ask anew for what it was about")
	}
	return nil
}

// form opens the form that belongs to a button.
func (h *Handler) form(ctx context.Context, p payload, b action) *answer {
	if !triggerShape.MatchString(p.Trigger) {
		return refuse(http.StatusBadRequest, "malformed", "a form cannot be opened for this click")
	}
	if err := h.Show(ctx, p.Trigger, formFor(b.ID, b.Value+" "+p.Container.Channel, h.Now())); err != nil {
		slog.ErrorContext(ctx, "opening a form in Slack", "error", err.Error())
		return &answer{status: http.StatusBadGateway, text: "the form cannot be opened; try again"}
	}
	return &answer{status: http.StatusOK}
}

// pass gives a word to the deciding function.
func (h *Handler) pass(ctx context.Context, s approval.Said) *answer {
	if err := h.say(ctx, s); err != nil {
		slog.ErrorContext(ctx, "passing on a word", "error", err.Error())
		return &answer{status: http.StatusServiceUnavailable, text: "try again"}
	}
	h.Count(Heard)
	return &answer{status: http.StatusOK}
}
