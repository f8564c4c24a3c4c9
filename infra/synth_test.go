package infra

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// template is a synthesised template, as anybody else would read it.
type template struct {
	raw        []byte
	Parameters map[string]struct{ Default any }
	Conditions map[string]any
	Mappings   map[string]any
	Resources  map[string]resource
	Outputs    map[string]struct {
		Condition string
		Value     any
	}
}

type resource struct {
	Type, Condition, DeletionPolicy, UpdateReplacePolicy string
	Properties                                           map[string]any
}

func everySource() Sources { return Sources{Config: true, SecurityHub: true, GuardDuty: true} }

// What the tests look at: the catalogue as it is by default, with everything that context can add, as it is planned to grow, and with what context can take away.
var (
	today   = sync.OnceValue(func() map[string]template { return synth(Props{Controls: catalog.Controls(), Sources: everySource()}) })
	full    = sync.OnceValue(func() map[string]template { return synth(everything(catalog.Controls())) })
	planned = sync.OnceValue(func() map[string]template {
		today()
		return synth(everything(plannedControls()))
	})
	bare = sync.OnceValue(func() map[string]template {
		return synth(Props{Controls: catalog.Controls(), Protected: []string{"arn:aws:iam::*:role/glass/break"}})
	})
)

// slowest is how long the slowest shape took to synthesise for the planned controls, in a process of the CDK that runs already.
var slowest time.Duration

func everything(controls []core.Control) Props {
	return Props{Controls: controls, Sources: everySource(), ConfigRules: true, HubActions: true, SlackAPI: true}
}

// installations are the stacks that hold functions.
var installations = []string{"shoreup", "shoreup-hub"}

var node sync.Mutex // the CDK's process takes one caller at a time

func synth(p Props) map[string]template {
	node.Lock()
	defer node.Unlock()
	dir, err := os.MkdirTemp("", "shoreup-infra-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := map[string]template{}
	for _, shape := range Shapes() {
		began := time.Now()
		app := NewApp(filepath.Join(dir, shape))
		if err := Add(app, shape, p); err != nil {
			panic(err)
		}
		app.Synth(nil)
		if len(p.Controls) > 300 {
			slowest = max(slowest, time.Since(began))
		}
		for stack, t := range read(filepath.Join(dir, shape)) {
			out[stack] = t
		}
	}
	return out
}

// read returns the templates of a cloud assembly by their stacks' names.
func read(dir string) map[string]template {
	out := map[string]template{}
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		var t template
		if t.raw, err = os.ReadFile(file); err == nil {
			err = json.Unmarshal(t.raw, &t)
		}
		if err != nil {
			panic(err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".template.json")] = t
	}
	return out
}

// plannedControls are the declarations of the 335 controls that the catalogue is planned to grow to, without their functions. They are a forecast, and leave out
// what is decided when a control is written: events of tagging, what sweeps list, what events need resolved, and operations that need several actions. What is
// measured with them is a lower bound for the read role and the patterns.
func plannedControls() []core.Control {
	file, err := os.Open("testdata/planned.csv")
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		panic(err)
	}
	var out []core.Control
	for _, row := range rows[1:] {
		ops := func(list string) []awsapi.Op {
			var out []awsapi.Op
			for _, name := range words(list) {
				op := awsapi.Op{Name: name, Actions: []string{name}}
				if strings.HasPrefix(name, "s3:") { // as those of today are declared
					op.Conditions = []awsapi.Condition{{Operator: "StringEquals", Key: "aws:ResourceAccount", Value: awsapi.RoleAccount}}
				}
				out = append(out, op)
			}
			return out
		}
		family := row[2]
		if family == "identity" {
			family = core.FamilyIAM
		}
		kind := awsapi.ResourceType{Name: row[1], Global: family == core.FamilyIAM, ARN: plannedARN}
		if row[1] == "AWS::::Account" || !strings.HasPrefix(row[1], "AWS::") {
			kind.Scope = func(awsapi.Resource) []string { return []string{"*"} }
		}
		out = append(out, core.Control{Meta: core.Meta{
			ID: row[0], ConfigRules: strings.FieldsFunc(row[6], func(r rune) bool { return r == ';' }), Title: row[0], Family: family, Type: kind, Events: words(row[3]), Writes: ops(row[4]), Undoes: ops(row[4]), Reads: ops(row[5]),
		}})
	}
	return out
}

// plannedARN has the length of a real one.
func plannedARN(r awsapi.Resource) string {
	part := strings.Split(strings.ToLower(r.Type), "::")
	return "arn:" + r.Partition + ":" + part[1] + ":" + r.Region + ":" + r.Account + ":" + part[2] + "/" + r.ID
}

var serviceAndName = regexp.MustCompile(`^[a-z0-9.-]+:[A-Za-z0-9]+$`)

func words(list string) []string {
	return slices.DeleteFunc(strings.Split(list, ";"), func(s string) bool { return !serviceAndName.MatchString(s) })
}

// of returns the resources of a type by logical id.
func (t template) of(kind string) map[string]resource {
	out := map[string]resource{}
	for id, r := range t.Resources {
		if r.Type == kind {
			out[id] = r
		}
	}
	return out
}

// at follows keys into nested objects; nil where there is nothing.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, _ := v.(map[string]any)
		v = m[k]
	}
	return v
}

// list returns a text or a list of texts as a list, intrinsics written as in Fn::Sub.
func list(v any) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			out = append(out, list(x)...)
		}
		return out
	case map[string]any:
		if s, ok := v["Fn::Sub"].(string); ok {
			return []string{s}
		}
		if s, ok := v["Ref"].(string); ok {
			return []string{"${" + s + "}"}
		}
		if a, ok := v["Fn::GetAtt"].([]any); ok {
			return []string{"${" + a[0].(string) + "." + a[1].(string) + "}"}
		}
		if a, ok := v["Fn::If"].([]any); ok {
			return list(a[1])
		}
		raw, _ := json.Marshal(v)
		return []string{string(raw)}
	}
	return nil
}

func single(v any) string {
	l := list(v)
	if len(l) != 1 {
		return ""
	}
	return l[0]
}

// allowed is one Allow or Deny of an IAM policy.
type allowed struct {
	effect             string
	actions, resources []string
	condition          any
}

func statements(doc any) []allowed {
	var out []allowed
	all, _ := at(doc, "Statement").([]any)
	for _, s := range all {
		if branches, ok := at(s, "Fn::If").([]any); ok {
			s = branches[1]
		}
		out = append(out, allowed{single(at(s, "Effect")), list(at(s, "Action")), list(at(s, "Resource")), at(s, "Condition")})
	}
	return out
}

// roleStatements returns what a role's policies say, by the role's name; the boundary is not among them.
func (t template) roleStatements() map[string][]allowed {
	out := map[string][]allowed{}
	for _, r := range t.of("AWS::IAM::Role") {
		name := single(r.Properties["RoleName"])
		for _, arn := range list(r.Properties["ManagedPolicyArns"]) {
			policy := t.Resources[strings.Trim(arn, "${}")]
			out[name] = append(out[name], statements(policy.Properties["PolicyDocument"])...)
		}
	}
	return out
}
