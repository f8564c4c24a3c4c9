package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// options are the flags that several commands share.
type options struct {
	format  string
	region  string
	profile string
	account string
	rules   string
	table   string
	read    string
	write   string

	creating bool   // the tables need not be there yet
	who      string // ARN of the caller, once connected
}

func (o *options) formatFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
}

func (o *options) rulesFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.rules, "rules", "", "the rules file (default shoreup.yaml here, if there is one; else everything is reported and nothing changed)")
}

func (o *options) awsFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.region, "region", "", "the Region (default: the configured one)")
	cmd.Flags().StringVar(&o.profile, "profile", "", "the AWS profile")
	cmd.Flags().StringVar(&o.account, "account", "", "the account to look at (default: the credentials' own; another one is read through --read-role)")
	cmd.Flags().StringVar(&o.read, "read-role", "", "path and name of the role to read with, such as "+hub.ReadRole+" (default: the credentials themselves)")
}

func (o *options) writeFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.table, "table", "", "prefix of the tables that keep occurrences and the audit log; without it nothing is changed")
	cmd.Flags().StringVar(&o.write, "write-role", hub.WriteRole, "path and beginning of the role to write with; the control's family is appended")
}

func (o *options) json() (bool, error) {
	switch o.format {
	case "json":
		return true, nil
	case "text":
		return false, nil
	}
	return false, fmt.Errorf("--format %s: write text or json", o.format)
}

// connect makes the engine that the command runs: its own credentials, the rules file of this folder, and the tables if they are named.
func (o *options) connect(ctx context.Context) (*hub.Hub, error) {
	cfg, account, err := o.credentials(ctx)
	if err != nil {
		return nil, err
	}
	where, err := o.rulesPath()
	if err != nil {
		return nil, err
	}
	env := hub.Env{Account: account, Region: cfg.Region, Tables: o.table, Rules: where, ReadRole: o.read, WriteRole: o.write}
	h := hub.New(cfg, env, catalog.Controls())
	if where == "" {
		h.Engine.Rules = func(context.Context) *rules.File { return rules.Default() }
	} else if err := checkRules(where); err != nil {
		return nil, err
	}
	if o.account == "" {
		o.account = account
	}
	return h, o.checkTables(ctx, h)
}

// checkTables says so at once if there are no tables with that prefix.
func (o *options) checkTables(ctx context.Context, h *hub.Hub) error {
	if o.table == "" || o.creating {
		return nil
	}
	_, err := h.Engine.State.Engaged(ctx)
	if awsapi.IsNotFound(err) {
		return fmt.Errorf("account %s has no tables %s-* in %s: name the right prefix with --table, or make them with: shoreup tables create --table %s", h.Account, o.table, h.Region, o.table)
	}
	return err
}

func (o *options) credentials(ctx context.Context) (aws.Config, string, error) {
	cfg, err := awsapi.LoadConfig(ctx, o.region, o.profile)
	if err != nil {
		return cfg, "", err
	}
	if cfg.Region == "" {
		return cfg, "", errors.New("no Region is configured: give --region, or set AWS_REGION")
	}
	if err := checkRegion(cfg.Region); err != nil {
		return cfg, "", err
	}
	o.region = cfg.Region
	account, who, err := stsapi.Caller(ctx, cfg)
	o.who = who
	return cfg, account, err
}

// checkRegion refuses what is no Region by its form: an endpoint of one's own answers to any name, and finds nothing there.
func checkRegion(region string) error {
	if signal.PartitionOf(region) == "" {
		return fmt.Errorf("there is no Region %q in any partition of AWS: see --region, AWS_REGION and the profile", region)
	}
	return nil
}

// rulesPath returns the rules file to use, or nothing where none is named and none is here.
func (o *options) rulesPath() (string, error) {
	if o.rules != "" {
		return o.rules, nil
	}
	const here = "shoreup.yaml"
	if _, err := os.Stat(here); err == nil {
		return here, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("looking for %s: %w", here, err)
	}
	return "", nil
}

// checkRules stops a command at once if its rules file has a mistake, instead of refusing every single plan.
func checkRules(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the rules file: %w", err)
	}
	if _, err := hub.LoadRules(data, hub.Known(catalog.Controls())); err != nil {
		return fmt.Errorf("the rules file %s cannot be used: %w", path, err)
	}
	return nil
}

// printJSON prints a value for programs.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// style says how to print for people: colours only on a terminal, and not where NO_COLOR is set (no-color.org).
func style(w io.Writer) text.Options {
	o := text.Options{Width: 100}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return o
	}
	o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= 60 {
		o.Width = min(width, 140)
	}
	return o
}

// progress prints a line about long work on a terminal, and nothing into a pipe.
func progress(format string, args ...any) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}

func progressDone() {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprint(os.Stderr, "\r\033[K")
	}
}
