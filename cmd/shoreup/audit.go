package main

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
)

func auditCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Read and verify the record of everything that was planned, decided, done and refused"}
	cmd.AddCommand(auditListCommand(), auditShowCommand(), auditVerifyCommand())
	return cmd
}

// log opens the audit log that the flags name.
func (o *options) log(cmd *cobra.Command) (*hub.Hub, error) {
	if o.table == "" {
		return nil, fmt.Errorf("name the tables with --table PREFIX (it is \"shoreup\" where the hub is deployed)")
	}
	return o.connect(cmd.Context())
}

func (o *options) logFlags(cmd *cobra.Command) {
	o.formatFlag(cmd)
	o.awsFlags(cmd)
	cmd.Flags().StringVar(&o.table, "table", "", "prefix of the tables that keep the audit log")
}

func auditListCommand() *cobra.Command {
	var o options
	var after int64
	var limit int
	cmd := &cobra.Command{
		Use: "list", Short: "List an account's records, one a line", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			h, err := o.log(cmd)
			if err != nil {
				return err
			}
			entries, err := h.Engine.Log.List(cmd.Context(), o.account, after, limit)
			if err != nil {
				return err
			}
			lines := make([]audit.Line, len(entries))
			for i, e := range entries {
				lines[i] = e.Line()
			}
			if !asJSON {
				for i, e := range entries {
					lines[i].Resource = cmp.Or(lines[i].Resource, aboutVerdict(e))
				}
				return text.AuditTable(cmd.OutOrStdout(), lines, roomy(cmd.OutOrStdout()))
			}
			return jsonLines(cmd, lines)
		},
	}
	o.logFlags(cmd)
	cmd.Flags().Int64Var(&after, "after", 0, "only records after this one")
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most so many")
	return cmd
}

// aboutVerdict says what a word was about that is about no resource.
func aboutVerdict(e audit.Entry) string {
	var d struct{ Request approval.Request }
	if e.Kind != audit.Verdict || json.Unmarshal(e.Detail, &d) != nil {
		return ""
	}
	return aboutWords[d.Request.Key.Kind]
}

// jsonLines prints one record a line, so that a log of any length can be read as it comes.
func jsonLines(cmd *cobra.Command, lines []audit.Line) error {
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	for _, l := range lines {
		if err := enc.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

func auditShowCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "show RECORD", Short: "Show one record with all it holds (ACCOUNT/SEQ)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			chain, seq, err := record(args[0])
			if err != nil {
				return err
			}
			h, err := o.log(cmd)
			if err != nil {
				return err
			}
			entry, err := h.Engine.Log.Get(cmd.Context(), chain, seq)
			if err != nil {
				return err
			}
			line := entry.Line()
			line.Detail = entry.Detail
			return printJSON(cmd.OutOrStdout(), line)
		},
	}
	o.logFlags(cmd)
	return cmd
}
