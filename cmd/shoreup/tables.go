package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/occurrence"
)

func tablesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "tables", Short: "The tables that keep occurrences and the audit log"}
	var o options
	create := &cobra.Command{
		Use: "create", Short: "Make the tables in this account, for use without a deployed hub", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.table == "" {
				return errors.New("name the tables with --table PREFIX")
			}
			o.creating = true
			h, err := o.connect(cmd.Context())
			if err != nil {
				return err
			}
			if err := occurrence.CreateTables(cmd.Context(), h.Own, o.table); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "tables %s-* are there in %s\n", o.table, h.Region)
			return err
		},
	}
	o.awsFlags(create)
	create.Flags().StringVar(&o.table, "table", "", "prefix of the tables' names")
	cmd.AddCommand(create)
	return cmd
}
