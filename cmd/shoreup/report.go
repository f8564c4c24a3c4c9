package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/csv"
	"github.com/shoreup/shoreup/shared/report/html"
	reportjson "github.com/shoreup/shoreup/shared/report/json"
	"github.com/shoreup/shoreup/shared/report/markdown"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/rules"
)

type reportFlags struct {
	planFlags
	list       string
	fromTables bool
	days       int
	most       int
}

// mostDays is how far back a report reads at most: ten years and a leap day or two. There is a place in memory for each day.
const mostDays = 3660

func checkDays(days int) error {
	if days < 1 || days > mostDays {
		return fmt.Errorf("--days %d: write 1 to %d", days, mostDays)
	}
	return nil
}

func reportCommand() *cobra.Command {
	var o reportFlags
	cmd := &cobra.Command{
		Use: "report", Short: "Write a report: what would change, what waits, what is exempt, what was fixed; changes nothing", Args: cobra.NoArgs,
		Long: `Looks at everything as shoreup plan does and writes a report of it. With --table it also holds what an installation knows: since when a thing is wrong,
what waits and for whom, exemptions, refusals and fixes. With --from-tables no resource is looked at, and all accounts of the rules file are in it.

html is one page that needs no network, written to report.html; json, csv and markdown go to standard output, or to --out.
Exit code 0: nothing to do; 2: something is wrong; 1: something could not be looked at.`,
		Example: "  shoreup report --table shoreup\n  shoreup report --from-tables --table shoreup --format markdown --most 20\n  shoreup report --format csv --list exceptions --table shoreup --out exceptions.csv",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	f := cmd.Flags()
	f.StringVar(&o.format, "format", "html", "html, json, csv or markdown")
	f.StringVar(&o.out, "out", "", `file to write; "-" is standard output (default: report.html for html, else standard output)`)
	f.StringVar(&o.table, "table", "", "prefix of the installation's tables")
	f.BoolVar(&o.fromTables, "from-tables", false, "look at no resource: report what the tables hold")
	f.StringVar(&o.list, "list", "plans", "the list to write as csv: plans, waiting, exceptions, refused or fixes")
	f.IntVar(&o.days, "days", reports.Days, "how many days back the records are read")
	f.IntVar(&o.most, "most", 0, "rows of each list in markdown; 0: all")
	f.StringSliceVar(&o.controls, "control", nil, "only these controls (ids; * stands for any text)")
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	return cmd
}

func (o *reportFlags) run(cmd *cobra.Command) error {
	write, err := o.writer()
	if err != nil {
		return err
	}
	if o.fromTables && o.table == "" {
		return errors.New(`--from-tables needs the tables' prefix: name it with --table (it is "shoreup" where the hub is deployed)`)
	}
	if err := checkDays(o.days); err != nil {
		return err
	}
	if o.most < 0 {
		return fmt.Errorf("--most %d: write how many rows, or 0 for all", o.most)
	}
	g, exit, err := o.gather(cmd.Context())
	if err != nil {
		return err
	}
	r := g.Report()
	for _, cut := range g.Cut {
		fmt.Fprintln(os.Stderr, text.Safe(cut)+": narrow the report with --days, --account or --control")
	}
	progress("writing %d plans", len(r.Plans))
	where, err := o.save(cmd.OutOrStdout(), r, write)
	progressDone()
	if err != nil {
		return err
	}
	if where != "" {
		plans := "1 plan"
		if len(r.Plans) != 1 {
			plans = fmt.Sprintf("%d plans", len(r.Plans))
		}
		fmt.Fprintf(os.Stderr, "report of %s written to %s\n", plans, where)
	}
	if exit == nil && o.fromTables {
		exit = wrongIn(r)
	}
	return exit
}

// wrongIn is the exit code of a report that was not looked for.
func wrongIn(r report.Report) error {
	for _, p := range r.Plans {
		if p.Open {
			return exitCode(exitChanges)
		}
	}
	return nil
}

func (o *reportFlags) writer() (func(io.Writer, report.Report) error, error) {
	switch o.format {
	case "html":
		return func(w io.Writer, r report.Report) error { return html.Write(w, r, html.Options{}) }, nil
	case "json":
		return reportjson.Write, nil
	case "csv":
		return func(w io.Writer, r report.Report) error { return csv.Write(w, r, o.list) }, nil
	case "markdown":
		return func(w io.Writer, r report.Report) error { return markdown.Write(w, r, markdown.Options{Most: o.most}) }, nil
	}
	return nil, fmt.Errorf("--format %s: write html, json, csv or markdown", o.format)
}

// gather collects what the report is made of; the exit code is that of what was looked at.
func (o *reportFlags) gather(ctx context.Context) (g *reports.Gathered, exit, err error) {
	named := o.account != ""
	h, err := o.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer progressDone()
	source, err := o.source(ctx, h, !named && o.fromTables, o.days)
	if err != nil {
		return nil, nil, err
	}
	if o.fromTables {
		g, err = source.FromTables(ctx)
		return g, nil, err
	}
	controls, err := pick(h.Engine.Controls, o.controls)
	if err != nil {
		return nil, nil, err
	}
	result := newPlanned()
	if err := o.look(ctx, h.Engine, controls, result); err != nil {
		return nil, nil, err
	}
	result.sort()
	if o.table == "" {
		return source.Alone(result.Plans, result.Judged), result.exit(), nil
	}
	g, err = source.Beside(ctx, result.Plans, result.Judged)
	return g, result.exit(), err
}

// source is where the report reads: one account, or all that the rules file names or anything was recorded of.
func (o *options) source(ctx context.Context, h *hub.Hub, all bool, days int) (reports.Source, error) {
	s := reports.Source{
		Rules: h.Engine.Rules(ctx), Accounts: []string{o.account}, Days: days, Controls: declared(), Progress: progress,
		Tables: review.Tables{Account: h.Account, Now: time.Now},
	}
	if o.table == "" {
		return s, nil
	}
	s.Tables = o.tables(h)
	if !all {
		return s, nil
	}
	var err error
	s.Accounts, err = everyAccount(ctx, s.Rules, s.Tables)
	return s, err
}

func (o *options) tables(h *hub.Hub) review.Tables {
	return review.TablesOf(h.Own, o.table, h.Engine.Log, h.Engine.State)
}

// everyAccount are the accounts of the rules file; where it names none, those that anything was recorded of.
func everyAccount(ctx context.Context, file *rules.File, t review.Tables) ([]string, error) {
	var out []string
	if file != nil {
		for _, a := range file.Accounts {
			out = append(out, a.ID)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	return t.Accounts(ctx)
}

func declared() []core.Meta {
	var out []core.Meta
	for _, c := range catalog.Controls() {
		out = append(out, c.Meta)
	}
	return out
}

// save writes the report and returns the file, if it is one. A file is there as a whole or not at all, and only its owner can read it: a report says
// where to attack.
func (o *reportFlags) save(stdout io.Writer, r report.Report, write func(io.Writer, report.Report) error) (string, error) {
	path := o.out
	if path == "" && o.format == "html" {
		path = "report.html"
	}
	if path == "" || path == "-" {
		return "", write(stdout, r)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".shoreup-report-*")
	if err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	defer os.Remove(f.Name()) // no longer there if all went well
	err = write(f, r)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	return path, nil
}
