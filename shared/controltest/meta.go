package controltest

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/core"
)

// headings are what a control's doc.md has, after its title and in this order.
var headings = []string{"Why it matters", "What is wrong", "What is done", "What could break", "How to undo", "Known false positives"}

var actionForm = regexp.MustCompile(`^[a-z0-9-]+:[A-Za-z0-9]+$`)

// checkMeta proves that the declaration is complete and agrees with itself.
func checkMeta(t *testing.T, c core.Control) {
	t.Helper()
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			t.Errorf("the declaration of "+c.ID+": "+format, args...)
		}
	}
	bad(!regexp.MustCompile(`^`+regexp.QuoteMeta(c.Service)+`(-[a-z0-9]+)+$`).MatchString(c.ID), "want an id of the form %s-…", c.Service)
	bad(c.Version < 1, "version %d, want 1 or more", c.Version)
	bad(c.Title == "" || strings.HasSuffix(c.Title, "."), "title %q, want a short sentence without a full stop", c.Title)
	bad(c.Service == "" || c.Family == "", "service %q and family %q are both needed", c.Service, c.Family)
	bad(!slices.Contains([]core.Severity{core.Critical, core.High, core.Medium, core.Low}, c.Severity), "severity %q is none", c.Severity)
	bad(!slices.Contains([]core.Disruption{core.DisruptsNothing, core.DisruptsLittle, core.DisruptsMuch}, c.Disruption), "disruption %q is none", c.Disruption)
	bad(c.Type.Name == "" || c.Type.ARN == nil || c.Type.List == nil, "the resource type needs a name, an ARN and a list")
	bad(c.Look == nil || c.Propose == nil || c.JudgeState == nil, "it was not made by core.Define")
	bad(len(c.Events) == 0, "no events")
	for _, e := range c.Events {
		_, direct := c.Type.Events[e]
		_, via := c.Type.Via[e]
		known := direct || via
		bad(!known, "event %s is not among those of %s, so nobody knows where its id is", e, c.Type.Name)
	}
	checkReversal(bad, c.Meta)
	for _, op := range slices.Concat(c.Reads, c.Writes, c.Undoes) {
		bad(len(op.Actions) == 0 || slices.ContainsFunc(op.Actions, func(a string) bool { return !actionForm.MatchString(a) }), "operation %s has actions %v", op.Name, op.Actions)
	}
	for _, list := range [][]awsapi.Op{c.Reads, c.Writes, c.Undoes} {
		names := opNames(list)
		bad(len(names) != len(list), "an operation is declared twice in %v", names)
	}
	checkDoc(t, c.Meta)
}

func checkReversal(bad func(bool, string, ...any), m core.Meta) {
	switch m.Reversible {
	case core.Reversible:
		bad(len(m.Writes) == 0 || len(m.Undoes) == 0, "reversible, with %d writes and %d undoes", len(m.Writes), len(m.Undoes))
	case core.PartlyReversible:
		bad(len(m.Writes) == 0, "partly reversible, without writes")
	case core.AdviceOnly:
		bad(len(m.Writes)+len(m.Undoes) > 0, "advice only, with %d writes and %d undoes", len(m.Writes), len(m.Undoes))
	default:
		bad(true, "reversible is %q", m.Reversible)
	}
}

func checkDoc(t *testing.T, m core.Meta) {
	t.Helper()
	var got []string
	for l := range strings.Lines(m.Doc) {
		if strings.HasPrefix(l, "#") {
			got = append(got, strings.TrimSpace(l))
		}
	}
	want := []string{"# " + m.Title}
	for _, h := range headings {
		want = append(want, "## "+h)
	}
	if !slices.Equal(got, want) {
		t.Errorf("doc.md of %s has the headings\n%q\nwant\n%q", m.ID, got, want)
	}
	for i, h := range headings {
		_, body, _ := strings.Cut(m.Doc, "## "+h+"\n")
		if i+1 < len(headings) {
			body, _, _ = strings.Cut(body, "## "+headings[i+1])
		}
		if strings.TrimSpace(body) == "" {
			t.Errorf("doc.md of %s says nothing under %q", m.ID, h)
		}
	}
}
