// Package configrule answers AWS Config for custom rules: one rule stands for one control, and each verdict comes of the live state, read and judged just as
// the engine does it. Nothing is planned from here, recorded or told; that is what the engine's own sources are for.
//
// COMPLIANT is said only of a resource that was read and found in order. What cannot be read is NON_COMPLIANT, and its annotation says that it could not be
// judged: AWS Config takes no INSUFFICIENT_DATA from a function, silence would leave an older COMPLIANT standing, and NOT_APPLICABLE would take the
// resource off the page. What failed in passing is not answered, and the invocation fails, so that Lambda runs it again.
package configrule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/configapi"
	"github.com/shoreup/shoreup/shared/configrule/invocation"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/rules"
)

// atOnce is how many resources of a schedule are looked at at the same time; each is mostly waiting for AWS.
const atOnce = 8

// Function answers the rules of one account and Region.
type Function struct {
	// Engine looks and judges. It needs controls, rules, a clock and read sessions, and no tables.
	Engine *engine.Engine
	// Own may put evaluations, and is used for nothing else.
	Own awsapi.Session
}

// Handle answers one invocation.
func (f *Function) Handle(ctx context.Context, raw json.RawMessage) error {
	inv, err := invocation.Parse(raw, f.Own.Region)
	if err != nil {
		return err
	}
	if inv.Account != f.Own.Account {
		return wrong("rule %.128q is of account %s, this function looks after %s", inv.Rule, inv.Account, f.Own.Account)
	}
	c, ok := f.Engine.Control(inv.Control)
	if !ok {
		return wrong("rule %.128q names control %.64q, which is not here", inv.Rule, inv.Control)
	}
	if f.Engine.Rules(ctx) == nil { // which ports are kept, and how old a key may be, decides what is compliant
		return fmt.Errorf("answering rule %s: the rules file cannot be read, so nothing can be judged", inv.Rule)
	}
	if inv.Item != nil {
		return f.item(ctx, c, inv)
	}
	return f.all(ctx, c, inv)
}

// item answers about one changed resource.
func (f *Function) item(ctx context.Context, c core.Control, inv invocation.Invocation) error {
	it := inv.Item
	if !c.Type.Is(it.Type) {
		return wrong("rule %.128q asks control %s about %.128s, which it does not judge: set the rule's scope to %s", inv.Rule, c.ID, it.Type, c.Type.Name)
	}
	e := configapi.Evaluation{Type: it.Type, ID: it.ID, At: inv.At, Verdict: configapi.NotApplicable, Annotation: "the resource is gone, or out of the rule's scope"}
	if !it.Gone {
		var err error
		if e.Verdict, e.Annotation, err = judge(f.Engine.Find(ctx, c, f.resource(c, it.Where.ResourceID), cause)); err != nil {
			return err
		}
	}
	return f.put(ctx, inv, []configapi.Evaluation{e})
}

// all answers about every resource of the control's type, page by page, so that what is known is not lost with what is not.
func (f *Function) all(ctx context.Context, c core.Control, inv invocation.Invocation) error {
	where := f.resource(c, "")
	list, err := f.Engine.List(ctx, c.Type, where)
	if err != nil {
		return err
	}
	names, err := f.names(ctx, c.Type, where)
	if err != nil {
		return err
	}
	if len(list) == 0 { // an answer all the same, or the rule would seem not to have run
		return f.put(ctx, inv, nil)
	}
	var failed []error
	for page := range slices.Chunk(list, configapi.MaxEvaluations) {
		evaluations, err := f.page(ctx, c, inv, page, names)
		failed = append(failed, err, f.put(ctx, inv, evaluations))
	}
	return errors.Join(failed...)
}

// page judges so many resources as fit one answer. The error is of those that have no verdict.
func (f *Function) page(ctx context.Context, c core.Control, inv invocation.Invocation, page []awsapi.Resource, names map[string]string) ([]configapi.Evaluation, error) {
	out := make([]configapi.Evaluation, len(page))
	failed := make([]error, len(page))
	var g errgroup.Group
	g.SetLimit(atOnce)
	for i, r := range page {
		g.Go(func() error {
			out[i] = configapi.Evaluation{Type: c.Type.Name, ID: r.ID, At: inv.At}
			if c.Type.Alias != "" {
				out[i].Type = c.Type.Alias
			}
			if name := names[r.ID]; name != "" {
				out[i].ID = name
			}
			out[i].Verdict, out[i].Annotation, failed[i] = judge(f.Engine.Find(ctx, c, r, cause))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	judged := slices.DeleteFunc(out, func(e configapi.Evaluation) bool { return e.Verdict == "" })
	return judged, errors.Join(failed...)
}

// cause is what a look for AWS Config comes from. Nothing follows from it: no decision of these findings is carried out.
var cause = core.Cause{Origin: rules.OriginConfig}

// resource names a resource of this account: in this Region, or where global ones live.
func (f *Function) resource(c core.Control, id string) awsapi.Resource {
	r := awsapi.Resource{Type: c.Type.Name, ID: id, Account: f.Own.Account, Region: f.Own.Region, Partition: f.Own.Partition()}
	if c.Type.Global {
		r.Region = awsapi.HomeRegion(r.Partition)
	}
	return r
}

// wrong is the error of an invocation that no trying again will make right: the rule is deployed wrongly.
func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", invocation.ErrMalformed, fmt.Errorf(format, args...))
}

// put answers. What AWS Config does not take is put once more.
func (f *Function) put(ctx context.Context, inv invocation.Invocation, list []configapi.Evaluation) error {
	failed, err := configapi.Put(ctx, f.Own, inv.Token, list)
	if err == nil && len(failed) > 0 {
		failed, err = configapi.Put(ctx, f.Own, inv.Token, failed)
	}
	if err != nil {
		return fmt.Errorf("answering rule %s: %w", inv.Rule, err)
	}
	if len(failed) > 0 {
		return fmt.Errorf("answering rule %s: AWS Config did not take %d of %d evaluations, the first of %s", inv.Rule, len(failed), len(list), failed[0].ID)
	}
	return nil
}
