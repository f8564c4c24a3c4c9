// Package markdown writes a report as GitHub-flavoured Markdown, for a pull request, an issue or a wiki: sums first, then what waits, and each plan
// folded up with all that is known of it.
//
// Names, tags and reasons come from whoever made a resource. None of them can mark up anything, link to anything, mention anybody or leave a table.
package markdown

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report"
)

// Options say how much to write.
type Options struct {
	// Most is how many rows of each list are written; the rest is counted. 0: all. A comment on GitHub holds 65,536 characters, which is about 30 plans.
	Most int
}

// Write writes the report, row by row.
func Write(w io.Writer, r report.Report, o Options) error {
	p := &printer{w: bufio.NewWriterSize(w, 64<<10), most: o.Most, report: r}
	p.head()
	p.waiting()
	p.exceptions()
	p.refused()
	p.fixes()
	p.plans()
	if err := p.w.Flush(); err != nil { // the first error of all that was written
		return fmt.Errorf("writing the report as Markdown: %w", err)
	}
	return nil
}

type printer struct {
	w      *bufio.Writer
	most   int
	report report.Report
}

func (p *printer) f(format string, args ...any) {
	fmt.Fprintf(p.w, format, args...) // the writer keeps its first error
}

// table writes a table of cells that are Markdown already.
func (p *printer) table(title string, columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	p.f("## %s\n\n| %s |\n|%s\n", title, strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)))
	for i, row := range rows {
		if p.most > 0 && i == p.most {
			p.f("\nand %d more\n", len(rows)-i)
			break
		}
		p.f("| %s |\n", strings.Join(row, " | "))
	}
	p.f("\n")
}

func (p *printer) head() {
	r, f := p.report, p.report.Figures
	p.f("# shoreup report\n\nMade %s for %s in %s, rules %s.\n\n", show.Time(r.Generated), count(len(r.Accounts), "account"), count(len(r.Regions), "Region"), code(r.Rules.Version))
	p.f("**%d open**: %d critical, %d high, %d medium, %d low. %d waiting for a person, %d not seen.", f.Open.Total, f.Open.Critical, f.Open.High, f.Open.Medium, f.Open.Low, f.Waiting, f.Unseen)
	if f.EndingSoon > 0 {
		p.f(" %s ending within 14 days.", count(f.EndingSoon, "exception"))
	}
	if f.Fixed.N > 0 {
		p.f(" %d fixed and verified.", f.Fixed.N)
	}
	if f.Fixed.Timed > 0 {
		p.f(" Mean time to fix %s, median %s.", show.Duration(f.Fixed.Mean), show.Duration(f.Fixed.Median))
	}
	p.f("\n\n")
	var rows [][]string
	for _, g := range f.ByOwner {
		rows = append(rows, []string{prose(g.Name), fmt.Sprint(g.Open.Total), fmt.Sprint(g.Open.Critical), fmt.Sprint(g.Open.High), fmt.Sprint(g.Waiting), fmt.Sprint(g.Fixed.N), duration(g.Fixed.Mean)})
	}
	p.table("By owner", []string{"owner", "open", "critical", "high", "waiting", "fixed", "mean time to fix"}, rows)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func duration(seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return show.Duration(seconds)
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

func about(s report.Subject) []string {
	return []string{prose(string(s.Severity)), code(s.Control), code(s.Resource), code(s.Account), prose(s.Region), prose(s.Owner)}
}

var aboutColumns = []string{"severity", "control", "resource", "account", "Region", "owner"}

func (p *printer) waiting() {
	var rows [][]string
	for _, w := range p.report.Waiting {
		approvals := fmt.Sprintf("%d of %d", w.Approvals(), w.Needed)
		if w.Needed == 0 {
			approvals = ""
		}
		rows = append(rows, append(about(w.Subject), prose(question(w)), prose(strings.Join(w.For, ", ")), approvals, day(w.Expires)))
	}
	p.table("Waiting for a person", append(aboutColumns[:len(aboutColumns):len(aboutColumns)], "question", "for", "approvals", "expires (UTC)"), rows)
}

// question is what people are asked.
func question(w report.Waiting) string {
	out := w.Title
	if w.About != "" {
		out += "; " + w.About
	}
	if len(w.Details) > 0 {
		out += ": " + strings.Join(w.Details, "; ")
	}
	return out
}

func (p *printer) exceptions() {
	var rows [][]string
	for _, e := range p.report.Exceptions {
		state := ""
		switch {
		case e.Ended:
			state = "ended"
		case e.EndsSoon:
			state = "**ends soon**"
		}
		rows = append(rows, []string{code(strings.Join(e.Controls, ", ")), code(e.Resource), code(e.Account), prose(e.Owner), prose(e.Reason), day(e.Until), state})
	}
	p.table("Exceptions", []string{"controls", "resource", "account", "owner", "reason", "until (UTC)", ""}, rows)
}

func (p *printer) refused() {
	var rows [][]string
	for _, r := range p.report.Refused {
		by := map[string]string{"rules": "the rules", "expired": "nobody decided in time"}[r.Kind]
		if by == "" {
			by = r.By
		}
		what := r.Title
		if r.Kind == "word" {
			what = "a word that changed nothing (" + r.Verdict + "): " + what
		}
		rows = append(rows, append(about(r.Subject), prose(what), prose(by), prose(r.Reason), day(r.When)))
	}
	p.table("Refused", append(aboutColumns[:len(aboutColumns):len(aboutColumns)], "what", "by", "why", "when (UTC)"), rows)
	rows = nil
	for _, c := range p.report.Figures.RefusedWords {
		rows = append(rows, []string{prose(c.Name), fmt.Sprint(c.N)})
	}
	p.table("Words of people that changed nothing", []string{"why", "times"}, rows)
}

func (p *printer) fixes() {
	var rows [][]string
	for _, f := range p.report.Fixes {
		rows = append(rows, append(about(f.Subject), prose(f.Headline), day(f.Verified), duration(f.Took), code(f.UndoCommand)))
	}
	p.table("Fixes", append(aboutColumns[:len(aboutColumns):len(aboutColumns)], "outcome", "verified (UTC)", "took", "undo"), rows)
}

func (p *printer) plans() {
	if len(p.report.Plans) == 0 {
		p.f("Nothing was found.\n")
		return
	}
	p.f("## Findings\n\n")
	for i, plan := range p.report.Plans {
		if p.most > 0 && i == p.most {
			p.f("and %d more\n", len(p.report.Plans)-i)
			return
		}
		p.plan(plan)
	}
}

func (p *printer) plan(f report.Plan) {
	p.f("<details><summary>%s: %s, %s on %s in %s %s</summary>\n\n", prose(f.Headline), prose(string(f.Severity)), code(f.Control), code(f.Resource), code(f.Account), prose(f.Region))
	p.f("%s. %s\n\n", prose(f.Title), prose(f.Reason))
	for _, v := range f.Violations {
		p.f("- wrong: %s: %s\n", prose(v.Where), prose(v.Reason))
	}
	for _, s := range f.NeverAuto {
		p.f("- look first: %s\n", prose(s))
	}
	for _, s := range f.Notes {
		p.f("- note: %s\n", prose(s))
	}
	p.f("- cause: %s\n", prose(f.CausedBy))
	if f.Decision.Mode != "" {
		p.f("- decision: %s (%s)\n", prose(f.Decision.Mode), prose(f.Decision.Rule))
	}
	p.f("- owner: %s", prose(f.Owner))
	if f.Exposure > 0 {
		p.f("; open for: %s", duration(f.Exposure))
	}
	p.f("\n")
	if f.UndoCommand != "" {
		p.f("- undo: %s\n", code(f.UndoCommand))
	}
	if f.Hash != "" {
		p.f("- plan: %s, hash %s\n", code(f.ID), code(core.ShortHash(f.Hash)))
	}
	p.f("\n")
	for _, c := range f.Changes {
		p.change(c)
	}
	for _, a := range f.Advice {
		p.f("To be done by people: %s\n\n", prose(a.Title))
		for i, s := range a.Steps {
			p.f("%d. %s\n", i+1, prose(s))
		}
		p.f("\nOutage: %s. Cost: %s.\n\n", prose(a.Outage), prose(a.Cost))
	}
	p.f("</details>\n\n")
}

func (p *printer) change(c report.Change) {
	p.f("%s\n\n", prose(c.Why))
	var lines strings.Builder
	for _, d := range c.Diff {
		if d.Mark != "+" {
			fmt.Fprintf(&lines, "- %s: %s\n", d.Field, d.Before)
		}
		if d.Mark != "-" {
			fmt.Fprintf(&lines, "+ %s: %s\n", d.Field, d.After)
		}
	}
	if lines.Len() > 0 {
		p.f("%s\n", block("diff", lines.String()))
	}
	p.f("%s\n", block("json", c.Call+" "+pretty(c.Input)))
}

// pretty indents a call's input; each line of it is made visible, so that nothing in it ends the block.
func pretty(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	lines := strings.Split(b.String(), "\n")
	for i, l := range lines {
		lines[i] = show.Visible(l)
	}
	return strings.Join(lines, "\n")
}
