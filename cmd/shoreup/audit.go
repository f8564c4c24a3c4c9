package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/seal"
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

func auditVerifyCommand() *cobra.Command {
	var o options
	var head, bucket string
	var sealedOnly bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that an account's records are all there and as they were written", Args: cobra.NoArgs,
		Long: `Checks the chain of an account's records: numbers, hashes, times. With --bucket, also what was sealed there against what the table has now.
Exit code 0: all is as it was written; 1: it is not, or it could not be read.`,
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
			if bucket != "" {
				r := seal.Reader{Session: h.Own, Bucket: bucket, Log: h.Engine.Log}
				if sealedOnly {
					r.Log = nil
				}
				return verifySealed(cmd, r, opts, asJSON)
			}
			if sealedOnly {
				return errors.New("--sealed-only says where to look with --bucket")
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
	cmd.Flags().StringVar(&bucket, "bucket", "", "audit bucket: check what was sealed, and that the table still has it")
	cmd.Flags().BoolVar(&sealedOnly, "sealed-only", false, "with --bucket: look at the bucket alone, for when the table is gone or not to be trusted")
	cmd.Flags().StringVar(&head, "remembered", "", "SEQ:HASH of a record seen earlier, such as in a Slack message, that must be in the chain")
	return cmd
}

// verifySealed checks a chain against what was sealed of it.
func verifySealed(cmd *cobra.Command, r seal.Reader, o verify.Options, asJSON bool) error {
	report, err := r.Verify(cmd.Context(), o.Chain, o)
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if asJSON {
		if err := printJSON(w, report); err != nil {
			return err
		}
	} else {
		printSealed(w, report)
	}
	if !report.OK() {
		return exitCode(exitError)
	}
	return nil
}

func printSealed(w io.Writer, r seal.Report) {
	for _, key := range r.Replaced {
		fmt.Fprintf(w, "%s was overwritten or deleted after it was sealed; its first version says what was sealed\n", text.Safe(key))
	}
	for _, f := range r.Sealed.Findings {
		fmt.Fprintf(w, "sealed record %d: %s\n", f.Seq, text.Safe(f.Problem))
	}
	for _, f := range r.Table.Findings {
		fmt.Fprintf(w, "the table's record %d: %s\n", f.Seq, text.Safe(f.Problem))
	}
	if r.OK() {
		fmt.Fprintf(w, "%d records of %s verified, sealed up to %d, the last is %d with hash %s\n", r.Sealed.Entries, r.Sealed.Chain, r.Last.Seq, r.Sealed.Seq, r.Sealed.Hash)
	}
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
