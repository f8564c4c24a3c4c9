package text

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

func prod(string) string { return "prod" }

func render(t testing.TB, f core.Finding, o Options) string {
	t.Helper()
	var b strings.Builder
	if err := Finding(&b, f, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestFinding(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		finding core.Finding
		want    string
	}{
		"mixed security group": {mixedGroup(), mixedGroupText},
		"partner statement":    {partner(), partnerText},
		"advice":               {advised(), advisedText},
		"refused":              {refused(), refusedText},
		"fixed":                {fixed(), fixedText},
		"undo plan":            {undoPlan(), undoPlanText},
		"blind":                {blind(), blindText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, render(t, tt.finding, Options{AccountName: prod})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestUndoPromisesWhatItKeeps: what the notes say of undo comes before what the control declares in general.
func TestUndoPromisesWhatItKeeps(t *testing.T) {
	t.Parallel()
	change := core.ShownChange{Undo: []awsapi.Call{{Op: "s3:PutBucketPolicy"}}}
	for _, c := range []struct {
		reversible core.Reversal
		notes      []string
		want       string
	}{
		{core.Reversible, nil, "1 call back to exactly this state: s3:PutBucketPolicy"},
		{core.Reversible, []string{"connections stay up"}, "1 call back to exactly this state: s3:PutBucketPolicy"},
		{core.Reversible, []string{"BlockPublicPolicy is on: undo cannot put the public statements back"}, "1 call back as far as the notes say: s3:PutBucketPolicy"},
		{core.PartlyReversible, nil, "1 call back as far as the notes say: s3:PutBucketPolicy"},
	} {
		if got := undo(core.Finding{Reversible: c.reversible, Notes: c.notes, Changes: []core.ShownChange{change}}); got != c.want {
			t.Errorf("%s, notes %q: got %q, want %q", c.reversible, c.notes, got, c.want)
		}
	}
}

// TestWhoMends: a reader sees which violations no plan takes away.
func TestWhoMends(t *testing.T) {
	t.Parallel()
	f := core.Finding{Violations: []core.Violation{
		{Where: "a", Reason: "certain"}, {Where: "b", Reason: "for people", Manual: true}, {Where: "c", Reason: "open", Unsettled: true},
	}}
	got := render(t, f, Options{Width: 200})
	for _, want := range []string{"a: certain\n", "b: for people (left to people: see the advice)\n", "c: open (not settled by AWS's documents: reported, never changed)\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestColorAddsNothingButColor(t *testing.T) {
	t.Parallel()
	for _, f := range []core.Finding{mixedGroup(), partner(), advised(), fixed(), blind()} {
		plain, colored := render(t, f, Options{}), render(t, f, Options{Color: true})
		if diff := cmp.Diff(plain, text.StripEscape(colored)); diff != "" {
			t.Errorf("%s (-plain +stripped):\n%s", f.Resource, diff)
		}
		for _, line := range strings.Split(colored, "\n") {
			if i := strings.LastIndex(line, "\x1b["); i >= 0 && !strings.HasPrefix(line[i:], "\x1b[0m") {
				t.Errorf("the colour of %q runs on into the next line", line)
			}
		}
	}
	if got := render(t, partner(), Options{Color: true}); !strings.Contains(got, "\x1b[31m- \x1b[0m\x1b[31mpolicy statement 2") {
		t.Errorf("a removed line is not red: %q", got)
	}
}

func TestWidth(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 60, 100, 200} {
		for i, line := range strings.Split(render(t, partner(), Options{Width: width}), "\n") {
			if n := text.StringWidth(line); n > width && i > 0 { // the first line is never broken: people copy the ARN from it
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
	}
}

// TestNothingSteersTheTerminal puts an attack into each field that comes from outside.
func TestNothingSteersTheTerminal(t *testing.T) {
	t.Parallel()
	got := render(t, hostile("a\x1b[2Jb\u009b31mc\u202ed\u200be\rf\x07\xff"), Options{AccountName: func(string) string { return "\x1b]0;x\x07" }})
	safe(t, got)
	if !strings.Contains(got, `a\u001b[2Jb\u009b31mc\u202ed\u200be f\u0007`) {
		t.Errorf("the characters are not spelled out:\n%s", got)
	}
}

// hostile is a finding with s wherever text may stand.
func hostile(s string) core.Finding {
	raw, err := json.Marshal(map[string]any{s: s, "Effect": s, "Action": []string{s}, "Condition": map[string]any{s: map[string]string{s: s}}})
	if err != nil {
		panic(err) // a map of texts always has a JSON form
	}
	return core.Finding{
		ID: s, Hash: s, Control: s, Title: s, Severity: core.Severity(s), Resource: s, ARN: s, Account: s, Region: s, Outcome: core.Outcome(s), Reason: s,
		Violations: []core.Violation{{Where: s, Reason: s}}, NeverAuto: []string{s}, Notes: []string{s}, RulesVersion: s,
		Changes:  []core.ShownChange{{Call: s, Why: s, Input: raw, Diff: []core.DiffLine{{Path: s, Before: raw}, {Path: s, Before: json.RawMessage(s), After: raw}}}},
		Advice:   []core.Advice{{Title: s, Steps: []string{s}, Outage: s, Cost: s}},
		Decision: core.Decision{Mode: s, Reason: s + s, Rule: s}, Context: core.Context{Owner: s, Facts: []string{s}, Tags: map[string]string{s: s}},
		Cause: core.Cause{Origin: s, Actor: s, Event: s, Time: ten}, Record: core.Record{Chain: s, Seq: 1, Hash: s},
	}
}

func safe(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Errorf("not UTF-8: %q", out)
	}
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%U got through: %q", r, out)
			return
		}
	}
}

func FuzzFinding(f *testing.F) {
	f.Add("acme", 100)
	f.Add("\x1b[31m\u202e\u2066\x00\xff日本語 word,word/word", 40)
	f.Add(strings.Repeat("x", 300), 41)
	f.Fuzz(func(t *testing.T, s string, width int) {
		out := render(t, hostile(s), Options{Width: width % 300})
		safe(t, out)
		if !strings.HasSuffix(out, "\n\n") {
			t.Errorf("no empty line at the end: %q", out)
		}
	})
}

func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	f := partner()
	f.Changes[0].Input = json.RawMessage(`{"MasterUserPassword":"hunter2","MinimumPasswordLength":14}`)
	got := render(t, f, Options{})
	if strings.Contains(got, "hunter2") || !strings.Contains(got, `{"MasterUserPassword":"(hidden)","MinimumPasswordLength":14}`) {
		t.Errorf("got:\n%s", got)
	}
}

type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestErrorsOfTheWriter(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"finding": Finding(broken{}, partner(), Options{}), "summary": Summary(broken{}, nil, nil, Options{}),
		"audit": AuditTable(broken{}, nil, Options{}), "controls": ControlsTable(broken{}, nil, nil, Options{}),
	} {
		if !errors.Is(err, errBroken) {
			t.Errorf("%s: %v, want the writer's error", name, err)
		}
	}
}
