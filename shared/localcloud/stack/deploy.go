package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
)

// deployment is a stack on its way.
type deployment struct {
	*scope
	ctx     context.Context
	cloud   *Cloud
	session awsapi.Session // of the stack's account, straight to the emulator
	fresh   []*queue.Mapping
}

// inOrder is the order in which types are made: what others need comes first. Types that are missing here need no order and come in between.
var inOrder = []string{
	"AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::S3::BucketPolicy",
	"AWS::Events::EventBus", "AWS::Events::EventBusPolicy", "", "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Url",
	"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::Stage", "AWS::Lambda::EventSourceMapping", "AWS::Events::Rule",
}

// Deploy makes what the template says and starts its event source mappings. What was made before an error stays.
func (c *Cloud) Deploy(ctx context.Context, s Stack) error {
	if err := c.deploy(ctx, s); err != nil {
		return fmt.Errorf("deploying stack %s in %s/%s: %w", s.Name, s.Account, s.Region, err)
	}
	return nil
}

func (c *Cloud) deploy(ctx context.Context, s Stack) error {
	if c.stacks[s.Name] != nil {
		return errors.New("there is a stack of this name; the names of a cloud's stacks must differ")
	}
	t, err := parseTemplate(s.Template)
	if err != nil {
		return err
	}
	d := &deployment{ctx: ctx, cloud: c, session: c.session(s.Account, s.Region), scope: &scope{
		template: t, stack: s.Name, account: s.Account, region: s.Region, partition: awsapi.PartitionOf(s.Region), suffix: suffixOf(s.Region), conditions: map[string]bool{},
	}}
	if d.parameters, err = t.values(s.Parameters); err != nil {
		return err
	}
	if err := d.assert(); err != nil {
		return err
	}
	made, err := d.resources()
	if err != nil {
		return err
	}
	if err := d.build(made); err != nil {
		return err
	}
	for _, r := range made {
		if err := d.make(r); err != nil {
			return fmt.Errorf("making %s (%s): %w", r.id, r.kind, err)
		}
	}
	c.stacks[s.Name] = d
	c.start(d.fresh)
	return nil
}

// resources returns what is to be made, in order.
func (d *deployment) resources() ([]resource, error) {
	var out []resource
	for _, id := range slices.Sorted(maps.Keys(d.Resources)) {
		made, err := d.isMade(id, "Resources."+id)
		if err != nil {
			return nil, err
		}
		if !made {
			continue
		}
		r := resource{id: id, kind: d.Resources[id].Type, props: d.Resources[id].Properties}
		if r.name, err = d.physical(id); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b resource) int { return rank(a) - rank(b) })
	return out, nil
}

func rank(r resource) int {
	i := slices.Index(inOrder, r.kind)
	if i < 0 {
		i = slices.Index(inOrder, "")
	}
	_, redrives := r.props["RedrivePolicy"]
	if redrives { // its dead-letter queue must be there
		return 2*i + 1
	}
	return 2 * i
}

func (d *deployment) make(r resource) error {
	k := kinds()[r.kind]
	if k.make == nil {
		d.cloud.ignored[r.kind] = append(d.cloud.ignored[r.kind], d.stack+"/"+r.id)
		return nil
	}
	var err error
	if r.props, err = d.properties(r); err != nil {
		return err
	}
	if form, ok := k.get["Arn"]; ok {
		arn, err := d.fill(form, r.id, r.id)
		if err != nil {
			return err
		}
		d.cloud.own = append(d.cloud.own, arn)
	}
	return k.make(d, r)
}

// properties returns the resource's properties with every intrinsic function resolved.
func (d *deployment) properties(r resource) (map[string]any, error) {
	v, err := d.resolve(r.props, "Resources."+r.id+".Properties")
	if err != nil {
		return nil, err
	}
	props, _ := v.(map[string]any)
	return props, nil
}

// arn is the resource's own ARN.
func (d *deployment) arn(r resource) (string, error) {
	return d.fill(kinds()[r.kind].get["Arn"], r.id, r.id)
}
