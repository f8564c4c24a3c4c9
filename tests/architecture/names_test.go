package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const awsapi = module + "/shared/awsapi"

// mayUse says who may name what. Tests are free to; what counts is what runs.
var mayUse = []struct {
	what string // for the message
	is   func(types.Object) bool
	who  []string
}{
	{"an SDK client's NewFromConfig", isNewFromConfig, []string{"shared/awsapi/*api", "shared/localcloud/..."}},
	{"awsapi.Client", named(awsapi, "Client"), []string{"shared/awsapi", "shared/awsapi/*api", "shared/localcloud/..."}},
	{"awsapi.NewWrite", named(awsapi, "NewWrite"), []string{"shared/awsapi/*api"}},
	{"awsapi.NewRead", named(awsapi, "NewRead"), []string{"shared/awsapi/*api"}},
	{"awsapi.Op.Run", isOpRun, []string{"shared/engine", "shared/controltest", "shared/localcloud/..."}},
	// A session is made at the program's edge; a control only ever gets one.
	{"awsapi.NewSession", named(awsapi, "NewSession"), []string{"shared/awsapi/stsapi", "shared/hub", "shared/occurrence/tabletest", "shared/controltest", "shared/localcloud/...", "functions/*", "cmd/..."}},
	{"awsapi.LoadConfig", named(awsapi, "LoadConfig"), []string{"shared/hub", "functions/*", "cmd/..."}},
}

func named(pkg, name string) func(types.Object) bool {
	return func(o types.Object) bool {
		return o.Pkg() != nil && o.Pkg().Path() == pkg && o.Name() == name && o.Parent() == o.Pkg().Scope()
	}
}

func isNewFromConfig(o types.Object) bool {
	return o.Name() == "NewFromConfig" && o.Pkg() != nil && strings.HasPrefix(o.Pkg().Path(), "github.com/aws/aws-sdk-go-v2/")
}

func isOpRun(o types.Object) bool {
	f, ok := o.(*types.Func)
	return ok && f.FullName() == "("+awsapi+".Op).Run"
}

// The infrastructure is not looked at: it makes no calls to AWS, and its library takes a gigabyte to type-check.
func TestOnlySomeMayNameIt(t *testing.T) {
	t.Parallel()
	mode := packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo | packages.NeedImports
	loaded, err := packages.Load(&packages.Config{Mode: mode, Dir: root}, "./shared/...", "./events/...", "./functions/...", "./cmd/...")
	if err != nil {
		t.Fatal(err)
	}
	seen := make([]int, len(mayUse))
	for _, p := range loaded {
		for _, e := range p.Errors {
			t.Errorf("%s does not compile: %s", p.PkgPath, e.Msg)
		}
		for ident, object := range p.TypesInfo.Uses {
			for i, rule := range mayUse {
				if !rule.is(object) {
					continue
				}
				seen[i]++
				if !matches(ours(p.PkgPath), rule.who...) {
					t.Errorf("%s: %s uses %s, which only %s may", at(p.Fset, ident.Pos()), ours(p.PkgPath), rule.what, strings.Join(rule.who, ", "))
				}
			}
		}
	}
	for i, n := range seen {
		if n == 0 {
			t.Errorf("nobody uses %s: the rule has lost its object", mayUse[i].what)
		}
	}
}

func at(fset *token.FileSet, pos token.Pos) string {
	p := fset.Position(pos)
	return filepath.Join(filepath.Base(filepath.Dir(p.Filename)), filepath.Base(p.Filename)) + ":" + p.String()[strings.LastIndex(p.String(), p.Filename)+len(p.Filename)+1:]
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range everything(t) {
		comments := 0
		for _, file := range p.files() {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Error(err)
				continue
			}
			if tree.Doc != nil && (p.Name == "main" || strings.HasPrefix(tree.Doc.Text(), "Package ")) {
				comments++
			}
		}
		if comments == 0 {
			t.Errorf("%s has no package comment", p.path())
		}
	}
}

// What runs before main is order that nobody sees, and is paid by every cold start.
func TestNoInitFunctions(t *testing.T) {
	t.Parallel()
	for _, p := range everything(t) {
		for _, file := range p.files() {
			fset := token.NewFileSet()
			tree, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				continue
			}
			for _, d := range tree.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
					t.Errorf("%s: %s has an init function", at(fset, f.Pos()), p.path())
				}
			}
		}
	}
}
