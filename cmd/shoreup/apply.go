package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// errNoTables is what every writing command says when it has nowhere to journal: without a record nothing is done.
var errNoTables = errors.New(`nothing was changed: a change needs the tables that keep its record. Name their prefix with --table: it is "shoreup" where the
hub is deployed (cdk deploy, see the README), or make tables of your own in this account with: shoreup tables create --table PREFIX`)

func applyCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "apply PLAN.json", Short: "Carry out the plans of a file, each as the rules file decides", Args: cobra.ExactArgs(1),
		Long: `Looks at each resource of the file again and plans again. A plan is carried out only if its hash is still the one in the file and the rules file
allows it: in mode auto at once, in mode approve after you have typed its short hash. The file names plans; its calls are never made.

Where the rules file or the installation lists people, a plan in mode approve is theirs to decide (shoreup pending, shoreup approve) and is refused here. Else the record says that
your AWS identity approved it. If an earlier apply was cut short, what came of it is found out by reading; nothing is done twice.`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.apply(cmd, args[0]) },
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	o.writeFlags(cmd)
	return cmd
}

func (o *options) apply(cmd *cobra.Command, path string) error {
	plans, err := readPlanFile(path)
	if err != nil {
		return err
	}
	if o.table == "" {
		return errNoTables
	}
	if err := o.sameAccount(plans); err != nil {
		return err
	}
	h, err := o.connect(cmd.Context())
	if err != nil {
		return err
	}
	if err := o.sameAccount(plans); err != nil { // it is known by now if none was named
		return err
	}
	return applyAll(cmd, o, h, plans)
}

// sameAccount refuses a file about another account than the one that is meant, before anything is asked of it.
func (o *options) sameAccount(plans []core.Finding) error {
	for _, p := range plans {
		if o.account != "" && p.Account != o.account {
			return fmt.Errorf("nothing was changed: plan %s is of account %q, and what is meant is account %s: name the plans' account with --account, and a role to read it with --read-role",
				text.Safe(p.ID), text.Safe(p.Account), o.account)
		}
	}
	return nil
}

func applyAll(cmd *cobra.Command, o *options, h *hub.Hub, plans []core.Finding) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	results := []core.Finding{}
	in := bufio.NewReader(cmd.InOrStdin())
	for _, p := range plans {
		f, err := applyOne(cmd.Context(), h, p, o.who, in, cmd.ErrOrStderr())
		if err != nil { // the others do not depend on it
			f = notApplied(p, err)
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

// notApplied is the finding of a plan of which it cannot be said that it was carried out, nor that it was not needed.
func notApplied(p core.Finding, err error) core.Finding {
	p.Outcome, p.Reason = core.Errored, err.Error()
	var lost *engine.UnrecordedError
	if errors.As(err, &lost) {
		p.Outcome, p.Record = core.Unverified, lost.Intent
	}
	return p
}

func applyOne(ctx context.Context, h *hub.Hub, p core.Finding, who string, in *bufio.Reader, prompt io.Writer) (core.Finding, error) {
	c, ok := h.Engine.Control(p.Control)
	if !ok {
		return p, fmt.Errorf("plan %s is of control %q, which this version does not have", p.ID, p.Control)
	}
	r := awsapi.Resource{Type: p.ResourceType, ID: p.Resource, Account: p.Account, Region: p.Region, Partition: awsapi.PartitionOf(p.Region)}
	file := h.Engine.Rules(ctx)
	if why := notEnrolled(file, c, r); why != "" { // not asked, and nothing recorded: it is none of ours
		p.Outcome, p.Reason = core.Refused, why
		return p, nil
	}
	f, err := h.Engine.ApplyApproved(ctx, c, r, p.Hash, "")
	if err != nil || f.Outcome != core.AwaitingApproval {
		return f, busy(p, err)
	}
	theirs, err := h.Engine.PeopleDecide(ctx, file)
	if err != nil {
		return f, err
	}
	if !theirs { // else the engine says no, and records it
		switch said, err := confirm(f, in, prompt); {
		case err != nil || said == saidNothing:
			return f, err
		case said == saidOther:
			return h.Engine.Decline(ctx, f, who)
		}
	}
	f, err = h.Engine.ApplyApproved(ctx, c, r, p.Hash, who)
	return f, busy(p, err)
}

func notEnrolled(file *rules.File, c core.Control, r awsapi.Resource) string {
	region := r.Region
	if c.Type.Global {
		region = ""
	}
	switch {
	case r.Type != c.Type.Name || !signal.IsAccountID(r.Account) || signal.PartitionOf(r.Region) == "":
		return fmt.Sprintf("%s in Region %q of account %q is nothing that control %s judges: plan again", r.Type, r.Region, r.Account, c.ID)
	case file == nil:
		return "the rules file cannot be read"
	case !file.Enrolled(r.Account, region):
		return fmt.Sprintf("account %s, Region %s, is not enrolled: the rules file does not list it under accounts", r.Account, r.Region)
	}
	return ""
}

func busy(p core.Finding, err error) error {
	if errors.Is(err, engine.ErrBusy) {
		return fmt.Errorf("%s is being changed by somebody else: try again in a few minutes: %w", p.Resource, err)
	}
	return err
}

// What a person says to a plan.
const (
	saidNothing = iota
	saidHash
	saidOther
)

// confirm shows the plan and asks for its short hash: typing it is the approval of exactly this plan. Where nobody sits, nothing is said.
func confirm(f core.Finding, in *bufio.Reader, prompt io.Writer) (int, error) {
	if err := text.Finding(prompt, f, style(prompt)); err != nil {
		return saidNothing, err
	}
	fmt.Fprintf(prompt, "Type %s to approve exactly this plan, nothing to leave it as it is, anything else to reject it: ", core.ShortHash(f.Hash))
	line, err := in.ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return saidNothing, fmt.Errorf("reading the approval: %w", err)
	}
	switch strings.TrimSpace(line) {
	case "":
		return saidNothing, nil
	case core.ShortHash(f.Hash):
		return saidHash, nil
	}
	return saidOther, nil
}
