package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/review"
	"github.com/shoreup/shoreup/shared/review/client"
)

// wordFlags are those of approve, reject and exempt.
type wordFlags struct {
	reviewFlags
	reason, until, owner string
	look                 bool
	wait                 time.Duration
}

func approveCommand() *cobra.Command {
	return wordCommand(review.Approve, &cobra.Command{
		Use: "approve HASH|ID", Short: "Say yes to exactly one plan that waits, after it was shown",
		Long: `Shows what waits under that hash (or its beginning), plan id or occurrence, and says yes to exactly that after you have typed its short hash. You are
who your AWS credentials say: an IAM user, or a session of IAM Identity Center in the installation's account. Whether you may decide is up to the rules file.`,
		Example: "  shoreup approve 0123456789ab\n  shoreup approve 0123456789ab --look --read-role shoreup/shoreup-read",
	})
}

func rejectCommand() *cobra.Command {
	return wordCommand(review.Reject, &cobra.Command{
		Use: "reject HASH|ID --reason TEXT", Short: "Say no to a plan that waits, after it was shown",
		Long:    "Shows what waits, and says no to it after you have typed its short hash. The same plan is not asked about again unless somebody asks: shoreup ask.",
		Example: `  shoreup reject 0123456789ab --reason "the site needs it until the move"`,
	})
}

func exemptCommand() *cobra.Command {
	return wordCommand(review.Exempt, &cobra.Command{
		Use: "exempt HASH|ID --reason TEXT --until DAY", Short: "Ask that a plan's resource be left as it is until a day",
		Long:    "Asks for an exemption of at most 90 days from what a waiting plan is about. Others have to agree to it, as to a fix. Longer ones belong in the rules file.",
		Example: `  shoreup exempt 0123456789ab --reason "public on purpose" --until 2026-12-31 --owner team-web`,
	})
}

func askCommand() *cobra.Command {
	return wordCommand(review.Ask, &cobra.Command{
		Use: "ask HASH|ID --reason TEXT", Short: "Ask once more about what was rejected or has expired: others have to agree",
		Long: `Shows what was rejected or has expired (shoreup pending --ended lists it), and asks those who may decide about it once more after you have typed its short
hash. You cannot agree yourself. What has changed since is asked about by itself, and cannot be asked again.`,
		Example: `  shoreup pending --ended
  shoreup ask 0123456789ab --reason "the move is over"`,
	})
}

func wordCommand(verdict string, cmd *cobra.Command) *cobra.Command {
	var o wordFlags
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return o.run(cmd, verdict, args[0]) }
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.urlFlag(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.look, "look", false, "also look at the resource with your own credentials, and show the difference field by field")
	f.DurationVar(&o.wait, "wait", 20*time.Second, "how long to wait for what becomes of it")
	f.StringVar(&o.reason, "reason", "", "why, for the record")
	if verdict == review.Exempt {
		f.StringVar(&o.until, "until", "", "first day without the exemption, UTC, such as 2026-12-31")
		f.StringVar(&o.owner, "owner", "", "who answers for it (default: you)")
	}
	return cmd
}

func (o *wordFlags) run(cmd *cobra.Command, verdict, name string) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	if verdict != review.Approve && strings.TrimSpace(o.reason) == "" {
		return errors.New("say why with --reason: it is recorded, and people are shown it")
	}
	ctx := cmd.Context()
	c, err := o.client(ctx)
	if err != nil {
		return err
	}
	list := c.Pending
	if verdict == review.Ask {
		list = c.Ended
	}
	item, you, err := find(ctx, c, list, o.account, name)
	if err != nil {
		return err
	}
	w := review.Word{Verdict: verdict, Ref: item.Ref, Hash: item.Request.Key.Hash, Reason: o.reason, Until: o.until, Owner: o.owner, Via: "cli"}
	if err := w.Check(time.Now()); err != nil { // before anybody types a hash for nothing
		return fmt.Errorf("nothing was sent: %w", err)
	}
	prompt := cmd.ErrOrStderr()
	if err := o.show(ctx, prompt, item); err != nil {
		return err
	}
	fmt.Fprintf(prompt, "You are %s.\n", text.Safe(you))
	typed, err := typedHash(w, bufio.NewReader(cmd.InOrStdin()), prompt)
	if err != nil || !typed {
		return errors.Join(err, errors.New("nothing was said: the short hash was not typed"))
	}
	return o.say(cmd, c, w, asJSON)
}

// find returns the one request of a list that a name means, and who asks.
func find(ctx context.Context, c *client.Client, read func(context.Context, string) (review.List, error), account, name string) (review.Item, string, error) {
	if short(name) {
		return review.Item{}, "", fmt.Errorf("%s is too short for a hash: write at least %d characters of it", name, shortest)
	}
	list, err := read(ctx, account)
	if err != nil {
		return review.Item{}, "", err
	}
	var found []review.Item
	for _, it := range list.Items {
		if means(it, name) {
			found = append(found, it)
		}
	}
	switch {
	case len(found) == 0 && list.Cut:
		return review.Item{}, "", fmt.Errorf("%s is not among what fits an answer: name its account with --account", name)
	case len(found) == 0:
		return review.Item{}, "", fmt.Errorf("nothing that waits is called %s: shoreup pending lists what does, and shoreup pending --ended what can be asked again", name)
	case len(found) > 1:
		return review.Item{}, "", fmt.Errorf("%s means %d requests: write more of the hash, or the name that shoreup pending --format json calls ref", name, len(found))
	}
	item := found[0]
	if item.Plan == "" && item.About == "" { // there was no room for it in the list
		if item, err = c.Item(ctx, item.Ref); err != nil {
			return item, "", err
		}
	}
	return item, list.You, nil
}

// shortest is how many characters of a hash name a request.
const shortest = 8

// short reports whether a name can only be the beginning of a hash, and is too short for that.
func short(name string) bool {
	return len(name) < shortest && strings.Trim(name, "0123456789abcdef") == ""
}

// means reports whether a request is the one that is named: by its ref, its plan's id, its occurrence, or at least 8 characters of its hash.
func means(it review.Item, name string) bool {
	r := it.Request
	return it.Ref == name || r.Plan != "" && r.Plan == name || r.Key.Kind == approval.Fix && r.Key.ID == name || len(name) >= shortest && strings.HasPrefix(r.Key.Hash, name)
}

func typedHash(w review.Word, in *bufio.Reader, prompt io.Writer) (bool, error) {
	short := core.ShortHash(w.Hash)
	verb := w.Verdict
	if verb == review.Ask {
		verb = "ask about"
	}
	fmt.Fprintf(prompt, "Type %s to %s exactly this, anything else to leave it: ", short, verb)
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading the short hash: %w", err)
	}
	return strings.TrimSpace(line) == short, nil
}

// say says the word, waits for what becomes of it, and prints it.
func (o *wordFlags) say(cmd *cobra.Command, c *client.Client, w review.Word, asJSON bool) error {
	ctx := cmd.Context()
	receipt, err := c.Say(ctx, w)
	if err != nil {
		return err
	}
	progress("said; waiting for what becomes of it")
	answer, err := c.Outcome(ctx, w, receipt, o.wait)
	progressDone()
	if err != nil {
		return fmt.Errorf("it was said, and what became of it could not be asked (shoreup pending shows it): %w", err)
	}
	message, counted := answer.Text(w.Verdict)
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), map[string]any{
			"verdict": w.Verdict, "ref": w.Ref, "you": receipt.You, "counted": counted, "message": message, "word": answer.Word, "state": answer.Item.Request.State,
			"stopped": answer.Stopped,
		})
	} else {
		_, err = fmt.Fprintln(cmd.OutOrStdout(), text.Safe(message))
	}
	if err == nil && !counted {
		err = exitCode(exitError)
	}
	return err
}
