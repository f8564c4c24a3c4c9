package hub

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shoreup/shoreup/shared/approval"
	"github.com/shoreup/shoreup/shared/awsapi"
	"github.com/shoreup/shoreup/shared/awsapi/dynamodbapi"
	"github.com/shoreup/shoreup/shared/awsapi/sqsapi"
	"github.com/shoreup/shoreup/shared/core"
	"github.com/shoreup/shoreup/shared/engine"
	"github.com/shoreup/shoreup/shared/notify"
	"github.com/shoreup/shoreup/shared/occurrence"
)

// Desk is where people are asked. Only the deciding function may write what it writes.
func (h *Hub) Desk() *approval.Desk {
	return &approval.Desk{
		Store: dynamodbapi.NewStore(h.Own), Table: table(occurrence.ApprovalTable, h.Tables), Log: h.Engine.Log, Book: h.Engine.State,
		Rules: h.Rules.Get, Undoable: h.Engine.Undoable, Order: h.approved, Tell: notify.Teller(h.SendNotify), Now: time.Now, Account: h.Account, Accounts: h.Enrolled,
		Control: func(id string) (core.Meta, bool) {
			c, ok := h.Engine.Control(id)
			return c.Meta, ok
		},
	}
}

// SendNotify puts a message into the queue of the function that tells people.
func (h *Hub) SendNotify(ctx context.Context, body string) error {
	return sqsapi.Send(ctx, h.Own, h.Env.Notify, body, "")
}

// approved hands what is approved to the function that applies.
func (h *Hub) approved(ctx context.Context, r approval.Request) error {
	o, err := engine.OrderOf(r)
	if err != nil {
		return err
	}
	return h.enqueue(ctx, o)
}

// point tells the deciding function where to look.
func (h *Hub) point(ctx context.Context, control string, r awsapi.Resource, clicked time.Time) error {
	body, err := json.Marshal(approval.Pointer{Control: control, Resource: r, Clicked: clicked})
	if err != nil {
		return err
	}
	return sqsapi.Send(ctx, h.Own, h.Decide, string(body), "")
}

// Enrolled are the accounts of the rules file in force, without a list the installation's own.
func (h *Hub) Enrolled(ctx context.Context) []string {
	file := h.Rules.Get(ctx)
	if file == nil || len(file.Accounts) == 0 {
		return []string{h.Account}
	}
	out := make([]string, len(file.Accounts))
	for i, a := range file.Accounts {
		out[i] = a.ID
	}
	return out
}
