package approval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

const (
	mostLines = 10       // of a comparison
	longLine  = 200      // characters
	maxKept   = 96 << 10 // bytes of a plan that is kept with its request, to compare it with the one that takes its place
)

// ending is how something left a request behind. The zero value: nothing did.
type ending struct {
	state State
	why   []string // each thing alone
	moved *Moved
}

// text says it in one sentence.
func (e ending) text() string {
	out := strings.Join(e.why, "; ")
	if e.moved != nil {
		out += ", and plan " + e.moved.Plan + " (" + core.ShortHash(e.moved.Hash) + ") took its place"
	}
	return out
}

// notYetKnown is why a plan is stale of which the next one is not there yet.
const notYetKnown = "the resource changed after the plan was made"

func ended(state State, why ...string) ending { return ending{state: state, why: why} }

// replacedBy is the end of a request whose plan another one took the place of.
func replacedBy(r Request, occ occurrence.Occurrence) ending {
	why, _ := differences(r.plan, occ.Plan)
	e := ended(Superseded, why...)
	if occ.PlanID != "" {
		e.moved = &Moved{Plan: occ.PlanID, Hash: occ.PlanHash}
	}
	return e
}

// differences says what is otherwise between two plans for one resource: why there is another one, and what differs in what is wrong and in what would be
// called. Where one of them cannot be read, only that something changed.
func differences(from, to []byte) (why, lines []string) {
	old, errOld := core.ParsePlan(from)
	now, errNow := core.ParsePlan(to)
	if errOld != nil || errNow != nil {
		return []string{"the resource or the control changed"}, nil
	}
	if old.Before != now.Before {
		why = append(why, "the resource changed"+whatOf(old, now))
	}
	if old.Version != now.Version {
		why = append(why, fmt.Sprintf("the control's version %d is %d now", old.Version, now.Version))
	}
	if len(why) == 0 { // of the same state the same control makes another plan
		why = []string{"what the fix does is otherwise, by the settings of the rules file or the date"}
	}
	lines = append(wrongLines(old, now), callLines(old, now)...)
	if left := len(lines) - mostLines; left > 0 {
		lines = append(lines[:mostLines-1], fmt.Sprintf("  and %d more", left+1))
	}
	return why, lines
}

// whatOf names the fields of the calls that differ, which are as near to the parts of the resource as people need.
func whatOf(old, now core.Plan) string {
	var names []string
	for _, l := range callDiff(old, now) {
		name, _, _ := strings.Cut(l.Path, ".")
		name, _, _ = strings.Cut(name, "[")
		if name != "" && !slices.Contains(names, name) && len(names) < 3 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": " + strings.Join(names, ", ")
}

func wrongLines(old, now core.Plan) (out []string) {
	say := func(v core.Violation) string { return v.Where + ": " + v.Reason }
	has := func(list []core.Violation, v core.Violation) bool {
		return slices.ContainsFunc(list, func(o core.Violation) bool { return say(o) == say(v) })
	}
	for _, v := range old.Violations {
		if !has(now.Violations, v) {
			out = append(out, line("- wrong: "+say(v)))
		}
	}
	for _, v := range now.Violations {
		if !has(old.Violations, v) {
			out = append(out, line("+ wrong: "+say(v)))
		}
	}
	return out
}

func callLines(old, now core.Plan) (out []string) {
	names := func(p core.Plan) (out []string) {
		for _, c := range p.Changes {
			out = append(out, c.Do.Op)
		}
		return out
	}
	for _, op := range missing(names(old), names(now)) {
		out = append(out, line("- calls "+op))
	}
	for _, op := range missing(names(now), names(old)) {
		out = append(out, line("+ calls "+op))
	}
	shown := show.Hide(core.Finding{Changes: []core.ShownChange{{Diff: callDiff(old, now)}}}).Changes[0].Diff
	for _, l := range shown {
		if l.Before != nil {
			out = append(out, line("- "+l.Path+": "+show.JSON(l.Before)))
		}
		if l.After != nil {
			out = append(out, line("+ "+l.Path+": "+show.JSON(l.After)))
		}
	}
	return out
}

// callDiff compares what is given to the calls that both plans make; the calls that take them back hold what is there.
func callDiff(old, now core.Plan) (out []core.DiffLine) {
	for i, c := range old.Changes {
		k := slices.IndexFunc(now.Changes, func(o core.Change) bool { return o.Do.Op == c.Do.Op })
		if i > 0 && slices.ContainsFunc(old.Changes[:i], func(o core.Change) bool { return o.Do.Op == c.Do.Op }) || k < 0 {
			continue
		}
		found := core.Diff(c.Do.Input, now.Changes[k].Do.Input)
		if len(found) == 0 && len(c.Undo) > 0 && len(now.Changes[k].Undo) > 0 && c.Undo[0].Op == now.Changes[k].Undo[0].Op {
			found = core.Diff(c.Undo[0].Input, now.Changes[k].Undo[0].Input)
		}
		out = append(out, found...)
	}
	return out
}

// line is a text on one line, cut.
func line(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > longLine {
		return string(r[:longLine-1]) + "…"
	}
	return s
}

// decisionNow is what a rules file says at a moment about what an occurrence was opened for, and which of its rules. It is not known where there is no file,
// or nothing was kept of what it was asked about.
func decisionNow(file *rules.File, occ occurrence.Occurrence, now time.Time) (mode, rule string, known bool) {
	var about rules.Subject
	if file == nil || len(occ.About) == 0 || json.NewDecoder(bytes.NewReader(occ.About)).Decode(&about) != nil {
		return "", "", false
	}
	trace := file.Explain(about, now)
	rule = trace.Decision.Reason
	for _, s := range trace.Steps {
		if s.Kind == "rule" && s.Hit && s.Name == trace.Decision.Rule {
			rule = fmt.Sprintf("rule %s, line %d", s.Name, s.Line)
		}
	}
	if trace.Decision.Rule == "default" {
		rule = "no rule matches"
	}
	return trace.Decision.Mode.String(), rule, true
}

// before is the request that an occurrence's plan takes the place of, if people were asked about another plan for the same thing, and how that ended.
func (d *Desk) before(ctx context.Context, occ occurrence.Occurrence) (Request, bool, error) {
	ids := []string{occ.ID}
	if core.Outcome(occ.Past.Outcome) == core.Stale && occ.Past.ID != "" {
		ids = append(ids, occ.Past.ID)
	}
	var last Request
	for _, id := range ids {
		list, err := List(ctx, d.Store, d.Table, occ.Resource.Account, Fix, id)
		if err != nil {
			return last, false, err
		}
		for _, r := range list {
			if (r.Key.ID != occ.ID || r.Key.Hash != occ.PlanHash) && !r.State.open() && r.State != Applied && !r.Ended.Before(last.Ended) {
				last = r
			}
		}
	}
	return last, last.Round > 0, nil
}

// was is what a new request says of the one before it.
func was(old Request, occ occurrence.Occurrence) *Was {
	why, changed := differences(old.plan, occ.Plan)
	return &Was{Plan: old.Plan, Hash: old.Key.Hash, Why: why, Changed: changed}
}

// follows lets the request before say which plan took its place, where that was not known when it ended. Nothing that counts is changed by it.
func (d *Desk) follows(ctx context.Context, old, r Request) {
	to := Moved{Plan: r.Plan, Hash: r.Key.Hash}
	if old.Moved != nil && *old.Moved == to {
		return
	}
	old.Moved = &to
	if slices.Equal(old.EndedWhy, []string{notYetKnown}) {
		e := ending{why: r.Was.Why, moved: &to}
		old.EndedWhy, old.Why = e.why, e.text()
	}
	if err := d.keep(ctx, old); err != nil {
		slog.WarnContext(ctx, "a message will not say which plan took its place", "plan", old.Plan, "error", err.Error())
		return
	}
	d.tell(ctx, old, Asked)
}
