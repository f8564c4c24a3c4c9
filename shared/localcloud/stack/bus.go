package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shoreup/shoreup/shared/localcloud/pattern"
)

const defaultBus = "default"

// bus is an event bus with its rules. An account has a default one in every Region without making it.
type bus struct {
	arn      string
	rules    []*busRule
	policies []document // who may put events
}

// busRule is a rule of a bus, by pattern or by schedule.
type busRule struct {
	arn, name string
	pattern   *pattern.Pattern // nil: a schedule starts it
	targets   []target
}

type target struct {
	arn, role  string
	deadLetter string // ARN of the queue for what cannot be delivered
	input      *string
}

func busARN(partition, region, account, name string) string {
	return "arn:" + partition + ":events:" + region + ":" + account + ":event-bus/" + name
}

// bus returns the one with this ARN; the default one of an account and Region comes into being here.
func (c *Cloud) bus(arn string) *bus {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.buses[arn]
	if b == nil && strings.HasSuffix(arn, ":event-bus/"+defaultBus) {
		b = &bus{arn: arn}
		c.buses[arn] = b
	}
	return b
}

// named finds a bus by name or ARN; no name is the default one.
func (d *deployment) named(v any) (*bus, error) {
	name := defaultBus
	if v != nil {
		name = fmt.Sprint(v)
	}
	arn := name
	if !strings.HasPrefix(name, "arn:") {
		arn = busARN(d.partition, d.region, d.account, name)
	}
	if b := d.cloud.bus(arn); b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("there is no event bus %s", arn)
}

func makeBus(d *deployment, r resource) error {
	arn, err := d.arn(r)
	if err != nil {
		return err
	}
	b := &bus{arn: arn}
	if v, ok := r.props["Policy"]; ok {
		doc, err := parseDocument(v)
		if err != nil {
			return err
		}
		b.policies = append(b.policies, doc)
	}
	d.cloud.buses[arn] = b
	return nil
}

func makeBusPolicy(d *deployment, r resource) error {
	b, err := d.named(r.props["EventBusName"])
	if err != nil {
		return err
	}
	if _, ok := r.props["Statement"]; !ok {
		return errors.New("want a Statement: the older form is not known here")
	}
	doc, err := parseDocument(map[string]any{"Statement": []any{r.props["Statement"]}})
	b.policies = append(b.policies, doc)
	return err
}

func makeRule(d *deployment, r resource) error {
	if r.props["State"] == "DISABLED" {
		return nil
	}
	b, err := d.named(r.props["EventBusName"])
	if err != nil {
		return err
	}
	out := &busRule{name: r.name}
	if out.arn, err = d.arn(r); err != nil {
		return err
	}
	if v, ok := r.props["EventPattern"]; ok {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if out.pattern, err = pattern.Compile(raw); err != nil {
			return err
		}
	}
	list, _ := r.props["Targets"].([]any)
	for _, v := range list {
		props, _ := v.(map[string]any)
		t, err := readTarget(props)
		if err != nil {
			return err
		}
		out.targets = append(out.targets, t)
	}
	b.rules = append(b.rules, out)
	return nil
}

func readTarget(props map[string]any) (target, error) {
	t := target{arn: fmt.Sprint(props["Arn"])}
	if v, ok := props["RoleArn"]; ok {
		t.role = fmt.Sprint(v)
	}
	if dead, ok := props["DeadLetterConfig"].(map[string]any); ok {
		t.deadLetter = fmt.Sprint(dead["Arn"])
	}
	if input, ok := props["Input"].(string); ok {
		t.input = &input
	}
	for _, name := range []string{"InputPath", "InputTransformer"} {
		if _, ok := props[name]; ok {
			return t, fmt.Errorf("target %s: %s is not known here", t.arn, name)
		}
	}
	return t, nil
}

// event is what a delivery needs to know of one. The rest is passed on as it is.
type event struct {
	Account, Region, Source string
	DetailType              string `json:"detail-type"`
	raw                     []byte
	hops                    int // buses that passed it on
}

// Put gives an event, as AWS services send it, to the default bus of its account and Region. It returns the ARNs of the rules that matched, on
// whatever bus; the functions then have it, but need not be done: see Settle.
func (c *Cloud) Put(ctx context.Context, raw []byte) ([]string, error) {
	e := event{}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fmt.Errorf("putting an event: %w", err)
	}
	if len(e.Account) != 12 || e.Region == "" || e.Source == "" || e.DetailType == "" {
		return nil, fmt.Errorf("putting an event: it lacks account, region, source or detail-type: %.200s", raw)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	e.raw = compact.Bytes()
	b := c.bus(busARN(partitionOf(e.Region), e.Region, e.Account, defaultBus))
	return c.pass(ctx, b, e)
}

// pass matches an event against a bus's rules and delivers it.
func (c *Cloud) pass(ctx context.Context, b *bus, e event) ([]string, error) {
	var matched []string
	for _, r := range b.rules {
		if r.pattern == nil {
			continue
		}
		ok, err := r.pattern.Match(e.raw)
		if err != nil {
			return matched, fmt.Errorf("matching rule %s: %w", r.arn, err)
		}
		if !ok {
			continue
		}
		matched = append(matched, r.arn)
		more, err := c.fire(ctx, r, e)
		matched = append(matched, more...)
		if err != nil {
			return matched, err
		}
	}
	return matched, nil
}

// Tick starts a rule's targets as its schedule does. name is the rule's name or ARN.
func (c *Cloud) Tick(ctx context.Context, name string) error {
	var found []*busRule
	for _, b := range c.buses {
		for _, r := range b.rules {
			if r.pattern == nil && (r.name == name || r.arn == name) {
				found = append(found, r)
			}
		}
	}
	if len(found) != 1 {
		return fmt.Errorf("starting rule %s: there are %d scheduled rules of this name", name, len(found))
	}
	r := found[0]
	e := event{Account: accountOf(r.arn), Region: part(r.arn, 3), Source: "aws.events", DetailType: "Scheduled Event"}
	var err error
	e.raw, err = json.Marshal(map[string]any{
		"version": "0", "id": rand.Text(), "detail-type": e.DetailType, "source": e.Source, "account": e.Account, "region": e.Region,
		"time": time.Now().UTC().Format(time.RFC3339), "resources": []string{r.arn}, "detail": map[string]any{},
	})
	if err != nil {
		return err
	}
	_, err = c.fire(ctx, r, e)
	return err
}
