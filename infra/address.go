package infra

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/jsii-runtime-go"
)

// Who may call a function at its URL, in the words of Lambda's auth types.
const (
	openToAll  = "NONE"    // anybody; the function itself finds out who it is
	signedOnly = "AWS_IAM" // whoever's own policies in this account allow it
)

// How many requests the HTTP API lets through: a person clicks once.
const (
	clicksPerSecond = 10
	clicksAtOnce    = 20
)

// address lets a function be called over HTTPS, and says where.
func (s stack) address(f function) {
	switch {
	case f.address == "":
	case f.address == openToAll && s.props.SlackAPI:
		s.httpAPI(f)
	default:
		s.functionURL(f)
	}
}

func (s stack) functionURL(f function) {
	url := awslambda.NewCfnUrl(s.in, jsii.String(id(f.name, "function-url")), &awslambda.CfnUrlProps{
		AuthType: &f.address, TargetFunctionArn: text(att(functionID(f.name), "Arn")),
	})
	only(url, s, f.condition)
	s.addressOutput(f, text(att(id(f.name, "function-url"), "FunctionUrl")))
	if f.address == openToAll {
		s.openURL(f)
		return
	}
	s.callers(f)
}

// openURL lets everybody call a function, and only at its URL. It takes both permissions. Source: Lambda developer guide, "Control access to Lambda
// function URLs". A URL for signed requests needs none: there the callers' own policies say so.
func (s stack) openURL(f function) {
	for _, p := range []*awslambda.CfnPermissionProps{
		{Action: jsii.String("lambda:InvokeFunctionUrl"), FunctionUrlAuthType: &f.address},
		{Action: jsii.String("lambda:InvokeFunction"), InvokedViaFunctionUrl: true},
	} {
		part := "url-permission"
		if p.InvokedViaFunctionUrl != nil {
			part = "url-invoke-permission"
		}
		p.Principal, p.FunctionName = jsii.String("*"), text(ref(functionID(f.name)))
		only(awslambda.NewCfnPermission(s.in, jsii.String(id(f.name, part)), p), s, f.condition)
	}
}

// callers adds the policy that lets people call a function at its URL, and in no other way. It is attached to nobody: an administrator gives it to people,
// or names it in a permission set of IAM Identity Center, which is why it has a name, and no description that could never be changed.
func (s stack) callers(f function) {
	arn := "arn:" + partition + ":lambda:" + region + ":" + account + ":function:" + name(f.name)
	called := "may-" + f.name
	awsiam.NewCfnManagedPolicy(s.in, jsii.String(id(called, "policy")), &awsiam.CfnManagedPolicyProps{
		ManagedPolicyName: jsii.String(name(called)), Path: jsii.String(path), PolicyDocument: document(
			statement{actions: []string{"lambda:InvokeFunctionUrl"}, resources: []string{arn}, condition: object{"StringEquals": object{"lambda:FunctionUrlAuthType": f.address}}},
			statement{actions: []string{"lambda:InvokeFunction"}, resources: []string{arn}, condition: object{"Bool": object{"lambda:InvokedViaFunctionUrl": "true"}}},
		),
	})
}

// httpAPI puts an HTTP API in front of a function, for organisations that allow no function URL without authentication. Its one route is all that
// Slack needs; the payload is that of a function URL.
func (s stack) httpAPI(f function) {
	part := func(of string) *string { return jsii.String(id(f.name, of)) }
	api := awsapigatewayv2.NewCfnApi(s.in, part("api"), &awsapigatewayv2.CfnApiProps{
		Name: jsii.String(name(f.name)), Description: &f.does, ProtocolType: jsii.String("HTTP"),
	})
	integration := awsapigatewayv2.NewCfnIntegration(s.in, part("integration"), &awsapigatewayv2.CfnIntegrationProps{
		ApiId: api.Ref(), IntegrationType: jsii.String("AWS_PROXY"), IntegrationUri: text(att(functionID(f.name), "Arn")), PayloadFormatVersion: jsii.String("2.0"),
		TimeoutInMillis: jsii.Number(f.timeout * 1000),
	})
	route := awsapigatewayv2.NewCfnRoute(s.in, part("route"), &awsapigatewayv2.CfnRouteProps{
		ApiId: api.Ref(), RouteKey: jsii.String("POST /"), AuthorizationType: jsii.String("NONE"), Target: text(sub("integrations/${" + id(f.name, "integration") + "}")),
	})
	logs := awslogs.NewCfnLogGroup(s.in, part("api-logs"), &awslogs.CfnLogGroupProps{
		LogGroupName: jsii.String("/aws/apigateway/" + name(f.name)), RetentionInDays: jsii.Number(logYear),
	})
	keep(logs)
	stage := awsapigatewayv2.NewCfnStage(s.in, part("stage"), &awsapigatewayv2.CfnStageProps{
		ApiId: api.Ref(), StageName: jsii.String("$default"), AutoDeploy: true,
		AccessLogSettings:    &awsapigatewayv2.CfnStage_AccessLogSettingsProperty{DestinationArn: logs.AttrArn(), Format: jsii.String(accessLog)},
		DefaultRouteSettings: &awsapigatewayv2.CfnStage_RouteSettingsProperty{ThrottlingRateLimit: jsii.Number(clicksPerSecond), ThrottlingBurstLimit: jsii.Number(clicksAtOnce)},
	})
	permission := awslambda.NewCfnPermission(s.in, part("permission"), &awslambda.CfnPermissionProps{
		Action: jsii.String("lambda:InvokeFunction"), Principal: jsii.String("apigateway.amazonaws.com"), FunctionName: text(ref(functionID(f.name))),
		SourceArn: text(sub("arn:" + partition + ":execute-api:" + region + ":" + account + ":${" + id(f.name, "api") + "}/*/POST/")), // of any stage; it names the account, too
	})
	for _, r := range []awscdk.CfnResource{api, integration, route, logs, stage, permission} {
		only(r, s, f.condition)
	}
	s.addressOutput(f, text(sub("${"+id(f.name, "api")+".ApiEndpoint}/")))
}

// accessLog is a line of JSON for each request. Source: API Gateway developer guide, "Customize HTTP API access logs".
const accessLog = `{"time":"$context.requestTime","request":"$context.requestId","from":"$context.identity.sourceIp","method":"$context.httpMethod",` +
	`"route":"$context.routeKey","status":"$context.status","length":"$context.responseLength","error":"$context.integrationErrorMessage"}`

// addressOutput says where a function answers.
func (s stack) addressOutput(f function, url *string) {
	out := awscdk.NewCfnOutput(s.in, jsii.String(id(f.name, "url")), &awscdk.CfnOutputProps{Description: jsii.String("The address of the function " + f.name), Value: url})
	if f.condition != "" {
		out.SetCondition(s.in.Node().FindChild(&f.condition).(awscdk.CfnCondition))
	}
}
