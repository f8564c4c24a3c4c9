package infra

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/catalog"
	"github.com/shoreup/shoreup/shared/core"
)

func TestMemberGlobalHoldsRolesAlone(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup-member-global"]
	var roles []string
	for id, r := range tpl.Resources {
		switch r.Type {
		case "AWS::IAM::Role":
			roles = append(roles, single(r.Properties["RoleName"]))
		case "AWS::IAM::ManagedPolicy":
		default:
			t.Errorf("%s is a %s", id, r.Type)
		}
	}
	want := []string{"shoreup-annotate", "shoreup-event-delivery", "shoreup-read", "shoreup-remediate-iam", "shoreup-remediate-network", "shoreup-remediate-storage", "shoreup-restore"}
	if diff := cmp.Diff(want, sorted(roles)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := sortedKeys(tpl.Parameters); !cmp.Equal(got, []string{"EnableIAM", "HubAccount", "HubRegion", "OrganizationId"}) {
		t.Errorf("parameters %v", got)
	}
	forward := tpl.roleStatements()["shoreup-event-delivery"][0]
	if !cmp.Equal(forward.actions, []string{"events:PutEvents"}) || !cmp.Equal(forward.resources, []string{"arn:${AWS::Partition}:events:${HubRegion}:${HubAccount}:event-bus/shoreup"}) {
		t.Errorf("the delivery role may %+v", forward)
	}
}

// TestMemberRegionalFitsEveryRegion: nothing in it is global, so that it can be deployed in all Regions of an account, and every rule forwards.
func TestMemberRegionalFitsEveryRegion(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup-member-regional"]
	for id, r := range tpl.Resources {
		if strings.HasPrefix(r.Type, "AWS::IAM::") || strings.HasPrefix(r.Type, "AWS::S3::") || r.Type == "AWS::CloudWatch::Dashboard" {
			t.Errorf("%s is a %s: a second Region of the account cannot have it", id, r.Type)
		}
	}
	for id, r := range tpl.of("AWS::Events::Rule") {
		target := r.Properties["Targets"].([]any)[0]
		if got := single(at(target, "Arn")); got != "arn:${AWS::Partition}:events:${HubRegion}:${HubAccount}:event-bus/shoreup" {
			t.Errorf("%s sends to %s", id, got)
		}
		if single(at(target, "RoleArn")) != "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/shoreup/shoreup-event-delivery" || single(at(target, "DeadLetterConfig", "Arn")) != "${UnforwardedQueue.Arn}" {
			t.Errorf("%s: target %v", id, target)
		}
	}
}

// TestGlobalServicesAreHeardAtHome: IAM reports to the home Region alone. S3 has settings of the account, but is no global service.
func TestGlobalServicesAreHeardAtHome(t *testing.T) {
	t.Parallel()
	tpl := today()["shoreup-member-regional"]
	var home []string
	for id, r := range tpl.of("AWS::Events::Rule") {
		if r.Condition != "" {
			home = append(home, id+" "+r.Condition)
		}
	}
	want := []string{"CallsIamRule IsHomeRegion", "GlobalConfigComplianceRule IsHomeRegion", "GlobalConfigItemRule IsHomeRegion", "GlobalConfigSummaryRule IsHomeRegion"}
	if diff := cmp.Diff(want, sorted(home)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov"} {
		if got := single(at(tpl.Mappings["HomeRegions"], partition, "Region")); got != awsapi.HomeRegion(partition) {
			t.Errorf("%s: home is %s", partition, got)
		}
	}
	mixed := []core.Control{
		{Meta: core.Meta{Type: awsapi.ResourceType{Name: "A", Global: true}, Events: []string{"one.amazonaws.com:X", "two.amazonaws.com:X"}}},
		{Meta: core.Meta{Type: awsapi.ResourceType{Name: "B"}, Events: []string{"two.amazonaws.com:Y"}}},
	}
	for _, p := range cloudTrail(mixed, issuers{}) {
		if p.home != (p.name == "calls-one") {
			t.Errorf("%s: only at home %v", p.name, p.home)
		}
	}
}

// TestMembersArePlainFiles: what StackSets deploy without anything in the account.
func TestMembersArePlainFiles(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"shoreup-member-global", "shoreup-member-regional", "shoreup-member-config"} {
		tpl := full()[stack]
		for id, r := range tpl.Resources {
			if r.Type == "AWS::Lambda::Function" || strings.HasPrefix(r.Type, "Custom::") || r.Type == "AWS::CloudFormation::CustomResource" {
				t.Errorf("%s %s is a %s", stack, id, r.Type)
			}
		}
		for _, word := range []string{"Transform", "AssetParameters", "cdk-hnb659fds", "Fn::ImportValue", "{{resolve:ssm"} {
			if strings.Contains(string(tpl.raw), word) {
				t.Errorf("%s holds %s", stack, word)
			}
		}
	}
	if text := string(today()["shoreup-member-global"].raw); !strings.Contains(text, "management account") {
		t.Error("nothing says what to do about the management account, which StackSets leave out")
	}
}

// TestConfigRules: each managed rule once, with what it asks for, and one of our own for each control that has none.
func TestConfigRules(t *testing.T) {
	t.Parallel()
	config, member := full()["shoreup-config"], full()["shoreup-member-config"]
	for stack, own := range map[string]bool{"shoreup-config": true, "shoreup-member-config": false} {
		managed, custom := map[string]bool{}, map[string]bool{}
		for id, r := range full()[stack].of("AWS::Config::ConfigRule") {
			if owner := at(r.Properties, "Source", "Owner"); owner == "AWS" {
				identifier := single(at(r.Properties, "Source", "SourceIdentifier"))
				if managed[identifier] {
					t.Errorf("%s: %s is there twice", stack, identifier)
				}
				managed[identifier] = true
				continue
			}
			custom[single(at(r.Properties, "InputParameters", "control"))] = true
			if got := single(at(r.Properties, "Source", "SourceIdentifier")); got != "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:shoreup-configrule" {
				t.Errorf("%s asks %s", id, got)
			}
		}
		for _, c := range catalog.Controls() {
			for _, i := range c.ConfigRules {
				if !managed[i] {
					t.Errorf("%s: %s of %s is not deployed", stack, i, c.ID)
				}
			}
			if want := own && len(c.ConfigRules) == 0; custom[c.ID] != want {
				t.Errorf("%s: a rule of our own for %s: %v, want %v", stack, c.ID, custom[c.ID], want)
			}
		}
	}
	if got := single(at(config.Resources["ShoreupIamUserUnusedCredentialsCheckConfig"].Properties, "InputParameters", "maxCredentialUsageAge")); got != "90" {
		t.Errorf("a parameter that is not optional is %q", got)
	}
	if got := single(config.Resources["ShoreupIncomingSshDisabledConfig"].Properties["Description"]); got != "AWS Config's restricted-ssh" {
		t.Errorf("the rule that AWS calls restricted-ssh is described as %q", got)
	}
	if got := member.Resources["ShoreupRdsClusterEncryptedAtRestConfig"].Condition; got != "IsCommercialPartition" {
		t.Errorf("a rule that two partitions lack is under condition %q", got)
	}
	if got := member.Resources["ShoreupIamPasswordPolicyConfig"].Condition; got != "IsHomeRegion" {
		t.Errorf("a rule on global resources is under condition %q", got)
	}
	// IAM's roles are recorded, images are not.
	role, image := config.Resources["ShoreupIamRoleTrustOpenConfig"].Properties, config.Resources["ShoreupEc2ImagePublicConfig"].Properties
	if !cmp.Equal(list(at(role, "Scope", "ComplianceResourceTypes")), []string{"AWS::IAM::Role"}) || triggers(role) != "ConfigurationItemChangeNotification OversizedConfigurationItemChangeNotification" {
		t.Errorf("a recorded type: %v", role)
	}
	if image["Scope"] != nil || triggers(image) != "ScheduledNotification" {
		t.Errorf("a type that is not recorded: %v", image)
	}
	permission := full()["shoreup"].Resources["ConfigrulePermission"].Properties
	if single(permission["Principal"]) != "config.amazonaws.com" || single(permission["SourceAccount"]) != "${AWS::AccountId}" {
		t.Errorf("who may ask: %v", permission)
	}
}

func triggers(rule map[string]any) string {
	var out []string
	details, _ := at(rule, "Source", "SourceDetails").([]any)
	for _, d := range details {
		out = append(out, single(at(d, "MessageType")))
	}
	return strings.Join(slices.Sorted(slices.Values(out)), " ")
}

// TestHubActions: people's actions are made, and lead to the queue of events.
func TestHubActions(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		tpl := full()[stack]
		for id, want := range map[string]string{"ShoreupPlan": "Plan with shoreup", "ShoreupRequestFix": "Request fix"} {
			p := tpl.Resources[id].Properties
			if p["Id"] != id || p["Name"] != want || len(want) > 20 || single(p["Arn"]) != "arn:${AWS::Partition}:securityhub:${AWS::Region}:${AWS::AccountId}:action/custom/"+id {
				t.Errorf("%s: action %s: %v", stack, id, p)
			}
		}
		rule := map[string]string{"shoreup": "SecurityhubActionRule", "shoreup-hub": "SecurityhubActionHereRule"}[stack]
		if got := single(at(tpl.Resources[rule].Properties["Targets"].([]any)[0], "Arn")); got != "${EventsQueue.Arn}" {
			t.Errorf("%s: what people pick goes to %s", stack, got)
		}
	}
	if n := len(actionsCode); n > 4096 {
		t.Errorf("the code in the template has %d characters of 4096", n)
	}
}

// TestWhatIsNotForwardedIsTold: beside rules that forward there is a queue for what did not arrive, with an alarm where a topic is named.
func TestWhatIsNotForwardedIsTold(t *testing.T) {
	t.Parallel()
	for stack, queue := range map[string]string{"shoreup-home": "undelivered", "shoreup-member-regional": "unforwarded"} {
		tpl := today()[stack]
		alarm := tpl.Resources[id(queue, "alarm")]
		dimensions, _ := alarm.Properties["Dimensions"].([]any)
		if alarm.Condition != "HasAlarmTopic" || single(alarm.Properties["AlarmActions"]) != "${AlarmTopic}" || len(dimensions) != 1 || at(dimensions[0], "Value") != "shoreup-"+queue {
			t.Errorf("%s: %+v", stack, alarm)
		}
		for logical, rule := range tpl.of("AWS::Events::Rule") {
			target := rule.Properties["Targets"].([]any)[0]
			if got := single(at(target, "DeadLetterConfig", "Arn")); got != "${"+queueID(queue)+".Arn}" {
				t.Errorf("%s %s: what does not arrive goes to %q", stack, logical, got)
			}
		}
	}
}
