package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
	"github.com/shoreup/shoreup/shared/rules/schema"
)

func rulesCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "rules", Short: "The rules file shoreup.yaml"}
	cmd.AddCommand(rulesCheckCommand(), rulesSchemaCommand())
	return cmd
}

type rulesFlags struct {
	options
	control, resource, origin string
	tags                      map[string]string
	age                       time.Duration
}

func rulesCheckCommand() *cobra.Command {
	var o rulesFlags
	cmd := &cobra.Command{
		Use: "check", Short: "Check the rules file, or explain what it decides about a resource and why", Args: cobra.NoArgs,
		Example: "  shoreup rules check\n  shoreup rules check --control s3-bucket-public --resource arn:aws:s3:::logs --account 111122223333 --region eu-west-1",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.OutOrStdout()) },
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	cmd.Flags().StringVar(&o.control, "control", "", "explain the decision about this control")
	cmd.Flags().StringVar(&o.resource, "resource", "", "and this resource (id or ARN)")
	cmd.Flags().StringVar(&o.account, "account", "", "in this account")
	cmd.Flags().StringVar(&o.region, "region", "", "and Region")
	cmd.Flags().StringVar(&o.origin, "origin", rules.OriginEvent, "found by: event, sweep, config, securityhub, guardduty or cli")
	cmd.Flags().DurationVar(&o.age, "age", 0, "how long ago the causing call was made")
	cmd.Flags().StringToStringVar(&o.tags, "tag", nil, "the resource's tags, key=value")
	return cmd
}

func (o *rulesFlags) run(w io.Writer) error {
	asJSON, err := o.json()
	if err != nil {
		return err
	}
	path, err := o.rulesPath()
	if err != nil {
		return err
	}
	if path == "" {
		return errors.New("there is no shoreup.yaml here: name a file with --rules; without one, everything is reported and nothing changed")
	}
	file, err := loadRules(path)
	if err != nil {
		return err
	}
	if o.control != "" {
		return o.explain(w, file, asJSON)
	}
	warnings := file.Warnings(time.Now())
	if asJSON {
		return printJSON(w, map[string]any{"version": file.Version(), "hash": file.Hash(), "warnings": append([]rules.Warning{}, warnings...)})
	}
	for _, x := range warnings {
		fmt.Fprintf(w, "%s:%d: warning: %s\n", path, x.Line, text.Safe(x.Text))
	}
	_, err = fmt.Fprintf(w, "%s is in order: %d rules, %d exceptions, version %s\n", path, len(file.Rules), len(file.Exceptions), file.Version())
	return err
}

// loadRules checks the file against the schema, which editors use too, and loads it.
func loadRules(path string) (*rules.File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the rules file: %w", err)
	}
	file, err := hub.LoadRules(data, hub.Known(catalog.Controls()))
	if err != nil {
		return nil, fmt.Errorf("%s cannot be used, so nothing would be changed:\n%w", path, err)
	}
	v, err := schema.New()
	if err != nil {
		return nil, err
	}
	if err := v.Validate(data); err != nil {
		return nil, fmt.Errorf("%s does not fit the schema: %w", path, err)
	}
	return file, nil
}

func (o *rulesFlags) explain(w io.Writer, file *rules.File, asJSON bool) error {
	origins := []string{rules.OriginEvent, rules.OriginSweep, rules.OriginConfig, rules.OriginSecurityHub, rules.OriginGuardDuty, rules.OriginCLI}
	if !slices.Contains(origins, o.origin) {
		return fmt.Errorf("--origin %s: write one of %s", o.origin, strings.Join(origins, ", "))
	}
	if arn, err := signal.ParseARN(o.resource); err == nil {
		o.account, o.region = cmp.Or(o.account, arn.Account), cmp.Or(o.region, arn.Region)
	}
	if o.account == "" || o.resource == "" {
		return errors.New("to explain a decision, give --resource and --account too (an ARN that names its account will do)")
	}
	picked, err := pick(catalog.Controls(), []string{o.control})
	if err != nil {
		return err
	}
	trace := file.Explain(o.subject(picked[0].Meta), time.Now())
	if asJSON {
		return printJSON(w, trace)
	}
	for _, s := range trace.Steps {
		mark := " "
		if s.Hit {
			mark = "*"
		}
		line := ""
		if s.Line > 0 {
			line = fmt.Sprintf(" (line %d)", s.Line)
		}
		fmt.Fprintf(w, "%s %-12s %-28s %-9s %s%s\n", mark, s.Kind, text.Safe(s.Name), s.Mode, text.Safe(s.Text), line)
	}
	_, err = fmt.Fprintf(w, "\n%s decides: %s, because %s\n", text.Safe(trace.Decision.Rule), trace.Decision.Mode, text.Safe(trace.Decision.Reason))
	return err
}

func (o *rulesFlags) subject(m core.Meta) rules.Subject {
	r := awsapi.Resource{Type: m.Type.Name, ID: o.resource, Account: o.account, Region: o.region, Partition: awsapi.PartitionOf(o.region)}
	arn := o.resource
	if len(arn) < 4 || arn[:4] != "arn:" {
		arn = m.Type.ARN(r)
	}
	return rules.Subject{
		Control: m.ID, Family: m.Family, Service: m.Service, Severity: string(m.Severity), Account: o.account, Region: o.region, ResourceType: m.Type.Name,
		ResourceID: o.resource, ResourceARN: arn, Tags: o.tags, Origin: o.origin, EventTime: time.Now().Add(-o.age), AccountWide: m.AccountWide,
		IAM: m.Family == core.FamilyIAM, Protected: core.Settings{}.ProtectedBy(arn),
	}
}

func rulesSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of shoreup.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write([]byte(schema.JSON))
			return err
		},
	}
}
