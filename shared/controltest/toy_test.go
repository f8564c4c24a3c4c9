package controltest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/s3api"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

func TestMain(m *testing.M) { emulatortest.Main(m) }

// toy is a control as small as one can be, to be broken in one place after the other.
type toy struct {
	meta  core.Meta
	read  func(context.Context, awsapi.Session, awsapi.Resource) (toyState, error)
	judge func(toyState, core.Settings) []core.Violation
	plan  func(awsapi.Resource, toyState, []core.Violation, core.Settings) (core.Fix[toyState], error)
}

type toyState struct {
	Blocked bool          `json:"blocked"`
	Grants  []s3api.Grant `json:"grants"`
}

func newToy() toy {
	title := "Close toys"
	return toy{
		meta: core.Meta{
			ID: "s3-toy", Version: 1, Title: title, Service: "s3", Family: "storage", Type: s3api.Bucket, Severity: core.Low, Reversible: core.Reversible, Disruption: core.DisruptsNothing,
			Events: []string{"s3.amazonaws.com:CreateBucket"},
			Reads:  []awsapi.Op{s3api.GetPublicAccess.Op, s3api.GetBucketACL.Op},
			Writes: []awsapi.Op{s3api.PutPublicAccess.Op}, Undoes: []awsapi.Op{s3api.DeletePublicAccess.Op},
			Doc: "# " + title + "\n## " + strings.Join(headings, "\nWords.\n## ") + "\nWords.\n",
		},
		read: readToy,
		judge: func(s toyState, _ core.Settings) []core.Violation {
			if s.Blocked {
				return nil
			}
			return []core.Violation{{Rule: "open", Where: "block", Reason: "it is open"}}
		},
		plan: func(r awsapi.Resource, s toyState, vs []core.Violation, _ core.Settings) (core.Fix[toyState], error) {
			if len(vs) == 0 {
				return core.Fix[toyState]{}, nil
			}
			full := s3api.FullBlock
			return core.Fix[toyState]{After: toyState{true, s.Grants}, Changes: []core.Change{{
				Why: "shut it", Do: s3api.SetBlock(r.ID, r.Account, &full), Undo: []awsapi.Call{s3api.SetBlock(r.ID, r.Account, nil)},
			}}}, nil
		},
	}
}

func readToy(ctx context.Context, s awsapi.Session, r awsapi.Resource) (toyState, error) {
	b, err := s3api.ReadBlock(ctx, s, r.ID)
	if err != nil {
		return toyState{}, err
	}
	_, grants, err := s3api.ReadACL(ctx, s, r.ID)
	return toyState{b != nil, grants}, err
}

func (b toy) control() core.Control { return core.Define(b.meta, b.read, b.judge, b.plan) }

func TestToy(t *testing.T) { Run(t, newToy().control()) }

func TestToyBudget(t *testing.T) {
	t.Parallel()
	Budget(t, newToy().control(), "open", 2, 2)
	Budget(t, newToy().control(), "shut", 2, 0)
}

// flaws are ways to break the toy, and what Run must say to each.
var flaws = []struct {
	name, want string
	spoil      func(*toy)
}{
	{"id", "want an id of the form s3-", func(b *toy) { b.meta.ID = "toy" }},
	{"event", "event s3.amazonaws.com:PutObject is not among those", func(b *toy) { b.meta.Events = []string{"s3.amazonaws.com:PutObject"} }},
	{"doc", "says nothing under \"How to undo\"", func(b *toy) { b.meta.Doc = strings.Replace(b.meta.Doc, "## How to undo\nWords.", "## How to undo", 1) }},
	{"reversal", "advice only, with 1 writes", func(b *toy) { b.meta.Reversible = core.AdviceOnly }},
	{"read too many", "- s3:GetBucketWebsite", func(b *toy) { b.meta.Reads = append(b.meta.Reads, s3api.GetBucketWebsite.Op) }},
	{"read too few", "+ s3:GetBucketAcl", func(b *toy) { b.meta.Reads = b.meta.Reads[:1] }},
	{"undeclared write", "not a declared operation", func(b *toy) { b.meta.Writes = []awsapi.Op{s3api.PutBucketACL.Op} }},
	{"unused undo", "- s3:PutBucketAcl", func(b *toy) { b.meta.Undoes = append(b.meta.Undoes, s3api.PutBucketACL.Op) }},
	{"blind", "was denied: want an error of class access denied", func(b *toy) {
		b.read = func(ctx context.Context, s awsapi.Session, r awsapi.Resource) (toyState, error) {
			state, err := readToy(ctx, s, r)
			if awsapi.IsAccessDenied(err) {
				err = nil
			}
			return state, err
		}
	}},
	{"order", "the plan's hash differs", func(b *toy) {
		b.read = func(ctx context.Context, s awsapi.Session, r awsapi.Resource) (toyState, error) {
			_, err := s3api.ReadBlock(ctx, s, r.ID)
			if err != nil {
				return toyState{}, err
			}
			return toyState{Grants: unsorted(ctx, s, r.ID)}, nil
		}
	}},
	{"gone", `outcome "", want "gone"`, func(b *toy) {
		b.read = func(ctx context.Context, s awsapi.Session, r awsapi.Resource) (toyState, error) {
			state, err := readToy(ctx, s, r)
			if errors.Is(err, awsapi.ErrGone) {
				err = errors.New("no bucket")
			}
			return state, err
		}
	}},
	{"violation", "- open | block", func(b *toy) {
		b.judge = func(toyState, core.Settings) []core.Violation { return nil }
	}},
	{"expectation", "the state read back is not the one that the plan expected", func(b *toy) {
		b.plan = changed(func(f *core.Fix[toyState]) { f.After.Grants = nil })
	}},
	{"no undo", "has no undo", func(b *toy) { b.plan = changed(func(f *core.Fix[toyState]) { f.Changes[0].Undo = nil }) }},
	{"wrong undo", "the state after the undo", func(b *toy) {
		b.meta.Undoes = []awsapi.Op{s3api.PutPublicAccess.Op}
		b.plan = changed(func(f *core.Fix[toyState]) { f.Changes[0].Undo = []awsapi.Call{f.Changes[0].Do} })
	}},
	{"wrong step", "change 0 is to be read back before the next call", func(b *toy) {
		b.plan = changed(func(f *core.Fix[toyState]) { f.Changes[0].Step = toyState{} })
	}},
	{"another resource", "it acts on \"x\"", func(b *toy) {
		b.plan = changed(func(f *core.Fix[toyState]) { f.Changes[0].Do = s3api.SetBlock("x", "1", &s3api.FullBlock) })
	}},
	{"another call", `+       "ExpectedBucketOwner": "210987654321"`, func(b *toy) {
		b.plan = changed(func(f *core.Fix[toyState]) {
			var in map[string]any
			_ = json.Unmarshal(f.Changes[0].Do.Input, &in)
			f.Changes[0].Do = s3api.SetBlock(in["Bucket"].(string), "210987654321", &s3api.FullBlock)
		})
	}},
	{"automatic", "never_auto: want none", func(b *toy) { b.plan = changed(func(f *core.Fix[toyState]) { f.NeverAuto = []string{"careful"} }) }},
}

// changed is the toy's plan with something spoilt in it.
func changed(spoil func(*core.Fix[toyState])) func(awsapi.Resource, toyState, []core.Violation, core.Settings) (core.Fix[toyState], error) {
	plan := newToy().plan
	return func(r awsapi.Resource, s toyState, vs []core.Violation, set core.Settings) (core.Fix[toyState], error) {
		f, err := plan(r, s, vs, set)
		if len(f.Changes) > 0 {
			spoil(&f)
		}
		return f, err
	}
}

const flawVar = "SHOREUP_CONTROLTEST_FLAW"

// TestFlaw is run by TestFlaws in a process of its own, where it is to fail.
func TestFlaw(t *testing.T) {
	for _, f := range flaws {
		if f.name == os.Getenv(flawVar) {
			b := newToy()
			f.spoil(&b)
			Run(t, b.control())
		}
	}
}

// TestFlaws proves that Run fails, and says why, for each way to break a control.
func TestFlaws(t *testing.T) {
	t.Parallel()
	for _, f := range flaws {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestFlaw$", "-test.v")
			cmd.Env = append(os.Environ(), flawVar+"="+f.name, emulatortest.Share(t))
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("Run passes a control with a flaw\n%s", out)
			}
			if !strings.Contains(string(out), f.want) {
				t.Errorf("Run does not say %q\n%s", f.want, out)
			}
		})
	}
}
