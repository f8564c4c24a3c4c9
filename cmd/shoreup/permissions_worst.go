package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/iampolicy"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/wildcard"
)

// power is what somebody can do at worst who holds certain rights; the keys are stable.
type power struct {
	Who       string   `json:"who"`
	Rights    []string `json:"rights"`  // that make somebody this
	Worst     string   `json:"worst"`   // what it comes to
	Bounded   string   `json:"bounded"` // what still holds against it
	Takes     []string `json:"takes"`   // roles
	Writes    []string `json:"writes"`  // IAM actions on customers' resources
	Own       []string `json:"own"`     // what the function's own role may do besides
	Escalates []string `json:"escalates"`
}

func (o *permissionsFlags) worstCase(w io.Writer, b *blueprint.Blueprint) error {
	if o.format == "policy" {
		return fmt.Errorf("--worst-case has no policy: write --format text or json")
	}
	var all []power
	for _, f := range b.Functions {
		p, err := powerOf(b, f)
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	all = append(all, slices.Concat(invokers(b), others(b))...)
	if o.format == "json" {
		return printJSON(w, map[string]any{"powers": all})
	}
	return powersText(w, all, style(w))
}

// powerOf derives what whoever may change a function's code can do: all that its role can, and all that the roles can which it may take.
func powerOf(b *blueprint.Blueprint, f blueprint.Function) (power, error) {
	own, err := b.Role(f.Role)
	if err != nil {
		return power{}, fmt.Errorf("reading what function %s may do: %w", f.Name, err)
	}
	p := power{
		Who: "changes the code or settings of " + f.Name, Takes: []string{}, Writes: []string{}, Own: []string{}, Escalates: []string{},
		Rights:  []string{"lambda:UpdateFunctionCode or UpdateFunctionConfiguration on " + f.Name, "iam:PassRole on " + own.ARN, "iam:UpdateAssumeRolePolicy on it"},
		Bounded: "the permissions boundary of the role",
	}
	var held []iampolicy.Document
	for _, arn := range own.Takes() {
		taken, err := b.Role(arn)
		if err != nil {
			continue // a role of other accounts that this template does not make
		}
		p.Takes = append(p.Takes, taken.Name+off(taken.Condition))
		p.Writes = append(p.Writes, writesOf(taken)...)
		doc, err := parsed(taken.Policy())
		if err != nil {
			return power{}, err
		}
		held = append(held, doc)
	}
	slices.Sort(p.Writes)
	p.Writes = slices.Compact(p.Writes)
	for _, found := range iampolicy.JudgeIdentity(held...) {
		if found.Rung <= iampolicy.Combination {
			p.Escalates = append(p.Escalates, found.Actions...)
		}
	}
	slices.Sort(p.Escalates)
	p.Escalates = slices.Compact(p.Escalates)
	if p.Own = ownRights(own); len(p.Writes) > 0 {
		p.Bounded += ", and in every role that writes a Deny on protected and shoreup's own ARNs"
	}
	p.Worst = verdict(b, own, p)
	return p, nil
}

// writesOf returns the actions of a role that fixes or takes fixes back.
func writesOf(r blueprint.Role) []string {
	var out []string
	for _, c := range catalog.Controls() {
		for _, op := range slices.Concat(c.Writes, c.Undoes) {
			for _, a := range op.Actions {
				if len(r.Scope(a)) > 0 && r.Name != readRoleName() {
					out = append(out, a)
				}
			}
		}
	}
	return out
}

func parsed(policy map[string]any) (iampolicy.Document, error) {
	raw, err := json.Marshal(policy)
	if err != nil {
		return iampolicy.Document{}, err
	}
	return iampolicy.Parse(raw)
}

// ownRights says what a role may do without taking another one; its log is left out.
func ownRights(r blueprint.Role) []string {
	out := []string{}
	for _, s := range r.Statements {
		if s.Allows() && !slices.Contains(s.Actions, "sts:AssumeRole") && !strings.HasPrefix(s.Actions[0], "logs:") {
			right := strings.Join(shortened(s.Actions), " ") + " on " + strings.Join(s.Resources, ", ")
			if keys, but := partitions(s); len(keys) > 0 {
				right += map[bool]string{false: " in partitions ", true: " but in partitions "}[but] + strings.Join(keys, " and ")
			}
			out = append(out, right)
		}
	}
	return out
}

// verdict says in a sentence what it comes to.
func verdict(b *blueprint.Blueprint, own blueprint.Role, p power) string {
	var families []string
	for _, arn := range own.Takes() {
		r, err := b.Role(arn)
		if family, ok := strings.CutPrefix(r.Name, writeRoleName()); err == nil && ok {
			families = append(families, family+off(r.Condition))
		}
	}
	var parts []string
	switch {
	case len(families) > 0:
		parts = append(parts, "is administrator in effect over "+strings.Join(families, ", ")+" in every account whose roles trust it")
	case slices.ContainsFunc(own.Takes(), func(arn string) bool { return strings.HasSuffix(arn, "/"+readRoleName()) }):
		parts = append(parts, fmt.Sprintf("reads all that %d controls judge, in every account whose roles trust it, and changes nothing there itself", controlsNeeding(readRoleName())))
	default:
		parts = append(parts, "neither reads nor changes customers' resources")
	}
	if len(p.Escalates) > 0 {
		parts = append(parts, "can make itself administrator of such an account by the actions under escalates")
	}
	may := own.Statements
	for _, arn := range own.Takes() {
		if r, err := b.Role(arn); err == nil {
			may = append(slices.Clip(may), r.Statements...)
		}
	}
	for _, c := range consequences {
		if slices.ContainsFunc(may, func(s blueprint.Statement) bool { return grants(c, s) }) {
			parts = append(parts, c.means)
		}
	}
	return strings.Join(parts, "; ")
}

// consequences say what a right of a function's own role comes to.
var consequences = []consequence{
	{writesItem, ":table/shoreup-" + occurrence.StateTable, "switch", "can lift the kill switch"},
	{writesItem, ":table/shoreup-" + occurrence.StateTable, "count#any", "can reset limits, and free what is being changed"},
	{writesItem, ":table/shoreup-" + occurrence.ApprovalTable, "", "can approve in the name of others"},
	{writesItem, ":table/shoreup-" + occurrence.AuditTable, "", "can write history, which verification finds where it does not fit the chain"},
	{[]string{"sqs:SendMessage"}, ":shoreup-words", "", "can say a word in the name of others"},
	{[]string{"sqs:SendMessage"}, ":shoreup-apply", "", "can order automatic fixes, which apply plans anew and the rules file decides"},
	{[]string{"sqs:SendMessage"}, ":shoreup-approved", "", "can order what was approved, which apply plans anew"},
	{[]string{"secretsmanager:GetSecretValue"}, ":secret:shoreup/slack-?", "", "can read Slack's token and post as shoreup"},
	{[]string{"secretsmanager:GetSecretValue"}, ":secret:shoreup/slack-signing-?", "", "can read what clicks are known by, and click in the name of others"},
	{[]string{"securityhub:BatchUpdateFindings"}, "", "", "can change what findings of Security Hub say, and neither resolve nor suppress them"},
	{[]string{"s3:PutObject"}, ":s3:::shoreup-audit-", "", "can add to the sealed audit log, and take nothing out of it"},
	{[]string{"s3:PutObject"}, ":s3:::shoreup-reports-", "", "can write what reports say"},
	{[]string{"config:PutEvaluations"}, "", "", "can tell AWS Config what is compliant"},
}

var writesItem = []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"}

type consequence struct {
	actions  []string
	resource string // a part of its ARN
	key      string // of a table's partition; empty: any
	means    string
}

func grants(c consequence, s blueprint.Statement) bool {
	return s.Allows() && slices.ContainsFunc(s.Actions, func(a string) bool { return slices.Contains(c.actions, a) }) &&
		slices.ContainsFunc(s.Resources, func(r string) bool { return strings.Contains(r, c.resource) }) && reaches(s, c.key)
}

// reaches reports whether a statement's conditions leave it a table's partition.
func reaches(s blueprint.Statement, key string) bool {
	keys, but := partitions(s)
	return key == "" || len(keys) == 0 || slices.ContainsFunc(keys, func(k string) bool { return wildcard.Match(k, key) }) != but
}

// partitions are the keys that a statement's conditions keep it to, or, with but, from; none: there is no such condition.
func partitions(s blueprint.Statement) (keys []string, but bool) {
	for operator, on := range s.Conditions {
		tested, _ := on.(map[string]any)
		value := tested["dynamodb:LeadingKeys"]
		if value == nil || operator == "Null" {
			continue
		}
		list, several := value.([]any)
		if !several {
			list = []any{value}
		}
		for _, k := range list {
			keys = append(keys, fmt.Sprint(k))
		}
		but = strings.Contains(operator, "Not")
	}
	return keys, but
}

func powersText(w io.Writer, all []power, o text.Options) error {
	fmt.Fprint(w, "Who can do what at worst. The roles are those of the template; whoever holds one of the rights holds the power.\n")
	for _, p := range all {
		fmt.Fprintf(w, "\nWhoever %s\n", text.Safe(p.Who))
		for _, line := range []struct{ name, text string }{
			{"right", strings.Join(p.Rights, "; ")}, {"at worst", p.Worst}, {"takes", strings.Join(p.Takes, ", ")}, {"writes", strings.Join(shortened(p.Writes), " ")},
			{"escalates", strings.Join(p.Escalates, ", ")}, {"itself", strings.Join(p.Own, "; ")}, {"against it", p.Bounded},
		} {
			if line.text == "" {
				continue
			}
			if err := wrapped(w, fmt.Sprintf("  %-10s ", line.name), strings.Repeat(" ", 13), line.text, o); err != nil {
				return err
			}
		}
	}
	return nil
}
