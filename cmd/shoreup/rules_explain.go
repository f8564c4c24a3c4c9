package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shoreup/shoreup/events/signal"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// explanation is what the file decides about one resource for one control, for programs.
type explanation struct {
	Control  string `json:"control"`
	Resource string `json:"resource"`
	ARN      string `json:"arn"`
	rules.Trace
}

// explain prints one decision as itself if one control is named in full, and else a list.
func (o *rulesFlags) explain(ctx context.Context, w io.Writer, file *rules.File, asJSON bool) error {
	origins := []string{rules.OriginEvent, rules.OriginSweep, rules.OriginConfig, rules.OriginSecurityHub, rules.OriginGuardDuty, rules.OriginCLI}
	if !slices.Contains(origins, o.origin) {
		return fmt.Errorf("--origin %s: write one of %s", o.origin, strings.Join(origins, ", "))
	}
	list, err := o.explanations(ctx, file)
	if err != nil {
		return err
	}
	if asJSON && o.exact() {
		return printJSON(w, list[0])
	}
	if asJSON {
		return printJSON(w, map[string]any{"explanations": list})
	}
	for i, e := range list {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := printExplanation(w, e); err != nil {
			return err
		}
	}
	return nil
}

func (o *rulesFlags) exact() bool { return o.control != "" && !strings.ContainsAny(o.control, "*?") }

func (o *rulesFlags) explanations(ctx context.Context, file *rules.File) ([]explanation, error) {
	var patterns []string
	if o.control != "" {
		patterns = []string{o.control}
	}
	controls, err := pick(catalog.Controls(), patterns)
	if err != nil {
		return nil, err
	}
	var out []explanation
	for _, c := range controls {
		r, err := o.named(ctx, c, file)
		if errors.Is(err, errOtherType) && !o.exact() {
			continue
		}
		if err != nil {
			return nil, err
		}
		s := o.subject(c.Meta, r, file)
		out = append(out, explanation{c.ID, s.ResourceID, s.ResourceARN, file.Explain(s, time.Now())})
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s is the name of nothing that one of these controls judges: give an ARN, or --control with the control's full name", o.resource)
	}
	return out, nil
}

// subject is the very one that the engine asks the rules about, without what only a look at the resource tells.
func (o *rulesFlags) subject(m core.Meta, r awsapi.Resource, file *rules.File) rules.Subject {
	f := core.Finding{
		Control: m.ID, ResourceType: r.Type, Resource: r.ID, ARN: m.Type.ARN(r), Account: r.Account, Region: r.Region,
		Context: core.Context{Tags: o.tags}, Cause: core.Cause{Origin: o.origin, Time: time.Now().Add(-o.age)},
	}
	set := core.Settings{Protected: file.ProtectedPrincipals}
	return engine.Subject(&f, m, cmp.Or(set.ProtectedBy(f.ARN), set.ProtectedBy(o.resource))) // an ARN as given may have the path by which a role is protected
}

var errOtherType = errors.New("the control judges other resources")

// named is the resource that the flags name, as the engine would name it. The error is errOtherType if it is none of the control's.
func (o *rulesFlags) named(ctx context.Context, c core.Control, file *rules.File) (awsapi.Resource, error) {
	r, arn, err := o.place(c.Meta)
	if err != nil {
		return r, err
	}
	id, err := o.idFor(c.Meta, r, arn)
	if err != nil {
		return r, err
	}
	switch entry := file.GoesByRegion(); {
	case r.Region != "":
	case entry != "":
		return r, fmt.Errorf("in which Region is %s? %s goes by Region: give --region", o.resource, entry)
	case c.Type.Name != "AWS::S3::Bucket": // whose ARN names none
		return r, fmt.Errorf("in which Region is %s? Give --region, or the ARN", o.resource)
	}
	r.ID = id
	if c.Type.Resolve == nil {
		return r, nil
	}
	// A session without credentials: what AWS would have to be asked for is an error.
	id, err = c.Type.Resolve(ctx, awsapi.Session{Account: r.Account, Region: r.Region}, r.ID)
	switch {
	case err == nil:
		r.ID = id
	case arn.Resource == "":
		return r, fmt.Errorf("only AWS knows what %s of type %s is called in full: give the ARN", o.resource, c.Type.Name)
	}
	return r, nil
}

// place says where the named resource is. An ARN tells more than flags, and must not say something else.
func (o *rulesFlags) place(m core.Meta) (awsapi.Resource, signal.ARN, error) {
	region := cmp.Or(o.region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"))
	r := awsapi.Resource{Type: m.Type.Name, Account: o.account, Region: region, Partition: awsapi.PartitionOf(region)}
	var arn signal.ARN
	if strings.HasPrefix(o.resource, "arn:") {
		var err error
		if arn, err = signal.ParseARN(o.resource); err != nil {
			return r, arn, err
		}
		switch {
		case signal.IsAccountID(arn.Account) && o.account != "" && o.account != arn.Account:
			return r, arn, fmt.Errorf("%s belongs to account %s, and --account says %s", o.resource, arn.Account, o.account)
		case arn.Region != "" && o.region != "" && o.region != arn.Region:
			return r, arn, fmt.Errorf("%s is in Region %s, and --region says %s", o.resource, arn.Region, o.region)
		case o.region != "" && r.Partition != arn.Partition:
			return r, arn, fmt.Errorf("%s is of partition %s, and --region says %s", o.resource, arn.Partition, o.region)
		}
		if r.Partition != arn.Partition {
			r.Partition, r.Region = arn.Partition, ""
		}
		r.Region = cmp.Or(arn.Region, r.Region)
		if signal.IsAccountID(arn.Account) {
			r.Account = arn.Account
		}
	}
	if m.Type.Global {
		r.Region = awsapi.HomeRegion(r.Partition)
	}
	if !signal.IsAccountID(r.Account) {
		return r, arn, errors.New("to explain a decision, give --account too, 12 digits (an ARN that names its account will do)")
	}
	return r, arn, nil
}

// idFor is the id by which the control knows the named resource. Without the control's full name, a bare id has to tell of which type it is.
func (o *rulesFlags) idFor(m core.Meta, r awsapi.Resource, arn signal.ARN) (string, error) {
	other := fmt.Errorf("%s judges %s, and %s is none: %w", m.ID, m.Type.Name, o.resource, errOtherType)
	switch {
	case m.Type.Name == signal.TypeAccount: // a setting of the account: one of a kind, with the account's own id
		r.ID = r.Account
		if o.resource == "" && o.exact() || o.resource == r.ID || o.resource == m.Type.ARN(r) {
			return r.ID, nil
		}
		return "", other
	case o.resource == "":
		return "", fmt.Errorf("to explain a decision of %s, give --resource too", m.ID)
	case arn.Resource != "":
		if id, ok := signal.IDFromARN(m.Type.Name, arn); ok {
			return id, nil
		}
		return "", other
	case o.exact(), m.Type.Prefix != "" && strings.HasPrefix(o.resource, m.Type.Prefix), m.Type.Prefix == "" && o.control != "":
		return o.resource, nil
	}
	return "", other
}

func printExplanation(w io.Writer, e explanation) error {
	fmt.Fprintf(w, "%s, %s\n", text.Safe(e.Control), text.Safe(cmp.Or(e.ARN, e.Resource)))
	for _, s := range e.Steps {
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
	_, err := fmt.Fprintf(w, "\n%s decides: %s, because %s\n", text.Safe(e.Decision.Rule), e.Decision.Mode, text.Safe(e.Decision.Reason))
	if e.Decision.Mode == rules.Auto && err == nil {
		_, err = fmt.Fprintln(w, "(people are asked all the same where the control, once it looks, wants them to see the plan first)")
	}
	return err
}
