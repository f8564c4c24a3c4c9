package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/oklog/ulid/v2"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/audit"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/awsapi/stsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/occurrence"
	"github.com/shoreup/shoreup/shared/rules"
)

// Hub is an installation with an engine that runs on it.
type Hub struct {
	Env
	Engine *engine.Engine
	Own    awsapi.Session // in the installation's own account: tables, queues, the rules file
	Rules  *RulesSource

	cfg    aws.Config
	counts *counter
}

// Open connects to the installation with the standard AWS configuration.
func Open(ctx context.Context, env Env, controls []core.Control) (*Hub, error) {
	cfg, err := awsapi.LoadConfig(ctx, env.Region, "")
	if err != nil {
		return nil, err
	}
	return New(cfg, env, controls), nil
}

// New makes an installation's engine from SDK configuration.
func New(cfg aws.Config, env Env, controls []core.Control) *Hub {
	own := awsapi.NewSession(cfg, env.Account, env.Region)
	h := &Hub{Env: env, Own: own, cfg: cfg, counts: newCounter(os.Stdout), Rules: &RulesSource{Where: env.Rules, Session: own, Known: Known(controls), Now: time.Now}}
	store := dynamodbapi.NewStore(own)
	owner := env.Function
	if owner == "" {
		owner = "shoreup"
	}
	owner += "/" + ulid.Make().String() // one process among all that run the same function
	h.Engine = &engine.Engine{
		Controls: controls, Rules: h.Rules.Get, Read: h.reader(), Write: h.writer,
		Now: time.Now, Sleep: engine.SleepFor, Owner: owner,
	}
	if env.Tables != "" { // without them nothing can be changed, only looked at
		h.Engine.State = occurrence.New(store, table(occurrence.StateTable, env.Tables), time.Now)
		h.Engine.Log = audit.New(store, table(occurrence.AuditTable, env.Tables), time.Now, owner)
		approvals := table(occurrence.ApprovalTable, env.Tables)
		h.Engine.Granted = func(ctx context.Context, k approval.Key) (approval.Grant, bool, error) {
			return approval.Granted(ctx, store, approvals, k, time.Now())
		}
		h.Engine.InForce = func(ctx context.Context, file *rules.File) (*rules.File, error) {
			return approval.InForce(ctx, store, approvals, file)
		}
		h.Engine.Exempted = func(ctx context.Context, control string, r awsapi.Resource) (approval.Exemption, bool, error) {
			return approval.Exempted(ctx, store, approvals, control, r, time.Now())
		}
		h.Engine.NotExempted = func(control string, r awsapi.Resource) dynamodbapi.Item {
			return approval.NotExempted(approvals, control, r, time.Now())
		}
		h.Engine.Protected = []string{"arn:*:dynamodb:*:" + env.Account + ":table/" + env.Tables + "-*", "arn:*:sqs:*:" + env.Account + ":" + env.Tables + "-*"}
	}
	if env.Function != "" {
		h.Engine.Count = h.counts.add
		h.Engine.Limited = func() { Metric("LimitsReached", 1) }
	}
	if env.Decide != "" {
		h.Engine.Ask = h.point
	}
	if env.Apply != "" {
		h.Engine.Enqueue = h.enqueue
	}
	if env.Notify != "" {
		h.Engine.Notify = h.tell
	}
	return h
}

func table(suffix, prefix string) string { return dynamodbapi.Table{Suffix: suffix}.Name(prefix) }

// reader returns sessions of the read role in each account, or of our own credentials where there is no such role.
func (h *Hub) reader() func(context.Context, string, string) (awsapi.Session, error) {
	if h.ReadRole == "" {
		return func(_ context.Context, account, region string) (awsapi.Session, error) {
			if account != h.Account {
				return awsapi.Session{}, fmt.Errorf("reading account %s: the credentials are of account %s and no read role is set", account, h.Account)
			}
			return h.Own.In(region), nil
		}
	}
	return Sessions(h.cfg, h.ReadRole, "read")
}

// writer takes a remediation role for one plan, cut down to the control's declared operations on the plan's resource.
func (h *Hub) writer(ctx context.Context, w engine.WriteRequest) (awsapi.Session, error) {
	ops := w.Control.Writes
	if w.Undo {
		ops = w.Control.Undoes
	}
	policy, err := awsapi.SessionPolicy(ops, w.Control.Type, w.Resource)
	if err != nil {
		return awsapi.Session{}, err
	}
	identity := w.Approver
	if identity == "" {
		identity = "shoreup"
	}
	s, _, err := stsapi.Session(ctx, h.cfg, stsapi.Assume{
		RoleARN: h.roleARN(w.Resource.Account, RoleFor(h.WriteRole, w.Control, w.Undo)), Name: w.Plan, Identity: identity,
		Policy: policy, Account: w.Resource.Account, Region: w.Resource.Region,
	})
	return s, err
}

func (h *Hub) roleARN(account, role string) string {
	return "arn:" + awsapi.PartitionOf(h.Region) + ":iam::" + account + ":role/" + role
}

func (h *Hub) enqueue(ctx context.Context, o engine.Order) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return sqsapi.Send(ctx, h.Own, h.Apply, string(body), "")
}

func (h *Hub) tell(ctx context.Context, f core.Finding) error {
	body, err := notify.Encode(f)
	if err != nil {
		return err
	}
	return sqsapi.Send(ctx, h.Own, h.Env.Notify, string(body), "")
}

// DeadLetter puts a message that can never succeed into the dead-letter queue, with the reason. Without such a queue it is an error, and the message's own
// queue gives up on it in the end.
func (h *Hub) DeadLetter(ctx context.Context, body, reason string) error {
	if h.DeadLetters == "" {
		return fmt.Errorf("no queue for dead letters is set: %s", reason)
	}
	return sqsapi.Send(ctx, h.Own, h.DeadLetters, body, reason)
}

// SendEvaluate puts messages into the queue of the function that evaluates.
func (h *Hub) SendEvaluate(ctx context.Context, bodies []string) error {
	return sqsapi.SendAll(ctx, h.Own, h.Evaluate, bodies)
}

// SendSweep puts messages into the queue of the function that sweeps.
func (h *Hub) SendSweep(ctx context.Context, bodies []string) error {
	return sqsapi.SendAll(ctx, h.Own, h.Env.Sweep, bodies)
}
