package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/client"
	"github.com/shoreup/shoreup/shared/review/page"
)

type pageFlags struct {
	reviewFlags
	address string
	open    bool
	days    int
	wait    time.Duration
}

func reviewCommand() *cobra.Command {
	var o pageFlags
	cmd := &cobra.Command{
		Use: "review", Short: "Show the report in your browser, with what waits to be decided there", Args: cobra.NoArgs,
		Long: `Serves the report on this machine alone, and prints a link that works once. What you decide there is said, signed with your AWS credentials, at the
installation's review URL: you are who they say you are. With --table the whole report is shown, else what waits. Ctrl-C ends it.`,
		Example: "  shoreup review --review-url https://abc.lambda-url.eu-west-1.on.aws/ --table shoreup",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.urlFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&o.table, "table", "", "prefix of the installation's tables, for the whole report")
	f.StringVar(&o.address, "address", "127.0.0.1:0", "where to listen: an address of this machine alone")
	f.BoolVar(&o.open, "open", false, "also open the link in the browser")
	f.IntVar(&o.days, "days", reports.Days, "how many days back the records are read")
	f.DurationVar(&o.wait, "wait", 15*time.Second, "how long to wait for what becomes of a decision")
	return cmd
}

func (o *pageFlags) run(cmd *cobra.Command) error {
	if err := checkDays(o.days); err != nil {
		return err
	}
	ctx := cmd.Context()
	c, err := o.client(ctx)
	if err != nil {
		return err
	}
	options := page.Options{
		Report:  func(ctx context.Context) (report.Report, string, error) { return o.waitingReport(ctx, c) },
		Decide:  func(ctx context.Context, w review.Word) (string, bool, error) { return decideThere(ctx, c, w, o.wait) },
		OwnerOf: ownerOf,
	}
	if o.table != "" {
		one := o.account
		h, err := o.connect(ctx)
		if err != nil {
			return err
		}
		list, err := c.Pending(ctx, h.Account) // asked once, for who it says that is here
		if err != nil {
			return err
		}
		options.Report = func(ctx context.Context) (report.Report, string, error) {
			r, err := o.wholeReport(ctx, h, one == "")
			return r, list.You, err
		}
	}
	s, err := page.Listen(ctx, o.address, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s\n", s.URL())
	fmt.Fprintln(cmd.ErrOrStderr(), "open this link; it works once. Ctrl-C ends the page.")
	if o.open {
		if err := browse(ctx, s.URL()); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "no browser could be opened: %v\n", err)
		}
	}
	return s.Serve(ctx)
}

// waitingReport is a report of what the review URL tells alone, and who it says that asks.
func (o *pageFlags) waitingReport(ctx context.Context, c *client.Client) (report.Report, string, error) {
	list, err := whole(ctx, c, c.Pending, o.account)
	if err != nil {
		return report.Report{}, "", err
	}
	ended, err := whole(ctx, c, c.Ended, o.account)
	if err != nil {
		return report.Report{}, "", err
	}
	file, err := o.file()
	if err != nil {
		return report.Report{}, "", err
	}
	s := reports.Source{Tables: review.Tables{Now: time.Now}, Controls: declared(), Rules: file}
	return s.Waiting(list.Items, ended.Items).Report(), list.You, nil
}

// whole is a list with what there was no room for in it.
func whole(ctx context.Context, c *client.Client, read func(context.Context, string) (review.List, error), account string) (review.List, error) {
	list, err := read(ctx, account)
	if err != nil {
		return list, err
	}
	for i, it := range list.Items {
		if it.Plan == "" && it.About == "" {
			if list.Items[i], err = c.Item(ctx, it.Ref); err != nil {
				return list, err
			}
		}
	}
	return list, nil
}

func (o *pageFlags) wholeReport(ctx context.Context, h *hub.Hub, all bool) (report.Report, error) {
	s, err := o.source(ctx, h, all, o.days)
	if err != nil {
		return report.Report{}, err
	}
	s.Progress = nil // the page is asked for whenever somebody loads it
	g, err := s.FromTables(ctx)
	if err != nil {
		return report.Report{}, err
	}
	return g.Report(), nil
}

// decideThere says a word at the review URL and waits for what becomes of it.
func decideThere(ctx context.Context, c *client.Client, w review.Word, wait time.Duration) (string, bool, error) {
	receipt, err := c.Say(ctx, w)
	if err != nil {
		return "", false, err
	}
	answer, err := c.Outcome(ctx, w, receipt, wait)
	if err != nil {
		return "it was said, and what became of it could not be asked: load the page again", true, nil
	}
	text, counted := answer.Text(w.Verdict)
	return text, counted, nil
}

// ownerOf finds who owns what a request is about.
func ownerOf(r report.Report, ref string) string {
	for _, w := range r.Waiting {
		if w.Approval == ref && w.Owner != "unknown" {
			return w.Owner
		}
	}
	return ""
}

// browse opens a link as the system does.
func browse(ctx context.Context, link string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.CommandContext(ctx, "open", link).Start()
	case "windows":
		return exec.CommandContext(ctx, "rundll32", "url.dll,FileProtocolHandler", link).Start()
	}
	return exec.CommandContext(ctx, "xdg-open", link).Start()
}
