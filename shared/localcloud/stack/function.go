package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
)

// Function is a Lambda function of a stack.
type Function struct {
	Name, ARN, Role string
	Memory          int // MiB
	Timeout         time.Duration

	opts        runtimeapi.Options
	permissions []document
	deadLetter  string // ARN of the queue for what was invoked without waiting and failed

	start       sync.Once
	pool        *runtimeapi.Pool
	concurrency int // what its event sources may have together
	reserved    int // ReservedConcurrentExecutions; 0: none
	running     atomic.Int64
	invocations atomic.Int64
}

// concurrency where the template says nothing: of a mapping, and of a function without one.
const defaultConcurrency = 5

// code is the name of a function's code: that of its archive, without folder and ending.
func code(props map[string]any) string {
	location, _ := props["Code"].(map[string]any)
	key, _ := location["S3Key"].(string)
	return strings.TrimSuffix(path.Base(key), ".zip")
}

// build compiles the functions that nobody gave a binary for, all at once.
func (d *deployment) build(made []resource) error {
	names := map[string]bool{}
	for _, r := range made {
		if r.kind != "AWS::Lambda::Function" {
			continue
		}
		props, err := d.properties(r)
		if err != nil {
			return err
		}
		if d.cloud.opts.Binaries[code(props)] == "" {
			names[code(props)] = true
		}
	}
	binaries, err := build.Functions(d.ctx, slices.Sorted(maps.Keys(names)), d.cloud.opts.Say)
	if err != nil {
		return err
	}
	maps.Copy(binaries, d.cloud.opts.Binaries)
	d.cloud.opts.Binaries = binaries
	return nil
}

func makeFunction(d *deployment, r resource) error {
	arn, err := d.arn(r)
	if err != nil {
		return err
	}
	f := &Function{Name: r.name, ARN: arn, Role: fmt.Sprint(r.props["Role"]), Memory: 128, Timeout: 3 * time.Second}
	if v, ok := r.props["MemorySize"]; ok {
		if f.Memory, err = number(v); err != nil {
			return fmt.Errorf("reading MemorySize: %w", err)
		}
	}
	if v, ok := r.props["Timeout"]; ok {
		seconds, err := number(v)
		if err != nil {
			return fmt.Errorf("reading Timeout: %w", err)
		}
		f.Timeout = time.Duration(seconds) * time.Second
	}
	if v, ok := r.props["ReservedConcurrentExecutions"]; ok {
		if f.reserved, err = number(v); err != nil {
			return fmt.Errorf("reading ReservedConcurrentExecutions: %w", err)
		}
	}
	if dead, ok := r.props["DeadLetterConfig"].(map[string]any); ok {
		f.deadLetter = fmt.Sprint(dead["TargetArn"])
	}
	env, err := d.environment(f, r.props)
	if err != nil {
		return err
	}
	f.opts = runtimeapi.Options{
		Binary: d.cloud.opts.Binaries[code(r.props)], Name: f.Name, ARN: f.ARN, Env: env, Timeout: f.Timeout, Memory: f.Memory, LogWriter: d.cloud.opts.Log,
	}
	d.cloud.functions[arn] = f
	return nil
}

// environment is the template's, with what Lambda itself adds: the Region and the credentials of the role. The endpoint makes the SDK come here.
func (d *deployment) environment(f *Function, props map[string]any) ([]string, error) {
	keys, err := d.credentials(f)
	if err != nil {
		return nil, err
	}
	env := []string{
		"AWS_REGION=" + d.region, "AWS_DEFAULT_REGION=" + d.region, "AWS_ENDPOINT_URL=" + d.cloud.opts.Endpoint, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + keys.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
	}
	environment, _ := props["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, err := asText(variables[name], f.Name+" variable "+name)
		if err != nil {
			return nil, err
		}
		env = append(env, name+"="+value)
	}
	return append(env, d.cloud.opts.Env...), nil
}

type keys struct{ AccessKeyId, SecretAccessKey, SessionToken string }

// credentials takes the function's role, as Lambda does: by way of the endpoint, so that what records calls there knows whose keys these are.
func (d *deployment) credentials(f *Function) (keys, error) {
	r := d.cloud.roles[f.Role]
	if r == nil {
		return keys{}, fmt.Errorf("no stack has the function's role %s", f.Role)
	}
	if err := r.admits("lambda.amazonaws.com", f.ARN, d.account); err != nil {
		return keys{}, err
	}
	cfg, err := d.cloud.through(d.account, d.region)
	if err != nil {
		return keys{}, err
	}
	in, err := json.Marshal(map[string]string{"RoleArn": f.Role, "RoleSessionName": f.Name})
	if err != nil {
		return keys{}, err
	}
	raw, err := setup.Call(d.ctx, awsapi.NewSession(cfg, d.account, d.region), "sts:AssumeRole", in)
	if err != nil {
		return keys{}, err
	}
	var out struct{ Credentials keys }
	if err := json.Unmarshal(raw, &out); err != nil {
		return keys{}, fmt.Errorf("reading the credentials of role %s: %w", f.Role, err)
	}
	return out.Credentials, nil
}

// makePermission makes the statement that Lambda makes of a permission. Source: Lambda API reference, AddPermission.
func makePermission(d *deployment, r resource) error {
	f := d.cloud.function(fmt.Sprint(r.props["FunctionName"]), d.account, d.region)
	if f == nil {
		return fmt.Errorf("there is no function %v", r.props["FunctionName"])
	}
	equals, condition := map[string]any{}, map[string]any{}
	if v, ok := r.props["SourceArn"]; ok {
		condition["ArnLike"] = map[string]any{"aws:SourceArn": v}
	}
	if v, ok := r.props["InvokedViaFunctionUrl"]; ok {
		condition["Bool"] = map[string]any{"lambda:InvokedViaFunctionUrl": fmt.Sprint(v)}
	}
	for property, key := range map[string]string{"SourceAccount": "aws:SourceAccount", "FunctionUrlAuthType": "lambda:FunctionUrlAuthType", "PrincipalOrgID": "aws:PrincipalOrgID"} {
		if v, ok := r.props[property]; ok {
			equals[key] = v
		}
	}
	if len(equals) > 0 {
		condition["StringEquals"] = equals
	}
	var principal any = map[string]any{"AWS": r.props["Principal"]} // an account's id or an ARN
	switch who := fmt.Sprint(r.props["Principal"]); {
	case who == "*":
		principal = who
	case strings.HasSuffix(who, ".amazonaws.com"):
		principal = map[string]any{"Service": who}
	}
	doc, err := parseDocument(map[string]any{"Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": principal, "Action": r.props["Action"], "Resource": f.ARN, "Condition": condition,
	}}})
	f.permissions = append(f.permissions, doc)
	return err
}

// function finds one by name or ARN.
func (c *Cloud) function(name, account, region string) *Function {
	if f := c.functions[name]; f != nil {
		return f
	}
	for _, f := range c.functions {
		if f.Name == name && accountOf(f.ARN) == account && part(f.ARN, 3) == region {
			return f
		}
	}
	return nil
}
