package iamapi

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/iampolicy"
)

// Attachment is a principal that a managed policy applies to.
type Attachment struct {
	Kind     string `json:"kind"` // user, role, group
	Name     string `json:"name"`
	Via      string `json:"via"`      // the group through which a user has the policy; empty: attached directly
	Boundary bool   `json:"boundary"` // used as a permissions boundary: the policy caps and grants nothing
	ARN      string `json:"arn"`
}

// String names the principal.
func (a Attachment) String() string {
	switch {
	case a.Via != "":
		return fmt.Sprintf("%s %s (member of group %s)", a.Kind, a.Name, a.Via)
	case a.Boundary:
		return fmt.Sprintf("%s %s (as permissions boundary)", a.Kind, a.Name)
	}
	return a.Kind + " " + a.Name
}

// PolicyUse is who is affected when a managed policy gets a new default version.
type PolicyUse struct {
	Attachments []Attachment `json:"attachments"`
	Spare       *Version     `json:"spare" aws:"assigned"` // the version that has to make room, where there are five
	// CanSwitchBack are those who could make the old version the default again once the new one is.
	CanSwitchBack []string `json:"canSwitchBack" aws:"context"`
	// LastAdministrators are those who are administrators through this policy, where nobody else in the account is one.
	LastAdministrators []string `json:"lastAdministrators" aws:"context"`
}

// ReadPolicyUse returns who uses the policy and could switch it back: one request for the versions, four more if there are five, and the account's
// authorization details, page by page. It is for policies that are wrong already. remaining is the text that the default version is to have.
//
// What it does not see of the right to switch back: conditions, boundaries and service control policies (so somebody named may be unable to), and
// AWS's own policies other than AdministratorAccess and IAMFullAccess (so somebody able may not be named).
func ReadPolicyUse(ctx context.Context, s awsapi.Session, arn, remaining string) (PolicyUse, error) {
	spare, err := readSpare(ctx, s, arn)
	if err != nil {
		return PolicyUse{}, err
	}
	all, err := readAuthorizations(ctx, s)
	if err != nil {
		return PolicyUse{}, err
	}
	use := all.useOf(arn, remaining)
	use.Spare = spare
	return use, nil
}

func (a authorizations) useOf(arn, remaining string) PolicyUse {
	use := PolicyUse{Attachments: a.attachments(arn)}
	before := a.documents[arn]
	a.documents[arn] = remaining
	others := false
	for _, p := range a.principals {
		if p.kind == "group" {
			continue
		}
		docs := a.policies(p)
		others = others || a.administers(p)
		if may(docs, "iam:SetDefaultPolicyVersion", arn) || may(docs, "iam:CreatePolicyVersion", arn) {
			use.CanSwitchBack = append(use.CanSwitchBack, p.kind+" "+p.name)
		}
	}
	slices.Sort(use.CanSwitchBack)
	a.documents[arn] = before
	if others {
		return use
	}
	for _, p := range a.principals {
		if p.kind != "group" && a.administers(p) {
			use.LastAdministrators = append(use.LastAdministrators, p.kind+" "+p.name)
		}
	}
	slices.Sort(use.LastAdministrators)
	return use
}

func (a authorizations) attachments(arn string) []Attachment {
	out := []Attachment{}
	for _, p := range a.principals {
		if slices.Contains(p.managed, arn) {
			out = append(out, Attachment{Kind: p.kind, Name: p.name, ARN: p.arn})
		}
		if p.boundary == arn {
			out = append(out, Attachment{Kind: p.kind, Name: p.name, ARN: p.arn, Boundary: true})
		}
		for _, g := range a.groupsOf(p) {
			if slices.Contains(g.managed, arn) {
				out = append(out, Attachment{Kind: p.kind, Name: p.name, ARN: p.arn, Via: g.name})
			}
		}
	}
	slices.SortFunc(out, func(x, y Attachment) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Via, y.Via), boolean(x.Boundary)-boolean(y.Boundary))
	})
	return out
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// BoundaryOnly reports whether the policy is used as a permissions boundary and nothing else: then it grants nothing, and taking a statement out would
// take rights from those whom it caps (IAM user guide, "Permissions boundaries").
func (u PolicyUse) BoundaryOnly() bool {
	return len(u.Attachments) > 0 && !slices.ContainsFunc(u.Attachments, func(a Attachment) bool { return !a.Boundary })
}

// BoundaryReason is added to a reason for what is only used as a boundary.
const BoundaryReason = "; the policy is only used as a permissions boundary, which grants nothing"

// Facts lists every attachment.
func (u PolicyUse) Facts() []string {
	if len(u.Attachments) == 0 {
		return []string{"attached to nobody"}
	}
	out := make([]string, len(u.Attachments))
	for i, a := range u.Attachments {
		out[i] = "attached to " + a.String()
	}
	return out
}

// mostListed is how many names a note shows.
const mostListed = 10

func listed(names []string) string {
	if len(names) <= mostListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:mostListed], ", "), len(names)-mostListed)
}

// StackNote says that a stack owns the policy, if one does: it is for every plan, with changes or without.
func StackNote(before DefaultVersion) []string {
	stack := before.Tags["aws:cloudformation:stack-name"]
	if stack == "" {
		return nil
	}
	return []string{fmt.Sprintf("CloudFormation stack %s owns the policy: its template needs the same change, or the next deployment puts it back", stack)}
}

// Notes say who is affected by a new default version, who could take it back, and what goes.
func (u PolicyUse) Notes(before DefaultVersion) []string {
	var names []string
	for _, a := range u.Attachments {
		names = append(names, a.String())
	}
	out := []string{"attached to nobody, so nobody loses access"}
	if len(names) > 0 {
		out = []string{"the new version applies at once to everybody the policy is attached to: " + listed(names)}
	}
	who := "nobody besides the root user"
	if len(u.CanSwitchBack) > 0 {
		who = listed(u.CanSwitchBack)
	}
	out = append(out, fmt.Sprintf("version %s stays, and could be made the default again by: %s", before.ID, who))
	if u.Spare != nil {
		out = append(out, fmt.Sprintf("version %s of %s is deleted to make room for the new one: it%s; undo makes it again under another id. Its document: %s", u.Spare.ID, u.Spare.Created, u.Spare.why(), u.Spare.Text))
	}
	return append(out, StackNote(before)...)
}

// Remaining returns a document's text without some of its statements; empty is true where none is left, which IAM refuses.
func Remaining(text string, statements []int) (rest string, empty bool, err error) {
	doc, err := iampolicy.Parse([]byte(text))
	if err != nil {
		return "", false, fmt.Errorf("reading a policy to be edited: %w", err)
	}
	out, empty, err := doc.Without(statements...)
	return string(out), empty, err
}
