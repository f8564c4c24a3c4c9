package infra

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/hub"
)

const ownRole = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/shoreup-"

// TestEveryEventIsHeardOnce counts, for each event that a control declares, the rules whose pattern names it.
func TestEveryEventIsHeardOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		template template
		controls []core.Control
	}{
		{"today", today()["shoreup"], catalog.Controls()}, {"planned", planned()["shoreup"], plannedControls()},
		{"home", today()["shoreup-home"], global(catalog.Controls())}, {"hub", today()["shoreup-hub"], catalog.Controls()},
		{"member", today()["shoreup-member-regional"], catalog.Controls()}, {"planned member", planned()["shoreup-member-regional"], plannedControls()},
	} {
		heard := map[string]int{}
		for _, r := range c.template.of("AWS::Events::Rule") {
			for _, source := range list(at(r.Properties, "EventPattern", "detail", "eventSource")) {
				for _, event := range list(at(r.Properties, "EventPattern", "detail", "eventName")) {
					heard[source+":"+event]++
				}
			}
		}
		declared := map[string]bool{}
		for _, control := range c.controls {
			for _, event := range slices.Concat(control.Events, slices.Collect(maps.Keys(control.Type.Tagging))) {
				declared[event] = true
				if heard[event] != 1 {
					t.Errorf("%s: %d rules hear %s of %s", c.name, heard[event], event, control.ID)
				}
			}
		}
		for event := range heard {
			if !declared[event] {
				t.Errorf("%s: a rule hears %s, which no control declares", c.name, event)
			}
		}
	}
}

// TestCallsPattern holds one whole rule by hand.
func TestCallsPattern(t *testing.T) {
	t.Parallel()
	r := today()["shoreup"].Resources["CallsKmsRule"].Properties
	pattern := r["EventPattern"].(map[string]any)
	want := map[string]any{"source": []any{"aws.kms"}, "detail-type": []any{"AWS API Call via CloudTrail"}}
	detail := pattern["detail"].(map[string]any)
	outer := maps.Clone(pattern)
	delete(outer, "detail")
	if diff := cmp.Diff(want, outer); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !cmp.Equal(list(detail["eventSource"]), []string{"kms.amazonaws.com"}) || !slices.Contains(list(detail["eventName"]), "DisableKeyRotation") {
		t.Errorf("hears %v of %v", detail["eventName"], detail["eventSource"])
	}
	if diff := cmp.Diff([]any{map[string]any{"exists": false}}, detail["errorCode"]); diff != "" {
		t.Errorf("failed calls (-want +got):\n%s", diff)
	}
	target := r["Targets"].([]any)[0]
	if single(at(target, "Arn")) != "${EventsQueue.Arn}" || single(at(target, "DeadLetterConfig", "Arn")) != "${UndeliveredQueue.Arn}" || at(target, "RetryPolicy", "MaximumRetryAttempts") != 185.0 {
		t.Errorf("target %v", target)
	}
}

// TestOwnCallsAreLeftOutInOneForm keeps the events of root and IAM users, which have no session issuer: a plain anything-but would drop them.
func TestOwnCallsAreLeftOutInOneForm(t *testing.T) {
	t.Parallel()
	roles := []string{ownRole + "annotate", ownRole + "read", ownRole + "restore"}
	for _, f := range hub.Families(catalog.Controls()) {
		roles = append(roles, ownRole+"remediate-"+f)
	}
	slices.Sort(roles)
	for _, stack := range []string{"shoreup", "shoreup-home", "shoreup-member-regional"} {
		tpl := today()[stack]
		calls, reconciled := 0, 0
		for id, r := range tpl.of("AWS::Events::Rule") {
			issuer := at(r.Properties, "EventPattern", "detail", "userIdentity", "sessionContext", "sessionIssuer", "arn")
			switch {
			case strings.HasPrefix(id, "Calls"):
				calls++
				form, _ := issuer.([]any)
				if len(form) != 2 || !cmp.Equal(form[0], any(map[string]any{"exists": false})) {
					t.Fatalf("%s %s: %v", stack, id, issuer)
				}
				if diff := cmp.Diff(roles, sorted(list(at(form[1], "anything-but")))); diff != "" {
					t.Errorf("%s %s (-want +got):\n%s", stack, id, diff)
				}
			case id == "ReconciliationRule":
				reconciled++
				if diff := cmp.Diff(roles, sorted(list(issuer))); diff != "" {
					t.Errorf("%s %s (-want +got):\n%s", stack, id, diff)
				}
			case issuer != nil:
				t.Errorf("%s %s looks at the session issuer", stack, id)
			}
		}
		if calls == 0 || reconciled != 1 {
			t.Errorf("%s: %d rules for calls, %d for our own", stack, calls, reconciled)
		}
	}
	if got := single(at(today()["shoreup"].Resources["ReconciliationRule"].Properties["Targets"].([]any)[0], "Arn")); got != "${ReconciliationQueue.Arn}" {
		t.Errorf("our own calls go to %s", got)
	}
}

// TestHubTellsOurCallsApart finds that a hub, which cannot list its members' roles, names them by how their ARNs end.
func TestHubTellsOurCallsApart(t *testing.T) {
	t.Parallel()
	ends := []string{":role/shoreup/shoreup-annotate", ":role/shoreup/shoreup-read", ":role/shoreup/shoreup-restore"}
	for _, f := range hub.Families(catalog.Controls()) {
		ends = append(ends, ":role/shoreup/shoreup-remediate-"+f)
	}
	slices.Sort(ends)
	calls := 0
	for id, r := range today()["shoreup-hub"].of("AWS::Events::Rule") {
		issuer, _ := at(r.Properties, "EventPattern", "detail", "userIdentity", "sessionContext", "sessionIssuer", "arn").([]any)
		switch {
		case strings.HasPrefix(id, "Calls"):
			calls++
			if len(issuer) != 2 || !cmp.Equal(issuer[0], any(map[string]any{"exists": false})) {
				t.Fatalf("%s: %v", id, issuer)
			}
			if diff := cmp.Diff(ends, sorted(list(at(issuer[1], "anything-but", "suffix")))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", id, diff)
			}
		case id == "ReconciliationRule":
			var got []string
			for _, one := range issuer {
				got = append(got, single(at(one, "suffix")))
			}
			if diff := cmp.Diff(ends, sorted(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := single(at(r.Properties["Targets"].([]any)[0], "Arn")); got != "${ReconciliationQueue.Arn}" {
				t.Errorf("our own calls go to %s", got)
			}
		}
	}
	if calls == 0 {
		t.Error("no rules for calls")
	}
}

func TestHomeStackForwards(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup-home"]
	for id, r := range tpl.of("AWS::Events::Rule") {
		target := r.Properties["Targets"].([]any)[0]
		if got := single(at(target, "Arn")); got != "arn:${AWS::Partition}:events:${HubRegion}:${AWS::AccountId}:event-bus/default" {
			t.Errorf("%s sends to %s", id, got)
		}
		if single(at(target, "RoleArn")) != "${EventDeliveryRole.Arn}" || single(at(target, "DeadLetterConfig", "Arn")) != "${UndeliveredQueue.Arn}" {
			t.Errorf("%s: target %v", id, target)
		}
	}
	if !strings.Contains(string(tpl.raw), `"NotTheHub"`) {
		t.Error("nothing stops the stack from sending to itself")
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup"]
	findings := at(tpl.Resources["SecurityhubImportedRule"].Properties, "EventPattern", "detail", "findings")
	for field, want := range map[string][]string{"RecordState": {"ACTIVE"}, "Workflow.Status": {"NEW"}, "Compliance.Status": {"FAILED"}} {
		if got := list(at(findings, strings.Split(field, ".")...)); !cmp.Equal(got, want) {
			t.Errorf("Security Hub, %s: %v", field, got)
		}
	}
	compliance := at(tpl.Resources["ConfigComplianceRule"].Properties, "EventPattern", "detail")
	if got := single(at(compliance, "newEvaluationResult", "complianceType")); got != "NON_COMPLIANT" {
		t.Errorf("AWS Config: %s", got)
	}
	if note := at(findings, "Note"); note != nil {
		t.Errorf("a finding that once got our note is never heard of again: %v", note)
	}
	action := at(tpl.Resources["SecurityhubActionRule"].Properties, "EventPattern")
	if got := list(at(action, "detail", "actionName")); !cmp.Equal(got, []string{"Plan with shoreup", "Request fix"}) || single(at(action, "detail-type")) != "Security Hub Findings - Custom Action" {
		t.Errorf("custom actions: %v", action)
	}
	for _, c := range catalog.Controls() {
		if !slices.Contains(list(at(compliance, "resourceType")), c.Type.Name) {
			t.Errorf("AWS Config: nothing is heard of %s", c.Type.Name)
		}
	}
}

func sorted(l []string) []string {
	slices.Sort(l)
	return l
}
