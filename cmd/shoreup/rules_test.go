package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/rules"
)

const ours, here = "111122223333", "eu-west-1"

// examples has for each type one resource, as people write its id and its ARN.
var examples = map[string]struct{ id, arn string }{
	"AWS::S3::Bucket":             {"acme-uploads", "arn:aws:s3:::acme-uploads"},
	"AWS::S3::AccessPoint":        {"uploads", "arn:aws:s3:eu-west-1:111122223333:accesspoint/uploads"},
	"AWS::EC2::SecurityGroup":     {"sg-4960", "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-4960"},
	"AWS::EC2::Volume":            {"vol-4960", "arn:aws:ec2:eu-west-1:111122223333:volume/vol-4960"},
	"AWS::EC2::Snapshot":          {"snap-4960", "arn:aws:ec2:eu-west-1::snapshot/snap-4960"},
	"AWS::EC2::Image":             {"ami-4960", "arn:aws:ec2:eu-west-1::image/ami-4960"},
	"AWS::IAM::Role":              {"deploy", "arn:aws:iam::111122223333:role/deploy"},
	"AWS::IAM::User":              {"alice", "arn:aws:iam::111122223333:user/alice"},
	"AWS::IAM::Group":             {"admins", "arn:aws:iam::111122223333:group/admins"},
	"AWS::IAM::ManagedPolicy":     {"arn:aws:iam::111122223333:policy/all", "arn:aws:iam::111122223333:policy/all"},
	"AWS::RDS::DBInstance":        {"Orders", "arn:aws:rds:eu-west-1:111122223333:db:orders"},
	"AWS::RDS::DBCluster":         {"Orders", "arn:aws:rds:eu-west-1:111122223333:cluster:orders"},
	"AWS::RDS::DBSnapshot":        {"orders-1", "arn:aws:rds:eu-west-1:111122223333:snapshot:orders-1"},
	"AWS::RDS::DBClusterSnapshot": {"orders-1", "arn:aws:rds:eu-west-1:111122223333:cluster-snapshot:orders-1"},
	"AWS::DynamoDB::Table":        {"orders", "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"},
	"AWS::SQS::Queue":             {"https://sqs.eu-west-1.amazonaws.com/111122223333/orders", "arn:aws:sqs:eu-west-1:111122223333:orders"},
	"AWS::SNS::Topic":             {"orders", "arn:aws:sns:eu-west-1:111122223333:orders"},
	"AWS::KMS::Key":               {"1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
	"AWS::::Account":              {ours, ""},
}

// found is what plan decides about what is named on its command line: the engine with everything but the looking. Nothing but the rules has a say.
func found(t *testing.T, c core.Control, name string, file *rules.File) core.Finding {
	t.Helper()
	c.Look = func(context.Context, awsapi.Session, awsapi.Resource, core.Settings) (core.Sight, error) {
		return core.Sight{Violations: []core.Violation{{Rule: "x"}}}, nil
	}
	c.Propose = func(_ core.Sight, r awsapi.Resource, _ core.Settings) (core.Proposal, error) {
		return core.Proposal{Plan: core.Plan{Schema: core.Schema, Control: c.ID, Version: c.Version, Resource: r, Before: "a", After: "b", Changes: make([]core.Change, 1)}, Diffs: make([][]core.DiffLine, 1)}, nil
	}
	e := &engine.Engine{
		Rules: func(context.Context) *rules.File { return file }, Now: time.Now,
		Read: func(_ context.Context, account, region string) (awsapi.Session, error) {
			return awsapi.Session{Account: account, Region: region}, nil
		},
	}
	o := planFlags{single: true, resources: []string{name}, options: options{account: ours, region: here}}
	list, err := o.targets(t.Context(), e, c, nil)
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: plan takes %s for %v, %v", c.ID, name, list, err)
	}
	return e.Find(t.Context(), c, list[0], core.Cause{Origin: rules.OriginCLI})
}

// What rules check says of a decision is what is decided, for each control, by id and by ARN, whatever the file goes by.
func TestRulesCheckSaysWhatIsDecided(t *testing.T) {
	t.Parallel()
	const all = "version: 1\nrules:\n  - { name: all, match: { controls: [\"*\"], origin: [cli] }, mode: auto }\n"
	modes := map[string]int{}
	for _, c := range catalog.Controls() {
		example, ok := examples[c.Type.Name]
		if !ok {
			t.Errorf("%s: there is no example of %s", c.ID, c.Type.Name)
			continue
		}
		names := []string{example.id, example.arn}
		arn := example.arn
		if arn == "" {
			names, arn = names[:1], c.Type.ARN(awsapi.Resource{Type: c.Type.Name, ID: ours, Account: ours, Region: here, Partition: "aws"})
		}
		bare := strings.ToLower(example.id)
		patterns := []string{example.id, bare, arn, "*" + bare[len(bare)-4:], arn[:len(arn)-2] + "*"}
		if pathed := withPath(c.Type.Name, arn); pathed != "" {
			names, patterns = append(names, pathed), append(patterns, pathed, strings.Replace(pathed, "/team/", "/*/", 1), strings.Replace(pathed, "/team/", "/another/", 1))
		}
		var texts []string
		for _, pattern := range patterns {
			for _, rule := range []string{"match: { resources: [%q] }, mode: report", "match: { families: [" + c.Family + "] }, except: { resources: [%q] }, mode: report"} {
				texts = append(texts, all+"  - { name: careful, "+fmt.Sprintf(rule, pattern)+" }\n")
			}
			texts = append(texts, all+fmt.Sprintf("exceptions: [ { control: %s, resource: %q, account: %q, owner: a, reason: b, expires: 2099-01-01 } ]\n", c.ID, pattern, ours))
		}
		for _, region := range []string{here, "us-east-1"} {
			texts = append(texts,
				all+"  - { name: careful, match: { regions: ["+region+"] }, mode: report }\n",
				all+"  - { name: careful, match: { families: ["+c.Family+"] }, except: { regions: ["+region+"] }, mode: report }\n",
				all+"freezes: [ { name: f, from: 2001-01-01T00:00:00Z, to: 2099-01-01T00:00:00Z, regions: ["+region+"] } ]\n",
				all+"accounts: [ { id: \"111122223333\", regions: ["+region+"] } ]\n",
				all+fmt.Sprintf("exceptions: [ { control: %s, account: %q, region: %s, owner: a, reason: b, expires: 2099-01-01 } ]\n", c.ID, ours, region))
		}
		for _, text := range texts {
			file, err := rules.Load([]byte(text))
			if err != nil {
				t.Fatalf("%s\n%v", text, err)
			}
			for _, name := range names {
				want := found(t, c, name, file)
				o := rulesFlags{control: c.ID, resource: name, origin: rules.OriginCLI, options: options{account: ours, region: here}}
				list, err := o.explanations(t.Context(), file)
				if err != nil || len(list) != 1 {
					t.Fatalf("%s, %s: %v, %v", c.ID, name, list, err)
				}
				got := list[0]
				if got.Decision.Mode.String() != want.Decision.Mode || got.Decision.Rule != want.Decision.Rule || got.Decision.Reason != want.Decision.Reason || got.ARN != want.ARN || got.Resource != want.Resource {
					t.Errorf("%s, %s: rules check says %+v of %s, %s\nplan decides %+v of %s, %s\n%s", c.ID, name, got.Decision, got.Resource, got.ARN, want.Decision, want.Resource, want.ARN, text)
				}
				modes[want.Decision.Mode]++
			}
		}
	}
	for _, mode := range []string{"report", "approve", "auto", "exception", "refuse"} {
		if modes[mode] < 10 {
			t.Errorf("only %d decisions are %s: the files test little", modes[mode], mode)
		}
	}
}

// withPath is the ARN of the same user, role or group with a path; empty for other types.
func withPath(kind, arn string) string {
	if !slices.Contains([]string{"AWS::IAM::User", "AWS::IAM::Role", "AWS::IAM::Group"}, kind) {
		return ""
	}
	i := strings.LastIndex(arn, "/")
	return arn[:i] + "/team" + arn[i:]
}

// An exemption of a user, role or group holds however the person wrote its ARN, with the path or without, and whichever of the two is asked about.
func TestPathsOfExemptions(t *testing.T) {
	t.Parallel()
	some := 0
	for _, c := range catalog.Controls() {
		example := examples[c.Type.Name]
		pathed := withPath(c.Type.Name, example.arn)
		if pathed == "" {
			continue
		}
		some++
		for _, resource := range []string{example.arn, pathed} {
			file, err := rules.Load([]byte(fmt.Sprintf("version: 1\nexceptions: [ { control: %s, resource: %q, owner: a, reason: b, expires: 2099-01-01 } ]\n", c.ID, resource)))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{example.id, example.arn, pathed} {
				if got := found(t, c, name, file); got.Outcome != core.Excepted {
					t.Errorf("%s: %s is %s although %s is exempt", c.ID, name, got.Outcome, resource)
				}
			}
			if got := found(t, c, example.id+"2", file); got.Outcome == core.Excepted {
				t.Errorf("%s: %s2 is exempt by %s", c.ID, example.id, resource)
			}
		}
	}
	if some < 5 {
		t.Errorf("only %d controls judge users, roles and groups: this tests little", some)
	}
}

// A freeze of the home Region holds for what AWS keeps there, and for nothing global does one of another Region.
func TestFreezesOfTheHomeRegionHoldForGlobalResources(t *testing.T) {
	t.Parallel()
	global := 0
	for _, c := range catalog.Controls() {
		for _, region := range []string{here, "us-east-1"} {
			file, err := rules.Load([]byte("version: 1\nrules:\n  - { name: all, match: { controls: [\"*\"] }, mode: approve }\n" +
				"freezes: [ { name: f, from: 2001-01-01T00:00:00Z, to: 2099-01-01T00:00:00Z, regions: [" + region + "] } ]\n"))
			if err != nil {
				t.Fatal(err)
			}
			frozen := found(t, c, examples[c.Type.Name].id, file).Decision.Rule == "freeze f"
			if want := c.Type.Global == (region == "us-east-1"); frozen != want {
				t.Errorf("%s, frozen in %s: %v, want %v", c.ID, region, frozen, want)
			}
		}
		if c.Type.Global {
			global++
		}
	}
	if global == 0 {
		t.Error("no control is global: this tests nothing")
	}
}

// A role may be protected by its path, which only its full ARN tells. The engine reads that ARN.
func TestRulesCheckKnowsWhatAPathProtects(t *testing.T) {
	t.Parallel()
	file, err := rules.Load([]byte("version: 1\nprotected_principals: [ \"arn:aws:iam::*:role/break-glass/*\" ]\n"))
	if err != nil {
		t.Fatal(err)
	}
	for resource, want := range map[string]rules.Mode{
		"arn:aws:iam::111122223333:role/break-glass/fire":   rules.Refuse,
		"arn:aws:iam::111122223333:role/aws-service-role/x": rules.Refuse,
		"arn:aws:iam::111122223333:role/team/fire":          rules.Report,
		"arn:aws:iam::111122223333:role/fire":               rules.Report,
	} {
		o := rulesFlags{control: "iam-role-trust-open", resource: resource, origin: rules.OriginCLI}
		list, err := o.explanations(t.Context(), file)
		if err != nil || list[0].Decision.Mode != want {
			t.Errorf("%s: %+v, %v; want %s", resource, list, err, want)
		}
	}
}

func TestWhatRulesCheckIsAskedAbout(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	byRegion := "version: 1\nfreezes: [ { name: f, weekly: { days: [sat] }, regions: [eu-west-1] } ]\n"
	for _, c := range []struct {
		name, text, control, resource, account, region string
		want, complaint                                string // controls, the first with its ARN; or part of an error
	}{
		{"an ARN alone", "", "", "arn:aws:sns:eu-west-1:111122223333:t", "", "", "sns-topic-encrypted arn:aws:sns:eu-west-1:111122223333:t", ""},
		{"a telling id alone", "", "", "vol-1", ours, here, "ec2-volume-encrypted arn:aws:ec2:eu-west-1:111122223333:volume/vol-1", ""},
		{"an id that may be anything", "", "", "logs", ours, here, "", "logs is the name of nothing that one of these controls judges: give an ARN"},
		{"a pattern", "", "s3-access*", "arn:aws:s3:eu-west-1:111122223333:accesspoint/a", "", "", "s3-access-point-public arn:aws:s3:eu-west-1:111122223333:accesspoint/a", ""},
		{"another type's ARN", "", "s3-bucket-public", "arn:aws:sns:eu-west-1:111122223333:t", "", "", "", "s3-bucket-public judges AWS::S3::Bucket, and arn:aws:sns:eu-west-1:111122223333:t is none"},
		{"an ARN with a mistake", "", "", "arn:aws:s3:::", ours, "", "", "parsing ARN"},
		{"another account", "", "", "arn:aws:sns:eu-west-1:111122223333:t", "444455556666", "", "", "belongs to account 111122223333"},
		{"another Region", "", "", "arn:aws:sns:eu-west-1:111122223333:t", "", "us-east-1", "", "is in Region eu-west-1"},
		{"another partition", "", "", "arn:aws-cn:s3:::b", ours, "us-east-1", "", "is of partition aws-cn"},
		{"no account", "", "s3-bucket-public", "arn:aws:s3:::b", "", "", "", "give --account too"},
		{"no resource", "", "s3-bucket-public", "", ours, "", "", "give --resource too"},
		{"the account itself", "", "s3-account-block", "", ours, "", "s3-account-block arn:aws:s3::111122223333:account", ""},
		{"no Region where none matters", "", "s3-bucket-public", "arn:aws:s3:::b", ours, "", "s3-bucket-public arn:aws:s3:::b", ""},
		{"no Region where it matters", byRegion, "s3-bucket-public", "arn:aws:s3:::b", ours, "", "", "freeze f goes by Region: give --region"},
		{"no Region in an ARN that has one", "", "ec2-volume-encrypted", "vol-1", ours, "", "", "Give --region, or the ARN"},
		{"no Region of what has none", byRegion, "iam-role-trust-open", "r", ours, "", "iam-role-trust-open arn:aws:iam::111122223333:role/r", ""},
		{"global in China", "", "iam-role-trust-open", "arn:aws-cn:iam::111122223333:role/r", "", "", "iam-role-trust-open arn:aws-cn:iam::111122223333:role/r", ""},
		{"an alias", "", "kms-key-rotation", "alias/x", ours, here, "", "only AWS knows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := rules.Load([]byte(max(c.text, "version: 1\n")))
			if err != nil {
				t.Fatal(err)
			}
			o := rulesFlags{control: c.control, resource: c.resource, origin: rules.OriginCLI, options: options{account: c.account, region: c.region}}
			list, err := o.explanations(t.Context(), file)
			got := ""
			if len(list) > 0 {
				got = list[0].Control + " " + list[0].ARN
			}
			if got != c.want || (err != nil) != (c.complaint != "") || err != nil && !strings.Contains(err.Error(), c.complaint) {
				t.Errorf("got %q, %v, want %q, %q", got, err, c.want, c.complaint)
			}
		})
	}
}
