package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/events"
	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// signalLine is a signal as it is listed; the keys are stable and documented in the README.
type signalLine struct {
	EventClass   string   `json:"event_class"`
	Relevant     bool     `json:"relevant"`
	Reason       string   `json:"reason"`
	ResourceType string   `json:"resource_type"`
	ResourceID   string   `json:"resource_id"`
	Account      string   `json:"account"`
	Region       string   `json:"region"`
	Partition    string   `json:"partition"`
	Actor        string   `json:"actor"`
	Time         string   `json:"time"`
	Controls     []string `json:"controls"`
}

func explainCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "explain EVENT.json", Short: "Show what an event leads to, without any AWS call (- reads standard input)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			asJSON, err := o.json()
			if err != nil {
				return err
			}
			raw, err := readFile(cmd, args[0])
			if err != nil {
				return err
			}
			file, err := o.file()
			if err != nil {
				return err
			}
			return explain(cmd.OutOrStdout(), raw, file, asJSON)
		},
	}
	o.formatFlag(cmd)
	o.rulesFlag(cmd)
	return cmd
}

// file returns the rules file that the flags or this folder name, or the empty one.
func (o *options) file() (*rules.File, error) {
	path, err := o.rulesPath()
	if err != nil || path == "" {
		return rules.Default(), err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the rules file: %w", err)
	}
	file, err := hub.LoadRules(data, hub.Known(catalog.Controls()))
	if err != nil {
		return nil, fmt.Errorf("the rules file %s cannot be used: %w", path, err)
	}
	return file, nil
}

func readFile(cmd *cobra.Command, path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(io.LimitReader(cmd.InOrStdin(), events.MaxBytes+1))
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the event: %w", err)
	}
	return raw, nil
}

func explain(w io.Writer, raw []byte, file *rules.File, asJSON bool) error {
	controls := catalog.Controls()
	own := func(account, region string) []string {
		return hub.OwnRoles(signal.PartitionOf(region), account, hub.Families(controls))
	}
	account, region := envelope(raw)
	signals, bad := events.Parse(raw, events.Options{IDs: engine.IDPaths(controls), Enrolled: engine.Enrolled(controls, file), OwnRoles: own(account, region)})
	if bad != nil {
		signals = []signal.Signal{events.Unparseable(bad)}
	}
	lines := make([]signalLine, len(signals))
	for i, s := range signals {
		lines[i] = explained(controls, s)
	}
	if asJSON {
		if err := printJSON(w, map[string]any{"signals": lines}); err != nil {
			return err
		}
	} else if err := explainText(w, lines); err != nil {
		return err
	}
	if bad != nil {
		return exitCode(exitError)
	}
	return nil
}

func explained(controls []core.Control, s signal.Signal) signalLine {
	matched, why := engine.Route(controls, s)
	line := signalLine{
		EventClass: s.Class, Relevant: len(matched) > 0, Reason: why, ResourceType: s.ResourceType, ResourceID: s.ResourceID,
		Account: s.Account, Region: s.Region, Partition: s.Partition, Actor: engine.Who(s.Actor), Controls: []string{},
	}
	if !s.Time.IsZero() {
		line.Time = s.Time.UTC().Format(time.RFC3339)
	}
	for _, c := range matched {
		if c.Type.Alias == s.ResourceType {
			line.ResourceType = c.Type.Name // CloudFormation's name, not AWS Config's
		}
		line.Controls = append(line.Controls, c.ID)
	}
	return line
}

func explainText(w io.Writer, lines []signalLine) error {
	for _, l := range lines {
		verdict := "leads to nothing: " + l.Reason
		if l.Relevant {
			verdict = fmt.Sprintf("is evaluated by %d controls", len(l.Controls))
		}
		if _, err := fmt.Fprintf(w, "%s event %s\n", l.EventClass, text.Safe(verdict)); err != nil {
			return err
		}
		for _, kv := range [][2]string{
			{"resource", l.ResourceType + " " + l.ResourceID}, {"account", l.Account + " " + l.Region + " " + l.Partition}, {"actor", l.Actor}, {"time", l.Time},
		} {
			if _, err := fmt.Fprintf(w, "  %-9s %s\n", kv[0], text.Safe(kv[1])); err != nil {
				return err
			}
		}
		for _, c := range l.Controls {
			if _, err := fmt.Fprintf(w, "  control   %s\n", c); err != nil {
				return err
			}
		}
	}
	return nil
}

// envelope reads the account and Region that the event says it is from; a broken event has none.
func envelope(raw []byte) (account, region string) {
	var e struct{ Account, Region string }
	if json.Unmarshal(raw, &e) != nil {
		return "", ""
	}
	return e.Account, e.Region
}
