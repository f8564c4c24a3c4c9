package main

import (
	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/report/text"
)

// controlLine is a control as it is listed; the keys are stable and documented in the README.
type controlLine struct {
	ID           string              `json:"id"`
	Version      int                 `json:"version"`
	Title        string              `json:"title"`
	Service      string              `json:"service"`
	ResourceType string              `json:"resource_type"`
	Severity     core.Severity       `json:"severity"`
	Family       string              `json:"family"`
	SecurityHub  []string            `json:"security_hub"`
	ConfigRules  []string            `json:"config_rules"`
	Frameworks   map[string][]string `json:"frameworks"`
	Events       []string            `json:"events"`
	Reads        []string            `json:"reads"`
	Writes       []string            `json:"writes"`
	UndoWrites   []string            `json:"undo_writes"`
	Reversible   core.Reversal       `json:"reversible"`
	Disruption   core.Disruption     `json:"disruption"`
	DefaultMode  string              `json:"default_mode"`
}

func controlsCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "controls", Short: "List what shoreup judges and mends", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			controls := catalog.Controls()
			if !asJSON {
				return text.ControlsTable(cmd.OutOrStdout(), metas(controls), nil, style(cmd.OutOrStdout()))
			}
			lines := make([]controlLine, len(controls))
			for i, c := range controls {
				lines[i] = lineOf(c.Meta)
			}
			return printJSON(cmd.OutOrStdout(), lines)
		},
	}
	o.formatFlag(cmd)
	return cmd
}

func lineOf(m core.Meta) controlLine {
	return controlLine{
		ID: m.ID, Version: m.Version, Title: m.Title, Service: m.Service, ResourceType: m.Type.Name, Severity: m.Severity, Family: m.Family,
		SecurityHub: list(m.SecurityHub), ConfigRules: list(m.ConfigRules), Frameworks: m.Frameworks, Events: list(m.Events),
		Reads: names(m.Reads), Writes: names(m.Writes), UndoWrites: names(m.Undoes), Reversible: m.Reversible, Disruption: m.Disruption, DefaultMode: "report",
	}
}

func names(ops []awsapi.Op) []string {
	out := make([]string, len(ops))
	for i, o := range ops {
		out[i] = o.Name
	}
	return out
}

// list makes a missing list an empty one, so that readers find the key with a list behind it.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

func metas(controls []core.Control) []core.Meta {
	out := make([]core.Meta, len(controls))
	for i, c := range controls {
		out[i] = c.Meta
	}
	return out
}
