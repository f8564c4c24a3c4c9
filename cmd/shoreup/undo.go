package main

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report/text"
)

func undoCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "undo RECORD", Short: "Take back a fix, named by its audit record (ACCOUNT/SEQ)", Args: cobra.ExactArgs(1),
		Long: `Makes a plan of the calls that the record holds to take the fix back, shows it, and carries it out after you have typed its short hash. Refused if the
audit chain does not verify, or if the resource has changed since the fix.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, seq, err := record(args[0])
			if err != nil {
				return err
			}
			if o.table == "" {
				return errNoTables
			}
			return undo(cmd, &o, chain, seq)
		},
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.writeFlags(cmd)
	return cmd
}

func record(s string) (chain string, seq int64, err error) {
	chain, number, ok := strings.Cut(s, "/")
	seq, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || seq < 1 || chain == "" {
		return "", 0, fmt.Errorf("%q is no record: write ACCOUNT/SEQ, as shoreup audit list shows it", s)
	}
	return chain, seq, nil
}

func undo(cmd *cobra.Command, o *options, chain string, seq int64) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	h, err := o.connect(cmd.Context())
	if err != nil {
		return err
	}
	u, err := h.Engine.PlanUndo(cmd.Context(), chain, seq)
	if err != nil {
		return err
	}
	f := u.Finding
	approved, err := confirm(f, bufio.NewReader(cmd.InOrStdin()), cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if approved {
		f, err = h.Engine.Undo(cmd.Context(), u, person())
	} else {
		f, err = h.Engine.Decline(cmd.Context(), f, person())
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
