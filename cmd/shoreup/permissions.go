package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
)

type permissionsFlags struct {
	format, role string
	shape        string
	controls     []string
	worst        bool
	values       blueprint.Values
}

func permissionsCommand() *cobra.Command {
	var o permissionsFlags
	cmd := &cobra.Command{
		Use: "permissions", Short: "List what each control needs in IAM and why, what each role holds, and who can do what at worst", Args: cobra.NoArgs,
		Long: `What a control needs comes from its declaration, where it may do it from the roles of the deployed template. Nothing is asked of AWS. A write never
has all that its role holds: its session is cut down to the control's own calls on the one resource that is fixed (session scope).

--format policy prints an IAM policy to paste: of one control or role if it is named, for --account, else what shoreup plan needs to read everything.`,
		Example: "  shoreup permissions --control s3-bucket-public\n  shoreup permissions --role shoreup-remediate-storage --format policy --account 111122223333\n  shoreup permissions --worst-case",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.OutOrStdout()) },
	}
	cmd.Flags().StringVar(&o.format, "format", "text", "text, json or policy")
	cmd.Flags().StringSliceVar(&o.controls, "control", nil, "only these controls, operation by operation (ids; * stands for any text)")
	cmd.Flags().StringVar(&o.role, "role", "", "what this role holds as a whole, such as shoreup-read")
	cmd.Flags().BoolVar(&o.worst, "worst-case", false, "who can do what at worst")
	cmd.Flags().StringVar(&o.shape, "shape", "single", "whose roles: single (one account) or hub (with members)")
	cmd.Flags().StringVar(&o.values.Account, "account", "*", "the account to write into ARNs")
	cmd.Flags().StringVar(&o.values.Partition, "partition", "aws", "the partition to write into ARNs")
	cmd.Flags().StringVar(&o.values.Region, "region", "*", "the installation's Region to write into ARNs")
	return cmd
}

func (o *permissionsFlags) run(w io.Writer) error {
	if !slices.Contains([]string{"text", "json", "policy"}, o.format) {
		return fmt.Errorf("--format %s: write text, json or policy", o.format)
	}
	if o.role != "" && (len(o.controls) > 0 || o.worst) || o.worst && len(o.controls) > 0 {
		return errors.New("name only one of --control, --role and --worst-case")
	}
	if o.format == "policy" && o.values.Account == "*" && (o.role != "" || len(o.controls) > 0) {
		return errors.New("a policy that writes names your account in its conditions: give --account")
	}
	b, err := o.blueprint()
	if err != nil {
		return err
	}
	switch {
	case o.worst:
		return o.worstCase(w, b)
	case o.role != "":
		return o.oneRole(w, b)
	}
	return o.perControl(w, b)
}

// blueprint reads the templates of the shape.
func (o *permissionsFlags) blueprint() (*blueprint.Blueprint, error) {
	switch o.shape {
	case "single":
		return blueprint.Read(template.SingleAccount(), o.values)
	case "hub":
		installation, err := blueprint.Read(template.Hub(), o.values)
		if err != nil {
			return nil, err
		}
		values := o.values
		values.Parameters = map[string]string{"HubAccount": o.values.Account, "HubRegion": o.values.Region}
		member, err := blueprint.Read(template.MemberGlobal(), values)
		if err != nil {
			return nil, err
		}
		return blueprint.Join(installation, member), nil
	}
	return nil, fmt.Errorf("--shape %s: write single or hub", o.shape)
}

func (o *permissionsFlags) perControl(w io.Writer, b *blueprint.Blueprint) error {
	controls, err := pick(catalog.Controls(), o.controls)
	if err != nil {
		return err
	}
	all := make([]controlNeeds, len(controls))
	for i, c := range controls {
		all[i] = needsOf(c.Meta, b, o.values)
	}
	switch {
	case o.format == "json":
		return printJSON(w, map[string]any{"controls": all})
	case o.format == "policy" && len(o.controls) == 0:
		return printJSON(w, policyOf(b, all, kindRead, kindList, kindResolve))
	case o.format == "policy":
		return printJSON(w, policyOf(b, all, kindRead, kindList, kindResolve, kindWrite, kindUndo))
	case len(o.controls) > 0:
		return needsText(w, all, style(w))
	}
	return needsSummary(w, all, style(w))
}
