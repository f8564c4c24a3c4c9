package architecture

import (
	"slices"
	"strings"
	"testing"
)

type layer struct {
	of  string
	may []string
}

// and adds the packages that stand on nothing of ours, which nearly everybody may import.
func and(others ...string) []string { return append(others, "shared/canon", "shared/wildcard") }

// mayImport says for each package of ours which others of ours it may import. The first entry that fits a package is its own; a package that none fits is
// a mistake, so that a new folder has to find its place. Tests may import what they like.
var mayImport = []layer{
	{"shared/canon", nil},
	{"shared/wildcard", nil},
	{"events/...", []string{"events/...", "shared/canon"}},
	{"shared/iampolicy", and()},
	{"shared/awsapi", and()},
	{"shared/awsapi/*api", and("shared/awsapi", "shared/iampolicy", "events/...")}, // not one another, and not core
	{"shared/core", and("shared/awsapi")},
	{"shared/controls/*/internal/*", and("shared/core", "shared/awsapi", "shared/awsapi/*api", "shared/iampolicy")},                        // what controls of one service have in common
	{"shared/controls/*/*", and("shared/core", "shared/awsapi", "shared/awsapi/*api", "shared/iampolicy", "shared/controls/*/internal/*")}, // not one another, and not the catalogue
	{"shared/catalog", and("shared/catalog/*", "shared/core")},
	{"shared/catalog/generate", nil},
	{"shared/catalog/generate/catalogmd", and("shared/catalog", "shared/core", "shared/awsapi")},
	{"shared/catalog/*", and("shared/controls/...", "shared/core")},
	{"shared/rules/...", and("shared/core", "shared/awsapi", "shared/rules")},
	{"shared/audit/verify", nil}, // the reader shares no code with the writer
	{"shared/audit/seal", and("shared/audit", "shared/audit/verify", "shared/awsapi", "shared/awsapi/s3api")},
	{"shared/audit", and("shared/core", "shared/awsapi", "shared/awsapi/dynamodbapi")},
	{"shared/occurrence", and("shared/core", "shared/awsapi", "shared/awsapi/dynamodbapi")},
	{"shared/occurrence/tabletest", and("shared/occurrence", "shared/awsapi", "shared/awsapi/dynamodbapi", "shared/localcloud/...")},
	{"shared/approval/...", and("shared/core", "shared/awsapi", "shared/awsapi/*api", "shared/approval", "shared/audit", "shared/notify/show", "shared/occurrence", "shared/rules")},
	{"shared/notify/...", and("shared/approval", "shared/core", "shared/awsapi", "shared/notify/...")},
	{"shared/interact", and("shared/approval", "shared/awsapi", "shared/awsapi/dynamodbapi", "shared/notify/slackapp", "shared/rules")},
	{"shared/review/client", and("shared/review")},
	{"shared/review/page", and("shared/approval", "shared/report", "shared/report/html", "shared/review")},
	{"shared/review/reviewtest", nil},
	{"shared/review", and("shared/approval", "shared/audit", "shared/awsapi", "shared/awsapi/*api", "shared/occurrence")},
	{"shared/reports", and("shared/approval", "shared/audit", "shared/awsapi", "shared/core", "shared/occurrence", "shared/report", "shared/report/csv", "shared/report/html", "shared/report/json",
		"shared/review", "shared/rules")},
	{"shared/report/...", and("shared/core", "shared/awsapi", "shared/audit", "shared/audit/verify", "shared/notify/show", "shared/report/...")},
	{"shared/engine", and("events", "events/signal", "shared/audit", "shared/audit/verify", "shared/approval", "shared/awsapi", "shared/awsapi/dynamodbapi",
		"shared/core", "shared/occurrence", "shared/rules")}, // controls are given to it
	{"shared/hub", and("shared/audit", "shared/approval", "shared/awsapi", "shared/awsapi/*api", "shared/core", "shared/engine", "shared/notify", "shared/notify/slackapp", "shared/occurrence", "shared/rules")},
	{"shared/handler", and("events/...", "shared/approval", "shared/audit/seal", "shared/awsapi", "shared/core", "shared/engine", "shared/hub", "shared/notify", "shared/rules")},
	{"shared/reconcile", and("events/...", "shared/audit/verify", "shared/awsapi", "shared/awsapi/dynamodbapi", "shared/core", "shared/hub")}, // a reader that did not write: not the engine, not the log
	{"shared/doctor/blueprint", and()},
	{"shared/doctor", and("shared/doctor/blueprint", "shared/audit", "shared/audit/verify", "shared/awsapi", "shared/awsapi/*api", "shared/notify/slackapp", "shared/occurrence", "shared/rules")},
	{"shared/annotate/annotatetest", nil},
	{"shared/annotate", and("events/signal", "events/securityhub", "shared/awsapi", "shared/awsapi/*api", "shared/core", "shared/notify", "shared/notify/show")},
	{"shared/configrule/invocation", []string{"events/..."}},
	{"shared/configrule", and("shared/configrule/invocation", "shared/awsapi", "shared/awsapi/*api", "shared/core", "shared/engine", "shared/notify/show", "shared/rules")},
	{"shared/controltest", and("shared/awsapi", "shared/core", "shared/engine", "shared/iampolicy", "shared/localcloud/...")},
	{"shared/localcloud/...", and("shared/localcloud/...", "shared/awsapi")},
	{"functions/*", and("shared/annotate", "shared/approval", "shared/audit/seal", "shared/configrule", "shared/core", "shared/handler", "shared/hub", "shared/interact", "shared/notify", "shared/notify/slackapp",
		"shared/occurrence", "shared/reconcile", "shared/reports", "shared/review", "shared/awsapi", "shared/awsapi/*api", "shared/catalog/*")}, // its families, never shared/catalog as a whole
	{"infra/...", and("infra/...", "events/...", "shared/awsapi", "shared/awsapi/*api", "shared/annotate", "shared/catalog", "shared/core", "shared/engine", "shared/hub", "shared/iampolicy",
		"shared/occurrence", "shared/rules")},
	{"cmd/...", and("cmd/...", "events/...", "infra/template", "shared/...")},
	{"tests/...", and("cmd/...", "events/...", "functions/...", "infra/...", "shared/...", "tests/...")},
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range everything(t) {
		if p.Error != nil && len(p.GoFiles) > 0 {
			t.Errorf("%s cannot be loaded: %s", p.path(), p.Error.Err)
		}
		i := slices.IndexFunc(mayImport, func(l layer) bool { return matches(p.path(), l.of) })
		if i < 0 {
			t.Errorf("%s has no place in the table of imports: add it, or move it", p.path())
			continue
		}
		for _, imported := range p.Imports {
			if to := ours(imported); to != "" && !matches(to, mayImport[i].may...) {
				t.Errorf("%s imports %s, which its layer may not", p.path(), to)
			}
		}
	}
}

// The audit log's verifier is a reader that did not write. A test of it that used the writer's code would prove only that both make the same mistake.
func TestTheVerifierSharesNoCodeWithTheLog(t *testing.T) {
	t.Parallel()
	out, err := list("-test", "./shared/audit/verify")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range out {
		if name, _, _ := strings.Cut(p.ImportPath, " "); strings.HasSuffix(name, ".test") {
			continue // the test's main package, made by go
		}
		for _, imported := range p.Imports {
			imported, _, _ = strings.Cut(imported, " ")
			if to := ours(imported); to != "" && to != "shared/audit/verify" {
				t.Errorf("%s imports %s", p.ImportPath, to)
			}
		}
	}
}

// A control is data and pure functions: what it knows of the world comes through declared reads.
func TestControlsDoNoIO(t *testing.T) {
	t.Parallel()
	never := []string{"os", "os/...", "net", "net/http/...", "syscall", "unsafe", "log/...", "io/ioutil", "math/rand/...", "plugin"}
	n := 0
	for _, p := range everything(t) {
		if !matches(p.path(), "shared/controls/*/*", "shared/controls/*/internal/*") {
			continue
		}
		n++
		for _, imported := range p.Imports {
			sdk := strings.HasPrefix(imported, "github.com/aws/") && !strings.HasSuffix(imported, "/types") && imported != "github.com/aws/aws-sdk-go-v2/aws"
			if sdk || matches(imported, never...) {
				t.Errorf("%s imports %s", p.path(), imported)
			}
		}
	}
	if n == 0 {
		t.Error("no controls were found: the test looks in the wrong place")
	}
}

// neverLinked are packages that would at least double a function's size, or that have no business in one.
var neverLinked = []string{
	module + "/infra/...", module + "/cmd/...", module + "/tests/...", module + "/shared/localcloud/...", module + "/shared/controltest", module + "/shared/report/text", module + "/shared/report/reporttest", module + "/shared/review/client", module + "/shared/review/page", module + "/shared/review/reviewtest",
	module + "/shared/catalog", // all families at once
	"github.com/aws/aws-cdk-go/...", "github.com/aws/jsii-runtime-go/...", "github.com/santhosh-tekuri/jsonschema/...", "github.com/spf13/...",
	"net/rpc/...", "text/template/...", "html/template", "testing/...", "go/...", "plugin",
}

func TestFunctionsLinkLittle(t *testing.T) {
	t.Parallel()
	functions := 0
	for _, p := range everything(t) {
		if !matches(p.path(), "functions/*") {
			continue
		}
		functions++
		graph, err := list("-deps", "-tags", "lambda.norpc", "./"+p.path())
		if err != nil {
			t.Fatal(err)
		}
		for _, dep := range graph {
			if matches(dep.ImportPath, neverLinked...) {
				t.Errorf("%s links %s, by way of %s", p.path(), dep.ImportPath, importers(graph, dep.ImportPath))
			}
		}
	}
	if functions == 0 {
		t.Error("no functions were found: the test looks in the wrong place")
	}
}

func importers(graph []listed, of string) []string {
	var out []string
	for _, p := range graph {
		if slices.Contains(p.Imports, of) {
			out = append(out, p.ImportPath)
		}
	}
	return out
}
