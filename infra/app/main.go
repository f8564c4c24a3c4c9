// Command app synthesises shoreup's CloudFormation templates. The CDK command line runs it (cdk.json); without that:
//
//	go run ./infra/app --out DIR          # the cloud assembly: templates and manifest; cdk.out by default
//	go run ./infra/app --templates DIR    # the templates alone; go generate ./infra/template does this for the embedded ones
//
// CDK context, from cdk -c KEY=VALUE or here from --context KEY=VALUE:
//
//	shape=NAME         what to deploy: single (the default), hub or member; --shape says the same
//	functions=build    compile the functions into dist/ and deploy them as CDK assets; or a folder that holds NAME/bootstrap for each
//	sources=a,b        optional sources of events, of config, securityhub and guardduty; all by default
//	config=true        deploy the AWS Config rules behind the controls, and in shape single rules of our own for those that have none
//	securityhub=true   make custom actions in Security Hub with which people have findings planned, or ask for their fix
//	slack=http-api     have Slack tell of clicks at an HTTP API of API Gateway; url, the default, is a function URL
//	protected=ARN,ARN  ARN patterns that no role of shoreup may ever change, break-glass roles for example
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/shoreup/shoreup/infra"
	"github.com/shoreup/shoreup/shared/catalog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "synthesising the templates:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("app", flag.ContinueOnError)
	out := flags.String("out", "", "folder of the cloud assembly")
	templates := flags.String("templates", "", "folder for the templates alone")
	shape := flags.String("shape", "", "what to deploy: single (one account, the default), hub, or member")
	context := map[string]string{}
	flags.Func("context", "KEY=VALUE, repeatable", func(s string) error {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return errors.New("it is not KEY=VALUE")
		}
		context[key] = value
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *shape != "" {
		context["shape"] = *shape
	}
	defer jsii.Close()
	if *templates != "" {
		return writeTemplates(*templates, context)
	}
	if *out == "" && os.Getenv("CDK_OUTDIR") == "" {
		*out = "cdk.out"
	}
	_, err := synth(*out, context)
	return err
}

func synth(out string, context map[string]string) (string, error) {
	app := infra.NewApp(out)
	for key, value := range context {
		app.Node().SetContext(&key, value)
	}
	props, err := props(app)
	if err != nil {
		return "", err
	}
	shape := cmp.Or(contextText(app, "shape"), infra.Shapes()[0])
	if err := infra.Add(app, shape, props); err != nil {
		return "", err
	}
	return *app.Synth(nil).Directory(), nil
}

func props(app awscdk.App) (infra.Props, error) {
	get := func(key string) string { return contextText(app, key) }
	p := infra.Props{Controls: catalog.Controls()}
	sources := "config,securityhub,guardduty"
	if app.Node().TryGetContext(jsii.String("sources")) != nil {
		sources = get("sources") // an empty one is none
	}
	for _, s := range fields(sources) {
		switch s {
		case "config":
			p.Sources.Config = true
		case "securityhub":
			p.Sources.SecurityHub = true
		case "guardduty":
			p.Sources.GuardDuty = true
		default:
			return p, fmt.Errorf("reading context sources: %q is none of config, securityhub and guardduty", s)
		}
	}
	p.Protected = fields(get("protected"))
	for key, on := range map[string]*bool{"config": &p.ConfigRules, "securityhub": &p.HubActions} {
		switch get(key) {
		case "", "false":
		case "true":
			*on = true
		default:
			return p, fmt.Errorf("reading context %s: %q is neither true nor false", key, get(key))
		}
	}
	switch get("slack") {
	case "", "url":
	case "http-api":
		p.SlackAPI = true
	default:
		return p, fmt.Errorf("reading context slack: %q is neither url nor http-api", get("slack"))
	}
	if get("shape") == "member" { // it has no functions
		return p, nil
	}
	var err error
	p.Functions, err = functions(get("functions"))
	return p, err
}

// contextText returns a value of the context, which is text on the command line and may be true or false in cdk.json; empty: there is none.
func contextText(app awscdk.App, key string) string {
	if v := app.Node().TryGetContext(&key); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// functions returns the absolute path of the folder of built functions, building them if that is asked for.
func functions(context string) (string, error) {
	switch context {
	case "":
		return "", nil
	case "build":
		context = "dist"
		if err := infra.Build(context); err != nil {
			return "", err
		}
	}
	for _, name := range infra.Functions() {
		if _, err := os.Stat(filepath.Join(context, name, "bootstrap")); err != nil {
			return "", fmt.Errorf("looking for the functions: %w; build them with context functions=build", err)
		}
	}
	return filepath.Abs(context)
}

// writeTemplates synthesises into a folder of its own and keeps the templates alone.
func writeTemplates(dir string, context map[string]string) error {
	temporary, err := os.MkdirTemp("", "shoreup-synth-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	assembly, err := synth(temporary, context)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(assembly, "*.template.json"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), append(raw, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fields(s string) []string {
	return slices.DeleteFunc(strings.Split(s, ","), func(f string) bool { return strings.TrimSpace(f) == "" })
}
