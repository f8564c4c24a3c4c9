package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/seal"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/report/text"
)

func auditVerifyCommand() *cobra.Command {
	var o options
	var head, bucket string
	var sealedOnly bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Check that an account's records are all there and as they were written", Args: cobra.NoArgs,
		Long: `Checks the chain of an account's records: numbers, hashes, times, and that nothing else lies among them. With --bucket, also what was sealed there against
what the table has now; of a sealed part that was overwritten, the first version is read. That takes s3:ListBucket, s3:ListBucketVersions, s3:GetObject and
s3:GetObjectVersion. A bucket in which nothing of the chain is sealed proves nothing, and is a finding.

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
				point, err := remembered(head)
				if err != nil {
					return err
				}
				opts.Remembered = []verify.Point{point}
			}
			if bucket != "" {
				r := seal.Reader{Session: h.Own, Bucket: bucket, Log: h.Engine.Log}
				if sealedOnly {
					r.Log = nil
				}
				report, err := r.Verify(cmd.Context(), o.account, opts)
				if err != nil {
					return err
				}
				return printSealed(cmd.OutOrStdout(), report, asJSON)
			}
			if sealedOnly {
				return errors.New("--sealed-only says where to look with --bucket")
			}
			report, err := verifyTable(cmd.Context(), h.Engine.Log, opts)
			if err != nil {
				return err
			}
			return printVerified(cmd.OutOrStdout(), report, asJSON)
		},
	}
	o.logFlags(cmd)
	cmd.Flags().StringVar(&bucket, "bucket", "", "audit bucket: check what was sealed, and that the table still has it")
	cmd.Flags().BoolVar(&sealedOnly, "sealed-only", false, "with --bucket: look at the bucket alone, for when the table is gone or not to be trusted")
	cmd.Flags().StringVar(&head, "remembered", "", "SEQ:HASH of a record seen earlier, such as in a Slack message, that must be in the chain; at least 16 digits of the hash")
	return cmd
}

// verifyTable checks a chain as the table has it, and that the table lists it.
func verifyTable(ctx context.Context, log *audit.Log, o verify.Options) (verify.Report, error) {
	var lines bytes.Buffer
	if err := log.Export(ctx, &lines, o.Chain, 0); err != nil {
		return verify.Report{}, err
	}
	report, err := verify.Read(&lines, o)
	if err != nil {
		return report, err
	}
	listed, err := log.Listed(ctx, o.Chain)
	if err == nil && !listed {
		report.Findings = append(report.Findings, verify.Finding{Problem: audit.Unlisted})
	}
	return report, err
}

// printSealed prints what was found of a chain and of what was sealed of it.
func printSealed(w io.Writer, r seal.Report, asJSON bool) error {
	if asJSON {
		return judged(r.OK(), printJSON(w, r))
	}
	for _, key := range r.Replaced {
		fmt.Fprintf(w, "%s was overwritten or deleted after it was sealed; what was sealed is its first version\n", text.Safe(key))
	}
	printFindings(w, "sealed", r.Sealed)
	printFindings(w, "the table's", r.Table)
	if r.OK() {
		fmt.Fprintf(w, "%d records of %s verified, sealed up to %d, the last is %d with hash %s\n", r.Sealed.Entries, r.Sealed.Chain, r.Last.Seq, r.Sealed.Seq, r.Sealed.Hash)
	}
	return judged(r.OK(), nil)
}

func printVerified(w io.Writer, r verify.Report, asJSON bool) error {
	if asJSON {
		return judged(r.OK(), printJSON(w, r))
	}
	printFindings(w, "", r)
	if r.OK() {
		fmt.Fprintf(w, "%d records of %s verified, the last is %d with hash %s\n", r.Entries, r.Chain, r.Seq, r.Hash)
	}
	return judged(r.OK(), nil)
}

// printFindings prints findings, and whose record each is of, if of any in particular.
func printFindings(w io.Writer, whose string, r verify.Report) {
	for _, f := range r.Findings {
		about := strings.TrimSpace(whose + " records")
		if f.Seq != 0 {
			about = strings.TrimSpace(fmt.Sprintf("%s record %d", whose, f.Seq))
		}
		fmt.Fprintf(w, "%s: %s\n", about, text.Safe(f.Problem))
	}
	if r.More {
		fmt.Fprintf(w, "there are more findings than these %d\n", len(r.Findings))
	}
}

func judged(ok bool, err error) error {
	if err != nil || ok {
		return err
	}
	return exitCode(exitError)
}

// remembered reads SEQ:HASH.
func remembered(s string) (verify.Point, error) {
	seq, hash, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	if err != nil || n < 1 || hash == "" {
		return verify.Point{}, fmt.Errorf("--remembered %s: write SEQ:HASH, with at least 16 digits of the hash", s)
	}
	return verify.Point{Seq: n, Hash: hash}, nil
}
