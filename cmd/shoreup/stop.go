package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/canon"
	"github.com/shoreup/shoreup/shared/report/text"
)

func stopCommand() *cobra.Command {
	var o options
	var reason string
	cmd := &cobra.Command{
		Use: "stop", Short: "Engage the kill switch: from now on nothing is written anywhere", Args: cobra.NoArgs,
		Long: `Engages the installation's kill switch. Each write checks it in the transaction that records its intent, so no write begins after this. Looking and
reporting go on. Whoever stops need not ask anybody; to lift it others have to agree: shoreup resume.`,
		Example: "  shoreup stop --table shoreup --reason 'incident 7'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if strings.TrimSpace(reason) == "" {
				return errors.New("stopping: say why with --reason; people will ask")
			}
			h, err := o.log(cmd)
			if err != nil {
				return err
			}
			detail, err := canon.Marshal(map[string]string{"reason": reason, "switch": "engaged"})
			if err != nil {
				return err
			}
			e, err := h.Engine.Log.Append(cmd.Context(), o.account, audit.Entry{Kind: audit.Switch, Actor: o.who, Outcome: "engaged", Detail: detail}, h.Engine.State.SwitchItem(true, o.who, reason))
			if err != nil {
				return fmt.Errorf("stopping: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the kill switch is engaged (%s): nothing is written until others agree to lift it (shoreup resume); record %s/%d\n", text.Safe(reason), e.Chain, e.Seq)
			return nil
		},
	}
	o.logFlags(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the record and for those who find it engaged")
	return cmd
}
