// Package text shows findings, records and controls on a terminal: a plan reads like terraform's, one block for each finding and one line at the
// end that counts them. It belongs to the command line.
//
// Names, policies and actors come from whoever made a resource. Nothing of them reaches the terminal that could steer it or look like
// something else: escape sequences, control and bidirectional characters are spelled out.
package text

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Options say how to show things. The caller honours NO_COLOR and asks the terminal for its width.
type Options struct {
	Color       bool
	Width       int                    // columns; 0: 100; at least 40
	AccountName func(id string) string // "prod" for "111122223333", or empty. May be nil
}

func (o Options) width() int { return max(cmp.Or(o.Width, 100), 40) }

// Finding writes all that is known of a finding, followed by an empty line. Values that look like secrets are hidden: plans are read in logs, too.
func Finding(w io.Writer, f core.Finding, o Options) error {
	f = show.Hide(f)
	p := &printer{color: o.Color, width: o.width()}
	p.heading(f)
	for _, v := range f.Violations {
		p.violation(v)
	}
	for _, c := range f.Changes {
		p.change(c)
	}
	for _, a := range f.Advice {
		p.advice(a)
	}
	for _, s := range f.NeverAuto {
		p.item("careful", s, text.FgYellow)
	}
	for _, s := range f.Notes {
		p.item("note", s)
	}
	p.origin(f, o)
	p.b.WriteString("\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

func (p *printer) heading(f core.Finding) {
	name := show.Visible(cmp.Or(f.ARN, f.Resource))
	head := fmt.Sprintf("# %s  %s  %s", p.paint(show.Visible(f.Control), text.Bold), p.paint(show.Visible(string(f.Severity)), severityColors(f.Severity)...), name)
	p.b.WriteString(head + "\n")
	p.lines("  ", "  ", f.Title)
	status := show.Headline(f)
	if f.Reason != "" {
		status += ": " + f.Reason
	}
	p.lines("  ", "  ", status, outcomeColor(f), text.Bold)
	p.b.WriteString("\n")
}

func (p *printer) violation(v core.Violation) {
	text := v.Where + ": " + v.Reason
	if v.Unsettled {
		text += " (not settled by AWS's documents: reported, never changed)"
	} else if v.Manual {
		text += " (left to people: see the advice)"
	}
	p.item("wrong", text)
}

func (p *printer) change(c core.ShownChange) {
	p.item("change", c.Why)
	for _, l := range show.Diff(c.Diff) {
		p.diff(l)
	}
	p.lines(under+"call ", under+"     ", c.Call+" "+show.JSON(c.Input), text.Faint)
}

func (p *printer) diff(l show.Line) {
	color, value := text.FgYellow, l.Before+" -> "+l.After
	switch l.Mark {
	case '+':
		color, value = text.FgGreen, l.After
	case '-':
		color, value = text.FgRed, l.Before
	}
	p.lines(under+p.paint(string(l.Mark)+" ", color), under+"    ", l.Field+": "+value, color)
}

func (p *printer) advice(a core.Advice) {
	p.item("advice", a.Title, text.Bold)
	for i, s := range a.Steps {
		number := fmt.Sprintf("%d. ", i+1)
		p.lines(under+number, under+strings.Repeat(" ", len(number)), s)
	}
	if a.Outage != "" {
		p.lines(under+"outage: ", under+"        ", a.Outage)
	}
	if a.Cost != "" {
		p.lines(under+"cost: ", under+"      ", a.Cost)
	}
}

// origin is who caused it, who decides about it and how to go on.
func (p *printer) origin(f core.Finding, o Options) {
	p.item("undo", undo(f))
	p.item("decision", decision(f))
	cause := show.Cause(f)
	if f.Outcome == core.Fixed && f.Exposure > 0 {
		cause += "; open for " + show.Duration(f.Exposure)
	}
	if cause != "unknown" {
		p.item("cause", cause)
	}
	account := f.Account
	if o.AccountName != nil && o.AccountName(f.Account) != "" {
		account = o.AccountName(f.Account) + " (" + f.Account + ")"
	}
	p.item("where", fmt.Sprintf("account %s, %s, owner %s", account, f.Region, show.Owner(f)))
	for _, fact := range f.Context.Facts {
		p.item("", fact)
	}
	if f.Hash != "" {
		plan := "hash " + core.ShortHash(f.Hash)
		if f.ID != "" {
			plan += ", " + f.ID
		}
		if f.RulesVersion != "" {
			plan += ", rules " + f.RulesVersion
		}
		p.item("plan", plan)
	}
	if f.Record.Seq > 0 {
		p.item("record", fmt.Sprintf("%s/%d, %s", f.Record.Chain, f.Record.Seq, core.RecordHash(f.Record.Hash)))
	}
}

// undo says how far back the way is, and once something was done, how to go it.
func undo(f core.Finding) string {
	if command := show.Undo(f); command != "" {
		return command
	}
	var ops []string
	n := 0
	for _, c := range f.Changes {
		for _, u := range c.Undo {
			n++
			if len(ops) == 0 || ops[len(ops)-1] != u.Op {
				ops = append(ops, u.Op)
			}
		}
	}
	if n == 0 {
		return ""
	}
	back := "to exactly this state"
	if f.Reversible == core.PartlyReversible || slices.ContainsFunc(f.Notes, func(n string) bool { return strings.Contains(n, "undo ") }) {
		back = "as far as the notes say" // a control says there what AWS would refuse or what is lost, in this very case
	}
	calls := "1 call"
	if n > 1 {
		calls = fmt.Sprintf("%d calls", n)
	}
	return fmt.Sprintf("%s back %s: %s", calls, back, strings.Join(ops, ", "))
}

func decision(f core.Finding) string {
	if f.Decision.Mode == "" {
		return ""
	}
	out := f.Decision.Mode
	if f.Decision.Rule != "" {
		out += " (" + f.Decision.Rule + ")"
	}
	if f.Decision.Reason != "" && f.Decision.Reason != f.Reason {
		out += ": " + f.Decision.Reason
	}
	return out
}
