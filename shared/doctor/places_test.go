package doctor_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/shoreup/shoreup/shared/doctor"
	"github.com/shoreup/shoreup/shared/doctor/blueprint"
	"github.com/shoreup/shoreup/shared/localcloud/emulator/emulatortest"
)

// forwarding is a member's template: a rule that is everywhere, and one that is only in the home Region.
const forwarding = `{"Conditions": {"Home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}}, "Resources": {
	"S3": {"Type": "AWS::Events::Rule", "Properties": {"Name": "shoreup-calls-s3", "EventPattern": {"source": ["aws.s3"]}, "Targets": [{"Arn": {"Fn::Sub": "arn:aws:events:${HubRegion}:${HubAccount}:event-bus/shoreup"}}]}},
	"IAM": {"Type": "AWS::Events::Rule", "Condition": "Home", "Properties": {"Name": "shoreup-calls-iam", "EventPattern": {"source": ["aws.iam"]}, "Targets": [{"Arn": {"Fn::Sub": "arn:aws:events:${HubRegion}:${HubAccount}:event-bus/shoreup"}}]}},
	"Unforwarded": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "shoreup-unforwarded"}},
	"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "ApproximateNumberOfMessagesVisible", "Dimensions": [{"Name": "QueueName", "Value": "shoreup-unforwarded"}]}}}}`

// member makes an account that is looked after, with rules that forward its events, and says so in the rules file.
func (c *cloud) member(rulesIn map[string][]string) string {
	account := emulatortest.Account(c.t)
	b, err := blueprint.Read(forwarding, blueprint.Values{Partition: "aws", Account: account, Region: "${AWS::Region}", Parameters: map[string]string{"HubAccount": c.account, "HubRegion": region}})
	c.ok(err)
	c.config.Member, c.config.MemberRole = b, "OrganizationAccountAccessRole"
	c.config.Accounts = []string{account} // the hub looks after itself in other tests
	var regions []string
	for where, names := range rulesIn {
		regions = append(regions, where)
		_, err := sqs.NewFromConfig(emulatortest.ForTest(c.t).Config(account, where)).CreateQueue(c.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("shoreup-unforwarded")})
		c.ok(err)
		for _, name := range names {
			c.forward(account, where, name)
		}
	}
	slices.Sort(regions)
	c.rulesFile(fmt.Sprintf("version: 1\naccounts:\n  - {id: %q, name: prod, regions: [%s]}\n", account, strings.Join(regions, ", ")))
	return account
}

func (c *cloud) forward(account, where, name string) {
	cfg := emulatortest.ForTest(c.t).Config(account, where)
	api := eventbridge.NewFromConfig(cfg)
	service := strings.TrimPrefix(name, "shoreup-calls-")
	pattern, err := json.Marshal(map[string]any{"source": []string{"aws." + service}})
	c.ok(err)
	_, err = api.PutRule(c.t.Context(), &eventbridge.PutRuleInput{Name: &name, EventPattern: aws.String(string(pattern))})
	c.ok(err)
	_, err = api.PutTargets(c.t.Context(), &eventbridge.PutTargetsInput{Rule: &name, Targets: []eventtypes.Target{{
		Id: aws.String("hub"), Arn: aws.String("arn:aws:events:" + region + ":" + c.account + ":event-bus/shoreup"), RoleArn: aws.String("arn:aws:iam::" + account + ":role/shoreup/shoreup-event-delivery"),
	}}})
	c.ok(err)
}

func find(report doctor.Report, id string) doctor.Result {
	return report.Checks[slices.IndexFunc(report.Checks, func(r doctor.Result) bool { return r.ID == id })]
}

func TestRulesOfMembers(t *testing.T) {
	t.Parallel()
	both, one := []string{"shoreup-calls-s3", "shoreup-calls-iam"}, []string{"shoreup-calls-s3"}
	for name, c := range map[string]struct {
		rules map[string][]string
		want  []string // "Region rule" of what is a problem
	}{
		"all is there":                    {map[string][]string{"us-east-1": both, "eu-west-1": one}, nil},
		"one Region without its rule":     {map[string][]string{"us-east-1": both, "eu-west-1": nil}, []string{"eu-west-1 shoreup-calls-s3"}},
		"the home Region without its own": {map[string][]string{"us-east-1": one, "eu-west-1": one}, []string{"us-east-1 shoreup-calls-iam"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := deploy(t)
			account := cloud.member(c.rules)
			report := cloud.run(t.Context())
			if dead := find(report, "dead-letters"); dead.Status != doctor.OK || !strings.HasPrefix(dead.Findings[0].Seen, "4 queues") { // two of each
				t.Errorf("dead letters: %+v", dead)
			}
			var got []string
			for _, f := range find(report, "event-rules").Findings {
				if f.Status == doctor.OK {
					continue
				}
				if f.Account != account || f.Status != doctor.Problem {
					t.Errorf("found %+v", f)
				}
				got = append(got, f.Region+" "+f.Subject)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

// TestUnforwarded: what the hub's bus did not take lies in a queue of the member.
func TestUnforwarded(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	account := c.member(map[string][]string{"us-east-1": {"shoreup-calls-s3", "shoreup-calls-iam"}, "eu-west-1": {"shoreup-calls-s3"}})
	api := sqs.NewFromConfig(emulatortest.ForTest(t).Config(account, "eu-west-1"))
	url, err := api.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("shoreup-unforwarded")})
	c.ok(err)
	_, err = api.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String("{}")})
	c.ok(err)
	got := find(c.run(t.Context()), "dead-letters")
	if got.Status != doctor.Problem || !strings.Contains(asJSON(t, got), `"account":"`+account+`","region":"eu-west-1","subject":"shoreup-unforwarded","seen":"1 message`) {
		t.Errorf("found %+v", got)
	}
}

// TestNoAccountIsNamed: a hub whose rules file lists nobody has nobody to look into, and says so.
func TestNoAccountIsNamed(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.config.Member = &blueprint.Blueprint{}
	for _, id := range []string{"trail", "roles"} {
		if got := find(c.run(t.Context()), id); got.Status != doctor.NotChecked || !strings.Contains(asJSON(t, got), "names no account") {
			t.Errorf("%s: %+v", id, got)
		}
	}
}

// TestHomeRegion: an installation elsewhere than in the home Region needs the rules that forward from there.
func TestHomeRegion(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	home, err := blueprint.Read(forwarding, blueprint.Values{Partition: "aws", Account: c.account, Region: "us-west-2", Parameters: map[string]string{"HubAccount": c.account, "HubRegion": region}})
	c.ok(err)
	c.config.Home, c.config.HomeRegion = home, "us-west-2"
	got := find(c.run(t.Context()), "event-rules")
	if got.Status != doctor.Problem || !strings.Contains(asJSON(t, got), `"region":"us-west-2","subject":"shoreup-calls-iam","seen":"there is no such rule`) {
		t.Errorf("without rules in the home Region: %+v", got)
	}
	api := sqs.NewFromConfig(emulatortest.ForTest(t).Config(c.account, "us-west-2"))
	queue, err := api.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("shoreup-unforwarded")})
	c.ok(err)
	_, err = api.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue.QueueUrl, MessageBody: aws.String("{}")})
	c.ok(err)
	c.forward(c.account, "us-west-2", "shoreup-calls-s3")
	c.forward(c.account, "us-west-2", "shoreup-calls-iam")
	c.forward(c.account, "us-west-2", "shoreup-calls-theirs")
	report := c.run(t.Context())
	if got := find(report, "event-rules"); got.Status != doctor.Problem || len(got.Findings) != 2 || !strings.Contains(asJSON(t, got), `"region":"us-west-2","subject":"shoreup-calls-theirs","seen":"a rule that the template does not have`) {
		t.Errorf("with them, and one that nobody knows: %+v", got)
	}
	if got := find(report, "dead-letters"); got.Status != doctor.Problem || !strings.Contains(asJSON(t, got), `"region":"us-west-2","subject":"shoreup-unforwarded","seen":"1 message that nobody`) ||
		!strings.Contains(asJSON(t, got), "ERROR_MESSAGE say why, and RULE_ARN of which rule they are. Mend that; the next sweep finds again") {
		t.Errorf("dead letters of the home Region: %+v", got)
	}
}

// TestOnlyTheseRegions: what the flag names counts, not what the rules file says.
func TestOnlyTheseRegions(t *testing.T) {
	t.Parallel()
	c := deploy(t)
	c.config.Regions = []string{"eu-central-1"}
	got := find(c.run(t.Context()), "event-rules")
	if got.Status != doctor.Warning || !strings.Contains(asJSON(t, got), `"region":"eu-central-1"`) {
		t.Errorf("found %+v", got)
	}
}
