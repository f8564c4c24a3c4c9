package demo

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/infra/template"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/localcloud/stack"
	"github.com/shoreup/shoreup/shared/localcloud/wiretap"
)

const (
	account    = "111122223333" // the company's, with the installation that looks after it
	region     = "eu-west-1"
	homeRegion = "us-east-1" // where IAM's events are
	tables     = "shoreup"   // the tables' prefix, as the template has it
	channel    = "#cloud-security"
	mainStack  = "shoreup"
	homeStack  = "shoreup-home"

	// maxWindow keeps the time in which messages for people are gathered within a demo's patience; the template has five seconds.
	maxWindow = time.Second
)

//go:embed company.txt
var company string

//go:embed shoreup.yaml
var rulesFile string

// cloud is everything that runs: the emulator, the deployed stacks, and the local Slack.
type cloud struct {
	emulator *emulator.Server
	tap      *wiretap.Tap
	slack    *slacksink.Server
	stacks   *stack.Cloud
	clicks   http.Handler // what the installation answers to Slack
	cfg      aws.Config   // of the company's account, through the tap
	vars     map[string]string
	log      *os.File
	rules    string // where the functions read the rules file: s3://bucket/key
	copied   string // path of the same file here
}

func (c *cloud) start(ctx context.Context, say func(string), dir string, keep bool) error {
	var err error
	if c.emulator, err = emulator.Start(ctx, emulator.Options{Progress: say, Detached: keep}); err != nil {
		return err
	}
	if c.tap, err = wiretap.Start(c.emulator.URL(), wiretap.Options{}); err != nil {
		return err
	}
	if c.slack, err = slacksink.Start(slacksink.Options{Token: "xoxb-demo", SigningSecret: signingSecret, Deliver: c.hear}); err != nil {
		return err
	}
	client, err := awsapi.Pinned(c.tap.URL)
	if err != nil {
		return err
	}
	c.cfg = c.emulator.Config(account, region)
	c.cfg.BaseEndpoint, c.cfg.HTTPClient = &c.tap.URL, client
	c.copied = filepath.Join(dir, "shoreup.yaml")
	if err := os.WriteFile(c.copied, []byte(rulesFile), 0o600); err != nil {
		return err
	}
	if c.log, err = os.Create(filepath.Join(dir, "functions.log")); err != nil {
		return err
	}
	c.stacks = stack.New(stack.Options{Emulator: c.emulator, Endpoint: c.tap.URL, Env: []string{"SHOREUP_SLACK_URL=" + c.slack.APIURL()}, MaxWindow: maxWindow, RetryAfter: time.Second, Log: c.log, Say: say})
	return nil
}

// build makes the company.
func (c *cloud) build(ctx context.Context) error {
	c.vars = map[string]string{"account": account, "region": region}
	return setup.Run(ctx, c.session(), company, c.vars)
}

func (c *cloud) session() awsapi.Session { return awsapi.NewSession(c.cfg, account, region) }

// install deploys the templates as a person would: the installation, and in the home Region what forwards the events of global services to it. Then
// the Slack token and the rules file are put where the installation looks for them.
func (c *cloud) install(ctx context.Context) error {
	stacks := []stack.Stack{
		{Name: mainStack, Region: region, Template: []byte(template.SingleAccount()), Parameters: map[string]string{
			"CodeBucket": "local", "SlackChannel": channel, "DeployRole": "arn:aws:iam::" + account + ":role/deploy-shoreup"}},
		{Name: homeStack, Region: homeRegion, Template: []byte(template.Home()), Parameters: map[string]string{"HubRegion": region}},
	}
	for _, s := range stacks {
		s.Account = account
		if err := c.stacks.Deploy(ctx, s); err != nil {
			return err
		}
	}
	var err error
	if c.rules, err = c.stacks.Output(mainStack, "RulesFile"); err != nil {
		return err
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(c.rules, "s3://"), "/")
	for _, call := range []struct {
		name  string
		input map[string]string
	}{
		{"secretsmanager:CreateSecret", map[string]string{"Name": "shoreup/slack", "SecretString": fmt.Sprintf(`{"bot_token":%q}`, c.slack.Token())}},
		{"secretsmanager:CreateSecret", map[string]string{"Name": "shoreup/slack-signing", "SecretString": fmt.Sprintf(`{"signing_secret":%q}`, signingSecret)}},
		{"s3:PutObject", map[string]string{"Bucket": bucket, "Key": key, "Body": rulesFile}},
	} {
		raw, err := json.Marshal(call.input)
		if err != nil {
			return err
		}
		if _, err := setup.Call(ctx, c.session(), call.name, raw); err != nil {
			return err
		}
	}
	return c.listen()
}

// deliver gives an event to the company's bus. One that no rule takes would never arrive in AWS, either.
func (c *cloud) deliver(ctx context.Context, body []byte) error {
	matched, err := c.stacks.Put(ctx, body)
	if err != nil {
		return err
	}
	if len(matched) == 0 {
		return fmt.Errorf("delivering an event: no rule of the template takes it: %.300s", body)
	}
	return nil
}

// settle lets the functions work until nothing is left to do.
func (c *cloud) settle(ctx context.Context) error {
	if err := c.stacks.Settle(ctx); err != nil {
		return fmt.Errorf("the functions' log is %s: %w", c.log.Name(), err)
	}
	if refused := c.stacks.Refused(); len(refused) > 0 {
		return fmt.Errorf("delivering events: %d did not reach their target: %s", len(refused), refused[0].Reason)
	}
	return nil
}

// requests counts what was asked of AWS, by service.
func (c *cloud) requests() map[string]int {
	counts := map[string]int{}
	for _, call := range c.tap.Calls() {
		counts[call.Service]++
	}
	return counts
}

// stop ends everything that start and install began. The emulator may be kept for people to try things on.
func (c *cloud) stop(keep bool) error {
	var errs []error
	if c.stacks != nil {
		errs = append(errs, c.stacks.Stop())
	}
	if c.slack != nil {
		errs = append(errs, c.slack.Stop())
	}
	if c.tap != nil {
		errs = append(errs, c.tap.Stop())
	}
	if c.emulator != nil && !keep {
		errs = append(errs, c.emulator.Stop())
	}
	if c.log != nil {
		errs = append(errs, c.log.Close())
	}
	return errors.Join(errs...)
}
