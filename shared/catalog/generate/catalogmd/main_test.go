package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	have, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page(catalog.Controls()), string(have)); diff != "" {
		t.Errorf("%s is not current; run go generate ./shared/catalog (-want +have):\n%s", name, diff)
	}
}

func TestPageSaysWhatIsDeclared(t *testing.T) {
	t.Parallel()
	c := core.Control{Meta: core.Meta{
		ID: "x-open", Version: 3, Title: "Close it", Family: "storage", Type: awsapi.ResourceType{Name: "AWS::X::Thing"}, Severity: core.High,
		Reversible: core.PartlyReversible, Disruption: core.DisruptsLittle, SecurityHub: []string{"X.1", "X.2"}, Frameworks: map[string][]string{"b": {"2"}, "a": {"1", "3"}},
		Events: []string{"x.amazonaws.com:Open"}, Reads: []awsapi.Op{{Name: "x:Get"}}, Writes: []awsapi.Op{{Name: "x:Put"}, {Name: "x:Delete"}},
	}}
	got := page([]core.Control{c})
	for _, want := range []string{
		"1 controls:", "| [x-open](#x-open) | high | AWS::X::Thing | as the rules say | partly | low |", "## Family storage\n", "### x-open\nClose it. Version 3.\n",
		"- Security Hub: X.1, X.2\n", "- Frameworks: a 1, 3; b 2\n", "- Looks when: x.amazonaws.com:Open\n", "- Reads: x:Get\n", "- Writes: x:Put, x:Delete\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q:\n%s", want, got)
		}
	}
	for _, wrong := range []string{"AWS Config:", "Undo writes"} {
		if strings.Contains(got, wrong) {
			t.Errorf("the page says %q of a control that declares none", wrong)
		}
	}
}

func TestFixIsNeverPromisedToBeAutomatic(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]core.Meta{
		"advice":           {Reversible: core.AdviceOnly, Family: "iam"},
		"by approval":      {Reversible: core.Reversible, AccountWide: true},
		"as the rules say": {Reversible: core.Reversible},
	} {
		if got := fix(m); got != want {
			t.Errorf("fix(%+v) = %q, want %q", m, got, want)
		}
	}
}
