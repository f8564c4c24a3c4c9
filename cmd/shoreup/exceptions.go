package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/reports"
)

func exceptionsCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "exceptions", Short: "List what nobody may fix until a date: by the rules file, and as people agreed", Args: cobra.NoArgs,
		Long: `Lists the exceptions of the rules file and, with --table, the exemptions that people agreed on in Slack, on the review page or in a terminal. What runs
out within 14 days is marked and at the top; what has run out is at the end.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			list, err := o.exceptions(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"exceptions": list})
			}
			return printExceptions(cmd, list)
		},
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	cmd.Flags().StringVar(&o.table, "table", "", "prefix of the installation's tables")
	return cmd
}

// exceptions reads the rules file, and the tables if they are named: only then AWS is asked for anything.
func (o *options) exceptions(ctx context.Context) ([]report.Exception, error) {
	in := report.Input{Now: time.Now()}
	if o.table == "" {
		file, err := o.file()
		if err != nil {
			return nil, err
		}
		in.Exceptions = reports.Exceptions(file)
		return report.Build(in).Exceptions, nil
	}
	one := o.account
	h, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	file, tables := h.Engine.Rules(ctx), o.tables(h)
	in.Exceptions = reports.Exceptions(file)
	accounts := []string{one}
	if one == "" {
		if accounts, err = everyAccount(ctx, file, tables); err != nil {
			return nil, err
		}
	}
	for _, account := range accounts {
		agreed, err := approval.Exemptions(ctx, tables.Store, tables.Approvals, account)
		if err != nil {
			return nil, err
		}
		for _, e := range agreed {
			in.Exceptions = append(in.Exceptions, reports.Exception(e))
		}
	}
	return report.Build(in).Exceptions, nil
}

func printExceptions(cmd *cobra.Command, list []report.Exception) error {
	w := cmd.OutOrStdout()
	if len(list) == 0 {
		_, err := w.Write([]byte("nothing is exempt\n"))
		return err
	}
	rows := make([][]string, len(list))
	for i, e := range list {
		mark := ""
		switch {
		case e.Ended:
			mark = "ended"
		case e.EndsSoon:
			mark = "! " + left(time.Until(e.Until))
		}
		rows[i] = []string{mark, strings.TrimSuffix(show.Time(e.Until), " UTC"), orAll(strings.Join(e.Controls, ", ")), orAll(e.Resource), orAll(e.Account), e.Owner, e.Reason, e.Approver, e.Source}
	}
	return columns(w, []string{"soon", "until (UTC)", "controls", "resource", "account", "owner", "reason", "agreed by", "written in"}, rows, roomy(w))
}

func orAll(s string) string {
	if s == "" {
		return "all"
	}
	return s
}
