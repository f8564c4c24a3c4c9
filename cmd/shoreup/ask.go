package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/review"
)

// askFlags are those of commands that ask other people for something.
type askFlags struct {
	reviewFlags
	reason string
	wait   time.Duration
}

func (o *askFlags) askFlags(cmd *cobra.Command) {
	o.urlFlag(cmd)
	cmd.Flags().StringVar(&o.reason, "reason", "", "why, for those who decide and for the record")
	cmd.Flags().DurationVar(&o.wait, "wait", 20*time.Second, "how long to wait until others can decide about it")
}

func resumeCommand() *cobra.Command {
	var o askFlags
	cmd := &cobra.Command{
		Use: "resume", Short: "Ask to lift the kill switch: others have to agree", Args: cobra.NoArgs,
		Long: `Asks those who may decide to lift the kill switch that shoreup stop engaged. You cannot agree yourself. Once they have, what the rules file says is done
again; what was refused meanwhile is looked at anew by the next sweep.`,
		Example: "  shoreup resume --reason 'incident 7 is over'",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.ask(cmd, review.Word{Verdict: review.Lift}) },
	}
	o.formatFlag(cmd)
	o.awsFlags(cmd)
	o.askFlags(cmd)
	return cmd
}

// ask asks, waits until it is asked, and shows what others are asked to decide.
func (o *askFlags) ask(cmd *cobra.Command, w review.Word) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	if strings.TrimSpace(o.reason) == "" {
		return errors.New("say why with --reason: those who decide are shown it")
	}
	w.Reason, w.Via = o.reason, "cli"
	c, err := o.client(cmd.Context())
	if err != nil {
		return err
	}
	receipt, err := c.Say(cmd.Context(), w)
	if err != nil {
		return err
	}
	progress("said; waiting until it is asked")
	answer, err := c.Outcome(cmd.Context(), w, receipt, o.wait)
	progressDone()
	if err != nil {
		return fmt.Errorf("it was said, and what became of it could not be asked (shoreup pending shows it): %w", err)
	}
	message, counted := answer.Text(w.Verdict)
	switch {
	case asJSON:
		err = printJSON(cmd.OutOrStdout(), map[string]any{"verdict": w.Verdict, "ref": answer.Word.Ref, "you": receipt.You, "counted": counted, "message": message, "word": answer.Word, "state": answer.Item.Request.State})
	default:
		if answer.Item.Ref != "" && counted {
			err = showItem(cmd.OutOrStdout(), answer.Item)
		}
		if err == nil {
			_, err = fmt.Fprintln(cmd.OutOrStdout(), text.Safe(message))
		}
	}
	if err == nil && !counted {
		err = exitCode(exitError)
	}
	return err
}
