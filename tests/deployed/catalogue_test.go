package deployed

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"golang.org/x/tools/txtar"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// credentialsOf takes a role of the installation by way of the tap, as Lambda does for the function that has it.
func (w *world) credentialsOf(function string) aws.CredentialsProvider {
	w.t.Helper()
	input, err := json.Marshal(map[string]string{"RoleArn": "arn:aws:iam::" + w.account + ":role/shoreup/" + prefix + "-" + function, "RoleSessionName": prefix + "-" + function})
	if err != nil {
		w.t.Fatal(err)
	}
	s := awsapi.NewSession(w.through(w.account, region, nil), w.account, region)
	raw, err := setup.Call(w.t.Context(), s, "sts:AssumeRole", input)
	if err != nil {
		w.t.Fatal(err)
	}
	var out struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		w.t.Fatal(err)
	}
	return credentials.NewStaticCredentialsProvider(out.Credentials.AccessKeyId, out.Credentials.SecretAccessKey, out.Credentials.SessionToken)
}

// exercise takes every case of every control through the roles of a member, each case in an account of its own: look with the read role, make the calls with the
// remediation role and the session policy of the plan, take them back with the restore role. The engine that takes the roles is the functions' own; only the
// process around it is the test's, since the cases are many. Whether fix and undo are right is the conformance suite's business: here it counts who asked what.
func exercise(t *testing.T, w *world) {
	w.t = t
	controls := catalog.Controls()
	env := hub.Env{Account: w.account, Region: region, ReadRole: hub.ReadRole, WriteRole: hub.WriteRole}
	h := hub.New(w.through(w.account, region, w.credentialsOf("apply")), env, controls)
	folders := controlFolders(t)
	var looked, made, undone atomic.Int64
	t.Run("controls", func(t *testing.T) {
		for _, c := range controls {
			files, err := filepath.Glob(filepath.Join(folders[c.ID], "testdata", "*.txtar"))
			if err != nil || len(files) == 0 {
				t.Fatalf("control %s: %d cases, %v", c.ID, len(files), err)
			}
			var cases []trial
			for _, file := range files {
				if tc, ok := w.trial(t, c, file); ok {
					cases = append(cases, tc)
				}
			}
			t.Run(c.ID, func(t *testing.T) {
				t.Parallel()
				for _, tc := range cases {
					tc.run(t, w, h.Engine, &looked, &made, &undone)
				}
			})
		}
	})
	t.Logf("%d cases were looked at, %d fixed, %d taken back", looked.Load(), made.Load(), undone.Load())
	if made.Load() == 0 || undone.Load() == 0 {
		t.Error("no case was fixed and taken back")
	}
}

var declaredID = regexp.MustCompile(`\bID:\s+"([a-z0-9-]+)"`)

// controlFolders are the folders of the controls by id, as each one's declaration gives it.
func controlFolders(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../shared/controls/*/*/control.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if id := declaredID.FindSubmatch(text); id != nil {
			out[string(id[1])] = filepath.Dir(file)
		}
	}
	return out
}

// trial is one case of a control, in an account that is a member.
type trial struct {
	control  core.Control
	name     string
	script   string
	id       string // of the resource, with ${name} in it
	resource awsapi.Resource
	settings core.Settings
}

// trial reads a case and makes its account a member. Cases that have nothing at the emulator are left out.
func (w *world) trial(t *testing.T, c core.Control, file string) (trial, bool) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, f := range txtar.Parse(raw).Files {
		sections[f.Name] = strings.TrimSpace(string(f.Data))
	}
	if sections["setup"] == "" {
		return trial{}, false
	}
	out := trial{control: c, name: c.ID + "/" + filepath.Base(file), script: sections["setup"], id: sections["resource"], settings: core.Settings{Now: time.Now()}}
	if text := sections["settings"]; text != "" {
		if err := json.Unmarshal([]byte(text), &out.settings); err != nil {
			t.Fatalf("%s: %v", out.name, err)
		}
	}
	r := awsapi.Resource{Type: c.Type.Name, Account: emulatortest.Account(t), Region: region}
	if c.Type.Global {
		r.Region = home
	}
	if sections["region"] != "" {
		r.Region = sections["region"]
	}
	r.Partition = awsapi.PartitionOf(r.Region)
	if r.Partition != "aws" { // a member is of the hub's partition
		return trial{}, false
	}
	out.resource = r
	w.join(r.Account)
	return out, true
}

func (c trial) run(t *testing.T, w *world, e *engine.Engine, looked, made, undone *atomic.Int64) {
	ctx, r := t.Context(), c.resource
	vars := map[string]string{"account": r.Account, "region": r.Region, "partition": r.Partition, "bucket": "case-" + r.Account, "suffix": r.Account}
	if err := setup.Run(ctx, w.session(r.Account, r.Region), c.script, vars); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	var err error
	if r.ID, err = setup.Expand(c.id, vars); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	s, err := e.Read(ctx, r.Account, r.Region)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	if c.control.Type.Resolve != nil {
		if r.ID, err = c.control.Type.Resolve(ctx, s, r.ID); err != nil {
			return // gone
		}
	}
	sight, err := c.control.Look(ctx, s, r, c.settings)
	if err != nil {
		return // gone, or the emulator lacks an operation
	}
	looked.Add(1)
	p, err := c.control.Propose(sight, r, c.settings)
	if !sight.Wrong() || err != nil || p.Refused != "" || len(p.Plan.Changes) == 0 {
		return
	}
	outputs, err := c.make(ctx, e, r, p)
	if err != nil {
		t.Logf("%s: not all calls were made: %v", c.name, err)
		return
	}
	made.Add(1)
	if err := c.undo(ctx, e, r, p, outputs); err != nil {
		t.Logf("%s: not all calls were taken back: %v", c.name, err)
		return
	}
	undone.Add(1)
}

// make makes a plan's calls in a write session.
func (c trial) make(ctx context.Context, e *engine.Engine, r awsapi.Resource, p core.Proposal) ([]json.RawMessage, error) {
	s, err := e.Write(ctx, engine.WriteRequest{Control: c.control.Meta, Resource: r, Plan: "p-test", Approver: "dana"})
	if err != nil {
		return nil, err
	}
	var outputs []json.RawMessage
	for _, change := range p.Plan.Changes {
		out, err := c.call(ctx, s, change.Do, outputs)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, out)
	}
	return outputs, nil
}

// undo makes the undo calls in a session of the restore role, last change first.
func (c trial) undo(ctx context.Context, e *engine.Engine, r awsapi.Resource, p core.Proposal, outputs []json.RawMessage) error {
	s, err := e.Write(ctx, engine.WriteRequest{Control: c.control.Meta, Resource: r, Plan: "p-test", Approver: "dana", Undo: true})
	if err != nil {
		return err
	}
	for _, change := range slices.Backward(p.Plan.Changes) {
		for _, call := range change.Undo {
			if _, err := c.call(ctx, s, call, outputs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c trial) call(ctx context.Context, s awsapi.Session, call awsapi.Call, outputs []json.RawMessage) (json.RawMessage, error) {
	bound, err := call.Bound(outputs)
	if err != nil {
		return nil, err
	}
	for _, op := range slices.Concat(c.control.Writes, c.control.Undoes) {
		if op.Name == bound.Op {
			out, err := op.Run(ctx, s, bound)
			if err != nil {
				return nil, err
			}
			return awsapi.Output(out)
		}
	}
	return nil, fmt.Errorf("%s is not declared", bound.Op)
}
