package notify

import (
	"fmt"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

func bullets(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, "• "+prose(t, maxLine))
	}
	return out
}

func violations(f core.Finding) []string {
	var out []string
	for _, v := range f.Violations {
		line := "• " + prose(v.Where, 200) + ": " + prose(v.Reason, 450)
		if v.Unsettled {
			line += " (not settled: reported, never changed)"
		}
		out = append(out, line)
	}
	return out
}

// wouldOrDid titles the diff so that nobody takes a plan for a deed.
func wouldOrDid(f core.Finding) string {
	switch f.Outcome {
	case core.Fixed, core.Undone:
		return "What changed"
	case core.Unverified, core.Failed:
		return "What was planned"
	}
	return "What would change"
}

// diff lists why each change is made and which fields it changes.
func diff(f core.Finding) []string {
	var out []string
	for _, c := range f.Changes {
		if c.Why != "" {
			out = append(out, codeLine("# "+c.Why, maxLine))
		}
		for _, l := range show.Diff(c.Diff) {
			out = append(out, diffLine(l, maxLine))
		}
	}
	return out
}

func diffLine(l show.Line, limit int) string {
	switch l.Mark {
	case '+':
		return "+ " + codeLine(l.Field+": "+l.After, limit)
	case '-':
		return "- " + codeLine(l.Field+": "+l.Before, limit)
	}
	return "~ " + codeLine(l.Field+": ", limit/4) + codeLine(l.Before, limit/3) + " → " + codeLine(l.After, limit/3)
}

func calls(f core.Finding) []string {
	var out []string
	for _, c := range f.Changes {
		out = append(out, codeLine(c.Call+" "+show.JSON(c.Input), maxCalls))
	}
	return out
}

// stepsShown is how many steps of an advice a message holds.
const stepsShown = 5

func advice(a core.Advice) []string {
	var out []string
	for i, s := range a.Steps {
		if i == stepsShown {
			out = append(out, fmt.Sprintf("and %d more steps: see %s", len(a.Steps)-i, code("shoreup plan", 20)))
			break
		}
		out = append(out, fmt.Sprintf("%d. %s", i+1, prose(s, maxLine/2)))
	}
	if a.Outage != "" {
		out = append(out, "Outage: "+prose(a.Outage, 200))
	}
	if a.Cost != "" {
		out = append(out, "Cost: "+prose(a.Cost, 200))
	}
	return out
}
