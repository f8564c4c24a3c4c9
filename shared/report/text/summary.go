package text

import (
	"fmt"
	"io"
	"strings"

	"github.com/shoreup/shoreup/shared/core"
)

// Counts is how often each control's judgement ended how.
type Counts map[string]map[core.Outcome]int

// total adds up an outcome over all controls.
func (c Counts) total(o core.Outcome) int {
	n := 0
	for _, outcomes := range c {
		n += outcomes[o]
	}
	return n
}

// Count counts findings.
func Count(findings []core.Finding) Counts {
	c := Counts{}
	for _, f := range findings {
		if c[f.Control] == nil {
			c[f.Control] = map[core.Outcome]int{}
		}
		c[f.Control][f.Outcome]++
	}
	return c
}

// words are what the summary says of an outcome, in its order.
var words = []struct {
	outcome core.Outcome
	one     string // behind the number 1
	many    string
}{
	{core.Fixed, "fixed", "fixed"}, {core.Undone, "undone", "undone"}, {core.Planned, "to fix", "to fix"},
	{core.AwaitingApproval, "waits for approval", "wait for approval"}, {core.Reported, "only reported", "only reported"},
	{core.Excepted, "exempt", "exempt"}, {core.Refused, "refused", "refused"}, {core.Rejected, "rejected", "rejected"}, {core.Expired, "expired", "expired"},
	{core.Stale, "stale", "stale"}, {core.Unverified, "not verified", "not verified"}, {core.Failed, "failed", "failed"}, {core.Regressed, "broken again", "broken again"},
	{core.Compliant, "in order", "in order"}, {core.NotApplicableHere, "not applicable", "not applicable"}, {core.Blind, "could not be seen", "could not be seen"},
	{core.Errored, "could not be judged", "could not be judged"},
}

// Summary writes the line that ends a plan or its execution: "Plan: 3 to fix, 2 wait for approval, 12 in order". Judged counts everything that was
// looked at; nil stands for the findings themselves, which otherwise only tell what of the reported is advice.
func Summary(w io.Writer, findings []core.Finding, judged Counts, o Options) error {
	if judged == nil {
		judged = Count(findings)
	}
	var parts []string
	add := func(n int, one, many string) {
		if n == 1 {
			many = one
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, many))
		}
	}
	title := "Plan"
	for _, x := range words {
		n := judged.total(x.outcome)
		switch x.outcome {
		case core.Reported:
			advice, unclear := reported(findings)
			add(n-advice-unclear, x.one, x.many)
			add(advice, "advice only", "advice only")
			add(unclear, "unclear", "unclear")
			continue
		case core.Fixed, core.Undone, core.Failed, core.Unverified:
			if n > 0 {
				title = "Done"
			}
		}
		add(n, x.one, x.many)
	}
	if len(parts) == 0 {
		parts = []string{"nothing to look at"}
	}
	p := &printer{color: o.Color, width: o.width()}
	p.lines(title+": ", "      ", strings.Join(parts, ", ")+".")
	_, err := io.WriteString(w, p.b.String())
	return err
}

// reported counts the findings that only people can do something about.
func reported(findings []core.Finding) (advice, unclear int) {
	for _, f := range findings {
		switch {
		case f.Outcome != core.Reported || len(f.Changes) > 0:
		case len(f.Advice) > 0:
			advice++
		default:
			unclear++
		}
	}
	return advice, unclear
}
