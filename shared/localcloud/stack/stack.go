// Package stack runs synthesised CloudFormation templates on this machine: it reads the templates and not the code that made them, makes what functions
// use at the AWS emulator, starts the built function binaries behind a Lambda Runtime API with the environment and the role of the template, and is
// EventBridge, the event source mappings and the schedules itself. The demo and the tests of deployments stand on it.
//
// What differs from AWS: policies are looked at where events and requests are delivered (queues, buses, functions, function URLs, the roles that rules take), and
// not at a function's own calls, which are recorded by what stands in front of the emulator and judged afterwards; what failed is delivered again as soon as the
// caller wants and not after minutes; a function is not held to its memory; schedules are fired by the caller; who signs a request to a function URL is looked
// up by the access key, see [Caller]. Resource types that are not run are listed, see [Cloud.Ignored].
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
)

// Options of New. The emulator is required.
type Options struct {
	Emulator     *emulator.Server
	Endpoint     string            // what functions call, default the emulator itself; a proxy in front of it may record the calls
	Binaries     map[string]string // paths of functions' binaries by name; what is not given is built from ./functions
	Env          []string          // added to every function's environment, after the template's own
	MaxWindow    time.Duration     // batching windows are cut to this; 0 leaves them as they are
	RetryAfter   time.Duration     // what failed is delivered again after this and not after minutes; at once if 0
	Organization string            // the id of the organisation that every account is in; empty: none
	Log          io.Writer         // the functions' output and what failed; default none
	Say          func(string)      // told of progress, if not nil
}

// Stack is a template with what it is deployed with.
type Stack struct {
	Name            string
	Template        []byte            // JSON
	Parameters      map[string]string // the others have their defaults
	Account, Region string
}

// Cloud is what the stacks come to. Its methods may be called concurrently, but for Deploy and Stop.
type Cloud struct {
	opts    Options
	traffic queue.Traffic
	ctx     context.Context // ends with Stop
	cancel  context.CancelFunc
	running sync.WaitGroup

	mappings  []*queue.Mapping
	queues    map[string]*queueState // all these by ARN
	functions map[string]*Function
	buses     map[string]*bus
	roles     map[string]*role
	policies  map[string]document
	buckets   map[string][]document  // policies by bucket
	endpoints map[string]*endpoint   // by host
	apis      map[string]*endpoint   // by id; without a stage nobody reaches one
	stacks    map[string]*deployment // by name
	ignored   map[string][]string
	own       []string // ARNs of what was made

	integrations map[string]string // of HTTP APIs: function ARNs by id

	mu      sync.Mutex // holds refused, and buses and what outputs are resolved with once the stacks are deployed
	refused []Refusal
}

// New returns a cloud without stacks.
func New(opts Options) *Cloud {
	if opts.Endpoint == "" {
		opts.Endpoint = opts.Emulator.URL()
	}
	if opts.Say == nil {
		opts.Say = func(string) {}
	}
	if opts.Log == nil {
		opts.Log = io.Discard
	}
	opts.Log = &lockedWriter{to: opts.Log}
	ctx, cancel := context.WithCancel(context.Background())
	return &Cloud{
		opts: opts, ctx: ctx, cancel: cancel, queues: map[string]*queueState{}, functions: map[string]*Function{}, buses: map[string]*bus{},
		roles: map[string]*role{}, policies: map[string]document{}, buckets: map[string][]document{}, stacks: map[string]*deployment{}, ignored: map[string][]string{},
		endpoints: map[string]*endpoint{}, apis: map[string]*endpoint{}, integrations: map[string]string{},
	}
}

func (c *Cloud) start(mappings []*queue.Mapping) {
	c.mappings = append(c.mappings, mappings...)
	for _, m := range mappings {
		c.running.Go(func() { m.Run(c.ctx, &c.traffic) })
	}
}

// Output returns an output of a stack.
func (c *Cloud) Output(stack, name string) (string, error) {
	d := c.stacks[stack]
	if d == nil {
		return "", fmt.Errorf("reading output %s: there is no stack %s", name, stack)
	}
	out, ok := d.Outputs[name]
	if !ok {
		return "", fmt.Errorf("reading output %s of stack %s: there is none", name, stack)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return d.text(out.Value, "Outputs."+name)
}

// Ignored returns what the stacks have and this cloud does not run: resource types, and of each which ("stack/LogicalId").
func (c *Cloud) Ignored() map[string][]string { return maps.Clone(c.ignored) }

// Queues returns the ARNs of all queues, sorted.
func (c *Cloud) Queues() []string { return slices.Sorted(maps.Keys(c.queues)) }

// Owns tells whether the stacks made what has this ARN: a queue, table, bucket, role, function.
func (c *Cloud) Owns(arn string) bool { return slices.Contains(c.own, arn) }

// Settle waits until every event is delivered, every queue that feeds a function is empty, and no function is running.
func (c *Cloud) Settle(ctx context.Context) error {
	for {
		if err := c.traffic.Quiet(ctx, c.mappings); err != nil {
			return fmt.Errorf("waiting until the functions are done: %w", err)
		}
		waiting, err := c.waiting(ctx)
		if err != nil || waiting == 0 {
			return err
		}
		select { // delayed, or hidden
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d messages: %w", waiting, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *Cloud) waiting(ctx context.Context) (int, error) {
	sum := 0
	for _, m := range c.mappings {
		n, err := c.Waiting(ctx, m.Source.ARN)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// Stop ends all mappings and functions. The emulator and what is in it stay.
func (c *Cloud) Stop() error {
	c.cancel()
	var errs []error
	for _, f := range c.functions {
		errs = append(errs, f.Cool())
	}
	c.running.Wait()
	return errors.Join(errs...)
}

// session is access to an account and Region, straight to the emulator.
func (c *Cloud) session(account, region string) awsapi.Session {
	return awsapi.NewSession(c.opts.Emulator.Config(account, region), account, region)
}

// through is SDK configuration of an account by way of the endpoint that the functions use.
func (c *Cloud) through(account, region string) (aws.Config, error) {
	cfg := c.opts.Emulator.Config(account, region)
	client, err := awsapi.Pinned(c.opts.Endpoint)
	if err != nil {
		return aws.Config{}, err
	}
	cfg.BaseEndpoint, cfg.HTTPClient = &c.opts.Endpoint, client
	return cfg, nil
}

func suffixOf(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// lockedWriter lets functions write to one log.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}
