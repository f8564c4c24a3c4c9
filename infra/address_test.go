package infra

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhoMayCall holds who may start functions: services for rules and questions of ours, and everybody only the one that hears Slack, only at its URL.
func TestWhoMayCall(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		tpl := today()[stack]
		auth := map[string]string{}
		for id, u := range tpl.of("AWS::Lambda::Url") {
			auth[id] = single(u.Properties["TargetFunctionArn"]) + " " + single(u.Properties["AuthType"])
			if u.Properties["Cors"] != nil {
				t.Errorf("%s %s: pages of others may call it", stack, id)
			}
		}
		want := map[string]string{"InteractFunctionUrl": "${InteractFunction.Arn} NONE", "ReviewFunctionUrl": "${ReviewFunction.Arn} AWS_IAM"}
		if diff := cmp.Diff(want, auth); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stack, diff)
		}
		open := map[string]map[string]any{}
		for id, p := range tpl.of("AWS::Lambda::Permission") {
			if !strings.HasSuffix(single(p.Properties["Principal"]), ".amazonaws.com") {
				open[id] = p.Properties
			}
		}
		function := map[string]any{"Ref": "InteractFunction"}
		for name, want := range map[string]string{"InteractUrl": "HearsSlack ${InteractFunctionUrl.FunctionUrl}", "ReviewUrl": " ${ReviewFunctionUrl.FunctionUrl}"} {
			if got := tpl.Outputs[name].Condition + " " + single(tpl.Outputs[name].Value); got != want {
				t.Errorf("%s: output %s is %q, want %q", stack, name, got, want)
			}
		}
		wantOpen := map[string]map[string]any{
			"InteractUrlPermission":       {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionName": function, "FunctionUrlAuthType": "NONE"},
			"InteractUrlInvokePermission": {"Action": "lambda:InvokeFunction", "Principal": "*", "FunctionName": function, "InvokedViaFunctionUrl": true},
		}
		if diff := cmp.Diff(wantOpen, open); diff != "" {
			t.Errorf("%s (-want +got):\n%s", stack, diff)
		}
	}
}

// TestWhomPeopleMayCall holds the policy that an administrator gives to people: it belongs to nobody here, and opens the review function at its URL alone.
func TestWhomPeopleMayCall(t *testing.T) {
	t.Parallel()
	const arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:shoreup-review"
	for _, stack := range installations {
		tpl := today()[stack]
		p := tpl.Resources["MayReviewPolicy"].Properties
		want := []allowed{
			{"Allow", []string{"lambda:InvokeFunctionUrl"}, []string{arn}, map[string]any{"StringEquals": map[string]any{"lambda:FunctionUrlAuthType": "AWS_IAM"}}},
			{"Allow", []string{"lambda:InvokeFunction"}, []string{arn}, map[string]any{"Bool": map[string]any{"lambda:InvokedViaFunctionUrl": "true"}}},
		}
		if diff := cmp.Diff(want, statements(p["PolicyDocument"]), cmp.AllowUnexported(allowed{})); diff != "" || p["ManagedPolicyName"] != "shoreup-may-review" {
			t.Errorf("%s: %v (-want +got):\n%s", stack, p["ManagedPolicyName"], diff)
		}
		for id, r := range tpl.of("AWS::IAM::Role") {
			if slices.Contains(list(r.Properties["ManagedPolicyArns"]), "${MayReviewPolicy}") {
				t.Errorf("%s %s has it", stack, id)
			}
		}
	}
}

// TestSlackAPI holds the other way for Slack to tell of clicks: one route, at which nobody is asked who they are, and no function URL beside it.
func TestSlackAPI(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		tpl := full()[stack]
		if got := sortedKeys(tpl.of("AWS::Lambda::Url")); !cmp.Equal(got, []string{"ReviewFunctionUrl"}) {
			t.Errorf("%s: URLs %v", stack, got)
		}
		for id, p := range tpl.of("AWS::Lambda::Permission") {
			if !strings.HasSuffix(single(p.Properties["Principal"]), ".amazonaws.com") {
				t.Errorf("%s %s: %v", stack, id, p.Properties)
			}
		}
		permission := tpl.Resources["InteractPermission"].Properties
		if single(permission["Principal"]) != "apigateway.amazonaws.com" || single(permission["SourceArn"]) != "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${InteractApi}/*/POST/" {
			t.Errorf("%s: who may call interact: %v", stack, permission)
		}
		routes := tpl.of("AWS::ApiGatewayV2::Route")
		if r := routes["InteractRoute"].Properties; len(routes) != 1 || r["RouteKey"] != "POST /" || single(r["Target"]) != "integrations/${InteractIntegration}" {
			t.Errorf("%s: routes %v", stack, routes)
		}
		integration := tpl.Resources["InteractIntegration"].Properties
		if integration["PayloadFormatVersion"] != "2.0" || single(integration["IntegrationUri"]) != "${InteractFunction.Arn}" || integration["IntegrationType"] != "AWS_PROXY" {
			t.Errorf("%s: integration %v", stack, integration)
		}
		if got := single(tpl.Outputs["InteractUrl"].Value); got != "${InteractApi.ApiEndpoint}/" {
			t.Errorf("%s: Slack is given the address %s", stack, got)
		}
		stage := tpl.Resources["InteractStage"].Properties
		if at(stage, "DefaultRouteSettings", "ThrottlingRateLimit") != 10.0 || single(at(stage, "AccessLogSettings", "DestinationArn")) != "${InteractApiLogs.Arn}" {
			t.Errorf("%s: stage %v", stack, stage)
		}
	}
}

// TestWithoutSlack: all that only Slack needs exists under one condition, and what others need does not refer to it.
func TestWithoutSlack(t *testing.T) {
	t.Parallel()
	for _, all := range []map[string]template{today(), full()} {
		for _, stack := range installations {
			tpl := all[stack]
			for id, r := range tpl.Resources {
				only := strings.HasPrefix(id, "Interact") && !strings.HasPrefix(id, "InteractDlq") && id != "InteractLogs" || id == "SlackForgedAlarm"
				if (r.Condition == ifClicks) != only && !strings.HasPrefix(id, "NotifyRolePolicy") {
					t.Errorf("%s %s exists under condition %q", stack, id, r.Condition)
				}
			}
			const arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:"
			token, signing := arn+"${SlackCredential}-??????", arn+"${SlackSigning}-??????"
			readers := map[string][]string{}
			for id, p := range tpl.of("AWS::IAM::ManagedPolicy") {
				for _, s := range statements(p.Properties["PolicyDocument"]) {
					if id != boundaryID && slices.Contains(s.actions, "secretsmanager:GetSecretValue") {
						readers[strings.TrimRight(id, "0123456789")+" "+p.Condition] = s.resources
					}
				}
			}
			// Whoever reads the signing secret makes clicks of anybody: it is for the function that hears them alone.
			want := map[string][]string{"NotifyRolePolicy " + ifSlack: {token}, "InteractRolePolicy " + ifClicks: {token, signing}}
			if diff := cmp.Diff(want, readers); diff != "" {
				t.Errorf("%s: who reads which secret (-want +got):\n%s", stack, diff)
			}
		}
	}
	both, _ := json.Marshal(today()["shoreup"].Conditions[ifClicks])
	if want := `{"Fn::And":[{"Fn::Not":[{"Fn::Equals":[{"Ref":"SlackCredential"},""]}]},{"Fn::Not":[{"Fn::Equals":[{"Ref":"SlackSigning"},""]}]}]}`; string(both) != want {
		t.Errorf("clicks are heard if %s", both)
	}
}

// TestReservedConcurrency: Slack has a share of its own, so that a flood there stops nothing else and a flood elsewhere does not stop people. Nothing else reserves any.
func TestReservedConcurrency(t *testing.T) {
	t.Parallel()
	for _, stack := range installations {
		for id, f := range today()[stack].of("AWS::Lambda::Function") {
			got := f.Properties["ReservedConcurrentExecutions"]
			if id != "InteractFunction" {
				if got != nil {
					t.Errorf("%s %s takes %v of the account's concurrency", stack, id, got)
				}
				continue
			}
			want := map[string]any{"Fn::If": []any{"ReservesSlackConcurrency", map[string]any{"Ref": "SlackConcurrency"}, map[string]any{"Ref": "AWS::NoValue"}}}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", stack, diff)
			}
			if f.Properties["Timeout"] != 5.0 {
				t.Errorf("%s: interact may take %v s", stack, f.Properties["Timeout"])
			}
		}
		if got := today()[stack].Parameters["SlackConcurrency"].Default; got != 5.0 {
			t.Errorf("%s: %v are reserved", stack, got)
		}
	}
}
