package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/localcloud/queue"
)

// Refusal is an event that a policy kept from a rule's target.
type Refusal struct {
	Rule, Target, Reason string
	Event                string
}

// Refused returns the events that were kept from their targets so far, in order.
func (c *Cloud) Refused() []Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.refused)
}

func partitionOf(region string) string { return awsapi.PartitionOf(region) }

// fire delivers an event to a rule's targets. It returns the rules that matched on other buses.
func (c *Cloud) fire(ctx context.Context, r *busRule, e event) ([]string, error) {
	var matched []string
	for _, t := range r.targets {
		to := e
		if t.input != nil {
			to.raw = []byte(*t.input)
		}
		if refusal := c.authorize(r, t, e); refusal != nil {
			if err := c.undelivered(r, t, e, refusal); err != nil {
				return matched, err
			}
			continue
		}
		more, err := c.deliver(ctx, t, to)
		matched = append(matched, more...)
		if err != nil {
			return matched, fmt.Errorf("delivering an event of rule %s to %s: %w", r.arn, t.arn, err)
		}
	}
	return matched, nil
}

func (c *Cloud) deliver(ctx context.Context, t target, e event) ([]string, error) {
	switch part(t.arn, 2) {
	case "sqs":
		if err := c.queues[t.arn].send(string(e.raw), nil); err != nil {
			return nil, err
		}
		c.traffic.Touch()
	case "lambda":
		c.invoke(c.functions[t.arn], e.raw)
	case "events":
		e.hops++
		return c.pass(ctx, c.bus(t.arn), e)
	}
	return nil, nil
}

// authorize tells why the event may not go to the target, if so: nobody has it, or policies do not allow it.
//
// Source: EventBridge user guide, "Using resource-based policies for Amazon EventBridge" and "Sending and receiving events between AWS accounts".
func (c *Cloud) authorize(r *busRule, t target, e event) error {
	action, policies, err := c.guard(t.arn)
	if err != nil {
		return err
	}
	if e.hops > 0 && part(t.arn, 2) == "events" {
		return fmt.Errorf("an event that came over another bus is not passed on to %s: EventBridge passes it once", t.arn)
	}
	q := request{action: action, resource: t.arn, service: "events.amazonaws.com", account: accountOf(r.arn), context: map[string]string{
		"aws:SourceArn": r.arn, "aws:SourceAccount": accountOf(r.arn), "aws:SecureTransport": "true", "events:source": e.Source, "events:detail-type": e.DetailType,
	}}
	if t.role == "" {
		return admitted(policies, q, true)
	}
	taken := c.roles[t.role]
	if taken == nil {
		return fmt.Errorf("no stack has role %s", t.role)
	}
	if err := taken.admits("events.amazonaws.com", r.arn, accountOf(r.arn)); err != nil {
		return err
	}
	q.service, q.principal, q.account = "", t.role, taken.Account
	q.context = maps.Clone(q.context)
	maps.Copy(q.context, map[string]string{"aws:PrincipalArn": t.role, "aws:PrincipalAccount": taken.Account})
	if c.opts.Organization != "" {
		q.context["aws:PrincipalOrgID"] = c.opts.Organization
	}
	if err := c.may(taken, q); err != nil {
		return err
	}
	return admitted(policies, q, accountOf(t.arn) != taken.Account)
}

// guard returns what is done to a target, and the policies that stand before it.
func (c *Cloud) guard(arn string) (action string, policies []document, err error) {
	switch part(arn, 2) {
	case "sqs":
		if q := c.queues[arn]; q != nil {
			return "sqs:SendMessage", q.policies, nil
		}
	case "lambda":
		if f := c.functions[arn]; f != nil {
			return "lambda:InvokeFunction", f.permissions, nil
		}
	case "events":
		if b := c.bus(arn); b != nil {
			return "events:PutEvents", b.policies, nil
		}
	}
	return "", nil, fmt.Errorf("no stack has the target %q", arn)
}

// admitted asks resource policies. Within an account a principal's own policies are enough, unless the resource's deny.
func admitted(policies []document, q request, mustAllow bool) error {
	d, err := decide(policies, q, false)
	switch {
	case err != nil:
		return fmt.Errorf("reading the policy of %s: %w", q.resource, err)
	case d.deny:
		return fmt.Errorf("the policy of %s denies %s", q.resource, q.action)
	case mustAllow && !d.allow:
		return fmt.Errorf("the policy of %s does not allow %s", q.resource, q.action)
	}
	return nil
}

// undelivered keeps the event in the target's dead-letter queue, as EventBridge does, and remembers it.
func (c *Cloud) undelivered(r *busRule, t target, e event, reason error) error {
	c.mu.Lock()
	c.refused = append(c.refused, Refusal{Rule: r.arn, Target: t.arn, Reason: reason.Error(), Event: string(e.raw)})
	c.mu.Unlock()
	if t.deadLetter == "" {
		return nil
	}
	q := c.queues[t.deadLetter]
	if q == nil {
		return fmt.Errorf("keeping an undelivered event of rule %s: no stack has the queue %s", r.arn, t.deadLetter)
	}
	err := admitted(q.policies, request{action: "sqs:SendMessage", resource: q.arn, service: "events.amazonaws.com", account: accountOf(r.arn), context: map[string]string{
		"aws:SourceArn": r.arn, "aws:SourceAccount": accountOf(r.arn), "aws:SecureTransport": "true",
	}}, true)
	if err != nil {
		return fmt.Errorf("keeping an undelivered event of rule %s: %w", r.arn, err)
	}
	return q.send(string(e.raw), map[string]string{"RULE_ARN": r.arn, "TARGET_ARN": t.arn, "ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": reason.Error()})
}

// tries is how often Lambda invokes a function for an event that nobody waits for: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
const tries = 3

// invoke runs the function without waiting for it.
func (c *Cloud) invoke(f *Function, payload []byte) {
	end := c.traffic.Begin()
	c.running.Go(func() {
		defer end(true)
		var err error
		for range tries {
			if _, err = f.Invoke(c.ctx, payload); err == nil || c.ctx.Err() != nil {
				return
			}
			fmt.Fprintln(c.opts.Log, err)
		}
		q := c.queues[f.deadLetter]
		if q == nil {
			return
		}
		if sent := q.send(string(payload), map[string]string{"ErrorMessage": strings.ToValidUTF8(err.Error(), "?")}); sent != nil {
			fmt.Fprintln(c.opts.Log, "keeping an event that", f.Name, "failed on:", sent)
		}
	})
}

// SendAs puts a message into a queue in the name of a principal's ARN, if the queue's policies do not deny that, and of another account's only if they
// allow it. What the principal's own policies say is not asked.
func (c *Cloud) SendAs(principal, queueARN, body string) error {
	q := c.queues[queueARN]
	if q == nil {
		return fmt.Errorf("sending a message: no stack has the queue %s", queueARN)
	}
	err := admitted(q.policies, request{action: "sqs:SendMessage", resource: queueARN, principal: principal, account: accountOf(principal), context: map[string]string{
		"aws:PrincipalArn": principal, "aws:PrincipalAccount": accountOf(principal), "aws:SecureTransport": "true",
	}}, accountOf(principal) != accountOf(queueARN))
	if err != nil {
		return fmt.Errorf("sending a message as %s: %w", principal, err)
	}
	defer c.traffic.Touch()
	return q.send(body, nil)
}

// Sent says that somebody, a function for example, has put a message into a queue: the mappings of the queue look at it at once, as Lambda's do, and not only
// when they would look anyway.
func (c *Cloud) Sent(queueARN string) {
	for _, m := range c.mappings {
		if m.Source.ARN == queueARN {
			m.Wake()
		}
	}
}

// Take removes and returns what a queue shows, such as a dead-letter queue.
func (c *Cloud) Take(ctx context.Context, queueARN string) ([]queue.Message, error) {
	q := c.queues[queueARN]
	if q == nil {
		return nil, fmt.Errorf("taking messages: no stack has the queue %s", queueARN)
	}
	var out []queue.Message
	for {
		got, err := q.source.Receive(ctx, 10)
		if err != nil || len(got) == 0 {
			return out, err
		}
		for _, m := range got {
			if err := q.source.Delete(ctx, m.Receipt); err != nil {
				return out, err
			}
		}
		out = append(out, got...)
	}
}

// Waiting is how many messages a queue has, hidden and delayed ones too.
func (c *Cloud) Waiting(ctx context.Context, queueARN string) (int, error) {
	q := c.queues[queueARN]
	if q == nil {
		return 0, fmt.Errorf("counting messages: no stack has the queue %s", queueARN)
	}
	return queue.Waiting(ctx, c.opts.Emulator.Config(accountOf(queueARN), part(queueARN, 3)), q.url)
}
