package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
)

// modeVar makes a re-executed test binary a Lambda function.
const modeVar = "RUNTIMEAPI_TEST_MODE"

func TestMain(m *testing.M) {
	switch os.Getenv(modeVar) {
	case "":
		m.Run()
	case "handle":
		lambda.Start(handle)
	case "exit at start":
		fmt.Println("cannot find the table")
		os.Exit(3)
	case "init error":
		reportInitError()
	}
}

type odd struct{}

func (odd) Error() string { return "an odd error" }

// event tells the function what to do.
type event struct{ Do, Text string }

func handle(ctx context.Context, e event) (any, error) {
	switch e.Do {
	case "fail":
		return nil, errors.New(e.Text)
	case "odd":
		return nil, odd{}
	case "panic":
		panic(e.Text)
	case "exit":
		fmt.Println("last words")
		os.Exit(7)
	case "sleep":
		fmt.Println("sleeping")
		time.Sleep(time.Minute)
	case "pause":
		time.Sleep(100 * time.Millisecond)
	case "spin":
		for start := cpuTime(); cpuTime()-start < 60*time.Millisecond; {
		}
	case "big":
		return strings.Repeat("x", 7<<20), nil
	case "spawn":
		if err := exec.Command("sleep", "61").Start(); err != nil {
			return nil, err
		}
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{
			"id": lc.AwsRequestID, "arn": lc.InvokedFunctionArn, "left": time.Until(deadline).Seconds(),
			"name": os.Getenv("AWS_LAMBDA_FUNCTION_NAME"), "trace": os.Getenv("_X_AMZN_TRACE_ID"),
			"memory": os.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "home": os.Getenv("HOME"), "own": os.Getenv("OWN"),
		}, nil
	}
	return fmt.Sprintf("%d %s", os.Getpid(), e.Text), nil
}

// cpuTime is what this process has used, whatever else the machine does.
func cpuTime() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func reportInitError() {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime/init/error"
	body := strings.NewReader(`{"errorMessage":"no rules file","errorType":"Config.Missing"}`)
	if resp, err := http.Post(url, "application/json", body); err != nil || resp.StatusCode != http.StatusAccepted {
		fmt.Println(resp, err)
	}
	os.Exit(1)
}

func options(mode string) runtimeapi.Options {
	return runtimeapi.Options{
		Binary: os.Args[0], Name: "evaluate", Timeout: 20 * time.Second,
		Env: []string{modeVar + "=" + mode, "OWN=1", "PATH=" + os.Getenv("PATH")},
	}
}

func start(t *testing.T, opts runtimeapi.Options) *runtimeapi.Function {
	t.Helper()
	f, err := runtimeapi.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func payload(do, text string) []byte {
	b, _ := json.Marshal(event{do, text})
	return b
}

func TestInvocationsOfOneInstance(t *testing.T) {
	t.Parallel()
	f := start(t, options("handle"))
	tests := []struct{ name, do, text, errType, errMessage string }{
		{"response", "", "hello", "", ""},
		{"error", "fail", "bucket not found", "errorString", "bucket not found"},
		{"error of a type of its own", "odd", "", "odd", "an odd error"},
		{"response above the limit", "big", "", "Runtime.ExitError", "runtime exited"},
	}
	for _, tt := range tests {
		got, err := f.Invoke(t.Context(), payload(tt.do, tt.text))
		var fe *runtimeapi.FunctionError
		switch {
		case tt.errType == "" && (err != nil || !strings.HasSuffix(string(got), tt.text+`"`)):
			t.Errorf("%s: %s, %v", tt.name, got, err)
		case tt.errType != "" && (!errors.As(err, &fe) || fe.Type != tt.errType || !strings.Contains(fe.Message, tt.errMessage)):
			t.Errorf("%s: %v, want type %s and message %s", tt.name, err, tt.errType, tt.errMessage)
		}
	}
}

func TestContextOfAnInvocation(t *testing.T) {
	t.Parallel()
	opts := options("handle")
	opts.Memory = 256
	f := start(t, opts)
	body, err := f.Invoke(t.Context(), payload("context", ""))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, ARN, Name, Trace, Home, Own, Memory string
		Left                                    float64
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.ID) != 36 || strings.Count(got.ID, "-") != 4 {
		t.Errorf("request id %q is not a UUID", got.ID)
	}
	if want := "arn:aws:lambda:us-east-1:123456789012:function:evaluate"; got.ARN != want {
		t.Errorf("ARN = %s, want %s", got.ARN, want)
	}
	if got.Name != "evaluate" || got.Own != "1" || got.Home != "" {
		t.Errorf("environment: name %q, own %q, inherited HOME %q", got.Name, got.Own, got.Home)
	}
	if got.Memory != "256" {
		t.Errorf("memory %q, want 256", got.Memory)
	}
	if !strings.HasPrefix(got.Trace, "Root=1-") {
		t.Errorf("trace id = %q", got.Trace)
	}
	if got.Left < 10 || got.Left > 20 {
		t.Errorf("%.1f s until the deadline, want just under 20", got.Left)
	}
}

func TestEndsOfAnInstance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, do, errType, inError string
		timeout                    time.Duration
	}{
		{"panic", "panic", "string", "gone wrong", 0},
		{"exit", "exit", "Runtime.ExitError", "exit status 7\nend of its output:\nlast words", 0},
		{"timeout", "sleep", "Sandbox.Timedout", "timed out after 0.30 seconds\nend of its output:\nsleeping", 300 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			opts := options("handle")
			opts.Timeout = tt.timeout
			f := start(t, opts)
			_, err := f.Invoke(t.Context(), payload(tt.do, "gone wrong"))
			var fe *runtimeapi.FunctionError
			if !errors.As(err, &fe) || fe.Type != tt.errType || !strings.Contains(err.Error(), tt.inError) {
				t.Errorf("error %v, want type %s with %q", err, tt.errType, tt.inError)
			}
			if f.Alive() {
				t.Error("the instance is alive")
			}
			if _, err := f.Invoke(t.Context(), payload("", "")); !errors.As(err, &fe) || fe.Type != "Runtime.ExitError" {
				t.Errorf("invoking a dead instance: %v, want Runtime.ExitError", err)
			}
		})
	}
}

func TestCancelKillsTheInstance(t *testing.T) {
	t.Parallel()
	f := start(t, options("handle"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.Invoke(ctx, payload("sleep", "")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the context's", err)
	}
	if f.Alive() {
		t.Error("the instance is alive")
	}
}

func TestFunctionsThatDoNotStart(t *testing.T) {
	t.Parallel()
	tests := []struct{ mode, errType, inError string }{
		{"exit at start", "Runtime.ExitError", "exit status 3\nend of its output:\ncannot find the table"},
		{"init error", "Config.Missing", "no rules file"},
	}
	for _, tt := range tests {
		_, err := runtimeapi.Start(t.Context(), options(tt.mode))
		var fe *runtimeapi.FunctionError
		if !errors.As(err, &fe) || fe.Type != tt.errType || !strings.Contains(err.Error(), tt.inError) {
			t.Errorf("%s: %v, want type %s with %q", tt.mode, err, tt.errType, tt.inError)
		}
	}
	if _, err := runtimeapi.Start(t.Context(), runtimeapi.Options{Binary: "/does/not/exist"}); err == nil {
		t.Error("a missing binary started")
	}
}

func TestStopTakesWhatTheFunctionStarted(t *testing.T) {
	t.Parallel()
	f := start(t, options("handle"))
	body, err := f.Invoke(t.Context(), payload("spawn", ""))
	if err != nil {
		t.Fatal(err)
	}
	var group int
	if _, err := fmt.Sscanf(string(body), `"%d`, &group); err != nil {
		t.Fatal(err)
	}
	if err := f.Stop(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for syscall.Kill(-group, 0) == nil && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if syscall.Kill(-group, 0) == nil && !onlyZombies(group) {
		t.Errorf("process group %d still exists", group)
	}
}

// onlyZombies reports whether what is left of a group only waits to be
// collected, which in some containers nobody does.
func onlyZombies(group int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-g", fmt.Sprint(group)).Output()
	return err == nil && !strings.ContainsAny(string(out), "SRD")
}
