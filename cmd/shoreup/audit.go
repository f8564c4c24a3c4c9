package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
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
				return text.AuditTable(cmd.OutOrStdout(), lines, style(cmd.OutOrStdout()))
			}
			return jsonLines(cmd, lines)
		},
	}
	o.logFlags(cmd)
	cmd.Flags().Int64Var(&after, "after", 0, "only records after this one")
	cmd.Flags().IntVar(&limit, "limit", 1000, "at most so many")
	return cmd
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

func auditVerifyCommand() *cobra.Command {
	var o options
	var head string
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that an account's records are all there and as they were written", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			h, err := o.log(cmd)
			if err != nil {
				return err
			}
			opts := verify.Options{Chain: o.account}
			if head != "" {
				seq, hash, err := remembered(head)
				if err != nil {
					return err
				}
				opts.Remembered = []verify.Point{{Seq: seq, Hash: hash}}
			}
			var lines bytes.Buffer
			if err := h.Engine.Log.Export(cmd.Context(), &lines, o.account, 0); err != nil {
				return err
			}
			report, err := verify.Read(&lines, opts)
			if err != nil {
				return err
			}
			return printVerified(cmd, report, asJSON)
		},
	}
	o.logFlags(cmd)
	cmd.Flags().StringVar(&head, "remembered", "", "SEQ:HASH of a record seen earlier, such as in a Slack message, that must be in the chain")
	return cmd
}

func remembered(s string) (int64, string, error) {
	var seq int64
	var hash string
	if _, err := fmt.Sscanf(s, "%d:%s", &seq, &hash); err != nil || seq < 1 {
		return 0, "", fmt.Errorf("--remembered %s: write SEQ:HASH, as the Slack message shows it", s)
	}
	return seq, hash, nil
}

func printVerified(cmd *cobra.Command, r verify.Report, asJSON bool) error {
	w := cmd.OutOrStdout()
	if asJSON {
		r.Findings = append([]verify.Finding{}, r.Findings...)
		if err := printJSON(w, r); err != nil {
			return err
		}
	} else {
		for _, f := range r.Findings {
			fmt.Fprintf(w, "record %d: %s\n", f.Seq, text.Safe(f.Problem))
		}
		if len(r.Findings) == 0 {
			fmt.Fprintf(w, "%d records of %s verified, the last is %d with hash %s\n", r.Entries, r.Chain, r.Seq, r.Hash)
		}
	}
	if len(r.Findings) > 0 {
		return exitCode(exitError)
	}
	return nil
}
