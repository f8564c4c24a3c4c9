package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/reports"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/client"
)

// envReview names the review URL, so that people need not write it each time.
const envReview = "SHOREUP_REVIEW_URL"

// reviewFlags are the flags of commands that speak to the review URL.
type reviewFlags struct {
	options
	url string
}

func (o *reviewFlags) urlFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.url, "review-url", os.Getenv(envReview), "the installation's review URL, which the stack puts out as ReviewUrl (default: "+envReview+")")
}

// client signs with the credentials of whoever runs the command.
func (o *reviewFlags) client(ctx context.Context) (*client.Client, error) {
	if o.url == "" {
		return nil, errors.New("name the installation's review URL with --review-url or " + envReview + ": the stack puts it out as ReviewUrl")
	}
	cfg, err := awsapi.LoadConfig(ctx, o.region, o.profile)
	if err != nil {
		return nil, err
	}
	if cfg.Region != "" { // else it is that of the URL
		if err := checkRegion(cfg.Region); err != nil {
			return nil, err
		}
	}
	return client.New(o.url, cfg)
}

func pendingCommand() *cobra.Command {
	var o pendingFlags
	cmd := &cobra.Command{
		Use: "pending", Short: "List what waits for a person to decide", Args: cobra.NoArgs,
		Long: `Lists what waits for people, what expires first at the top. It asks the review URL, or, with --table, reads the tables.
With --ended it lists what was rejected or has expired in the last 30 days and can be asked again with shoreup ask, the newest at the top.
Exit code 0: nothing is listed; 2: something is.`,
		Example: "  shoreup pending\n  shoreup pending --ended\n  shoreup pending --account 111122223333 --format json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.pending(cmd) },
	}
	o.formatFlag(cmd)
	o.awsFlags(cmd)
	o.urlFlag(cmd)
	cmd.Flags().StringVar(&o.table, "table", "", "prefix of the tables to read instead of asking the review URL")
	cmd.Flags().BoolVar(&o.ended, "ended", false, "list what was rejected or has expired and can be asked again")
	return cmd
}

type pendingFlags struct {
	reviewFlags
	ended bool
}

func (o *pendingFlags) pending(cmd *cobra.Command) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	list, err := o.waiting(cmd.Context())
	if err != nil {
		return err
	}
	w := cmd.OutOrStdout()
	if list.Items == nil {
		list.Items = []review.Item{}
	}
	switch {
	case asJSON:
		err = printJSON(w, list)
	case len(list.Items) == 0:
		_, err = fmt.Fprintln(w, map[bool]string{false: "nothing waits for a person", true: "nothing can be asked again"}[o.ended])
	default:
		head := []string{"hash", "about", "control", "resource", "account", "agreed", "expires", "who may decide"}
		if o.ended {
			head = []string{"hash", "about", "control", "resource", "account", "ended (UTC)", "why"}
		}
		rows := make([][]string, len(list.Items))
		for i, it := range list.Items {
			if o.ended {
				rows[i] = endedRow(it)
				continue
			}
			rows[i] = pendingRow(it)
		}
		err = columns(w, head, rows, roomy(w))
	}
	if err == nil && list.Cut {
		fmt.Fprintln(os.Stderr, "there is more than fits an answer: name one account with --account")
	}
	if err == nil && len(list.Items) > 0 {
		err = exitCode(exitChanges)
	}
	return err
}

// waiting reads the tables where they are named, and otherwise asks the review URL.
func (o *pendingFlags) waiting(ctx context.Context) (review.List, error) {
	if o.table == "" {
		c, err := o.client(ctx)
		if err != nil {
			return review.List{}, err
		}
		if o.ended {
			return c.Ended(ctx, o.account)
		}
		return c.Pending(ctx, o.account)
	}
	accounts := []string{o.account}
	h, err := o.connect(ctx)
	if err != nil {
		return review.List{}, err
	}
	tables := o.tables(h)
	if accounts[0] == "" {
		if accounts, err = tables.Accounts(ctx); err != nil {
			return review.List{}, err
		}
	}
	read := tables.Pending
	if o.ended {
		read = tables.Ended
	}
	items, err := read(ctx, accounts)
	return review.List{Items: items}, err
}

func pendingRow(it review.Item) []string {
	r := it.Request
	m := metaOf(r.Control)
	agreed := fmt.Sprintf("%d of %d", len(r.Votes), it.Wants)
	if r.State == approval.Approved {
		agreed = "approved"
	}
	about := strings.TrimSpace(string(m.Severity) + " " + aboutWords[r.Key.Kind])
	return []string{core.ShortHash(r.Key.Hash), about, r.Control, r.Where.ID, r.Key.Account, agreed, left(time.Until(r.Expires)), strings.Join(reports.Deciders(r), ", ")}
}

func endedRow(it review.Item) []string {
	r := it.Request
	about := strings.TrimSpace(string(metaOf(r.Control).Severity) + " " + aboutWords[r.Key.Kind])
	return []string{core.ShortHash(r.Key.Hash), about, r.Control, r.Where.ID, r.Key.Account, strings.TrimSuffix(show.Time(r.Ended), " UTC"), r.Why}
}

// roomy is how tables are written whose cells people copy: into a pipe, where nothing is seen to wrap, as wide as they get.
func roomy(w io.Writer) text.Options {
	o := style(w)
	if f, ok := w.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		o.Width = 400
	}
	return o
}

var aboutWords = map[approval.Kind]string{
	approval.Fix: "fix", approval.Undo: "undo", approval.Exempt: "exemption", approval.Lift: "lift the kill switch", approval.People: "who may approve",
}

func left(d time.Duration) string {
	if d <= 0 {
		return "over"
	}
	return "in " + show.Duration(d.Seconds())
}

// metaOf returns what is declared of a control; the zero value if this version does not have it.
func metaOf(id string) core.Meta {
	for _, m := range declared() {
		if m.ID == id {
			return m
		}
	}
	return core.Meta{ID: id, Title: id}
}
