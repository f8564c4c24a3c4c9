package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
)

// errNoTables is what every writing command says when it has nowhere to journal: without a record nothing is done.
var errNoTables = errors.New(`nothing was changed: a change needs the tables that keep its record. Name their prefix with --table: it is "shoreup" where the
hub is deployed (cdk deploy, see the README), or make tables of your own in this account with: shoreup tables create --table PREFIX`)

func applyCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "apply PLAN.json", Short: "Carry out the plans of a file, each as the rules file decides", Args: cobra.ExactArgs(1),
		Long: `Looks at each resource of the file again and plans again. A plan is carried out only if its hash is still the one in the file and the rules file
allows it: in mode auto at once, in mode approve after you have typed its short hash. The file names plans; its calls are never made.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			plans, err := readPlanFile(args[0])
			if err != nil {
				return err
			}
			if o.table == "" {
				return errNoTables
			}
			h, err := o.connect(cmd.Context())
			if err != nil {
				return err
			}
			return applyAll(cmd, &o, h, plans)
		},
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.writeFlags(cmd)
	return cmd
}

func applyAll(cmd *cobra.Command, o *options, h *hub.Hub, plans []core.Finding) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	results := []core.Finding{}
	in := bufio.NewReader(cmd.InOrStdin())
	for _, p := range plans {
		f, err := applyOne(cmd.Context(), h, p, in, cmd.ErrOrStderr())
		if err != nil { // the others do not depend on it
			f = p
			f.Outcome, f.Reason = core.Errored, err.Error()
		}
		results = append(results, f.Complete())
		if !asJSON {
			if err := text.Result(cmd.OutOrStdout(), f, style(cmd.OutOrStdout())); err != nil {
				return err
			}
		}
	}
	if asJSON {
		if err := printJSON(cmd.OutOrStdout(), map[string]any{"results": results}); err != nil {
			return err
		}
	}
	return applied(results)
}

// applied is the exit code: an error where something failed or was refused, 2 where something still waits or is wrong.
func applied(results []core.Finding) error {
	open := false
	for _, f := range results {
		switch f.Outcome {
		case core.Fixed, core.Compliant, core.Undone, core.NotApplicableHere, core.Excepted:
		case core.Reported, core.AwaitingApproval, core.Rejected:
			open = true
		default:
			return exitCode(exitError)
		}
	}
	if open {
		return exitCode(exitChanges)
	}
	return nil
}

func applyOne(ctx context.Context, h *hub.Hub, p core.Finding, in *bufio.Reader, prompt io.Writer) (core.Finding, error) {
	c, ok := h.Engine.Control(p.Control)
	if !ok {
		return p, fmt.Errorf("plan %s is of control %q, which this version does not have", p.ID, p.Control)
	}
	r := awsapi.Resource{Type: p.ResourceType, ID: p.Resource, Account: p.Account, Region: p.Region, Partition: awsapi.PartitionOf(p.Region)}
	f, err := h.Engine.ApplyApproved(ctx, c, r, p.Hash, "")
	if err == nil && f.Outcome == core.AwaitingApproval {
		typed, err := confirm(f, in, prompt)
		if err != nil {
			return f, err
		}
		if !typed {
			return h.Engine.Decline(ctx, f, person())
		}
		f, err = h.Engine.ApplyApproved(ctx, c, r, p.Hash, person())
		return f, busy(p, err)
	}
	return f, busy(p, err)
}

func busy(p core.Finding, err error) error {
	if errors.Is(err, engine.ErrBusy) {
		return fmt.Errorf("%s is being changed by somebody else: try again in a few minutes: %w", p.Resource, err)
	}
	return err
}

// confirm shows the plan and asks for its short hash: typing it is the approval of exactly this plan.
func confirm(f core.Finding, in *bufio.Reader, prompt io.Writer) (bool, error) {
	if err := text.Finding(prompt, f, style(prompt)); err != nil {
		return false, err
	}
	fmt.Fprintf(prompt, "Type %s to approve exactly this plan, anything else to leave it: ", core.ShortHash(f.Hash))
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading the approval: %w", err)
	}
	return strings.TrimSpace(line) == core.ShortHash(f.Hash), nil
}

// person names who approved on this machine. It is local use: the record says so.
func person() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return "local:" + name
}
