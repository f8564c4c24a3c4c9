package interact

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/notify/slackapp"
)

const (
	maxReason = 500 // characters
	maxOwner  = 80
	inAMonth  = 30 * 24 * time.Hour
)

// Form is a modal, as views.open takes it. Limits: docs.slack.dev, "Modal views" and "Input block".
type Form struct {
	Type     string  `json:"type"`
	Callback string  `json:"callback_id"`
	Metadata string  `json:"private_metadata"`
	Title    text    `json:"title"`
	Submit   text    `json:"submit"`
	Close    text    `json:"close"`
	Blocks   []block `json:"blocks"`
}

type text struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

type block struct {
	Type    string  `json:"type"`
	ID      string  `json:"block_id"`
	Label   text    `json:"label"`
	Hint    *text   `json:"hint,omitempty"`
	Element element `json:"element"`
}

type element struct {
	Type      string `json:"type"`
	ID        string `json:"action_id"`
	Multiline bool   `json:"multiline,omitempty"`
	MinLength int    `json:"min_length,omitempty"`
	MaxLength int    `json:"max_length,omitempty"`
	Date      string `json:"initial_date,omitempty"`
}

func plain(s string) text { return text{"plain_text", s} }

func line(id, label string, most int, multiline bool) block {
	return block{Type: "input", ID: id, Label: plain(label), Element: element{Type: "plain_text_input", ID: id, Multiline: multiline, MinLength: 1, MaxLength: most}}
}

// formFor is what is asked before a plan is rejected, exempted from, taken back or asked about again.
func formFor(action, metadata string, now time.Time) Form {
	f := Form{Type: "modal", Callback: action, Metadata: metadata, Close: plain("Cancel"), Title: plain("Reject this plan"), Submit: plain("Reject"),
		Blocks: []block{line(slackapp.Reason, "Why?", maxReason, true)}}
	switch action {
	case slackapp.Undo:
		f.Title, f.Submit = plain("Ask to take it back"), plain("Ask")
		hint := plain("Others have to agree. Neither you nor whoever caused what was fixed can.")
		f.Blocks[0].Hint = &hint
	case slackapp.Again:
		f.Title, f.Submit = plain("Ask again"), plain("Ask")
		hint := plain("Others have to agree. Neither you nor whoever caused what is wrong can.")
		f.Blocks[0].Hint = &hint
	case slackapp.Exempt:
		f.Title, f.Submit = plain("Ask for an exemption"), plain("Ask")
		hint := plain("It ends when this day begins, at 00:00 UTC: the day before is the last one with it. 90 days from now at most. Somebody else has to agree.")
		f.Blocks = append(f.Blocks, line(slackapp.Owner, "Who owns the risk?", maxOwner, false),
			block{Type: "input", ID: slackapp.Until, Label: plain("Until when?"), Hint: &hint,
				Element: element{Type: "datepicker", ID: slackapp.Until, Date: now.Add(inAMonth).UTC().Format(time.DateOnly)}})
	}
	return f
}

// submitted takes what was filled in. What is wrong with it is shown beside the field; nothing else is passed on then but that it was refused.
func (h *Handler) submitted(ctx context.Context, p payload) *answer {
	value, channel, _ := strings.Cut(p.View.Metadata, " ")
	var key approval.Key
	var round, seq int64
	var account string
	var err error
	if p.View.Callback == slackapp.Undo {
		account, seq, err = slackapp.ReadUndoValue(value)
	} else {
		key, round, err = slackapp.ReadValue(value)
	}
	switch {
	case err != nil:
		return refuse(http.StatusBadRequest, "value", "%s", err)
	case p.View.Type != "modal" || !channelShape.MatchString(channel):
		return refuse(http.StatusBadRequest, "unknown", "this is no form of ours")
	}
	said := approval.Said{Reply: &approval.Reply{Channel: channel, User: p.User.ID}}
	wrong := map[string]string{}
	switch p.View.Callback {
	case slackapp.Reject:
		said.Answer = &approval.Answer{Key: key, Round: round, Verdict: approval.No, Identity: p.User.ID, Via: via, Why: p.line(slackapp.Reason, maxReason, wrong)}
	case slackapp.Undo:
		said.Undo = &approval.Undoing{Account: account, Seq: seq, Identity: p.User.ID, Why: p.line(slackapp.Reason, maxReason, wrong)}
	case slackapp.Again:
		if bad := fits(slackapp.Again, key.Kind); bad != nil {
			return bad
		}
		said.Again = &approval.Againing{Key: key, Round: round, Identity: p.User.ID, Why: p.line(slackapp.Reason, maxReason, wrong)}
	case slackapp.Exempt:
		if bad := fits(slackapp.Exempt, key.Kind); bad != nil {
			return bad
		}
		said.Exempt = &approval.Exempting{Key: key, Identity: p.User.ID, Exemption: approval.Exemption{
			Reason: p.line(slackapp.Reason, maxReason, wrong), Owner: p.line(slackapp.Owner, maxOwner, wrong), Until: p.until(h.Now(), wrong),
		}}
	default:
		return refuse(http.StatusBadRequest, "unknown", "this is no form of ours")
	}
	if len(wrong) > 0 {
		return filledIn(wrong)
	}
	return h.pass(ctx, said)
}

// filledIn shows in the form what is wrong with it (docs.slack.dev, "Modals": validating the submitted fields).
func filledIn(wrong map[string]string) *answer {
	first := slices.Sorted(maps.Keys(wrong))[0]
	a := refuse(http.StatusOK, "form", "%s: %s", first, wrong[first])
	var err error
	if a.json, err = json.Marshal(map[string]any{"response_action": "errors", "errors": wrong}); err != nil {
		return refuse(http.StatusBadRequest, "form", "%s: %s", first, wrong[first])
	}
	return a
}

// line reads a line of text: not empty, not too long, and nothing in it that cannot be seen.
func (p payload) line(id string, most int, wrong map[string]string) string {
	in := p.View.State.Values[id][id]
	s := strings.TrimSpace(in.Value)
	switch {
	case in.Type != "plain_text_input" || s == "":
		wrong[id] = "this is needed"
	case utf8.RuneCountInString(s) > most:
		wrong[id] = "this is too long"
	case strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && (!unicode.IsPrint(r) || r == utf8.RuneError) }):
		wrong[id] = "this holds characters that cannot be seen"
	}
	return s
}

// until reads the day on which an exemption ends.
func (p payload) until(now time.Time, wrong map[string]string) time.Time {
	const id = slackapp.Until
	in := p.View.State.Values[id][id]
	day, err := time.Parse(time.DateOnly, in.Date)
	switch {
	case in.Type != "datepicker" || err != nil:
		wrong[id] = "this is no date"
	case !now.Before(day):
		wrong[id] = "this must be in the future"
	case day.After(now.Add(approval.LongestExemption)):
		wrong[id] = "90 days at most; for longer, write an exception into the rules file"
	}
	return day
}
