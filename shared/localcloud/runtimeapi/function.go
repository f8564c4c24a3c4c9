// Package runtimeapi runs Lambda function binaries on this machine, each
// behind a Lambda Runtime API of its own, as the service does: the same
// binaries, environment variables, headers, deadlines and one invocation at a
// time per instance. The demo, the tests and the benchmarks invoke functions
// through it.
//
// The protocol: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The service's defaults that matter locally.
const (
	// DefaultTimeout of an invocation.
	DefaultTimeout = 30 * time.Second
	// initTimeout is what Lambda gives a function to ask for its first event.
	initTimeout = 10 * time.Second
)

// Options of Start and NewPool. Binary is required.
type Options struct {
	Binary    string        // the function's executable
	Env       []string      // its whole environment ("K=V"); nothing is inherited
	Name      string        // the function's name, default "function"
	ARN       string        // as invoked, default one in account 123456789012
	Timeout   time.Duration // of an invocation, default DefaultTimeout
	Memory    int           // MiB that the function is told it has, default 512; it is not held to it
	LogWriter io.Writer     // gets the function's output, default none
}

// Function is one running instance of a function.
type Function struct {
	opts     Options
	cmd      *exec.Cmd
	server   *http.Server
	log      *logTail
	started  time.Time
	initTime time.Duration

	invoking sync.Mutex       // held during an invocation
	work     chan *invocation // taken by the function's next
	idle     chan time.Time   // when the function asked for its next event
	initErr  chan *FunctionError
	exited   chan struct{} // closed when the process is gone
	exitErr  error         // how it ended; read after exited

	mu      sync.Mutex
	current *invocation // handed out and not answered
	count   int
}

// Start runs the binary and waits until it asks for its first event. A
// function that fails or ends before that gives a *FunctionError.
func Start(ctx context.Context, opts Options) (*Function, error) {
	opts = withDefaults(opts)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for function %s: %w", opts.Name, err)
	}
	f := &Function{
		opts: opts, log: &logTail{to: opts.LogWriter},
		work: make(chan *invocation), idle: make(chan time.Time, 1),
		initErr: make(chan *FunctionError, 1), exited: make(chan struct{}),
	}
	f.server = &http.Server{Handler: f.routes()}
	go func() { _ = f.server.Serve(listener) }()
	if err := f.run(listener.Addr().String()); err != nil {
		return nil, errors.Join(fmt.Errorf("starting function %s: %w", opts.Name, err), f.server.Close())
	}
	if err := f.waitInit(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting function %s: %w", opts.Name, err), f.Stop())
	}
	return f, nil
}

func withDefaults(opts Options) Options {
	if opts.Name == "" {
		opts.Name = "function"
	}
	if opts.ARN == "" {
		opts.ARN = "arn:aws:lambda:us-east-1:123456789012:function:" + opts.Name
	}
	if opts.Memory == 0 {
		opts.Memory = 512
	}
	if opts.Timeout == 0 {
		opts.Timeout = DefaultTimeout
	}
	return opts
}

func (f *Function) run(address string) error {
	f.cmd = exec.Command(f.opts.Binary)
	f.cmd.Env = append(append([]string{}, f.opts.Env...),
		"AWS_LAMBDA_RUNTIME_API="+address,
		"AWS_LAMBDA_FUNCTION_NAME="+f.opts.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(f.opts.Memory),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"_HANDLER=bootstrap",
	)
	f.cmd.Stdout, f.cmd.Stderr = f.log, f.log
	// A group of its own, so that what a function starts ends with it. If this
	// process dies, the function's next request fails and it ends by itself.
	f.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A grandchild that keeps the output open must not hold up Wait.
	f.cmd.WaitDelay = time.Second
	f.started = time.Now()
	if err := f.cmd.Start(); err != nil {
		return err
	}
	go func() {
		f.exitErr = f.cmd.Wait()
		close(f.exited)
		_ = f.server.Close() // nobody is left to ask
	}()
	return nil
}

func (f *Function) waitInit(ctx context.Context) error {
	timeout := time.NewTimer(initTimeout)
	defer timeout.Stop()
	select {
	case at := <-f.idle:
		f.initTime = at.Sub(f.started)
		return nil
	case err := <-f.initErr:
		err.Log = f.log.String()
		return err
	case <-f.exited:
		return f.exitError()
	case <-timeout.C:
		return &FunctionError{Type: "Sandbox.Timedout", Message: fmt.Sprintf("no request for an event within %s", initTimeout), Log: f.log.String()}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exitError says how the process ended; call it after exited is closed.
func (f *Function) exitError() *FunctionError {
	how := "exit status 0"
	if f.exitErr != nil {
		how = f.exitErr.Error()
	}
	return &FunctionError{Type: "Runtime.ExitError", Message: "runtime exited: " + how, Log: f.log.String()}
}

// Alive reports whether the instance can take another invocation.
func (f *Function) Alive() bool {
	select {
	case <-f.exited:
		return false
	default:
		return true
	}
}

// Stop kills the instance and everything it started and waits until it is
// gone. Stopping twice is fine.
func (f *Function) Stop() error {
	err := syscall.Kill(-f.cmd.Process.Pid, syscall.SIGKILL)
	// ESRCH: gone already. EPERM: what macOS says of a group of zombies.
	if err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("stopping function %s, process %d: %w", f.opts.Name, f.cmd.Process.Pid, err)
	}
	<-f.exited
	return f.server.Close()
}
