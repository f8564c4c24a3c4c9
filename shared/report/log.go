package report

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/core"
)

// history is the audit log as lives of occurrences.
type history struct {
	since        time.Time
	byOccurrence map[string]*life
	byPlan       map[string]*life
	lives        []*life // in the order in which they opened
	refusals     []refusal
	words        []word              // of people, that were no or changed nothing, and what nobody decided in time
	undone       map[point]time.Time // intents that were taken back
	owners       map[string]string   // by ARN, as the last plan knew it
}

// point is one entry of one chain.
type point struct {
	chain string
	seq   int64
}

// life is what the log says of one occurrence.
type life struct {
	occurrence, control, arn, account string
	opened, causeTime                 time.Time
	closed                            time.Time // verified in order; zero: not yet
	ended                             time.Time // any other end: failed, stale; zero: not yet
	since                             time.Time // when the fix of the time before was taken back, if nothing mended it since
	undone, next                      time.Time // when its own fix was taken back, and when that was found; zero: not, or not yet
	record                            core.Record
	outcome, reason                   string
	exempt                            time.Time // when people agreed that nobody may fix it
	cause                             core.Cause
	decision                          core.Decision
	rules                             Rules
	neverAuto                         []string
	advice                            []core.Advice
	exposure                          float64
	approver, hash                    string
	intent                            int64
	plan                              json.RawMessage // of the last intent
	results                           []result
}

type result struct {
	plan, hash, approver string
	outcome              core.Outcome
	reason               string
	when                 time.Time
	made                 int
	intent               int64
	exposure             float64
	record               core.Record
	done                 json.RawMessage // the plan that was carried out
}

type refusal struct {
	life   *life
	plan   string
	when   time.Time
	reason string
	record core.Record
}

// detail is what entries of all kinds say besides their common fields; each kind fills its own.
type detail struct {
	core.Decision                 // reason, mode, rule
	Hash          string          `json:"hash"`
	RulesVersion  string          `json:"rules_version"`
	RulesHash     string          `json:"rules_hash"`
	Cause         core.Cause      `json:"cause"`
	Owner         string          `json:"owner"`
	NeverAuto     []string        `json:"never_auto"`
	Advice        []core.Advice   `json:"advice"`
	Plan          json.RawMessage `json:"plan"`
	Approver      string          `json:"approver"`
	Undoes        int64           `json:"undoes"`
	Intent        int64           `json:"intent"`
	Made          int             `json:"made"`
	Exposure      float64         `json:"exposure_seconds"`
}

// readLog reads the entries. A detail that cannot be read leaves what it says empty: the log's own verifier is who complains about entries.
func readLog(entries []audit.Entry) history {
	h := history{byOccurrence: map[string]*life{}, byPlan: map[string]*life{}, undone: map[point]time.Time{}, owners: map[string]string{}}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b audit.Entry) int { return a.Time.Compare(b.Time) })
	undoing := map[string]point{} // plan to take back -> intent that it takes back
	for _, e := range entries {
		if h.since.IsZero() {
			h.since = e.Time.UTC()
		}
		var d detail
		_ = json.Unmarshal(e.Detail, &d) // what cannot be read stays empty
		if e.Kind == audit.Verdict {
			h.verdict(e, d)
			continue
		}
		switch {
		case e.Kind == audit.Undo:
			undoing[e.Plan] = point{e.Chain, d.Undoes}
			continue
		case e.Kind == audit.Result && e.Outcome == string(core.Undone):
			h.undone[undoing[e.Plan]] = e.Time.UTC()
			continue
		case e.Kind == audit.Error && e.Occurrence == "":
			continue // that people could not be told says nothing about the resource
		}
		h.read(e, d)
	}
	h.reopened()
	return h
}

// thing tells apart what can be wrong again and again.
type thing struct{ control, arn, account string }

func (l *life) thing() thing { return thing{l.control, l.arn, l.account} }

// began is when it went wrong, as far as known.
func (l *life) began() time.Time { return firstOf(l.causeTime, l.opened) }

// reopened notes which fixes left a resource open again because they were taken back, and what found it: nobody reports that until the next look.
func (h *history) reopened() {
	open := map[thing]*life{}
	for _, l := range h.lives {
		if before := open[l.thing()]; before != nil && !l.opened.IsZero() {
			before.next, l.since = l.began(), before.undone
			delete(open, l.thing())
		}
		for _, r := range l.results {
			if at := h.undone[point{r.record.Chain, r.intent}]; !at.IsZero() {
				l.undone = at
				open[l.thing()] = l
			}
		}
	}
}

func (h *history) read(e audit.Entry, d detail) {
	l := h.life(e)
	record := core.Record{Chain: e.Chain, Seq: e.Seq, Hash: e.Hash}
	switch e.Kind {
	case audit.Plan:
		if l.opened.IsZero() {
			l.opened = e.Time.UTC()
		}
		if d.Owner != "" {
			h.owners[e.Resource] = d.Owner
		}
		l.cause, l.neverAuto, l.advice, l.rules = d.Cause, d.NeverAuto, d.Advice, Rules{d.RulesVersion, d.RulesHash}
		if l.causeTime.IsZero() {
			l.causeTime = d.Cause.Time.UTC()
		}
		l.say(e, d.Reason, record)
	case audit.Decision:
		l.decision = d.Decision
		l.say(e, d.Reason, record)
	case audit.Intent:
		l.approver, l.hash, l.intent, l.plan = d.Approver, d.Hash, e.Seq, d.Plan
	case audit.Result:
		l.result(e, d, record)
	case audit.Refusal:
		h.refusals = append(h.refusals, refusal{l, e.Plan, e.Time.UTC(), d.Reason, record})
		l.say(e, d.Reason, record)
	case audit.Error:
		l.say(e, d.Reason, record)
	}
}

// life finds the occurrence that an entry belongs to. Entries without one are told by their plan.
func (h *history) life(e audit.Entry) *life {
	l := h.byOccurrence[e.Occurrence]
	if l == nil && e.Occurrence == "" {
		l = h.byPlan[e.Plan]
	}
	if l == nil {
		l = &life{occurrence: e.Occurrence, control: e.Control, arn: e.Resource, account: e.Chain}
		h.lives = append(h.lives, l)
		if e.Occurrence != "" {
			h.byOccurrence[e.Occurrence] = l
		}
	}
	if e.Plan != "" {
		h.byPlan[e.Plan] = l
	}
	return l
}

func (l *life) say(e audit.Entry, reason string, record core.Record) {
	l.outcome, l.record = e.Outcome, record
	if reason != "" {
		l.reason = reason
	}
}

func (l *life) result(e audit.Entry, d detail, record core.Record) {
	l.say(e, d.Reason, record)
	outcome := core.Outcome(e.Outcome)
	switch outcome {
	case core.Fixed, core.Compliant, core.NotApplicableHere:
		l.closed = e.Time.UTC()
	default:
		l.ended = e.Time.UTC()
	}
	intent := d.Intent
	if intent == 0 && d.Made > 0 { // whoever made the calls died, and what came of them was found out by reading
		intent = l.intent
	}
	if intent == 0 {
		return // nothing was done
	}
	l.exposure = d.Exposure
	l.results = append(l.results, result{
		plan: e.Plan, hash: l.hash, approver: l.approver, outcome: outcome, reason: d.Reason, when: e.Time.UTC(), made: d.Made, intent: intent, exposure: d.Exposure, record: record, done: l.plan,
	})
}

// of returns what is known of an occurrence or else of a plan; an empty life where nothing is.
func (h *history) of(occurrence, plan string) *life {
	if l := h.byOccurrence[occurrence]; l != nil {
		return l
	}
	if l := h.byPlan[plan]; l != nil && plan != "" {
		return l
	}
	return &life{}
}
