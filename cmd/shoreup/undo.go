package main

import (
	"bufio"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/review"
)

func undoCommand() *cobra.Command {
	var o askFlags
	var ask bool
	cmd := &cobra.Command{
		Use: "undo RECORD", Short: "Take back a fix, named by its audit record (ACCOUNT/SEQ)", Args: cobra.ExactArgs(1),
		Long: `Makes a plan of the calls that the record holds to take the fix back, shows it, and carries it out after you have typed its short hash. Refused if the
audit chain does not verify, or if the resource has changed since the fix. The record says that your AWS identity approved it. Where the rules file or the installation lists people,
they decide: use --ask.

With --ask, the installation does it: it asks those who may decide, under the same rules as for a fix, and takes the fix back once they agreed. Neither you nor
whoever caused what was fixed can agree. You need no rights but to call the review URL.`,
		Example: "  shoreup undo 111122223333/17 --table shoreup\n  shoreup undo 111122223333/17 --ask --reason 'the site is down'",
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, seq, err := record(args[0])
			if err != nil {
				return err
			}
			if ask {
				return o.ask(cmd, review.Word{Verdict: review.Undo, Record: args[0]})
			}
			if o.table == "" {
				return fmt.Errorf("%w; or have others decide and the installation do it, with --ask", errNoTables)
			}
			return undo(cmd, &o.options, chain, seq)
		},
	}
	cmd.Flags().BoolVar(&ask, "ask", false, "ask those who may decide instead of doing it yourself")
	o.askFlags(cmd)
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.writeFlags(cmd)
	return cmd
}

// record reads the name of an audit record.
func record(s string) (chain string, seq int64, err error) { return review.ParseRecord(s) }

func undo(cmd *cobra.Command, o *options, chain string, seq int64) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	if o.account != "" && o.account != chain {
		return fmt.Errorf("nothing was changed: record %s/%d is of account %s, and --account names %s", chain, seq, chain, o.account)
	}
	h, err := o.connect(cmd.Context())
	if err != nil {
		return err
	}
	u, err := h.Engine.PlanUndo(cmd.Context(), chain, seq)
	f := u.Finding
	if err == nil {
		f, err = takeBack(cmd, h, u, o.who)
	}
	if asJSON && errors.Is(err, engine.ErrCannotUndo) { // programs are told in their own words
		f.Account, f.Outcome, f.Reason, err = chain, core.Refused, err.Error(), nil
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), map[string]any{"results": []core.Finding{f.Complete()}})
	} else {
		err = text.Result(cmd.OutOrStdout(), f, style(cmd.OutOrStdout()))
	}
	if err != nil {
		return err
	}
	return applied([]core.Finding{f})
}

// takeBack takes back a fix if whoever calls may say so and does.
func takeBack(cmd *cobra.Command, h *hub.Hub, u engine.Undoing, who string) (core.Finding, error) {
	ctx := cmd.Context()
	theirs, err := h.Engine.PeopleDecide(ctx, h.Engine.Rules(ctx))
	if err != nil {
		return u.Finding, err
	}
	if theirs {
		return h.Engine.Refuse(ctx, u.Finding, "there are people who decide about it: ask them with shoreup undo --ask --reason TEXT")
	}
	switch said, err := confirm(u.Finding, bufio.NewReader(cmd.InOrStdin()), cmd.ErrOrStderr()); {
	case err != nil || said == saidNothing:
		return u.Finding, err
	case said == saidOther:
		return h.Engine.Decline(ctx, u.Finding, who)
	}
	return h.Engine.Undo(ctx, u, who)
}
