package report

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// The kinds of a [Refusal].
const (
	byRules  = "rules"
	rejected = string(core.Rejected)
	expired  = string(core.Expired)
	byNobody = "word"
)

// word is what a person said, or what nobody did, as the log has it.
type word struct {
	kind           string
	said           spoken
	by, why        string
	control, arn   string
	plan, resource string
	region         string
	account        string
	occurrence     string
	when           time.Time
	record         core.Record
}

// spoken is what entries about words and requests say.
type spoken struct {
	Request struct {
		Key struct {
			Account string `json:"account"`
			Kind    string `json:"kind"`
			ID      string `json:"id"`
			Hash    string `json:"hash"`
		} `json:"key"`
		Round int64 `json:"round"`
		Where struct {
			ID     string
			Region string
		} `json:"where"`
		State string `json:"state"`
		Why   string `json:"why"`
	} `json:"request"`
	Verdict string `json:"verdict"`
	Via     string `json:"via"`
	Why     string `json:"why"`
	Refused string `json:"refused"`
	Code    string `json:"code"`
	Who     string `json:"who"`
	Reason  string `json:"reason"` // of who declined in a terminal without people
}

// verdict reads an entry about a word, or about a request that was opened or ended. One that was refused says nothing of what it was about; one about something
// else than a fix says nothing of the fix.
func (h *history) verdict(e audit.Entry, d detail) {
	var s spoken
	_ = json.Unmarshal(e.Detail, &s) // what cannot be read stays empty
	record := core.Record{Chain: e.Chain, Seq: e.Seq, Hash: e.Hash}
	w := word{
		kind: e.Outcome, said: s, by: e.Actor, why: cmp.Or(s.Why, s.Request.Why, s.Reason), control: e.Control, arn: e.Resource, account: e.Chain, plan: e.Plan, occurrence: e.Occurrence,
		resource: s.Request.Where.ID, region: s.Request.Where.Region, when: e.Time.UTC(), record: record,
	}
	switch kind := s.Request.Key.Kind; {
	case e.Outcome == string(core.Refused):
		w.kind, w.why = byNobody, cmp.Or(s.Refused, s.Reason)
		if w.by == "" || w.by == "unknown" {
			w.by = cmp.Or(s.Who, "unknown")
		}
		h.words = append(h.words, w)
		return
	case e.Outcome == rejected || e.Outcome == expired:
		if e.Outcome == expired {
			w.by = ""
		}
		h.words = append(h.words, w)
		if kind != "" && kind != "fix" {
			return
		}
	case kind == "exempt" && s.Request.State == "applied":
		if l := h.byOccurrence[e.Occurrence]; l != nil {
			l.exempt = e.Time.UTC()
		}
		return
	case kind != "" && kind != "fix":
		return
	}
	if kind := s.Request.Key.Kind; kind == "" && e.Plan == "" {
		return // about nothing that is wrong
	}
	l := h.life(e)
	reason := d.Reason
	switch e.Outcome {
	case rejected, expired:
		reason = cmp.Or(s.Request.Why, d.Reason)
	case string(core.AwaitingApproval): // asked, or asked again
		reason = l.decision.Reason
	}
	l.say(e, reason, record)
}

// refused lists what was not done and why, the newest at the top: what is refused now, what the log says was refused before, and what people did not want.
func (b *builder) refused(plans []Plan) []Refusal {
	out := []Refusal{}
	told := map[core.Record]bool{}
	times := map[core.Record]time.Time{{}: b.in.Now} // what is not recorded was found by this look
	for _, r := range b.log.refusals {
		times[r.record] = r.when
	}
	for _, p := range plans {
		if p.Outcome == core.Refused {
			out = append(out, Refusal{Key: "r-" + p.Key, Kind: byRules, Plan: p.Key, Subject: p.Subject, When: firstOf(times[p.Record], p.FirstSeen), Reason: p.Reason, Rule: p.Decision.Rule, Record: p.Record})
			told[p.Record] = true
		}
	}
	for _, r := range b.log.refusals {
		if told[r.record] {
			continue
		}
		x := Refusal{
			Key: recordKey("r-", r.record), Kind: byRules, Subject: b.subject(r.life.control, "", r.life.arn, r.life.account, ""),
			When: r.when, Reason: seen(r.reason), Rule: seen(r.life.decision.Rule), Record: r.record,
		}
		if p := b.planOf(r.plan, r.life.occurrence); p != nil {
			x.Plan, x.Subject = p.Key, p.Subject
		}
		out = append(out, x)
	}
	out = append(out, b.words()...)
	slices.SortStableFunc(out, func(x, y Refusal) int { return cmp.Or(y.When.Compare(x.When), strings.Compare(x.Key, y.Key)) })
	return out
}

// words are what people did not want or not decide, and what they said in vain. What the tables know to have ended and the log does not tell is added.
func (b *builder) words() []Refusal {
	var out []Refusal
	last := map[question]int{} // to the newest end of each question
	for _, w := range b.log.words {
		key := w.said.Request.Key
		x := Refusal{
			Key: recordKey("r-", w.record), Kind: w.kind, Subject: b.subject(w.control, w.resource, w.arn, w.account, w.region), When: w.when, Reason: seen(w.why), By: seen(w.by),
			Via: seen(w.said.Via), Record: w.record,
		}
		if p := b.planOf(w.plan, w.occurrence); p != nil {
			x.Plan, x.Subject = p.Key, p.Subject
		}
		x.Title = titleOf(wordKind(key.Kind), x.Title)
		if w.kind == byNobody {
			x.Verdict, x.Code = seen(w.said.Verdict), seen(w.said.Code)
		} else {
			last[question{wordKind(key.Kind), key.ID, key.Hash}] = len(out)
		}
		out = append(out, x)
	}
	for _, a := range b.in.Approvals {
		if a.State == "" {
			continue
		}
		if i, ok := last[questionOf(a)]; ok {
			out[i].AskAgain = askAgain(a)
			continue
		}
		x := Refusal{Key: "r-" + seen(a.ID), Kind: seen(a.State), Subject: b.subject(a.Control, a.Resource, a.ARN, a.Account, a.Region), When: a.Ended.UTC(), Reason: seen(a.Why), AskAgain: askAgain(a)}
		if p := b.planOf(a.PlanID, a.Occurrence); p != nil {
			x.Plan, x.Subject = p.Key, p.Subject
		}
		x.Title = titleOf(a.Kind, x.Title)
		out = append(out, x)
	}
	return out
}

// question tells apart what people are asked.
type question struct{ kind, id, hash string }

func questionOf(a Approval) question {
	return question{cmp.Or(a.Kind, "plan"), cmp.Or(a.Occurrence, a.Target), a.Hash}
}

// wordKind is what a report calls the kind of a request.
func wordKind(kind string) string {
	switch kind {
	case "fix", "":
		return "plan"
	case "lift":
		return "switch"
	case "people":
		return "approvers"
	}
	return kind
}

func askAgain(a Approval) string {
	if !a.Askable {
		return ""
	}
	return seen(a.ID)
}

// ended says of a plan that waits that people did not want it, or let the time pass: nobody is asked about it until somebody asks again.
func (b *builder) ended(p *Plan) {
	a, ok := b.over[question{"plan", p.Occurrence, p.Hash}]
	if !ok || p.Occurrence == "" {
		return
	}
	switch p.Outcome {
	case core.AwaitingApproval:
		p.Outcome, p.Reason = core.Outcome(a.State), seen(a.Why)
		p.Headline = show.Headline(core.Finding{Outcome: p.Outcome})
	case core.Rejected, core.Expired:
	default:
		return
	}
	p.AskAgain = askAgain(a)
}

// refusedWords counts by why, the commonest first.
func refusedWords(list []Refusal) []Count {
	out := []Count{}
	for _, r := range list {
		if r.Kind != byNobody {
			continue
		}
		i := slices.IndexFunc(out, func(c Count) bool { return c.Name == r.Code })
		if i < 0 {
			i, out = len(out), append(out, Count{Name: r.Code})
		}
		out[i].N++
	}
	slices.SortFunc(out, func(x, y Count) int { return cmp.Or(cmp.Compare(y.N, x.N), strings.Compare(x.Name, y.Name)) })
	return out
}
