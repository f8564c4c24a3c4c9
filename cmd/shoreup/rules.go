package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/catalog"
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
		Long: `Checks the rules file and warns of what is probably not meant. With --control or --resource it explains what the file decides about a resource. An ARN
alone is explained for every control that judges such a resource; --control takes patterns, and each control that fits is explained. What a control wants a person
to see first is known only when it has looked, with shoreup plan: an automatic plan can still become one that people are asked about.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	cmd.Flags().StringVar(&o.control, "control", "", "explain the decision about this control (* stands for any text)")
	cmd.Flags().StringVar(&o.resource, "resource", "", "and this resource (ARN or id)")
	cmd.Flags().StringVar(&o.account, "account", "", "in this account")
	cmd.Flags().StringVar(&o.region, "region", "", "and Region (global resources count as in their home Region)")
	cmd.Flags().StringVar(&o.origin, "origin", rules.OriginEvent, "found by: event, sweep, config, securityhub, guardduty or cli")
	cmd.Flags().DurationVar(&o.age, "age", 0, "how long ago the causing call was made")
	cmd.Flags().StringToStringVar(&o.tags, "tag", nil, "the resource's tags, key=value")
	return cmd
}

func (o *rulesFlags) run(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
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
	if o.control != "" || o.resource != "" {
		return o.explain(cmd.Context(), w, file, asJSON)
	}
	for _, flag := range []string{"account", "region", "origin", "age", "tag"} {
		if cmd.Flags().Changed(flag) {
			return fmt.Errorf("--%s says nothing by itself: give --control or --resource too, to have a decision explained", flag)
		}
	}
	warnings := file.Warnings(time.Now(), hub.Known(catalog.Controls()))
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

func rulesSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of shoreup.yaml, for editors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write([]byte(schema.JSON))
			return err
		},
	}
}
