package iamapi

import (
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// Principal says whose policies are meant.
type Principal struct {
	Kind    string // user, role, group
	Name    string
	Account string
}

// Mended is how far the settled excess of a principal can be taken away by us.
type Mended struct {
	After  []Held   // the policies that it holds afterwards
	Steps  []Step   // none: nothing is to be done by us
	Advice []string // what people must do, about what is left
	Wrong  bool     // something is certainly wrong, whoever has to mend it
}

// AsNow goes with advice about what is left when we have removed something: whoever reads it may do so before or after.
const AsNow = "Statements are counted as in the policy now, before anything is removed from it"

// Mend takes as little away as the settled excess needs: a managed policy that makes an administrator is detached from this principal alone, and a statement of an
// inline policy is removed if nothing else is lost with it. What is left is told, and what comes through a group is the group's.
func Mend(p Principal, held []Held, boundary *Held) Mended {
	excess := Judge(held, boundary)
	removals := removals(held, Over(excess))
	fewest := Fewest(removals, func(rs []iampolicy.Ref) bool {
		m := p.take(held, rs)
		return len(m.Advice) == 0 && len(fresh(held, excess, m.After, Judge(m.After, boundary))) == 0
	})
	m := p.take(held, fewest)
	m.Wrong = len(certain(excess)) > 0
	rest := Judge(m.After, boundary)
	for _, e := range fresh(held, excess, m.After, rest) {
		m.Advice = append(m.Advice, fmt.Sprintf("first narrow %s: once the rest is gone, %s", e.Where, e.Reason))
	}
	if len(m.Advice) > 0 {
		m.Advice = append(m.Advice, p.advice(held, excess)...)
		return Mended{Advice: unique(m.Advice), Wrong: m.Wrong}
	}
	if m.Advice = p.advice(m.After, rest); !m.Wrong {
		m.Advice = Reported(excess)
	}
	if len(m.Advice) > 0 && slices.ContainsFunc(m.After, func(h Held) bool { return h.Kept != nil }) {
		m.Advice = append([]string{AsNow}, m.Advice...)
	}
	if m.After == nil {
		m.After = []Held{}
	}
	return m
}

// stuck says what people must do about a statement that we do not remove; empty: we can.
func (p Principal) stuck(held []Held, settled []Excess, ref iampolicy.Ref) string {
	h := held[ref.Document]
	if h.Via != "" {
		narrow := "narrow the group"
		if slices.ContainsFunc(settled, func(e Excess) bool { return len(e.at) == 1 && e.at[0] == ref && e.finding.Rung == iampolicy.Admin }) {
			narrow += " (shoreup plan --control iam-group-overbroad --resource " + h.Via + ")" // by itself it is only fine where it takes others, too
		}
		return fmt.Sprintf("%s reaches the user through group %s: %s, or take the user out of it: aws iam remove-user-from-group --user-name %s --group-name %s",
			h, h.Via, narrow, p.Name, h.Via)
	}
	doc, err := iampolicy.Parse([]byte(h.Text))
	if err != nil {
		return fmt.Sprintf("mend %s by hand: %v", h, err)
	}
	admin, dangerous := false, []string(nil)
	for _, e := range settled {
		if slices.Contains(e.at, ref) {
			admin = admin || e.finding.Rung == iampolicy.Admin || h.ARN != "" && OwnedByAWS(h.ARN) && e.finding.Rung == iampolicy.Escalation
			dangerous = append(dangerous, e.finding.Actions...)
		}
	}
	switch s := doc.Statements[ref.Statement]; {
	case admin:
		return ""
	case h.ARN != "":
		return fmt.Sprintf("%s takes part in it: give the %s a policy of its own with what it uses, then: aws iam detach-%s-policy --%s-name %s --policy-arn %s", h, p.Kind, p.Kind, p.Kind, p.Name, awsapi.Word(h.ARN))
	case !Wholly(s, dangerous):
		return fmt.Sprintf("%s: %s; then aws iam put-%s-policy --%s-name %s --policy-name %s --policy-document file://policy.json", h, Narrower(h.asNow(s), dangerous, p.Account), p.Kind, p.Kind, p.Name, h.Inline)
	}
	return ""
}

// without describes the call that takes statements out of a policy held, and what is held then: nil if nothing is.
func (p Principal) without(h Held, statements []int) (*Step, *Held, error) {
	if len(statements) == 0 {
		return nil, &h, nil
	}
	if h.ARN != "" {
		return &Step{
			Why: fmt.Sprintf("detach %s from this %s alone; whoever else has it keeps it", h, p.Kind), Do: p.detach(h.ARN), Undo: []awsapi.Call{p.attach(h.ARN)},
		}, nil, nil
	}
	rest, empty, err := Remaining(h.Text, statements)
	if err != nil {
		return nil, &h, err
	}
	undo := []awsapi.Call{p.putInline(h.Inline, h.Text)}
	if empty {
		return &Step{Why: fmt.Sprintf("delete %s: nothing else is in it", h), Do: p.deleteInline(h.Inline), Undo: undo}, nil, nil
	}
	step := &Step{Why: fmt.Sprintf("take the offending statements out of %s; the rest stays byte for byte", h), Do: p.putInline(h.Inline, rest), Undo: undo}
	h.Kept = kept(h.Text, statements)
	h.Text, h.Document = rest, iampolicy.Value(rest)
	return step, &h, nil
}

// kept gives the places of the statements that stay.
func kept(text string, gone []int) []int {
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return nil
	}
	var out []int
	for i := range doc.Statements {
		if !slices.Contains(gone, i) {
			out = append(out, i)
		}
	}
	return out
}

// advice is what people must do about what a principal holds, with the commands for what we could do if nothing else were in the way.
func (p Principal) advice(held []Held, excess []Excess) []string {
	settled := certain(excess)
	var out, commands []string
	for _, e := range settled {
		for _, ref := range e.at {
			line := p.stuck(held, settled, ref)
			switch h := held[ref.Document]; {
			case line != "":
				out = append(out, line)
			case h.ARN != "":
				commands = append(commands, fmt.Sprintf("aws iam detach-%s-policy --%s-name %s --policy-arn %s", p.Kind, p.Kind, p.Name, awsapi.Word(h.ARN)))
			default:
				commands = append(commands, "remove "+e.Where)
			}
		}
	}
	goes := func(r iampolicy.Ref) bool {
		return slices.ContainsFunc(settled, func(e Excess) bool { return slices.Contains(e.at, r) })
	}
	beside := slices.DeleteFunc(slices.Clone(excess), func(e Excess) bool {
		return e.Unsettled || !e.Manual || e.stuck || !slices.ContainsFunc(e.at, func(r iampolicy.Ref) bool { return !goes(r) })
	})
	return unique(slices.Concat(out, commands, Reported(beside)))
}

// Reported tells people what is reported and not changed.
func Reported(excess []Excess) []string {
	var out []string
	for _, e := range excess {
		out = append(out, fmt.Sprintf("%s: %s. See what is used (aws iam generate-service-last-accessed-details), and allow just that", e.Where, e.Reason))
	}
	return unique(out)
}

func unique(lines []string) []string {
	var out []string
	for _, l := range lines {
		if !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	return out
}

func (p Principal) putInline(policy, text string) awsapi.Call {
	switch p.Kind {
	case "user":
		return PutUserPolicy.Call(&iam.PutUserPolicyInput{UserName: &p.Name, PolicyName: &policy, PolicyDocument: &text})
	case "group":
		return PutGroupPolicy.Call(&iam.PutGroupPolicyInput{GroupName: &p.Name, PolicyName: &policy, PolicyDocument: &text})
	}
	return PutRolePolicy.Call(&iam.PutRolePolicyInput{RoleName: &p.Name, PolicyName: &policy, PolicyDocument: &text})
}

func (p Principal) deleteInline(policy string) awsapi.Call {
	switch p.Kind {
	case "user":
		return DeleteUserPolicy.Call(&iam.DeleteUserPolicyInput{UserName: &p.Name, PolicyName: &policy})
	case "group":
		return DeleteGroupPolicy.Call(&iam.DeleteGroupPolicyInput{GroupName: &p.Name, PolicyName: &policy})
	}
	return DeleteRolePolicy.Call(&iam.DeleteRolePolicyInput{RoleName: &p.Name, PolicyName: &policy})
}

func (p Principal) attach(arn string) awsapi.Call {
	switch p.Kind {
	case "user":
		return AttachUserPolicy.Call(&iam.AttachUserPolicyInput{UserName: &p.Name, PolicyArn: &arn})
	case "group":
		return AttachGroupPolicy.Call(&iam.AttachGroupPolicyInput{GroupName: &p.Name, PolicyArn: &arn})
	}
	return AttachRolePolicy.Call(&iam.AttachRolePolicyInput{RoleName: &p.Name, PolicyArn: &arn})
}

func (p Principal) detach(arn string) awsapi.Call {
	switch p.Kind {
	case "user":
		return DetachUserPolicy.Call(&iam.DetachUserPolicyInput{UserName: &p.Name, PolicyArn: &arn})
	case "group":
		return DetachGroupPolicy.Call(&iam.DetachGroupPolicyInput{GroupName: &p.Name, PolicyArn: &arn})
	}
	return DetachRolePolicy.Call(&iam.DetachRolePolicyInput{RoleName: &p.Name, PolicyArn: &arn})
}
