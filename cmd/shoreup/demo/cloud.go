package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/hub"
	"github.com/shoreup/shoreup/shared/localcloud/build"
	"github.com/shoreup/shoreup/shared/localcloud/emulator"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
	"github.com/shoreup/shoreup/shared/localcloud/runtimeapi"
	"github.com/shoreup/shoreup/shared/localcloud/setup"
	"github.com/shoreup/shoreup/shared/localcloud/slacksink"
	"github.com/shoreup/shoreup/shared/occurrence"
)

const (
	account    = "111122223333" // the company's
	hubAccount = "999988887777" // shoreup's own, where tables, queues and functions are
	region     = "eu-west-1"
	tables     = "shoreup"
)

//go:embed company.txt
var company string

//go:embed shoreup.yaml
var rulesFile string

// cloud is everything that runs: the emulator, the functions behind their queues, and the local Slack.
type cloud struct {
	emulator *emulator.Server
	proxy    *proxy
	slack    *slacksink.Server
	cfg      aws.Config // of the hub's account, through the proxy
	company  aws.Config // of the company's
	vars     map[string]string
	queues   map[string]string // URL by name
	pools    map[string]*runtimeapi.Pool
	log      *os.File
	rules    string // path of the rules file
}

var functions = []string{"evaluate", "apply", "notify"}

func (c *cloud) start(ctx context.Context, say func(string), dir string, keep bool) error {
	var err error
	if c.emulator, err = emulator.Start(ctx, emulator.Options{Progress: say, Detached: keep}); err != nil {
		return err
	}
	if c.proxy, err = startProxy(c.emulator); err != nil {
		return err
	}
	if c.slack, err = slacksink.Start(slacksink.Options{Token: "xoxb-demo"}); err != nil {
		return err
	}
	client, err := awsapi.Pinned(c.proxy.url)
	if err != nil {
		return err
	}
	c.cfg, c.company = c.emulator.Config(hubAccount, region), c.emulator.Config(account, region)
	for _, cfg := range []*aws.Config{&c.cfg, &c.company} {
		cfg.BaseEndpoint, cfg.HTTPClient = &c.proxy.url, client
	}
	c.rules = dir + "/shoreup.yaml"
	if err := os.WriteFile(c.rules, []byte(rulesFile), 0o600); err != nil {
		return err
	}
	if c.log, err = os.Create(dir + "/functions.log"); err != nil {
		return err
	}
	return nil
}

// build makes the company.
func (c *cloud) build(ctx context.Context) error {
	c.vars = map[string]string{"account": account, "region": region}
	return setup.Run(ctx, awsapi.NewSession(c.company, account, region), company, c.vars)
}

// session is in the hub.
func (c *cloud) session() awsapi.Session { return awsapi.NewSession(c.cfg, hubAccount, region) }

// install makes what a deployment consists of: tables, queues with dead-letter queues, and the functions.
func (c *cloud) install(ctx context.Context, say func(string)) error {
	if err := occurrence.CreateTables(ctx, c.session(), tables); err != nil {
		return err
	}
	c.queues = map[string]string{}
	for _, name := range []string{"dead-letters", "evaluate", "apply", "notify"} {
		vars := map[string]string{}
		attributes := `{"VisibilityTimeout":"60"}`
		if name != "dead-letters" {
			attributes = `{"VisibilityTimeout":"60","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:` + region + `:` + hubAccount + `:shoreup-dead-letters\",\"maxReceiveCount\":\"5\"}"}`
		}
		script := `url = sqs:CreateQueue {"QueueName":"shoreup-` + name + `","Attributes":` + attributes + `} QueueUrl`
		if err := setup.Run(ctx, c.session(), script, vars); err != nil {
			return err
		}
		c.queues[name] = vars["url"]
	}
	if err := setup.Run(ctx, c.session(), `secretsmanager:CreateSecret {"Name":"shoreup/slack","SecretString":"xoxb-demo"}`, nil); err != nil {
		return err
	}
	binaries, err := build.Functions(ctx, functions, say)
	if err != nil {
		return err
	}
	environment, err := c.environment(ctx)
	if err != nil {
		return err
	}
	c.pools = map[string]*runtimeapi.Pool{}
	for _, name := range functions {
		env := append(environment, "AWS_LAMBDA_FUNCTION_NAME=shoreup-"+name)
		c.pools[name] = runtimeapi.NewPool(runtimeapi.Options{Binary: binaries[name], Name: "shoreup-" + name, Env: env, LogWriter: c.log, Timeout: time.Minute}, 2)
	}
	return nil
}

// environment is what the functions see. Nothing of the machine's own AWS settings is in it.
func (c *cloud) environment(ctx context.Context) ([]string, error) {
	keys, err := c.cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=" + keys.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + keys.SecretAccessKey, "AWS_SESSION_TOKEN=" + keys.SessionToken,
		"AWS_ENDPOINT_URL=" + c.proxy.url, "AWS_EC2_METADATA_DISABLED=true",
		"SHOREUP_ACCOUNT=" + hubAccount, "SHOREUP_TABLES=" + tables, "SHOREUP_RULES=" + c.rules, "SHOREUP_READ_ROLE=" + hub.ReadRole, "SHOREUP_WRITE_ROLE=" + hub.WriteRole,
		"SHOREUP_EVALUATE_QUEUE=" + c.queues["evaluate"], "SHOREUP_APPLY_QUEUE=" + c.queues["apply"], "SHOREUP_NOTIFY_QUEUE=" + c.queues["notify"],
		"SHOREUP_DEAD_LETTERS=" + c.queues["dead-letters"], "SHOREUP_SLACK_SECRET=shoreup/slack", "SHOREUP_SLACK_URL=" + c.slack.APIURL(), "SHOREUP_SLACK_CHANNEL=#cloud-security",
	}, nil
}

// deliver puts a message into a queue, as EventBridge does.
func (c *cloud) deliver(ctx context.Context, name string, body []byte) error {
	return sqsapi.Send(ctx, c.session(), c.queues[name], string(body), "")
}

// drain lets the functions work until their queues are empty.
func (c *cloud) drain(ctx context.Context) error {
	for _, name := range functions {
		source := queue.SQS(c.cfg, c.queues[name], "arn:aws:sqs:"+region+":"+hubAccount+":shoreup-"+name)
		batch := 5
		if name == "notify" {
			batch = 10
		}
		options := queue.Options{Batch: batch, Concurrency: 2, Failed: func(err error) { fmt.Fprintln(c.log, err) }}
		if _, err := queue.Drain(ctx, source, c.pools[name].Invoke, options); err != nil {
			return fmt.Errorf("the functions' log is %s: %w", c.log.Name(), err)
		}
	}
	return nil
}

// stop ends everything that start and install began. The emulator may be kept for people to try things on.
func (c *cloud) stop(keep bool) error {
	var errs []error
	for _, p := range c.pools {
		errs = append(errs, p.Stop())
	}
	if c.slack != nil {
		errs = append(errs, c.slack.Stop())
	}
	if c.proxy != nil {
		errs = append(errs, c.proxy.stop())
	}
	if c.emulator != nil && !keep {
		errs = append(errs, c.emulator.Stop())
	}
	if c.log != nil {
		errs = append(errs, c.log.Close())
	}
	return errors.Join(errs...)
}
