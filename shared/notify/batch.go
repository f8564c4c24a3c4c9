package notify

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

const (
	sectionRoom  = 600 // for the JSON around the sections that the lines are put into
	shownDiffs   = 3   // lines of a diff under a finding's line
	shownHeads   = 9   // of audit chains; a footer holds ten texts
	shownTheRest = 4   // accounts that are named with what did not fit
)

// batch makes one message about several findings: exact counts, then a line for each as far as they fit, what needs people first. Spare is left free for what
// is added later.
func batch(findings []core.Finding, o Options, spare int) Message {
	findings = sorted(findings)
	text := fmt.Sprintf("%d findings: %s", len(findings), tally(findings, headline, ", "))
	summary := fmt.Sprintf("*Outcomes* %s\n*Severities* %s", tally(findings, headline, " · "), tally(findings, severity, " · "))
	if slices.ContainsFunc(findings, func(f core.Finding) bool { return f.Outcome == core.Fixed && show.Undo(f) != "" }) {
		summary += "\n*Undo* a fix with `shoreup undo RECORD`; its record stands at the end of its line"
	}
	top := []slack.Block{header(fmt.Sprintf("%d findings in %s", len(findings), accounts(findings))), section(summary)}
	foot := heads(findings)
	room := maxTotal - 2 - spare - sectionRoom - cost(top...) - cost(foot)

	items := compact(findings, o)
	shown := fit(items, room-rest(findings, 0))
	left := room - rest(findings, shown)
	for _, line := range items[:shown] {
		left -= weigh(line) + 2
	}
	items = items[:shown]
	for i := range items {
		if d := details(findings[i]); weigh(d) <= left {
			items[i] += d
			left -= weigh(d)
		}
	}
	blocks := append(top, pack(items)...)
	if shown < len(findings) {
		blocks = append(blocks, section(restText(findings[shown:])))
	}
	return Message{Text: text, Blocks: append(blocks, foot)}
}

func accounts(findings []core.Finding) string {
	ids := map[string]bool{}
	for _, f := range findings {
		ids[f.Account] = true
	}
	if len(ids) == 1 {
		return "1 account"
	}
	return fmt.Sprintf("%d accounts", len(ids))
}

func headline(f core.Finding) string {
	if show.Urgency(f.Outcome) < 0 {
		return "other"
	}
	return strings.ToLower(show.Headline(f))
}

func severity(f core.Finding) string {
	if show.Worst(f.Severity) > show.Worst(core.Low) {
		return "other"
	}
	return string(f.Severity)
}

// tally counts the findings by a word, in the order of the words' first findings: "3 failed, 2 fixed".
func tally(findings []core.Finding, word func(core.Finding) string, sep string) string {
	var order []string
	counts := map[string]int{}
	for _, f := range findings {
		w := word(f)
		if counts[w]++; counts[w] == 1 {
			order = append(order, w)
		}
	}
	for i, w := range order {
		text := w
		if plural, ok := ofSeveral[w]; ok && counts[w] > 1 {
			text = plural
		}
		order[i] = fmt.Sprintf("%d %s", counts[w], text)
	}
	return strings.Join(order, sep)
}

// ofSeveral are headlines that read otherwise of several findings.
var ofSeveral = map[string]string{"waits for approval": "wait for approval", "needs people": "need people"}

// compact is a line for each finding.
func compact(findings []core.Finding, o Options) []string {
	out := make([]string, len(findings))
	for i, f := range findings {
		line := fmt.Sprintf("• %s %s %s", bold(show.Headline(f), 30), prose(string(f.Severity), 20), subjectOf(f.Control, f.Resource, o.account(f), f.Region))
		if f.Outcome == core.Fixed && f.Exposure > 0 {
			line += ", open for " + show.Duration(f.Exposure)
		}
		if f.Cause.Actor != "" {
			line += ", caused by " + code(show.Actor(f.Cause.Actor, f.Account), 60)
		}
		if f.Record.Seq > 0 {
			line += ", record " + code(fmt.Sprintf("%s/%d", f.Record.Chain, f.Record.Seq), 40)
		}
		out[i] = line
	}
	return out
}

// details is what is added under a line while there is room: the start of the diff, or why nothing changes.
func details(f core.Finding) string {
	var lines []string
	total := 0
	for _, c := range f.Changes {
		for _, l := range show.Diff(c.Diff) {
			if total++; total <= shownDiffs {
				lines = append(lines, diffLine(l, 160))
			}
		}
	}
	if len(lines) == 0 {
		if f.Reason == "" {
			return ""
		}
		return "\n" + prose(f.Reason, 250)
	}
	if total > shownDiffs {
		lines = append(lines, fmt.Sprintf("and %d more lines", total-shownDiffs))
	}
	return "\n```\n" + strings.Join(lines, "\n") + "\n```"
}

// fit returns how many of the lines fit.
func fit(lines []string, room int) int {
	for i, l := range lines {
		if room -= weigh(l) + 2; room < 0 {
			return i
		}
	}
	return len(lines)
}

// pack puts the lines into as few sections as hold them.
func pack(lines []string) []slack.Block {
	var out []slack.Block
	var open []string
	size := 0
	for _, l := range lines {
		if size += weigh(l) + 2; size > maxSection {
			out, open, size = append(out, section(strings.Join(open, "\n"))), nil, weigh(l)+2
		}
		open = append(open, l)
	}
	if len(open) > 0 {
		out = append(out, section(strings.Join(open, "\n")))
	}
	return out
}

// rest is the room that naming the findings from there on takes.
func rest(findings []core.Finding, from int) int {
	if from == len(findings) {
		return 0
	}
	return cost(section(restText(findings[from:])))
}

// restText says how many findings have no line, and where to read them.
func restText(left []core.Finding) string {
	counts := map[string]int{}
	for _, f := range left {
		counts[f.Account]++
	}
	out := fmt.Sprintf("and %d more:", len(left))
	others, inOthers := 0, 0
	for i, account := range slices.Sorted(maps.Keys(counts)) {
		if i >= shownTheRest {
			others, inOthers = others+1, inOthers+counts[account]
			continue
		}
		out += fmt.Sprintf("\n%d: %s", counts[account], code("shoreup audit list --account "+account, 80))
	}
	if others > 0 {
		out += fmt.Sprintf("\n%d in %d other accounts", inOthers, others)
	}
	return out
}

// heads names the newest audit entry of each chain that the message is about, and the rules that decided.
func heads(findings []core.Finding) slack.Block {
	newest := map[string]core.Record{}
	var versions []string
	for _, f := range findings {
		if f.Record.Seq > newest[f.Record.Chain].Seq {
			newest[f.Record.Chain] = f.Record
		}
		if !slices.Contains(versions, f.RulesVersion) {
			versions = append(versions, f.RulesVersion)
		}
	}
	var out []string
	for _, chain := range slices.Sorted(maps.Keys(newest)) {
		r := newest[chain]
		out = append(out, fmt.Sprintf("audit %s head %s", code(fmt.Sprintf("%s/%d", r.Chain, r.Seq), 60), code(core.RecordHash(r.Hash), 20)))
	}
	if n := len(out); n > shownHeads {
		out = append(out[:shownHeads-1], fmt.Sprintf("and %d more audit chains", n-shownHeads+1))
	}
	rules := "rules " + code(versions[0], 40)
	if len(versions) > 1 {
		rules += fmt.Sprintf(" and %d more versions", len(versions)-1)
	}
	return footer(append(out, rules)...)
}
