package rules

import (
	"fmt"
	"strings"
	"time"
)

// Step is one thing that was looked at on the way to a decision.
type Step struct {
	Kind string `json:"kind"`           // subject, enrolment, exception, rule, default, tag rule, cap, protected, kill switch, freeze or decision
	Name string `json:"name,omitempty"` // of the rule, exception or freeze
	Line int    `json:"line,omitempty"` // in the file
	Hit  bool   `json:"hit"`            // it had a say
	Mode Mode   `json:"mode"`           // what stands after this step
	Text string `json:"text"`           // why, for people
}

// Trace is a decision with all that led to it. The last step is the decision itself.
type Trace struct {
	Steps    []Step   `json:"steps"`
	Decision Decision `json:"decision"`
}

// Decide says what may be done about the subject. now decides freshness, exceptions and freezes.
func (f *File) Decide(s Subject, now time.Time) Decision { return f.Explain(s, now).Decision }

// Explain decides and tells how: it is the only place where decisions are made.
func (f *File) Explain(s Subject, now time.Time) Trace {
	e := &evaluation{file: f, subject: s, now: now}
	for _, settled := range []func() bool{
		e.complete, e.enrolled, e.exempt, e.byRules, e.byTagRules, e.capped, e.protected, e.killed, e.frozen,
	} {
		if settled() {
			break
		}
	}
	d := e.decision
	e.step(Step{Kind: "decision", Name: d.Rule, Hit: true, Text: d.Reason})
	return Trace{Steps: e.steps, Decision: d}
}

// evaluation carries the decision as it stands from step to step. Each step answers whether it settled the case.
type evaluation struct {
	file     *File
	subject  Subject
	now      time.Time
	steps    []Step
	decision Decision
	oldAuto  bool // a matching auto rule names the origin of this old finding
}

// step notes what was looked at, with the mode as it stands now.
func (e *evaluation) step(s Step) {
	s.Mode = e.decision.Mode
	e.steps = append(e.steps, s)
}

// settle notes a step that ends the case.
func (e *evaluation) settle(s Step, d Decision) bool {
	e.decision = d
	s.Hit, s.Text = true, d.Reason
	e.step(s)
	return true
}

func (e *evaluation) refuse(kind, rule, reason string) bool {
	return e.settle(Step{Kind: kind}, Decision{Mode: Refuse, Rule: rule, Reason: reason})
}

func (e *evaluation) complete() bool {
	if e.file == nil {
		return e.refuse("subject", "subject", "the rules file could not be read, so nothing may be done")
	}
	if defect := e.subject.defect(); defect != "" {
		return e.refuse("subject", "subject", "cannot be decided safely: "+defect)
	}
	if entry := e.file.GoesByRegion(); entry != "" && e.subject.Region == "" {
		return e.refuse("subject", "subject", "cannot be decided safely: the finding names no Region, but "+entry+" goes by Region")
	}
	if entry := e.file.needsARN(e.subject); entry != "" {
		return e.refuse("subject", "subject", "cannot be decided safely: the finding names no resource ARN, but "+entry+" goes by ARN")
	}
	return false
}

func (e *evaluation) enrolled() bool {
	s := e.subject
	if !e.file.Enrolled(s.Account, s.enrolledIn()) {
		reason := fmt.Sprintf("account %s is not enrolled", s.Account)
		if e.file.Enrolled(s.Account, "") {
			reason = fmt.Sprintf("Region %s of account %s is not enrolled", s.enrolledIn(), s.Account)
		}
		return e.refuse("enrolment", "accounts", reason)
	}
	text := "no accounts are listed, so every account is enrolled"
	if len(e.file.Accounts) > 0 {
		text = fmt.Sprintf("account %s is enrolled", s.Account)
	}
	e.step(Step{Kind: "enrolment", Hit: true, Text: text})
	return false
}

// exempt takes the exception that lasts longest, so that its end is the day on which fixing may begin.
func (e *evaluation) exempt() bool {
	best := -1
	for i, x := range e.file.Exceptions {
		if !x.covers(e.subject) {
			continue
		}
		if !e.now.Before(x.Expires) {
			e.step(Step{Kind: "exception", Name: exceptionName(i), Line: x.Line, Text: "ran out after " + lastDay(x)})
			continue
		}
		if best < 0 || x.Expires.After(e.file.Exceptions[best].Expires) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	x := e.file.Exceptions[best]
	return e.settle(Step{Kind: "exception", Name: exceptionName(best), Line: x.Line}, Decision{
		Mode: Exempt, Rule: exceptionName(best), Expires: x.Expires,
		Reason: fmt.Sprintf("exception until %s, owner %s: %s", lastDay(x), x.Owner, x.Reason),
	})
}

func exceptionName(i int) string { return fmt.Sprintf("exceptions[%d]", i) }

func lastDay(x Exception) string { return x.Expires.AddDate(0, 0, -1).Format(time.DateOnly) }

// byRules lets the most cautious of the matching rules without tags decide.
func (e *evaluation) byRules() bool {
	var winner *Rule
	origin := e.subject.origin(e.now)
	for i := range e.file.Rules {
		r := &e.file.Rules[i]
		if len(r.Match.Tags) > 0 {
			continue
		}
		if why := e.file.ruleMismatch(*r, e.subject, e.now); why != "" {
			e.step(Step{Kind: "rule", Name: r.Name, Line: r.Line, Text: "does not match: " + why})
			continue
		}
		if winner == nil || r.Mode < winner.Mode {
			winner = r
			e.decision = Decision{Mode: r.Mode, Rule: r.Name, Reason: r.says()}
		}
		if r.Mode == Auto && fits(r.Match.Origin, is(origin)) && len(r.Match.Origin) > 0 {
			e.oldAuto = true
		}
		e.step(Step{Kind: "rule", Name: r.Name, Line: r.Line, Hit: true, Text: "matches and says " + r.Mode.String()})
	}
	if winner == nil {
		reason := fmt.Sprintf("no rule matches, so the default holds: %s", e.file.DefaultMode)
		e.decision = Decision{Mode: e.file.DefaultMode, Rule: "default", Reason: reason}
		e.step(Step{Kind: "default", Hit: true, Text: reason})
	}
	return false
}

func (r Rule) says() string {
	text := fmt.Sprintf("rule %s (line %d) says %s", r.Name, r.Line, r.Mode)
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text
}

// byTagRules lets rules with tags lower what stands, never raise it.
func (e *evaluation) byTagRules() bool {
	for _, r := range e.file.Rules {
		if len(r.Match.Tags) == 0 {
			continue
		}
		step := Step{Kind: "tag rule", Name: r.Name, Line: r.Line}
		if why := e.file.ruleMismatch(r, e.subject, e.now); why != "" {
			step.Text = "does not match: " + why
		} else if r.Mode < e.decision.Mode {
			step.Hit, step.Text = true, fmt.Sprintf("matches by tag and lowers %s to %s", e.decision.Mode, r.Mode)
			e.decision = Decision{Mode: r.Mode, Rule: r.Name, Reason: r.says() + " (lowered by tag)"}
		} else {
			step.Text = "matches by tag, but tags only lower"
		}
		e.step(step)
	}
	return false
}

// capped turns auto into approve where a person has to look.
func (e *evaluation) capped() bool {
	if e.decision.Mode != Auto {
		return false
	}
	s, origin := e.subject, e.subject.origin(e.now)
	var why []string
	if s.accountWide() {
		why = append(why, "settings of a whole account are never automatic")
	}
	if s.inIAM() {
		why = append(why, "changes in IAM are never automatic")
	}
	for _, reason := range s.NeverAuto {
		why = append(why, "not automatic: "+reason)
	}
	if s.Asked {
		why = append(why, "somebody asked for it in Security Hub, and nobody knows who")
	}
	if !s.fresh(e.now) && !e.oldAuto {
		why = append(why, fmt.Sprintf("an old finding (origin %s) is automatic only if an auto rule names its origin", origin))
	}
	if len(why) == 0 {
		return false
	}
	e.decision.Mode = Approve
	e.decision.Reason += "; lowered to approve: " + strings.Join(why, "; ")
	for _, text := range why {
		e.step(Step{Kind: "cap", Hit: true, Text: text})
	}
	return false
}

func (e *evaluation) protected() bool {
	if e.subject.Protected != "" {
		return e.refuse("protected", "protected", "protected: "+e.subject.Protected)
	}
	if e.file.Protects(e.subject.ResourceARN) {
		return e.refuse("protected", "protected", "protected: "+e.subject.ResourceARN+" is listed under protected_principals")
	}
	return false
}

func (e *evaluation) killed() bool {
	if !e.file.KillSwitch || !e.decision.Mode.Writes() {
		return false
	}
	return e.refuse("kill switch", "kill_switch", "the kill switch is on, so nothing is written; otherwise: "+e.decision.Reason)
}

func (e *evaluation) frozen() bool {
	if !e.decision.Mode.Writes() {
		return false
	}
	name, until, frozen := e.file.Frozen(e.subject, e.now)
	if !frozen {
		return false
	}
	return e.settle(Step{Kind: "freeze", Name: name}, Decision{Mode: Refuse, Rule: "freeze " + name, Expires: until,
		Reason: fmt.Sprintf("frozen until %s by %s; otherwise: %s", until.Format(time.RFC3339), name, e.decision.Reason)})
}
