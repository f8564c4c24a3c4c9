package text

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// under is where the text behind the labels begins.
const under = "            "

// printer lays out lines. Only its own text goes to b as it is: outside text is made visible first.
type printer struct {
	b     strings.Builder
	color bool
	width int
}

// item writes a label and a text behind it; nothing where the text is empty.
func (p *printer) item(label, s string, colors ...text.Color) {
	if s == "" {
		return
	}
	lead := text.Pad("  "+label, len(under), ' ')
	p.lines(p.paint(lead, text.Faint), under, s, colors...)
}

// lines writes a text behind lead, and what does not fit on its line behind indent.
func (p *printer) lines(lead, indent, s string, colors ...text.Color) {
	room := p.width - text.StringWidthWithoutEscSequences(lead)
	for i, line := range wrap(show.Visible(s), room, p.width-len(indent)) {
		if i > 0 {
			lead = indent
		}
		p.b.WriteString(lead + p.paint(line, colors...) + "\n")
	}
}

// paint colours a text. The library's own switch is for the whole process and reads the environment, so only its sequences are used.
func (p *printer) paint(s string, colors ...text.Color) string {
	if !p.color || len(colors) == 0 || s == "" {
		return s
	}
	var start string
	for _, c := range colors {
		start += c.EscapeSeq()
	}
	return start + s + text.Reset.EscapeSeq()
}

func severityColors(s core.Severity) []text.Color {
	switch s {
	case core.Critical:
		return []text.Color{text.FgRed, text.Bold}
	case core.High:
		return []text.Color{text.FgRed}
	case core.Medium:
		return []text.Color{text.FgYellow}
	}
	return []text.Color{text.FgCyan}
}

func outcomeColor(f core.Finding) text.Color {
	switch f.Outcome {
	case core.Fixed, core.Undone, core.Compliant:
		return text.FgGreen
	case core.Failed, core.Unverified, core.Refused, core.Errored, core.Blind, core.Regressed:
		return text.FgRed
	}
	return text.FgYellow
}
