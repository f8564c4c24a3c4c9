package markdown_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	render "github.com/yuin/goldmark/renderer/html"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/notify/show"
	"github.com/shoreup/shoreup/shared/report"
	"github.com/shoreup/shoreup/shared/report/markdown"
	"github.com/shoreup/shoreup/shared/report/reporttest"
)

func written(t testing.TB, r report.Report, o markdown.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := markdown.Write(&b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func finding() core.Finding {
	return core.Finding{
		ID: "p-1", Hash: "0123456789abcdef", Control: "s3-bucket-public", Title: "Close buckets", Severity: core.Critical, Resource: "b|c", ARN: "arn:aws:s3:::b", Account: "111122223333", Region: "eu-west-1",
		Outcome: core.AwaitingApproval, Reason: "people decide", Violations: []core.Violation{{Where: "statement 1", Reason: "anyone"}}, NeverAuto: []string{"used"}, Notes: []string{"kept"},
		Changes: []core.ShownChange{{Call: "s3:Put", Input: json.RawMessage(`{"Bucket":"b"}`), Why: "take it out", Undo: []awsapi.Call{{Op: "s3:Put"}}, Diff: []core.DiffLine{{Path: "x", Before: json.RawMessage("1"), After: json.RawMessage("2")}}}},
		Advice:  []core.Advice{{Title: "move", Steps: []string{"copy", "switch"}, Outage: "none", Cost: "little"}}, Decision: core.Decision{Mode: "approve", Rule: "storage"},
		Context: core.Context{Owner: "team"}, Cause: core.Cause{Origin: "sweep", Time: reporttest.Now.Add(-60e9)},
	}
}

const want = "# shoreup report\n\nMade 2026-11-22 14:30:00 UTC for 1 account in 1 Region, rules .\n\n" +
	"**1 open**: 1 critical, 0 high, 0 medium, 0 low. 1 waiting for a person, 0 not seen.\n\n" +
	"## By owner\n\n| owner | open | critical | high | waiting | fixed | mean time to fix |\n| --- | --- | --- | --- | --- | --- | --- |\n| team | 1 | 1 | 0 | 1 | 0 |  |\n\n" +
	"## Waiting for a person\n\n| severity | control | resource | account | Region | owner | question | for | approvals | expires (UTC) |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n" +
	"| critical | <code>s3-bucket-public</code> | <code>b&#124;c</code> | <code>111122223333</code> | eu-west-1 | team | Close buckets |  |  |  |\n\n" +
	"## Findings\n\n<details><summary>Waits for approval: critical, <code>s3-bucket-public</code> on <code>b&#124;c</code> in <code>111122223333</code> eu-west-1</summary>\n\n" +
	"Close buckets. people decide\n\n- wrong: statement 1: anyone\n- look first: used\n- note: kept\n- cause: unknown, found by the sweep at 2026-11-22 14&#58;29&#58;00 UTC\n" +
	"- decision: approve (storage)\n- owner: team; open for: 1 min\n- plan: <code>p-1</code>, hash <code>0123456789ab</code>\n\n" +
	"take it out\n\n```diff\n- x: 1\n+ x: 2\n```\n\n```json\ns3:Put {\n  \"Bucket\": \"b\"\n}\n```\n\n" +
	"To be done by people: move\n\n1. copy\n2. switch\n\nOutage: none. Cost: little.\n\n</details>\n\n"

func TestAFinding(t *testing.T) {
	t.Parallel()
	got := written(t, report.Build(report.Input{Now: reporttest.Now, Findings: []core.Finding{finding()}}), markdown.Options{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMostIsCounted(t *testing.T) {
	t.Parallel()
	r := reporttest.Report(300)
	text := written(t, r, markdown.Options{Most: 3})
	if n := strings.Count(text, "<details>"); n != 3 {
		t.Errorf("%d plans", n)
	}
	if n := strings.Count(text, "\nand "); n < 4 {
		t.Errorf("the rest is counted %d times", n)
	}
}

var (
	tags     = regexp.MustCompile(`<(/?[a-zA-Z][a-zA-Z0-9]*)([^>]*)>`)
	comments = regexp.MustCompile(`(?s)<!--.*?-->`)
	fences   = regexp.MustCompile(`(?s)<pre>.*?</pre>`)
)

// mayOccur are the elements that the report itself is made of.
var mayOccur = []string{"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "details", "summary", "code", "pre", "strong"}

// rendered is the Markdown as a renderer of the GitHub flavour shows it, raw HTML let through.
func rendered(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(render.WithUnsafe()))
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func checkRendered(t testing.TB, page string) {
	t.Helper()
	for _, m := range tags.FindAllStringSubmatch(comments.ReplaceAllString(page, ""), -1) {
		name := strings.ToLower(strings.TrimPrefix(m[1], "/"))
		known := false
		for _, n := range mayOccur {
			known = known || n == name
		}
		if !known || m[2] != "" && !strings.HasPrefix(m[2], ` class="language-`) {
			t.Errorf("the element %s occurs", m[0])
		}
	}
	for _, element := range []string{"details", "table", "summary"} {
		if strings.Count(page, "<"+element+">") != strings.Count(page, "</"+element+">") {
			t.Errorf("not every %s is closed", element)
		}
	}
}

// A renderer that did not write it shows hostile names as just what they are: no link, no image, no element, no cell of their own.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	r := reporttest.Report(300)
	source := written(t, r, markdown.Options{})
	page := rendered(t, source)
	checkRendered(t, page)
	shown := html.UnescapeString(tags.ReplaceAllString(comments.ReplaceAllString(page, ""), ""))
	for _, s := range reporttest.Hostile() {
		if name := strings.TrimSpace(show.Visible(s)); !strings.Contains(shown, name) {
			t.Errorf("%q is not shown as it is", name)
		}
	}
	// GitHub looks for people and issues in the text that is left, element by element; a comment parts the sign from the name.
	prose := html.UnescapeString(fences.ReplaceAllString(page, ""))
	if m := regexp.MustCompile(`[@#]\w|https?:/`).FindString(strings.ReplaceAll(prose, "http://evil.example", "")); m != "" {
		t.Errorf("the text mentions %q", m)
	}
	if strings.Contains(page, "hunter2") {
		t.Error("a secret is shown")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestAFullDiskIsAnError(t *testing.T) {
	t.Parallel()
	if err := markdown.Write(full{}, reporttest.Report(300), markdown.Options{}); err == nil {
		t.Error("nothing was said")
	}
}

func FuzzANameIsText(f *testing.F) {
	for _, s := range reporttest.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x := finding()
		x.Resource, x.Reason, x.Context.Owner, x.Violations[0].Reason, x.NeverAuto[0], x.Advice[0].Title = s, s, s, s, s, s
		quoted, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		x.Changes[0].Why, x.Changes[0].Input, x.Changes[0].Diff[0].Before = s, quoted, quoted
		checkRendered(t, rendered(t, written(t, report.Build(report.Input{Now: reporttest.Now, Findings: []core.Finding{x}}), markdown.Options{})))
	})
}
