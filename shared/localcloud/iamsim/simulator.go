// Package iamsim asks an independent evaluator of IAM policies whether recorded
// AWS calls would have been allowed: the emulator enforces nothing, and our own
// reading of policies must not be the judge of the policies that we write.
//
// Map turns a recorded call into IAM actions and resources, with a table taken
// from the Service Authorization Reference and not from the declarations that
// the policies are derived from. World.Evaluate has each of them judged by the
// caller's policies, boundary, session policy and the policy of the resource,
// and lists what would have been refused and what was granted and never used.
//
// The evaluator is @cloud-copilot/iam-simulate, a program of its own that runs
// under Node.js; it is installed into the cache folder on first use.
package iamsim

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
)

// Simulator is a running evaluator. It may be used concurrently.
type Simulator struct {
	mu     sync.Mutex
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr *strings.Builder
}

// Question is one request and all policies that have a say in it.
type Question struct {
	Request  Request
	Policies []Policy        // identity policies of the principal
	Boundary json.RawMessage // permissions boundary; nil: none
	Resource json.RawMessage // policy of the resource, for sts:AssumeRole the role's trust policy; nil: none
}

// Answer is the evaluator's decision.
type Answer struct {
	Allowed  bool
	Explicit bool     // refused by a Deny
	Why      string   // what each layer of policies says, and by which statements
	Ignored  []string // context keys that the action does not know, and that no condition saw
}

// Start installs the evaluator if need be and starts it. progress, if not nil,
// is told what is happening.
func Start(ctx context.Context, progress func(string)) (*Simulator, error) {
	if progress == nil {
		progress = func(string) {}
	}
	dir, err := install(ctx, progress)
	if err != nil {
		return nil, err
	}
	s := &Simulator{stderr: &strings.Builder{}}
	s.cmd = exec.Command("node", "simulate.mjs")
	s.cmd.Dir, s.cmd.Env, s.cmd.Stderr = dir, environ(), s.stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the IAM evaluator: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the IAM evaluator: %w", err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the IAM evaluator (Node.js must be on the PATH): %w", err)
	}
	return s, nil
}

// Stop ends the evaluator.
func (s *Simulator) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := errors.Join(s.in.Close(), s.cmd.Wait()); err != nil {
		return fmt.Errorf("stopping the IAM evaluator: %w\n%s", err, s.stderr)
	}
	return nil
}

// Ask has the questions answered, in their order. A question that makes no
// sense to the evaluator (an unknown action, a resource of a type that the
// action does not take, a malformed policy) is an error.
func (s *Simulator) Ask(questions []Question) ([]Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := make(chan error, 1)
	go func() { sent <- s.send(questions) }() // at once: else both pipes could be full
	answers := make([]Answer, len(questions))
	var bad error
	for i, q := range questions {
		a, err := s.receive()
		if errors.Is(err, errEnded) {
			return nil, fmt.Errorf("asking the IAM evaluator: %w", errors.Join(err, <-sent))
		}
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("evaluating %s of %s on %s: %w", q.Request.Action, q.Request.Principal, q.Request.Resource, err))
		}
		answers[i] = a
	}
	return answers, errors.Join(bad, <-sent)
}

func (s *Simulator) send(questions []Question) error {
	w := json.NewEncoder(s.in)
	for _, q := range questions {
		if err := w.Encode(q.simulation()); err != nil {
			return fmt.Errorf("sending %s to the IAM evaluator: %w", q.Request.Action, err)
		}
	}
	return nil
}

// errEnded says that the evaluator's process has gone.
var errEnded = errors.New("the evaluator ended")

func (s *Simulator) receive() (Answer, error) {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return Answer{}, fmt.Errorf("%w: %w", errEnded, err)
	}
	var a struct {
		Result, Why, Error string
		Ignored            []string
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return Answer{}, fmt.Errorf("reading the evaluator's answer %.200s: %w", line, err)
	}
	if a.Error != "" {
		return Answer{}, errors.New(a.Error)
	}
	return Answer{Allowed: a.Result == "Allowed", Explicit: a.Result == "ExplicitlyDenied", Why: a.Why, Ignored: a.Ignored}, nil
}

// The types below are the evaluator's input.
type (
	simulation struct {
		Request    simRequest      `json:"request"`
		Identity   []simPolicy     `json:"identityPolicies"`
		Boundaries []simPolicy     `json:"permissionBoundaryPolicies,omitempty"`
		Session    json.RawMessage `json:"sessionPolicy,omitempty"`
		Resource   json.RawMessage `json:"resourcePolicy,omitempty"`
		SCPs       []simPolicy     `json:"serviceControlPolicies"`
		RCPs       []simPolicy     `json:"resourceControlPolicies"`
	}
	simRequest struct {
		Principal string         `json:"principal"`
		Action    string         `json:"action"`
		Resource  simResource    `json:"resource"`
		Context   map[string]any `json:"contextVariables"` // texts, and lists of them where the key has several values
	}
	simResource struct {
		ARN     string `json:"resource"`
		Account string `json:"accountId"`
	}
	simPolicy struct {
		Name   string          `json:"name"`
		Policy json.RawMessage `json:"policy"`
	}
)

func (q Question) simulation() simulation {
	context := map[string]any{}
	for key, value := range q.Request.Context {
		context[key] = value
		if key == leadingKeys {
			context[key] = []string{value}
		}
	}
	s := simulation{
		Request:  simRequest{q.Request.Principal, q.Request.Action, simResource{q.Request.Resource, q.Request.Account}, context},
		Identity: []simPolicy{}, Resource: q.Resource, SCPs: []simPolicy{}, RCPs: []simPolicy{},
	}
	for _, p := range q.Policies {
		s.Identity = append(s.Identity, simPolicy{p.Name, p.Document})
	}
	if q.Boundary != nil {
		s.Boundaries = []simPolicy{{"boundary", q.Boundary}}
	}
	if q.Request.SessionPolicy != "" {
		s.Session = json.RawMessage(q.Request.SessionPolicy)
	}
	return s
}
