package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
)

// forEach runs a check for every control.
func forEach(t *testing.T, check func(t *testing.T, c core.Control)) {
	t.Helper()
	controls := catalog.Controls()
	if len(controls) == 0 {
		t.Fatal("the catalogue is empty")
	}
	for _, c := range controls {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			check(t, c)
		})
	}
}

func TestIDsAreUniqueAndNameTheirService(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range catalog.Controls() {
		if seen[c.ID] {
			t.Errorf("two controls are called %s", c.ID)
		}
		seen[c.ID] = true
		if !regexp.MustCompile(`^` + regexp.QuoteMeta(c.Service) + `(-[a-z0-9]+)+$`).MatchString(c.ID) {
			t.Errorf("control %q of service %q: want an id of the form %s-…", c.ID, c.Service, c.Service)
		}
	}
}

func TestDeclarationsAreComplete(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, c core.Control) {
		if c.Version < 1 || c.Title == "" || c.Family == "" || c.Type.Name == "" {
			t.Errorf("version %d, title %q, family %q and type %q are all needed", c.Version, c.Title, c.Family, c.Type.Name)
		}
		if c.Look == nil || c.Propose == nil || c.JudgeState == nil || c.Type.ARN == nil || c.Type.List == nil {
			t.Error("a function is missing: read, judge, plan, or the type's ARN or list")
		}
		if !slices.Contains([]core.Severity{core.Critical, core.High, core.Medium, core.Low}, c.Severity) {
			t.Errorf("severity %q is none", c.Severity)
		}
		if !slices.Contains([]core.Disruption{core.DisruptsNothing, core.DisruptsLittle, core.DisruptsMuch}, c.Disruption) {
			t.Errorf("disruption %q is none", c.Disruption)
		}
		if len(c.Reads) == 0 || len(c.Events) == 0 {
			t.Errorf("%d reads and %d events: a control without either can see nothing", len(c.Reads), len(c.Events))
		}
		for _, op := range slices.Concat(c.Reads, c.Writes, c.Undoes) {
			if len(op.Actions) == 0 {
				t.Errorf("operation %s has no IAM action", op.Name)
			}
		}
	})
}

func TestEventsAreKnownToTheType(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com:[A-Z][A-Za-z0-9]+$`)
	forEach(t, func(t *testing.T, c core.Control) {
		for i, event := range c.Events {
			if !form.MatchString(event) {
				t.Errorf("event %q: want SOURCE.amazonaws.com:Name", event)
			}
			if len(c.Type.Events[event]) == 0 && len(c.Type.Via[event].Paths) == 0 {
				t.Errorf("type %s does not say where %s holds the id", c.Type.Name, event)
			}
			if slices.Contains(c.Events[:i], event) {
				t.Errorf("event %s is declared twice", event)
			}
		}
	})
	if err := engine.IDPaths(catalog.Controls()).Validate(); err != nil {
		t.Error(err)
	}
}

// The forms are those of the Security Hub user guide's control reference and of AWS Config's list of managed rules.
func TestIDsOfOthersAreWellFormed(t *testing.T) {
	t.Parallel()
	hub := regexp.MustCompile(`^[A-Z][A-Za-z0-9]+\.[1-9][0-9]*$`)
	config := regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)
	framework := regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	forEach(t, func(t *testing.T, c core.Control) {
		for _, id := range c.SecurityHub {
			if !hub.MatchString(id) {
				t.Errorf("Security Hub id %q: want the form S3.2", id)
			}
		}
		for _, id := range c.ConfigRules {
			if !config.MatchString(id) {
				t.Errorf("Config rule %q: want the identifier, of the form S3_BUCKET_SSL_REQUESTS_ONLY", id)
			}
		}
		for name, requirements := range c.Frameworks {
			if !framework.MatchString(name) || len(requirements) == 0 || slices.Contains(requirements, "") {
				t.Errorf("framework %q with requirements %q", name, requirements)
			}
		}
	})
}

// A finding of Security Hub leads to the controls that declare its id, so two that judge different types of resource must not share one.
func TestSecurityHubIDsBelongToOneType(t *testing.T) {
	t.Parallel()
	owner := map[string]core.Control{}
	for _, c := range catalog.Controls() {
		for _, id := range c.SecurityHub {
			if other, ok := owner[id]; ok && other.Family != c.Family {
				t.Errorf("%s is declared by %s of family %s and by %s of family %s", id, other.ID, other.Family, c.ID, c.Family)
			}
			owner[id] = c
		}
	}
}

// A write that names no resource could be aimed at any: only settings of a whole account have none.
func TestEveryWriteHasATarget(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, c core.Control) {
		for _, op := range slices.Concat(c.Writes, c.Undoes) {
			if op.Target == "" && !c.AccountWide && c.Type.Name != "AWS::::Account" {
				t.Errorf("%s has no target, and the control is not about an account", op.Name)
			}
		}
	})
}

func TestWhatIsWrittenCanBeUndone(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, c core.Control) {
		switch writes, undoes := len(c.Writes), len(c.Undoes); {
		case c.Reversible == core.AdviceOnly && writes+undoes > 0:
			t.Errorf("it only advises, and declares %d writes and %d undoes", writes, undoes)
		case c.Reversible == core.AdviceOnly:
		case c.Reversible != core.Reversible && c.Reversible != core.PartlyReversible:
			t.Errorf("reversible is %q", c.Reversible)
		case writes == 0 || undoes == 0:
			t.Errorf("it declares %d writes and %d undoes", writes, undoes)
		}
	})
}

// longest are ids as long as AWS lets them be, where that is longer than 64 characters. Sources: the services' quotas.
var longest = map[string]string{
	"AWS::IAM::ManagedPolicy": "arn:aws-us-gov:iam::111122223333:policy" + "/" + strings.Repeat("p", 510) + "/" + strings.Repeat("n", 128),
	"AWS::SNS::Topic":         "arn:aws-us-gov:sns:us-gov-west-1:111122223333:" + strings.Repeat("t", 256),
	"AWS::SQS::Queue":         "https://sqs.us-gov-west-1.amazonaws.com/111122223333/" + strings.Repeat("q", 80),
	"AWS::DynamoDB::Table":    strings.Repeat("d", 255),
	"AWS::RDS::DBSnapshot":    strings.Repeat("s", 255), "AWS::RDS::DBClusterSnapshot": strings.Repeat("s", 255),
}

func sample(c core.Control) awsapi.Resource {
	r := awsapi.Resource{Type: c.Type.Name, ID: longest[c.Type.Name], Account: "111122223333", Region: "us-gov-west-1", Partition: "aws-us-gov"}
	switch {
	case c.Type.Name == "AWS::::Account":
		r.ID = r.Account
	case r.ID == "":
		r.ID = strings.Repeat("x", 64)
	}
	return r
}

func TestSessionPoliciesFit(t *testing.T) {
	t.Parallel()
	forEach(t, func(t *testing.T, c core.Control) {
		arns := c.Type.WriteScope(sample(c))
		if len(arns) == 0 || slices.Contains(arns, "") {
			t.Fatalf("the type's scope is %q", arns)
		}
		if slices.Contains(arns, "*") && c.Type.Name != "AWS::::Account" {
			t.Errorf("a session for one %s may write to everything", c.Type.Name)
		}
		for what, ops := range map[string][]awsapi.Op{"writes": c.Writes, "undoes": c.Undoes} {
			if _, err := awsapi.SessionPolicy(ops, c.Type, sample(c)); errors.Is(err, awsapi.ErrTooLarge) {
				t.Errorf("the policy of a session for its %s does not fit: %v", what, err)
			} else if err != nil {
				t.Error(err)
			}
		}
	})
}

var headings = []string{"## Why it matters", "## What is wrong", "## What is done", "## What could break", "## How to undo", "## Known false positives"}

// TestFolders looks at the folders of all controls, listed or not.
func TestFolders(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("../controls/*/*")
	if err != nil {
		t.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return filepath.Base(f) == "internal" }) // what controls of one service have in common
	for _, folder := range folders {
		for _, name := range []string{"control.go", "control_test.go", "doc.md"} {
			if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
				t.Errorf("%s has no %s", folder, name)
			}
		}
		if cases, err := filepath.Glob(filepath.Join(folder, "testdata", "*.txtar")); err != nil || len(cases) == 0 {
			t.Errorf("%s has no cases in testdata", folder)
		}
		doc, err := os.ReadFile(filepath.Join(folder, "doc.md"))
		if err != nil {
			continue // told above
		}
		var got []string
		for line := range strings.Lines(string(doc)) {
			if strings.HasPrefix(line, "## ") {
				got = append(got, strings.TrimSpace(line))
			}
		}
		if !slices.Equal(got, headings) {
			t.Errorf("%s/doc.md has the headings %q, want %q", folder, got, headings)
		}
		suite, err := os.ReadFile(filepath.Join(folder, "control_test.go"))
		if err == nil && !strings.Contains(string(suite), "controltest.Run(") {
			t.Errorf("%s/control_test.go does not run the conformance suite", folder)
		}
	}
	if want := len(catalog.Controls()); len(folders) != want {
		t.Errorf("%d folders of controls, and %d controls in the catalogue; run go generate ./shared/catalog", len(folders), want)
	}
}
