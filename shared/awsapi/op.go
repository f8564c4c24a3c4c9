package awsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/canon"
)

// Op is one AWS API operation as a declaration: its name, and the IAM actions that it needs. Controls list ops; policies, documentation
// and the executor's allow-list are derived from those lists.
type Op struct {
	Name    string   // "s3:PutPublicAccessBlock": the SDK's service and operation
	Actions []string // IAM actions, dependent ones included; they differ from operation names (Service Authorization Reference)
	Target  string   // the input field that names the resource; empty: the operation acts on the whole account

	// Conditions are what the actions are allowed under in the policies of roles, beyond their resources.
	Conditions []Condition

	// run decodes a canonical input, makes the call and returns the SDK's output. Only write operations have it.
	run func(context.Context, Session, json.RawMessage) (any, error)
	// check decodes a canonical input without calling, and returns the value of Target.
	check func(json.RawMessage) (string, error)
}

// Condition is one condition of an IAM policy on an operation's actions. Declare one where AWS offers it and it holds for every call of ours: a role's policy
// reaches all resources of a type, and the session of a fix, which is cut down to one of them, has no conditions.
type Condition struct {
	Action               string // the one that it is for; empty: all of the operation
	Operator, Key, Value string
}

// RoleAccount as a condition's value is the account of the role that the policy belongs to.
const RoleAccount = "account of the role"

// Call is one write as data: nothing happens until the engine, and only the engine, runs it.
type Call struct {
	Op    string          `json:"call"`
	Input json.RawMessage `json:"input"` // canonical
	Bind  []Bind          `json:"bind,omitempty"`
}

// Bind fills one field of an undo input from the output of an earlier call of the same plan, by structure and never by text: Field is a
// top-level field of the input, Call the index of the change whose output is read, From the dotted path of a string in that output.
type Bind struct {
	Field string `json:"field"`
	Call  int    `json:"call"`
	From  string `json:"from"`
}

// Read is an operation that changes nothing. Controls may do it.
type Read[I, O any] struct {
	Op Op
	do func(context.Context, Session, *I) (*O, error)
}

// Write is an operation that changes something. Controls can only describe a call to it.
type Write[I any] struct{ Op Op }

type method[C, Opt, I, O any] func(*C, context.Context, *I, ...func(*Opt)) (*O, error)

// NewRead declares a read operation by its SDK method, for example NewRead(s3.NewFromConfig, (*s3.Client).GetBucketPolicy, "s3:GetBucketPolicy").
func NewRead[C, Opt, I, O any](make func(aws.Config, ...func(*Opt)) *C, m method[C, Opt, I, O], actions ...string) Read[I, O] {
	op := Op{Name: opName[I](), Actions: actions}
	return Read[I, O]{Op: op, do: caller(op.Name, false, make, m)}
}

// NewWrite declares a write operation. Target is the input field that names the resource the call acts on, or empty for an account-wide one.
func NewWrite[C, Opt, I, O any](make func(aws.Config, ...func(*Opt)) *C, m method[C, Opt, I, O], target string, actions ...string) Write[I] {
	op := Op{Name: opName[I](), Actions: actions, Target: target}
	do := caller(op.Name, true, make, m)
	op.check = func(raw json.RawMessage) (string, error) {
		in := new(I)
		if err := canon.Unmarshal(raw, in); err != nil {
			return "", fmt.Errorf("reading the input of %s: %w", op.Name, err)
		}
		return stringField(reflect.ValueOf(in).Elem(), target)
	}
	op.run = func(ctx context.Context, s Session, raw json.RawMessage) (any, error) {
		in := new(I)
		if err := canon.Unmarshal(raw, in); err != nil {
			return nil, fmt.Errorf("reading the input of %s: %w", op.Name, err)
		}
		return do(ctx, s, in)
	}
	return Write[I]{Op: op}
}

// Under returns the operation with conditions under which roles may do it.
func (w Write[I]) Under(all ...Condition) Write[I] {
	w.Op.Conditions = append(slices.Clip(w.Op.Conditions), all...)
	return w
}

// Do makes the read.
func (r Read[I, O]) Do(ctx context.Context, s Session, in *I) (*O, error) {
	return shared(ctx, r.Op.Name, s, in, func() (*O, error) { return r.do(ctx, s, in) })
}

// Call describes the write as data. An input that does not survive the codec is a defect of the control and shows as a call that cannot run.
func (w Write[I]) Call(in *I, bind ...Bind) Call {
	raw, err := canon.Marshal(in)
	if err != nil {
		raw = nil // refused by Op.Check: an empty input is not canonical JSON
	}
	return Call{Op: w.Op.Name, Input: raw, Bind: bind}
}

// Check reports whether the call's input decodes as this operation's, and acts on the wanted target. Bound fields are checked once they are filled.
func (o Op) Check(c Call, want string) error {
	if o.check == nil || o.Name != c.Op {
		return fmt.Errorf("checking a call of %s: it is not a declared write", c.Op)
	}
	got, err := o.check(c.Input)
	if err != nil {
		return err
	}
	if o.Target != "" && got != want {
		return fmt.Errorf("checking a call of %s: it acts on %q and the plan is for %q", c.Op, got, want)
	}
	return nil
}

// Run makes the call and returns the SDK's output. It is for the engine alone; a test keeps everybody else from it.
func (o Op) Run(ctx context.Context, s Session, c Call) (any, error) {
	if o.run == nil || o.Name != c.Op {
		return nil, fmt.Errorf("running %s: it is not a declared write", c.Op)
	}
	return o.run(ctx, s, c.Input)
}

func caller[C, Opt, I, O any](name string, write bool, make func(aws.Config, ...func(*Opt)) *C, m method[C, Opt, I, O]) func(context.Context, Session, *I) (*O, error) {
	return func(ctx context.Context, s Session, in *I) (*O, error) {
		c, err := Client(s, make)
		if err != nil {
			return nil, err
		}
		var out *O
		err = limited(ctx, s, name, write, func() error {
			record(ctx, name)
			out, err = m(c, ctx, in)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("calling %s in %s/%s: %w", name, s.Account, s.Region, err)
		}
		return out, nil
	}
}

// opName derives "s3:PutPublicAccessBlock" from the type s3.PutPublicAccessBlockInput, so that a name cannot differ from what is called.
func opName[I any]() string {
	t := reflect.TypeFor[I]()
	return path.Base(t.PkgPath()) + ":" + strings.TrimSuffix(t.Name(), "Input")
}

func stringField(v reflect.Value, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	f := v.FieldByName(name)
	if !f.IsValid() {
		return "", fmt.Errorf("reading field %s: %s has none", name, v.Type())
	}
	if f.Kind() == reflect.Pointer {
		if f.IsNil() {
			return "", nil
		}
		f = f.Elem()
	}
	if f.Kind() != reflect.String {
		return "", fmt.Errorf("reading field %s of %s: it is not a string", name, v.Type())
	}
	return f.String(), nil
}
