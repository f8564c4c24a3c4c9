package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/report/awscli"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// lookAtOnce is how many resources are looked at together; the limiters keep within the account's quotas.
const lookAtOnce = 8

type planFlags struct {
	options
	controls  []string
	resources []string
	out       string
	single    bool // one control: whatever is named is meant for it
}

func planCommand() *cobra.Command {
	var o planFlags
	cmd := &cobra.Command{
		Use: "plan", Short: "Look, judge, and show what would be changed; changes nothing", Args: cobra.NoArgs,
		Long: `Looks at resources with the account's read credentials, and shows what is wrong, the smallest fix, and what the rules file says about it.
Without flags everything in the account and Region is looked at. What people exempted beside the rules file is known with --table only. Exit code 0: nothing to do; 2: something is wrong; 1: something could not be looked at.`,
		Example: "  shoreup plan --control s3-bucket-public --resource my-bucket\n  shoreup plan --control 'ec2-*' --out plan.json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "text, json, or aws-cli: the calls as commands for a ticket")
	o.rulesFlag(cmd)
	o.awsFlags(cmd)
	cmd.Flags().StringSliceVar(&o.controls, "control", nil, "only these controls (ids; * stands for any text)")
	cmd.Flags().StringSliceVar(&o.resources, "resource", nil, "only these resources (ids or ARNs)")
	cmd.Flags().StringVar(&o.table, "table", "", "prefix of the installation's tables, so that what people exempted there counts as exempt")
	cmd.Flags().StringVar(&o.out, "out", "", "also write the plans to this file, for shoreup apply")
	return cmd
}

func (o *planFlags) run(cmd *cobra.Command) error {
	if !slices.Contains([]string{"text", "json", "aws-cli"}, o.format) {
		return fmt.Errorf("--format %s: write text, json or aws-cli", o.format)
	}
	for _, name := range o.resources {
		if _, err := signal.ParseARN(name); err != nil && strings.HasPrefix(name, "arn:") {
			return fmt.Errorf("--resource %s: this is no ARN of a resource: %w", name, err)
		}
	}
	ctx := cmd.Context()
	h, err := o.connect(ctx)
	if err != nil {
		return err
	}
	controls, err := pick(h.Engine.Controls, o.controls)
	if err != nil {
		return err
	}
	o.single = len(controls) == 1
	result := newPlanned()
	if err := o.look(ctx, h.Engine, controls, result); err != nil {
		return err
	}
	if len(o.resources) > 0 && !result.sawAny() {
		return fmt.Errorf("%s: no such resource in account %s, Region %s, or no control judges it", strings.Join(o.resources, ", "), o.account, o.region)
	}
	result.sort()
	if o.out != "" {
		if err := writePlanFile(o.out, result); err != nil {
			return err
		}
	}
	switch o.format {
	case "json":
		err = printJSON(cmd.OutOrStdout(), result)
	case "aws-cli":
		err = awscli.Write(cmd.OutOrStdout(), result.Plans)
	default:
		err = o.print(cmd, result)
	}
	if err != nil {
		return err
	}
	return result.exit()
}

// planned is what plan prints for programs; the keys are stable and documented in the README.
type planned struct {
	Plans  []core.Finding `json:"plans"`
	Judged text.Counts    `json:"judged"` // by control and outcome, those in order included
	mu     sync.Mutex
}

func newPlanned() *planned {
	return &planned{Plans: []core.Finding{}, Judged: text.Counts{}}
}

func (p *planned) add(f core.Finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Judged[f.Control] == nil {
		p.Judged[f.Control] = map[core.Outcome]int{}
	}
	p.Judged[f.Control][f.Outcome]++
	if f.Outcome == core.Compliant || f.Outcome == core.NotApplicableHere {
		return
	}
	p.Plans = append(p.Plans, f.Complete())
}

// sawAny reports whether anything that was named exists.
func (p *planned) sawAny() bool {
	for _, outcomes := range p.Judged {
		for o := range outcomes {
			if o != core.NotApplicableHere {
				return true
			}
		}
	}
	return false
}

func (p *planned) sort() {
	rank := map[core.Severity]int{core.Critical: 0, core.High: 1, core.Medium: 2, core.Low: 3}
	slices.SortFunc(p.Plans, func(a, b core.Finding) int {
		if d := rank[a.Severity] - rank[b.Severity]; d != 0 {
			return d
		}
		return strings.Compare(a.Control+" "+a.Account+" "+a.Region+" "+a.Resource, b.Control+" "+b.Account+" "+b.Region+" "+b.Resource)
	})
}

// exit is the exit code: an error counts more than something wrong; what is exempt is nothing to do.
func (p *planned) exit() error {
	wrong := false
	for _, f := range p.Plans {
		switch f.Outcome {
		case core.Errored, core.Blind:
			return exitCode(exitError)
		case core.Excepted:
		default:
			wrong = true
		}
	}
	if wrong {
		return exitCode(exitChanges)
	}
	return nil
}

// look finds what the flags ask for: the named resources, or all of each type. The controls of a resource look at it one after the other, and what several of
// them read is read once.
func (o *planFlags) look(ctx context.Context, e *engine.Engine, controls []core.Control, result *planned) error {
	var g errgroup.Group
	g.SetLimit(lookAtOnce)
	defer progressDone()
	var looked atomic.Int64
	lists := map[string][]awsapi.Resource{} // by type and Region: several controls judge one type
	judges := map[awsapi.Resource][]core.Control{}
	var order []awsapi.Resource
	for _, c := range controls {
		resources, err := o.targets(ctx, e, c, lists)
		if err != nil {
			result.add(core.Finding{Control: c.ID, Title: c.Title, Severity: c.Severity, ResourceType: c.Type.Name, Account: o.account, Region: o.region,
				Outcome: core.Errored, Reason: err.Error()})
			continue
		}
		for _, r := range resources {
			if judges[r] == nil {
				order = append(order, r)
			}
			judges[r] = append(judges[r], c)
		}
	}
	for _, r := range order {
		g.Go(func() error {
			once := awsapi.WithShared(ctx)
			for _, c := range judges[r] {
				progress("looked at %d, now %s of %s", looked.Add(1), c.ID, r.ID)
				result.add(e.Find(once, c, r, core.Cause{Origin: rules.OriginCLI}))
			}
			return ctx.Err()
		})
	}
	return g.Wait()
}

func (o *planFlags) targets(ctx context.Context, e *engine.Engine, c core.Control, lists map[string][]awsapi.Resource) ([]awsapi.Resource, error) {
	base := awsapi.Resource{Type: c.Type.Name, Account: o.account, Region: o.region, Partition: awsapi.PartitionOf(o.region)}
	if c.Type.Global {
		base.Region = awsapi.HomeRegion(base.Partition)
	}
	if len(o.resources) > 0 {
		return o.named(c, base)
	}
	key := c.Type.Name + "|" + base.Region
	if _, ok := lists[key]; !ok {
		list, err := e.List(ctx, c.Type, base)
		if err != nil {
			return nil, err
		}
		lists[key] = list
	}
	return lists[key], nil
}

// named makes resources of what the user wrote. An ARN of another type is not for this control; one of another account is a mistake.
func (o *planFlags) named(c core.Control, base awsapi.Resource) ([]awsapi.Resource, error) {
	var out []awsapi.Resource
	for _, name := range o.resources {
		r := base
		r.ID = name
		if c.Type.Name == signal.TypeAccount && name != base.Account || !o.single && !strings.HasPrefix(name, "arn:") && !strings.HasPrefix(name, c.Type.Prefix) {
			continue // the name of something else
		}
		arn, err := signal.ParseARN(name)
		if err == nil {
			id, ok := signal.IDFromARN(c.Type.Name, arn)
			if !ok {
				continue
			}
			if arn.Account != "" && arn.Account != base.Account && arn.Account != "aws" {
				return nil, fmt.Errorf("%s belongs to account %s, and the credentials are of account %s: give --account and --read-role", name, arn.Account, base.Account)
			}
			r.ID = id
			if arn.Region != "" && !c.Type.Global {
				r.Region = arn.Region
			}
		}
		out = append(out, r)
	}
	return out, nil
}

func pick(all []core.Control, patterns []string) ([]core.Control, error) {
	if len(patterns) == 0 {
		return all, nil
	}
	var out []core.Control
	for _, p := range patterns {
		found := false
		for _, c := range all {
			if wildcard.Match(p, c.ID) {
				out, found = append(out, c), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no control is called %q: shoreup controls lists them", p)
		}
	}
	return out, nil
}

func (o *planFlags) print(cmd *cobra.Command, p *planned) error {
	w := cmd.OutOrStdout()
	for _, f := range p.Plans {
		if err := text.Finding(w, f, style(w)); err != nil {
			return err
		}
	}
	if err := text.Summary(w, p.Plans, p.Judged, style(w)); err != nil {
		return err
	}
	if o.out != "" && slices.ContainsFunc(p.Plans, func(f core.Finding) bool { return len(f.Changes) > 0 }) {
		fmt.Fprintf(os.Stderr, "plans written to %s; carry them out with: shoreup apply %s --table PREFIX\n", o.out, o.out)
	}
	return nil
}
