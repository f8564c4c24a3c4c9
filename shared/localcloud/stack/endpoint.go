package stack

import (
	"fmt"
	"slices"
	"strings"
)

// defaultStage is the one whose path is empty.
const defaultStage = "$default"

func makeURL(d *deployment, r resource) error {
	f := d.cloud.function(fmt.Sprint(r.props["TargetFunctionArn"]), d.account, d.region)
	if f == nil {
		return fmt.Errorf("there is no function %v", r.props["TargetFunctionArn"])
	}
	auth := fmt.Sprint(r.props["AuthType"])
	if auth != authNone && auth != authIAM {
		return fmt.Errorf("auth type %s is not known", auth)
	}
	if mode, ok := r.props["InvokeMode"]; ok && mode != "BUFFERED" {
		return fmt.Errorf("invoke mode %v is not known here", mode)
	}
	address, err := d.fill(kinds()[r.kind].get["FunctionUrl"], r.id, r.id)
	if err != nil {
		return err
	}
	host := strings.TrimSuffix(strings.TrimPrefix(address, "https://"), "/")
	d.cloud.endpoints[host] = &endpoint{id: r.name, host: host, account: d.account, auth: auth, routes: map[string]string{defaultRoute: f.ARN}}
	return nil
}

func makeAPI(d *deployment, r resource) error {
	if r.props["ProtocolType"] != "HTTP" {
		return fmt.Errorf("an API of type %v is not known here", r.props["ProtocolType"])
	}
	address, err := d.fill(kinds()[r.kind].get["ApiEndpoint"], r.id, r.id)
	if err != nil {
		return err
	}
	host := strings.TrimPrefix(address, "https://")
	e := &endpoint{id: r.name, host: host, account: d.account, api: fmt.Sprintf("arn:%s:execute-api:%s:%s:%s", d.partition, d.region, d.account, r.name), routes: map[string]string{}}
	d.cloud.apis[r.name] = e
	if target, ok := r.props["Target"]; ok { // "quick create": one route to one function, and a stage
		e.routes[defaultRoute] = fmt.Sprint(target)
		d.cloud.endpoints[host] = e
	}
	return nil
}

func makeIntegration(d *deployment, r resource) error {
	if r.props["IntegrationType"] != "AWS_PROXY" || fmt.Sprint(r.props["PayloadFormatVersion"]) != "2.0" {
		return fmt.Errorf("want an integration of type AWS_PROXY in payload format 2.0, got %v in %v", r.props["IntegrationType"], r.props["PayloadFormatVersion"])
	}
	uri := fmt.Sprint(r.props["IntegrationUri"])
	if _, after, ok := strings.Cut(uri, "/functions/"); ok { // the longer form, arn:aws:apigateway:REGION:lambda:path/.../functions/ARN/invocations
		uri = strings.TrimSuffix(after, "/invocations")
	}
	f := d.cloud.function(uri, d.account, d.region)
	if f == nil {
		return fmt.Errorf("there is no function %s", uri)
	}
	d.cloud.integrations[r.name] = f.ARN
	return nil
}

func makeRoute(d *deployment, r resource) error {
	e, err := d.api(r)
	if err != nil {
		return err
	}
	key := fmt.Sprint(r.props["RouteKey"])
	if strings.Contains(key, "{") {
		return fmt.Errorf("the route %s has parameters, which are not known here", key)
	}
	if auth, ok := r.props["AuthorizationType"]; ok && auth != authNone {
		return fmt.Errorf("authorization of type %v is not known here", auth)
	}
	id := strings.TrimPrefix(fmt.Sprint(r.props["Target"]), "integrations/")
	if d.cloud.integrations[id] == "" {
		return fmt.Errorf("there is no integration %s", id)
	}
	e.routes[key] = d.cloud.integrations[id]
	return nil
}

// makeStage opens an API: without a stage nobody reaches it.
func makeStage(d *deployment, r resource) error {
	e, err := d.api(r)
	if err != nil {
		return err
	}
	if r.props["StageName"] != defaultStage || !slices.Contains([]string{"true", "True"}, fmt.Sprint(r.props["AutoDeploy"])) {
		return fmt.Errorf("want the stage %s, deployed by itself", defaultStage)
	}
	d.cloud.endpoints[e.host] = e
	return nil
}

func (d *deployment) api(r resource) (*endpoint, error) {
	e := d.cloud.apis[fmt.Sprint(r.props["ApiId"])]
	if e == nil {
		return nil, fmt.Errorf("there is no API %v", r.props["ApiId"])
	}
	return e, nil
}
