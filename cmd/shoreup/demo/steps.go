package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/audit/verify"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/report/text"
	"github.com/shoreup/shoreup/shared/rules"
)

// report is the dry run: everything is looked at and nothing changed.
func (r *run) report(ctx context.Context) error {
	r.Say("looking at everything")
	findings, own, err := r.lookAtAll(ctx)
	if err != nil {
		return err
	}
	wrong := map[string]bool{}
	judged := text.Counts{}
	var plans []core.Finding
	all := map[string]bool{}
	for _, f := range findings {
		if judged[f.Control] == nil {
			judged[f.Control] = map[core.Outcome]int{}
		}
		judged[f.Control][f.Outcome]++
		key := f.ResourceType + " " + f.Region + " " + f.Resource
		all[key] = true
		if f.Outcome != core.Compliant && f.Outcome != core.NotApplicableHere {
			plans = append(plans, f.Complete())
			wrong[key] = true
		}
	}
	r.sum.Resources, r.sum.Compliant = len(all), len(all)-len(wrong)
	r.title("What would happen: %d resources are looked at (%d more are the installation's own), nothing is changed", len(all), own)
	for _, f := range plans {
		if err := text.Finding(r.out(), f, r.Text); err != nil {
			return err
		}
	}
	if err := text.Summary(r.out(), plans, judged, r.Text); err != nil {
		return err
	}
	return r.save("plans.json", plans)
}

// lookAtAll finds what every control says about every resource of the company's Region, and what the rules would say if it had just happened. It leaves out
// the installation's own resources, and returns how many there are.
func (r *run) lookAtAll(ctx context.Context) ([]core.Finding, int, error) {
	own := map[string]bool{}
	var (
		mu  sync.Mutex
		out []core.Finding
		g   errgroup.Group
	)
	g.SetLimit(4)
	for _, c := range r.hub.Engine.Controls {
		base := awsapi.Resource{Type: c.Type.Name, Account: account, Region: region, Partition: "aws"}
		if c.Type.Global {
			base.Region = awsapi.HomeRegion("aws")
		}
		list, err := r.hub.Engine.List(ctx, c.Type, base)
		if err != nil {
			return nil, 0, err
		}
		for _, res := range list {
			if r.cloud.stacks.Owns(c.Type.ARN(res)) {
				own[c.Type.ARN(res)] = true // the company's are counted; the installation's own are never changed
				continue
			}
			g.Go(func() error {
				f := r.hub.Engine.Find(ctx, c, res, core.Cause{Origin: rules.OriginEvent, Time: time.Now()})
				mu.Lock()
				defer mu.Unlock()
				out = append(out, f)
				return nil
			})
		}
	}
	err := g.Wait()
	rank := map[core.Severity]int{core.Critical: 0, core.High: 1, core.Medium: 2, core.Low: 3}
	slices.SortFunc(out, func(a, b core.Finding) int {
		if d := rank[a.Severity] - rank[b.Severity]; d != 0 {
			return d
		}
		return strings.Compare(a.Control+a.Resource, b.Control+b.Resource)
	})
	return out, len(own), err
}

// outcomes reads from the audit log how each occurrence stands.
func (r *run) outcomes(ctx context.Context) error {
	entries, err := r.hub.Engine.Log.List(ctx, account, 0, 10_000)
	if err != nil {
		return err
	}
	last := map[string]audit.Entry{}
	var order []string
	for _, e := range entries {
		if _, seen := last[e.Occurrence]; !seen && e.Occurrence != "" {
			order = append(order, e.Occurrence)
		}
		last[e.Occurrence] = e
	}
	r.title("How every finding stands")
	for _, id := range order {
		e := last[id]
		r.sum.tally(core.Outcome(e.Outcome))
		fmt.Fprintf(r.out(), "%-18s %-32s %s\n", e.Outcome, e.Control, text.Safe(e.Resource))
	}
	return nil
}

// undo takes one fix back, as a person would with: shoreup undo ACCOUNT/SEQ.
func (r *run) undo(ctx context.Context) error {
	entries, err := r.hub.Engine.Log.List(ctx, account, 0, 10_000)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(entries, func(e audit.Entry) bool {
		return e.Kind == audit.Result && e.Outcome == string(core.Fixed) && strings.HasSuffix(e.Resource, ":acme-uploads")
	})
	if i < 0 {
		return errors.New("the demo found no fix to take back; look at functions.log")
	}
	u, err := r.hub.Engine.PlanUndo(ctx, account, entries[i].Seq)
	if err != nil {
		return err
	}
	r.title("One fix is taken back: shoreup undo %s/%d", account, entries[i].Seq)
	if err := text.Finding(r.out(), u.Finding.Complete(), r.Text); err != nil {
		return err
	}
	done, err := r.hub.Engine.Undo(ctx, u, "local:demo")
	if err != nil {
		return err
	}
	r.sum.tally(done.Outcome)
	return text.Result(r.out(), done, r.Text)
}

// trail shows the record of all this and has it checked by code that did not write it.
func (r *run) trail(ctx context.Context) error {
	log := r.hub.Engine.Log
	entries, err := log.List(ctx, account, 0, 10_000)
	if err != nil {
		return err
	}
	lines := make([]audit.Line, len(entries))
	for i, e := range entries {
		lines[i] = e.Line()
	}
	const shown = 12
	r.title("The audit trail: %d records, the last %d of them", len(lines), min(shown, len(lines)))
	if err := text.AuditTable(r.out(), lines[max(0, len(lines)-shown):], r.Text); err != nil {
		return err
	}
	var exported bytes.Buffer
	if err := log.Export(ctx, &exported, account, 0); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.dir, "audit.jsonl"), exported.Bytes(), 0o644); err != nil {
		return err
	}
	report, err := verify.Read(&exported, verify.Options{Chain: account})
	if err != nil {
		return err
	}
	r.sum.Audit = AuditSummary{Entries: report.Entries, Verified: len(report.Findings) == 0 && report.Entries > 0}
	fmt.Fprintf(r.out(), "\n%d records verified, %d problems found. Head: %s\n", report.Entries, len(report.Findings), report.Hash)
	return nil
}

// handover is the environment to use the emulator with, which reads the account through the installation's role.
func (c *cloud) handover(ctx context.Context) (string, error) {
	keys, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("  export AWS_ENDPOINT_URL=%s AWS_REGION=%s AWS_EC2_METADATA_DISABLED=true\n  export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_SESSION_TOKEN=%s\n"+
		"  shoreup plan --account "+account+" --read-role "+hub.ReadRole+" --rules %s\n  shoreup audit list --account "+account+" --table "+tables+"\n  kill %d   # when you are done\n",
		c.emulator.URL(), region, keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken, c.copied, c.emulator.PID()), nil
}
