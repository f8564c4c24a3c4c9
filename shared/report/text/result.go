package text

import (
	"fmt"
	"io"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
)

// Result writes in short what came of a plan that was shown before: the outcome, why, and where the record is.
func Result(w io.Writer, f core.Finding, o Options) error {
	p := &printer{color: o.Color, width: o.width()}
	p.heading(f)
	if f.Outcome == core.Fixed {
		p.item("undo", show.Undo(f))
	}
	if f.Record.Seq > 0 {
		p.item("record", fmt.Sprintf("%s/%d, hash %s", f.Record.Chain, f.Record.Seq, core.RecordHash(f.Record.Hash)), text.Faint)
	}
	p.b.WriteString("\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}

// Safe makes outside text safe to print on a terminal, on one line.
func Safe(s string) string { return show.Visible(s) }

// Lines writes a heading and texts below it, followed by an empty line. Empty texts are left out.
func Lines(w io.Writer, heading string, texts []string, o Options) error {
	p := &printer{color: o.Color, width: o.width()}
	p.lines("# ", "  ", heading, text.Bold)
	for _, s := range texts {
		if s != "" {
			p.lines("  ", "    ", s)
		}
	}
	p.b.WriteString("\n")
	_, err := io.WriteString(w, p.b.String())
	return err
}
