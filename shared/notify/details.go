package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// details are what a request other than a fix's is about.
func (n news) details() []string {
	switch n.Request.Key.Kind {
	case approval.Exempt:
		var e approval.Exemption
		if json.Unmarshal(n.Body, &e) != nil {
			return nil
		}
		return append([]string{"*Reason* " + prose(e.Reason, 700), "*Owner of the risk* " + prose(e.Owner, 150), "*Until* " + strings.TrimPrefix(show.Until(e.Until), "until ")}, n.exposed()...)
	case approval.Lift:
		return n.lift()
	case approval.People:
		return append([]string{"The sections people, approvals or slack of the rules file changed. From a yes on, they say who may decide:"}, someBullets(n.Request.Changes)...)
	case approval.Undo:
		return n.undo()
	}
	return nil
}

// exposed says what stays as it is while an exemption lasts.
func (n news) exposed() []string {
	r := *n.Request
	var out []string
	if len(r.Wrong) > 0 {
		out = append(append(out, "*What is wrong, and nobody will mend*"), someBullets(r.Wrong)...)
	}
	if who := show.Actor(r.Actor, r.Key.Account); r.Actor != "" || !r.Since.IsZero() {
		out = append(out, "*Caused by* "+prose(who, 200)+when(r.Since))
	}
	return out
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + show.Time(t) + "; it is exposed since then"
}

// lift says what the kill switch holds up, who engaged it and why.
func (n news) lift() []string {
	var l struct {
		Why    string
		Switch struct {
			By, Reason string
			Since      time.Time
		}
	}
	if json.Unmarshal(n.Body, &l) != nil {
		return nil
	}
	out := []string{"*Reason to lift it* " + prose(cmp.Or(l.Why, "none was given"), 700)}
	if s := l.Switch; !s.Since.IsZero() {
		out = append(out, "*Engaged* by "+code(s.By, 100)+" at "+show.Time(s.Since)+": "+prose(cmp.Or(s.Reason, "no reason was given"), 500))
	}
	held := "Nothing that is approved waits for it."
	if n.Request.Held == 1 {
		held = "1 approved plan waits for it and is carried out then."
	} else if n.Request.Held > 1 {
		held = fmt.Sprintf("%d approved plans wait for it and are carried out then.", n.Request.Held)
	}
	return append(out, "*After that* what the rules file says is done again. "+held)
}

// switchMessage tells everybody that the kill switch was engaged or lifted.
func switchMessage(s approval.Switched, channel string) Message {
	title, held := "The kill switch is engaged: nothing is changed", "No approved plan waits for it."
	if s.Held > 0 {
		held = fmt.Sprintf("Approved plans that wait for it: %d.", s.Held)
	}
	what, then := "Engaged", held+" Findings are reported, and people can approve; nothing is written until others agree to lift it: "+code("shoreup resume --reason TEXT", 60)
	if !s.Switch.Engaged {
		title, what, then = "The kill switch is lifted", "Lifted", "What the rules file says is done again. "+strings.Replace(held, "that wait", "that waited", 1)
		if s.Held == 0 {
			then = "What the rules file says is done again."
		}
	}
	line := "*" + what + "* by " + code(s.Switch.By, 150) + " at " + show.Time(s.Switch.Since) + ": " + prose(cmp.Or(s.Switch.Reason, "no reason was given"), 700)
	return Message{Channel: channel, Text: prose(title+". "+strings.Join(unmarked([]string{line}), ""), 600), Blocks: []slack.Block{header(title), section(line + "\n" + then)}}
}

// undo says what is taken back, why, and with which calls.
func (n news) undo() []string {
	u, err := approval.ReadUndo(n.Body, n.Request.Key.Hash)
	plan, bad := core.ParsePlan(u.Plan)
	if err != nil || bad != nil {
		return []string{"What would be called is too long to be shown here: `shoreup approve " + core.ShortHash(n.Request.Key.Hash) + "` shows it."}
	}
	out := []string{"*Reason* " + prose(u.Why, 700), "*Takes back* plan " + code(u.Fix, 60) + ", carried out at " + show.Time(u.Fixed) + approvedBy(u.Approver)}
	var lines []string
	hidden := core.Finding{}
	for _, c := range plan.Changes {
		hidden.Changes = append(hidden.Changes, core.ShownChange{Call: c.Do.Op, Input: c.Do.Input})
	}
	for _, c := range show.Hide(hidden).Changes {
		lines = append(lines, codeLine(c.Call+" "+show.JSON(c.Input), maxLine))
	}
	if len(lines) > maxUndoCalls {
		lines = append(lines[:maxUndoCalls], fmt.Sprintf("and %d more: shoreup approve %s shows all", len(lines)-maxUndoCalls, core.ShortHash(n.Request.Key.Hash)))
	}
	return append(out, "*Calls*\n```\n"+strings.Join(lines, "\n")+"\n```", "It is wrong again afterwards, and the next sweep finds it, unless an exemption covers it.")
}

func approvedBy(who string) string {
	if who == "" {
		return ", which nobody was asked about"
	}
	return ", approved by " + code(who, 70)
}

const (
	maxUndoCalls   = 4  // of a message; a section holds 3,000 characters
	maxChangesSeen = 12 // of people and rules about them
)

// someBullets is a list as far as it fits a section.
func someBullets(texts []string) []string {
	left := len(texts) - maxChangesSeen
	if left > 0 {
		texts = texts[:maxChangesSeen]
	}
	var out []string
	for _, t := range texts {
		out = append(out, "• "+prose(t, 180))
	}
	if left > 0 {
		out = append(out, fmt.Sprintf("and %d more: `shoreup pending --format json`, or the rules file, has them all", left))
	}
	return out
}
