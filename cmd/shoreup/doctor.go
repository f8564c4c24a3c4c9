package main

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/hub"
)

type doctorFlags struct {
	options
	shape, memberRole string
	template          string
	members           []string
	accounts, regions []string
	assume, offline   bool
	strict            bool
}

func doctorCommand() *cobra.Command {
	var o doctorFlags
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check a deployed installation and say what is wrong with it and what to do", Args: cobra.NoArgs,
		Long: `Looks at a deployed installation with your own credentials: whether it hears of everything, can act, keeps its record, and tells people. It changes
nothing. What it may not see is "not checked", with the permission that it lacks. What should be there comes from this version's templates of the shape;
name the files instead if you have synthesised your own.

Exit codes: 0 nothing is wrong (warnings and what could not be checked are listed; with --strict they count as problems), 2 there are problems,
1 the installation could not be looked at.`,
		Example: "  shoreup doctor --region eu-west-1\n  shoreup doctor --shape hub --member-role OrganizationAccountAccessRole --account 111122223333",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.formatFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&o.region, "region", "", "the installation's Region (default: the configured one)")
	f.StringVar(&o.profile, "profile", "", "the AWS profile; its account is the installation's")
	f.StringVar(&o.table, "table", "shoreup", "prefix of the tables' names")
	f.StringVar(&o.rules, "rules", "", "the rules file, s3://BUCKET/KEY or a path (default: the one that the functions use)")
	f.StringVar(&o.shape, "shape", "single", "what was deployed: single (one account) or hub (with members)")
	f.StringVar(&o.template, "template", "", "file of the installation's template, if not this version's")
	f.StringSliceVar(&o.members, "member-template", nil, "files of the members' templates, if not this version's")
	f.StringVar(&o.memberRole, "member-role", "", "role to look into other accounts with (default: they are not looked into)")
	f.StringSliceVar(&o.accounts, "account", nil, "only these accounts of the rules file")
	f.StringSliceVar(&o.regions, "regions", nil, "only these Regions (default: those of the rules file or of the sweep)")
	f.BoolVar(&o.assume, "assume", false, "also take the roles that write, with a session policy that allows nothing")
	f.BoolVar(&o.offline, "offline", false, "do not ask Slack")
	f.BoolVar(&o.strict, "strict", false, "exit with 2 for warnings and for what could not be checked, too")
	return cmd
}

func (o *doctorFlags) run(cmd *cobra.Command) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	c, err := o.config(cmd)
	if err != nil {
		return err
	}
	progress("looking at the installation in account %s, %s", c.Account, c.Region)
	report := doctor.Run(cmd.Context(), c)
	progressDone()
	if err := cmd.Context().Err(); err != nil {
		return err
	}
	if asJSON {
		err = printJSON(cmd.OutOrStdout(), report)
	} else {
		err = doctorText(cmd.OutOrStdout(), report, style(cmd.OutOrStdout()))
	}
	if err != nil {
		return err
	}
	if report.Status == doctor.Problem || o.strict && report.Status != doctor.OK {
		return exitCode(exitChanges)
	}
	return nil
}

func (o *doctorFlags) config(cmd *cobra.Command) (doctor.Config, error) {
	cfg, account, err := o.credentials(cmd.Context())
	if err != nil {
		return doctor.Config{}, err
	}
	_, arn, err := stsapi.Caller(cmd.Context(), cfg)
	if err != nil {
		return doctor.Config{}, err
	}
	controls := catalog.Controls()
	c := doctor.Config{
		Own: awsapi.NewSession(cfg, account, cfg.Region), AWS: cfg, Account: account, Caller: arn, Region: cfg.Region, Tables: o.table, Rules: o.rules, Known: hub.Known(controls), Watched: watched(controls),
		MemberRole: o.memberRole, Accounts: o.accounts, Regions: o.regions, HomeRegion: awsapi.HomeRegion(awsapi.PartitionOf(cfg.Region)),
		Assume: o.assume, Offline: o.offline, Now: time.Now, Wait: 3 * time.Second,
	}
	return c, o.templates(&c)
}

// templates reads what should be there.
func (o *doctorFlags) templates(c *doctor.Config) error {
	own, members, err := o.texts()
	if err != nil {
		return err
	}
	values := blueprint.Values{Partition: awsapi.PartitionOf(c.Region), Account: c.Account, Region: c.Region}
	if c.Want, err = blueprint.Read(own, values); err != nil {
		return err
	}
	if o.shape == "single" && o.template == "" && c.Region != c.HomeRegion {
		home := values
		home.Region, home.Parameters = c.HomeRegion, map[string]string{"HubRegion": c.Region}
		if c.Home, err = blueprint.Read(template.Home(), home); err != nil {
			return err
		}
	}
	for _, text := range members {
		b, err := blueprint.Read(text, memberValues(values))
		if err != nil {
			return err
		}
		if c.Member == nil {
			c.Member = &blueprint.Blueprint{}
		}
		c.Member = blueprint.Join(c.Member, b)
	}
	return nil
}

// texts returns the templates of the shape, or those of the files that are named.
func (o *doctorFlags) texts() (own string, members []string, err error) {
	switch o.shape {
	case "single":
		own = template.SingleAccount()
	case "hub":
		own, members = template.Hub(), []string{template.MemberGlobal(), template.MemberRegional()}
	default:
		return "", nil, fmt.Errorf("--shape %s: write single or hub", o.shape)
	}
	if o.template != "" {
		raw, err := os.ReadFile(o.template)
		if err != nil {
			return "", nil, fmt.Errorf("reading the template: %w", err)
		}
		own = string(raw)
	}
	if len(o.members) > 0 {
		members = nil
	}
	for _, file := range o.members {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", nil, fmt.Errorf("reading a member's template: %w", err)
		}
		members = append(members, string(raw))
	}
	return own, members, nil
}

// memberValues are what a member's template leaves open. The hub is told by its account and Region; the member's own differ from place to place.
func memberValues(hub blueprint.Values) blueprint.Values {
	return blueprint.Values{
		Partition: hub.Partition, Account: "${AWS::AccountId}", Region: "${AWS::Region}",
		Parameters: map[string]string{"HubAccount": hub.Account, "HubRegion": hub.Region},
	}
}

// watched are the calls that the controls want to hear of, each once.
func watched(controls []core.Control) []doctor.Event {
	var out []doctor.Event
	for _, c := range controls {
		for _, event := range c.Events {
			source, name := c.SplitEvent(event)
			if e := (doctor.Event{Source: source, Name: name, Global: c.Type.Global}); !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}
